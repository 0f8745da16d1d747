"""Whose time a stream has: one for the whole partition, or each key's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from barloom.engine.keys import KeyIndex
    from barloom.engine.open_rows import OpenRows
    from barloom.engine.times.marks import KeyMarks
    from barloom.engine.times.stream_time import StreamTime
    from barloom.time.calendar import Booleans, Integers

__all__ = ["TIME", "Passed", "Reach", "Times", "Until"]

TIME: Final = b"time"
"""The entry of the state that holds where the partition stands."""

Until: TypeAlias = "Callable[[Integers], Integers | int]"
"""Gives of keys until when all their rows were given; `BEGINNING` where nobody says."""


class Passed(NamedTuple):
    """Stream time before each row of a batch, and what it would be without the clock.

    `order` sorts the rows by key, equals as they stand, where that is known.
    """

    before: Integers
    unaided: Integers
    order: Integers | None = None


class Reach(Protocol):
    """Which slots of a level are decided, where each is so a delay after its end."""

    @property
    def moved(self) -> Integers:
        """The keys, in order, that rows have brought further in this step."""
        ...

    @property
    def clock(self) -> int | None:
        """For all keys slots that end at or before this are decided by the clock; none where it has not moved now."""
        ...

    def of(self, key: Integers) -> Integers | int:
        """Slots of each key that end at or before this time are decided."""
        ...

    def ended(self, rows: OpenRows) -> Integers:
        """The open rows whose slot is decided."""
        ...


class Times(Protocol):
    """Where the stream stands and what has been said of it: moved by rows, by the clock, and by the input's end."""

    time: StreamTime

    def of(self, key: Integers) -> Integers:
        """Stream time of some keys; `BEGINNING` where it has not begun."""
        ...

    @property
    def least(self) -> int:
        """The stream time that every key has come to in some moment of this step; `BEGINNING` where there is none."""
        ...

    def begin_step(self) -> None:
        """A step begins: nothing has moved yet."""
        ...

    def take(
        self,
        key: Integers,
        event: Integers,
        moves: Booleans,
        arrivals: Integers | None,
        marks: KeyMarks | None = None,
    ) -> Passed:
        """Move by the rows and marks of a batch; rows that do not move time leave it as it was."""
        ...

    def mark(self, marks: KeyMarks) -> None:
        """Move by marks alone."""
        ...

    def accept(self, key: Integers, time: Integers, start: Integers) -> tuple[str, ...]:
        """Note which rows were accepted first, by key, time and base slot; gives what a person should know of it."""
        ...

    def extend(self, checked_at: int) -> None:
        """Let the clock move it."""
        ...

    def complete(self, until: int, reach: Callable[[int], int]) -> None:
        """All rows up to `until` were given; `reach` tells at which stream time the slots are decided that end then."""
        ...

    def whole_until(self, until: int) -> Until:
        """Until when the rows of each key were given at the end of the input, which is `until` for the latest."""
        ...

    def whole_from(self, key: Integers) -> Integers | int | None:
        """Slots of each key that begin from this time on are whole; none where there is no row yet."""
        ...

    def complete_from(self, key: Integers) -> Integers:
        """Since when the source says that it has every row of some keys; after every time where it says nothing."""
        ...

    def reach(self, delay: int, until: Until | None = None) -> Reach:
        """Which slots are decided, and with `until` also by the end of the input."""
        ...

    def set_back(self, to: int) -> None:
        """Stand at an earlier time."""
        ...

    def dump(self, keys: KeyIndex) -> Iterable[tuple[bytes, bytes]]:
        """The entries of the state that have changed."""
        ...

    def load(self, entries: Mapping[bytes, bytes], keys: KeyIndex) -> tuple[str, ...]:
        """From the state; gives what a person should know of it."""
        ...
