"""What those who follow bars are told, one thing after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from barloom.read.bar import Bar
from barloom.time.instants import to_datetime

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Closed", "Dropped", "Event", "FinalBar", "LiveBar", "Reset", "SnapshotEnd", "Standing"]

B = TypeVar("B", bound=Bar)


@dataclass(frozen=True, slots=True, eq=False)
class FinalBar(Generic[B]):
    """A bar that is final. Whoever has taken everything up to here goes on behind `position`.

    `cache` is for whoever writes the same event for many: it is shared by all who are told it.
    """

    position: str
    bar: B
    cache: dict[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class LiveBar(Generic[B]):
    """The present state of a bar that is open."""

    bar: B
    cache: dict[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Closed:
    """Slots that no key can get a bar in any more: those that end after `after` and not after `to`.

    `slots` are the starts (nanoseconds UTC) of those that have bars, and how many keys have one in each. The range of a
    quiet time is told again as it grows, from the same `after_ns` on; where that is none, nothing was read until `to`.
    `reopened`: these are bars that came for slots that had been told before, all of which end by `to`.
    """

    position: str
    timeframe: str
    after_ns: int | None
    to_ns: int
    slots: tuple[tuple[int, int], ...]
    reopened: bool = False
    cache: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    @property
    def after(self) -> datetime | None:
        """`after_ns` as a time."""
        return None if self.after_ns is None else to_datetime(self.after_ns)

    @property
    def to(self) -> datetime:
        """`to_ns` as a time."""
        return to_datetime(self.to_ns)


@dataclass(frozen=True, slots=True)
class SnapshotEnd:
    """All that there was has been given; what comes behind `position` follows (none: the store is empty still)."""

    position: str | None


@dataclass(frozen=True, slots=True)
class Reset:
    """What comes cannot go on where it stood. With `goes_on` finals do, behind that position, as after a set-back.

    Without it all that there is comes anew.
    """

    why: str
    goes_on: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The store has come into another state; only in ``RUNNING`` bars come."""

    state: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """Whoever is told this took events too slowly, and is told no more; `position` is how far it came."""

    position: str | None


Event: TypeAlias = FinalBar[Bar] | LiveBar[Bar] | Closed | SnapshotEnd | Reset | Standing | Dropped
