"""A compiled definition: the statements in the order in which a server takes them, and what is known of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from barloom.ksqldb.compile.ast import SetProperty
from barloom.ksqldb.compile.names import quoted
from barloom.ksqldb.compile.printer import print_statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from barloom.plan.barplan import BarPlan

__all__ = ["Entity", "EntityKind", "Role", "Script", "SqlColumn"]

Role: TypeAlias = Literal["source", "final", "final_stream", "live"]
"""The ticks; the finals of a timeframe; the stream over their topic that a coarser timeframe reads; the live bars."""


class EntityKind(Enum):
    """What ksqlDB calls a source."""

    STREAM = "STREAM"
    TABLE = "TABLE"


class SqlColumn(NamedTuple):
    """A column as the server describes it: its stored name, and its type such as ``DECIMAL(18, 6)``."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A stream or table, and the one statement that makes it.

    `name` is what the server stores; `quoted_name` is how SQL writes it. `sql` is one statement with its semicolon and
    without a line end. `derived` entities have a persistent query, the others only declare a topic. `reads` are the
    stored names of the entities it needs; all of them belong to a smaller `stage`. Entities of one stage do not need
    each other. `columns` are those of the value, in order. `window`, `retention` (of the window store; of the topic
    where there is no window) and `grace` are milliseconds. `retention_ms` is that of the topic.
    """

    name: str
    kind: EntityKind
    role: Role
    topic: str
    sql: str
    derived: bool
    stage: int
    key_columns: tuple[SqlColumn, ...]
    columns: tuple[SqlColumn, ...]
    partitions: int
    replicas: int
    retention_ms: int
    reads: tuple[str, ...] = ()
    timeframe: str | None = None
    windowed: bool = False
    window: int | None = None
    retention: int | None = None
    grace: int | None = None
    timestamp_column: str | None = None
    key_schema: str = ""
    key_format: str = "AVRO"
    value_format: str = "AVRO"

    @property
    def quoted_name(self) -> str:
        """The name as SQL writes it."""
        return quoted(self.name)


@dataclass(frozen=True, slots=True)
class Script:
    """Everything that a server is to be told.

    `settings` are the stream properties that go with every statement (without them ksqlDB loses or doubles bars);
    `entities` stand in the order of dependency. `header` says in plain text what is promised and what is not, and
    `dropped` names what the definition asks for and these statements leave out.
    """

    plan: BarPlan
    settings: Mapping[str, str]
    entities: tuple[Entity, ...]
    header: str
    dropped: tuple[str, ...] = ()

    def stages(self) -> tuple[tuple[Entity, ...], ...]:
        """The entities in groups: each group needs only those before it."""
        return tuple(tuple(group) for _, group in groupby(self.entities, key=lambda item: item.stage))

    def entity(self, name: str) -> Entity:
        """The entity of a stored name; `KeyError` where there is none."""
        return self._first((item for item in self.entities if item.name == name), name)

    def of(self, role: Role, timeframe: str | None = None) -> Entity:
        """The entity of a role and timeframe; `KeyError` where there is none."""
        found = (item for item in self.entities if (item.role, item.timeframe) == (role, timeframe))
        return self._first(found, f"{role} {timeframe or ''}".strip())

    def _first(self, found: Iterator[Entity], asked: str) -> Entity:
        for item in found:
            return item
        known = ", ".join(item.name for item in self.entities)
        message = f"{self.plan.name!r} has no {asked} in ksqlDB; there are {known}"
        raise KeyError(message)

    def text(self) -> str:
        """The whole as a file for ksqlDB's own command line: header, settings, statements."""
        # never a bare "--": to the server's grammar that comment would reach to the end of the next line
        head = "".join(f"-- {line}\n" if line else "\n" for line in self.header.splitlines())
        settings = "".join(f"{print_statement(SetProperty(*item))}\n" for item in self.settings.items())
        return "\n".join([head, settings, *(f"{item.sql}\n" for item in self.entities)])
