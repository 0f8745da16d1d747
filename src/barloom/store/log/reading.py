"""The log as it is read: what became final behind a position, in order, without a hole."""

from __future__ import annotations

from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, overload

import numpy as np

from barloom.errors import PositionGone
from barloom.store.backend import Family
from barloom.store.keys import decode_start
from barloom.store.log.entries import ClosedEntry, FinalsEntry, decoded
from barloom.store.log.head import read_head
from barloom.store.log.position import Position
from barloom.store.log.writing import place

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from barloom.store.backend import Backend
    from barloom.store.layout import Layout
    from barloom.store.log.head import Head

__all__ = ["FinalLog", "LogItem", "LogPart", "LoggedClosed", "LoggedFinal", "finals_of"]

_LOOKS: Final = 3
"""How often to look again, at once, for what is not visible yet."""


class LoggedFinal(NamedTuple):
    """A final: its number, its level, its encoded key, its start, and its record."""

    number: int
    level: int
    key: bytes
    start: int
    record: bytes

    @property
    def slot(self) -> tuple[int, bytes, int]:
        """Which bar it is: its level, key and start."""
        return self.level, self.key, self.start


class LoggedClosed(NamedTuple):
    """Closed slots (see `ClosedSlots`), with their number. `slots` are the starts of those with bars, and how many."""

    number: int
    level: int
    after: int | None
    to: int
    slots: tuple[tuple[int, int], ...]
    reopened: bool

    @property
    def slot(self) -> None:
        """No single bar."""
        return


LogItem: TypeAlias = LoggedFinal | LoggedClosed


class LogPart(NamedTuple):
    """Some items in order, and the position behind them. `more`: others are there already."""

    items: list[LogItem]
    position: Position
    more: bool


class _NotVisible(Exception):
    """Something that was committed cannot be seen: beside a writer not yet, or it is `expired`."""

    def __init__(self, *, expired: bool = False) -> None:
        self.expired = expired


class FinalLog:
    """The finals of a store in the order of its commits, and the slots that were closed among them.

    What a call costs goes with what it gives, and not with the keys that the store has.
    """

    def __init__(self, layout: Layout, backend: Backend, is_expired: Callable[[int, bytes, int], bool]) -> None:
        """`is_expired` tells of the bar of a level, key and start whether it is older than what is kept."""
        self._layout = layout
        self._is_expired = is_expired
        self._backend = backend
        self._record = backend.getter(Family.FINAL)

    def head(self) -> Head | None:
        """Where it stands; none where nothing was committed since stores have one."""
        return read_head(self._backend)

    def end(self) -> Position | None:
        """The position behind everything there is; none where there is no log yet."""
        head = self.head()
        return None if head is None else head.position

    def after(self, position: Position | None, limit: int = 10_000, levels: Collection[int] | None = None) -> LogPart:
        """At most `limit` items behind a position (none: from the first on that is kept), of some levels or all.

        Raises `PositionGone` where what is behind it is not there any more.
        """
        chosen = sorted(self._layout.plan.published if levels is None else levels)
        for _ in range(_LOOKS):
            part = self._part(position, limit, chosen)
            if part is not None:
                return part
            self._backend.refresh()
        return self._part(position, limit, chosen, last=True)

    @overload
    def _part(self, position: Position | None, limit: int, levels: list[int]) -> LogPart | None: ...
    @overload
    def _part(self, position: Position | None, limit: int, levels: list[int], *, last: Literal[True]) -> LogPart: ...
    def _part(self, position: Position | None, limit: int, levels: list[int], *, last: bool = False) -> LogPart | None:
        """What is visible; none where a refresh may show more, unless this is the last look."""
        head = self.head()
        if head is None:
            return _without_log(position) if last or position is None else None
        first = max((head.gone[level] for level in levels), default=0)
        if position is not None:
            if position.epoch == head.epoch and position.number > head.end and not last:
                return None
            _check(position, head, first)
            first = position.number
        items, missing = self._items(head, first, limit, levels)
        if not items and missing is not None:
            if missing.expired:
                raise PositionGone(str(Position(head.epoch, first)), _EXPIRED, end=str(head.position))
            return LogPart([], Position(head.epoch, first), more=False) if last else None
        more = missing is not None or len(items) > limit
        items = items[:limit]
        return LogPart(items, Position(head.epoch, items[-1].number if more else head.end), more)

    def _items(
        self, head: Head, behind: int, limit: int, levels: list[int]
    ) -> tuple[list[LogItem], _NotVisible | None]:
        """Up to one more than `limit` items, and why the next one is not among them where it should be."""
        items: list[LogItem] = []
        try:
            for _, level, entry in merge(*[self._entries(head, level, behind) for level in levels]):
                for item in self._of_entry(level, entry, behind):
                    items.append(item)
                    if len(items) > limit:
                        return items, None
        except _NotVisible as missing:
            return items, missing
        return items, None

    def _entries(self, head: Head, level: int, behind: int) -> Iterator[tuple[int, int, FinalsEntry | ClosedEntry]]:
        """The entries of a level by their first number; no two have the same."""
        reached, end = behind, head.ends[level]
        if end <= behind:
            return
        for name, data in self._backend.scan(Family.LOG, place(level, behind + 1), place(level, end + 1)):
            entry = decoded(data)
            if entry.before > reached:
                raise _NotVisible
            yield entry.first, level, entry
            reached = decode_start(name)
        if reached < end:
            raise _NotVisible

    def _of_entry(self, level: int, entry: FinalsEntry | ClosedEntry, behind: int) -> Iterator[LogItem]:
        if isinstance(entry, ClosedEntry):
            yield _closed(level, entry)
            return
        for number, key, start in islice(finals_of(entry), max(behind + 1 - entry.first, 0), None):
            record = self._record(self._layout.bar_key(level, key, start))
            if record is None:
                raise _NotVisible(expired=self._is_expired(level, key, start))
            yield LoggedFinal(number, level, key, start, record)


