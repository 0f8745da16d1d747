"""What a `TimeBucket` asks of what it reads: the store of a run, or a reader's copy of topics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.read.bar import StoredValues
    from barloom.store.backend import Backend, Family
    from barloom.store.changes import Changes
    from barloom.store.layout import Layout
    from barloom.store.log.reading import FinalLog
    from barloom.store.protocol import SideRecord
    from barloom.store.scanning import Scanner
    from barloom.store.stream_times import StreamTimes
    from barloom.time.calendar import Calendar

    ValuesOf: TypeAlias = Callable[[bytes, int, bytes, bool], StoredValues]

__all__ = ["Readable"]


class Readable(Protocol):
    """Bars of one definition under their places (see `Layout`), and where the stream stands."""

    @property
    def plan(self) -> BarPlan:
        """The definition."""
        ...

    @property
    def calendar(self) -> Calendar:
        """The calendar of the definition, with the overrides in force."""
        ...

    @property
    def layout(self) -> Layout:
        """Where bars stand, and how keys are written."""
        ...

    @property
    def backend(self) -> Backend:
        """What keeps them."""
        ...

    @property
    def scanner(self) -> Scanner:
        """Ranges of bars."""
        ...

    @property
    def log(self) -> FinalLog:
        """Its finals and closed slots in the order in which they came to be so."""
        ...

    @property
    def changes(self) -> Changes:
        """What wakes those who wait for others."""
        ...

    @property
    def state(self) -> str:
        """``RUNNING``, or what it does instead; then nothing is answered."""
        ...

    @property
    def as_of(self) -> int | None:
        """Since when it is cut off from what it follows (nanoseconds UTC); none: what it holds is of now."""
        ...

    def holds(self, key: bytes, /) -> bool:
        """Whether the bars of an encoded key would be here if there were any."""
        ...

    def times_of(self, key: bytes | None, /) -> StreamTimes:
        """Where the stream stands that an encoded key is in, or may be in (none: any key)."""
        ...

    def value(self, family: Family, name: bytes) -> bytes | None:
        """One stored value."""
        ...

    def replaced(self) -> bool:
        """Whether another store was put in the place of this one since it was opened, as a rebuild does."""
        ...

    def decided_to(self, level: int, /) -> int | None:
        """Up to where the slots of a level are closed for all keys (nanoseconds UTC); none where nothing is said."""
        ...

    def values(self, level: int) -> ValuesOf:
        """What makes the values of one bar of a level from its encoded key, start, record and whether it is final."""
        ...

    def side(self) -> Iterator[Sequence[SideRecord]]:
        """The refused rows, and what is told of absent numbers, in the order in which they came; many at a time.

        Of topics they are read anew, which may take a while.
        """
        ...

    def version(self) -> bytes:
        """What is another one whenever something has changed."""
        ...

    def close(self) -> None:
        """Release it."""
        ...
