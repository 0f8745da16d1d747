"""A declaration as it was written, in Python or in TOML, before anything is checked.

`where` says how messages name the place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from barloom.plan.barplan import InputKind

if TYPE_CHECKING:
    from barloom.errors import Problem
    from barloom.plan.aggregates import Aggregate
    from barloom.plan.events import EventDraft
    from barloom.plan.expressions import Expression

__all__ = ["BarsDraft", "ColumnDraft", "Duration", "FilterDraft", "LevelDraft", "SourceDraft", "Value"]

Duration: TypeAlias = str | timedelta
"""An elapsed time: ``"2s"``, ``"5m"``, or a `timedelta`."""


@dataclass(frozen=True, slots=True)
class LevelDraft:
    """A declared timeframe. None stands for the default."""

    timeframe: str
    where: str
    delay: Duration | None = None
    gap: str | None = None
    carry_limit: Duration | None = None
    heartbeat: bool | None = None
    retention: Duration | None = None


@dataclass(frozen=True, slots=True)
class ColumnDraft:
    """A declared column of the bar."""

    name: str
    aggregate: Aggregate
    where: str


@dataclass(frozen=True, slots=True)
class FilterDraft:
    """A declared condition on the rows."""

    condition: Expression
    where: str


@dataclass(frozen=True, slots=True)
class Value:
    """A declared knob and its place."""

    value: object
    where: str


@dataclass(frozen=True, slots=True)
class SourceDraft:
    """The declared way of reading the input; only what was given."""

    given: dict[str, object] = field(default_factory=dict)
    where: str = "source"


@dataclass(frozen=True, slots=True)
class BarsDraft:
    """Everything declared. `bases` has one member in a right declaration; `knobs` are the rarer settings by name."""

    event: EventDraft
    bases: tuple[LevelDraft, ...] = ()
    base_where: str = "tumbling"
    input: InputKind = InputKind.TICKS
    stamped: Value = Value("start", "bars(stamped=…)")
    keep: Value = Value("first", "bars(keep=…)")
    rollups: tuple[LevelDraft, ...] = ()
    calendar: Value = Value("24x7", "tumbling(calendar=…)")
    on: Value | None = None
    filters: tuple[FilterDraft, ...] = ()
    columns: tuple[ColumnDraft, ...] = ()
    columns_where: str = "select"
    name: Value = Value("", "named")
    knobs: tuple[tuple[str, Value], ...] = ()
    source: SourceDraft = SourceDraft()
    problems: tuple[Problem, ...] = ()
    toml: bool = False

    def either(self, python: str, toml: str) -> str:
        """How to mend something, in the language of the declaration."""
        return toml if self.toml else python

    def told(self, *places: str) -> bool:
        """Whether reading the declaration found something wrong there already, of which other mistakes only follow."""
        return any(problem.where.startswith(places) for problem in self.problems)