def _without_log(position: Position | None) -> LogPart:
    """What is answered where nothing was committed since stores have a log."""
    if position is not None:
        raise PositionGone(str(position), "the store has no log: nothing was committed since stores have one")
    return LogPart([], Position("", 0), more=False)


def _check(position: Position, head: Head, kept_behind: int) -> None:
    """Raise `PositionGone` where nothing can be said of what is behind a position."""
    end = str(head.position)
    if position.epoch != head.epoch:
        if head.why == "set-back" and position.epoch == head.before:
            why = "stream time was set back since: slots that were decided are open again"
            raise PositionGone(str(position), why, end=end, goes_on=str(Position(head.epoch, position.number)))
        raise PositionGone(str(position), f"the store is another one since ({_WHY.get(head.why, head.why)})", end=end)
    if position.number > head.end:
        raise PositionGone(str(position), "the log ends before it", end=end)
    if position.number < kept_behind:
        raise PositionGone(str(position), _EXPIRED, end=end)


_EXPIRED: Final = "the bars behind it are older than those that are kept (retention)"
_WHY: Final = {
    "made": "it was made anew, as by a rebuild",
    "set-back": "its stream time was set back",
    "import": "bars were brought in from elsewhere",
    "copy": "it is a copy",
}


def finals_of(entry: FinalsEntry) -> Iterator[tuple[int, bytes, int]]:
    """Number, key and start of each final, in order."""
    starts = entry.starts.numbers()
    keys = np.repeat(np.arange(len(entry.keys)), entry.runs.numbers())
    order = np.argsort(starts, kind="stable")
    named = [entry.keys[number] for number in keys[order].tolist()]
    return zip(range(entry.first, entry.first + len(order)), named, starts[order].tolist(), strict=True)


def _closed(level: int, entry: ClosedEntry) -> LoggedClosed:
    slots: tuple[tuple[int, int], ...] = ()
    if entry.starts is not None and entry.keys is not None:
        slots = tuple(zip(entry.starts.numbers().tolist(), entry.keys.numbers().tolist(), strict=True))
    return LoggedClosed(entry.first, level, entry.after, entry.to, slots, entry.reopened)
