"""What a runtime asks of a store: one atomic commit a step, and everything back after a restart."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.engine.blocks import Keys, Snapshot, Step

__all__ = ["NUMBERS", "Commit", "Restored", "SideRecord", "Store"]

_NONE: Final[Mapping[str, int]] = MappingProxyType({})


class SideRecord(NamedTuple):
    """One refused row in the side output.

    `origin` and `row` say where it came from (file, 1-based row), `reason` is the lower-case name of a `Reason`, `by`
    how late or how far ahead in nanoseconds, `missed` the start (ns) of the missed slot by timeframe, `key` and
    `event_time` where they could be read, `raw` the record as it came. `by_clock`: it is late because the clock had
    closed its slot, and by no event.

    Where the event declares a sequence, `first_number` to `last_number` are the numbers that the row has. A record
    with a `hole` is about no row but about absent numbers, which lie from `event_time` to `until`: they were found
    (``open``) or ``given up``; `missed` then are the first slots that they may lie in.
    """

    offset: int
    origin: str
    row: int
    reason: str
    message: str
    raw: str
    by: int = 0
    missed: Mapping[str, int] = _NONE
    key: tuple[object, ...] | None = None
    event_time: int | None = None
    by_clock: bool = False
    first_number: int | None = None
    last_number: int | None = None
    until: int | None = None
    hole: str | None = None


NUMBERS: Final = ("first_number", "last_number", "until", "hole")
"""The fields of a `SideRecord` that only definitions with a sequence have."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What one step changes: bars, state, side output and the input positions afterwards, all or nothing.

    A store numbers its finals and closed slots in one log. `begins` says why they are counted in a new epoch from here
    on, as after a ``set-back``.
    """

    step: Step
    keys: Keys
    side: Sequence[SideRecord] = ()
    positions: Mapping[str, bytes] = field(default_factory=dict)
    begins: str | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """What the last commit left: the engine's state and the input positions."""

    snapshot: Snapshot
    positions: Mapping[str, bytes]


class Store(Protocol):
    """Where commits go."""

    def restore(self) -> Restored | None:
        """The state after the last commit; none for a new store."""
        ...

    def commit(self, commit: Commit) -> None:
        """Write everything or nothing."""
        ...

    def close(self) -> None:
        """Release it for the next writer."""
        ...
