"""The open slots of one level: a table whose every access costs what is touched, not what is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.blocks import Numbers, Values
from barloom.engine.groups import Groups
from barloom.engine.times.due import EndQueue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import Partial
    from barloom.time.calendar import Integers

__all__ = ["OpenRows"]

_NEVER = np.iinfo(np.int64).max
_FIRST_CAPACITY = 64
_BEFORE_ALL = np.iinfo(np.int64).min
_FEW = 8
_BOOKKEEPING = 8  # key, start, end, open_time, close_time, revision, children, arrived
_KEY, _START, _END, _ARRIVED = 0, 1, 2, 7


class OpenRows:
    """Rows in growing columns, found by (key, start).

    `_newest` leads from a key to its row with the latest start, which nearly every look-up wants; the few older rows
    (slots within their delay, while the next is already open) are in a dictionary for each key.
    """

    def __init__(self, partials: Sequence[Partial]) -> None:
        self._columns: list[Integers] = [np.empty(_FIRST_CAPACITY, np.int64) for _ in range(_BOOKKEEPING)]
        self._columns[_END][:] = _NEVER
        self._numbers: list[Numbers] = [np.zeros(_FIRST_CAPACITY, np.int64) for _ in partials]
        self._valid: list[np.ndarray[tuple[int, ...], np.dtype[np.bool_]] | None] = [None for _ in partials]
        self._newest: Integers = np.empty(0, np.int64)
        self._older: dict[int, dict[int, int]] = {}
        self._free: list[Integers] = []
        self._used = 0
        self._count = 0
        self._next_end: int | None = int(_NEVER)
        self._queue: EndQueue | None = None

    def __len__(self) -> int:
        return self._count

    @property
    def end(self) -> Integers:
        """When each row's slot ends."""
        return self._columns[_END]

    @property
    def key(self) -> Integers:
        """Whose slot each row is."""
        return self._columns[_KEY]

    @property
    def arrived(self) -> Integers:
        """How many child bars each row has taken in (bars as input)."""
        return self._columns[_ARRIVED]

    def find(self, key: Integers, start: Integers) -> Integers:
        """The row of each (key, start), -1 where none is open."""
        self._know(key)
        rows = self._newest[key]
        if not self._count:
            return rows
        newest_start = self._columns[_START][rows]
        found = np.where((rows >= 0) & (newest_start == start), rows, -1)
        if self._older and (behind := np.flatnonzero((rows >= 0) & (newest_start > start))).size:
            pairs = zip(key[behind].tolist(), start[behind].tolist(), strict=True)
            older = self._older
            found[behind] = [older[number].get(time, -1) if number in older else -1 for number, time in pairs]
        return found

    def newest(self, key: Integers) -> Integers:
        """The row of each key with the latest start, -1 where none is open."""
        self._know(key)
        return self._newest[key]

    def starts(self, rows: Integers) -> Integers:
        """Where the slots of rows start."""
        return self._columns[_START][rows]

    def gather(self, rows: Integers) -> Groups:
        """A copy of some rows."""
        values = [
            Values(numbers[rows], None if valid is None else valid[rows])
            for numbers, valid in zip(self._numbers, self._valid, strict=True)
        ]
        return Groups.of([column[rows] for column in self._columns[:_ARRIVED]], values)

    def update(self, rows: Integers, groups: Groups) -> None:
        """Replace the contents of rows; their key and slot stay."""
        for column, content in zip(self._columns[:_ARRIVED], groups.columns, strict=True):
            column[rows] = content
        for position, value in enumerate(groups.values):
            self._put(position, rows, value)

    def recut(self, rows: Integers, end: Integers) -> None:
        """Give rows another end."""
        self._columns[_END][rows] = end
        self._expect(rows, end)

    def insert(self, groups: Groups) -> Integers:
        """Open new rows, sorted by key and start; gives their positions."""
        self._know(groups.key)
        rows = self._allocate(len(groups))
        self.update(rows, groups)
        self._columns[_ARRIVED][rows] = 0
        if len(rows):
            self._index(rows, groups.key, groups.start)
            self._expect(rows, groups.end)
            self._count += len(rows)
        return rows

    def ended(self, boundary: int) -> Integers:
        """The rows whose slot ends at or before a time."""
        if self._next_end is None:
            self._next_end = int(self._columns[_END][: self._used].min(initial=_NEVER))
        if boundary < self._next_end:
            return np.empty(0, np.int64)
        return np.flatnonzero(self._columns[_END][: self._used] <= boundary)

    def ended_of(self, key: Integers, boundary: Integers) -> Integers:
        """The rows of some keys, each given once, whose slot ends at or before a time of their own.

        Where the keys are a good part of all, looking through the whole table costs less than going from key to key.
        """
        self._know(key)
        if max(self._used, len(self._newest)) <= _FEW * len(key):
            until = np.full(len(self._newest), _BEFORE_ALL)
            until[key] = boundary
            return np.flatnonzero(self._columns[_END][: self._used] <= until[self._columns[_KEY][: self._used]])
        return self._ended_one_by_one(key, boundary)

    def _ended_one_by_one(self, key: Integers, boundary: Integers) -> Integers:
        newest = self._newest[key]
        held = newest >= 0
        rows, until = newest[held], boundary[held]
        if self._older:
            older, place = self._older_of(key)
            rows, until = np.concatenate([rows, older]), np.concatenate([until, boundary[place]])
        ended: Integers = rows[self._columns[_END][rows] <= until]
        return ended

    def _older_of(self, key: Integers) -> tuple[Integers, Integers]:
        """The rows of some keys that are not their newest, and where each one's key stands."""
        rows: list[int] = []
        places: list[int] = []
        for place, number in enumerate(key.tolist()):
            held = self._older.get(number)
            if held:
                rows += held.values()
                places += [place] * len(held)
        return np.array(rows, np.int64), np.array(places, np.int64)

    def due(self, boundary: int) -> Integers:
        """The same as `ended`, at the cost of the rows found: for times that come as often as the clock moves."""
        if self._queue is None or self._queue.swollen(self._count):
            self._queue = EndQueue()
            rows = self.all()
            self._queue.build(rows, self._columns[_END][rows])
        found = [rows[self._columns[_END][rows] == end] for end, rows in self._queue.take(boundary)]
        return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)

    def all(self) -> Integers:
        """Every open row."""
        return np.flatnonzero(self._columns[_END][: self._used] != _NEVER)

    def remove(self, rows: Integers) -> None:
        """Close rows."""
        if not len(rows):
            return
        key, start = self._columns[_KEY][rows], self._columns[_START][rows]
        newest = self._newest[key] == rows
        for pair in zip(key[~newest].tolist(), start[~newest].tolist(), strict=True):
            self._drop(*pair)
        self._newest[key[newest]] = -1
        if self._older:
            self._promote(key[newest])
        self._columns[_END][rows] = _NEVER
        self._free.append(rows)
        self._count -= len(rows)
        self._next_end = None

    def _drop(self, key: int, start: int) -> None:
        held = self._older[key]
        del held[start]
        if not held:
            del self._older[key]

    def _promote(self, key: Integers) -> None:
        """Let the latest of the older rows of keys without a newest one be that."""
        older = self._older
        for number in [number for number in key.tolist() if number in older]:
            latest = max(older[number])
            self._newest[number] = older[number][latest]
            self._drop(number, latest)

    def _expect(self, rows: Integers, end: Integers) -> None:
        """Know when rows that are new, or end at another time, are due."""
        if self._next_end is not None:
            self._next_end = min(self._next_end, int(end.min(initial=_NEVER)))
        if self._queue is not None:
            self._queue.add(rows, end)

    def _know(self, key: Integers) -> None:
        highest = int(key.max(initial=-1))
        if highest >= len(self._newest):
            grown = np.full(max(highest + 1, len(self._newest) * 3 // 2, _FIRST_CAPACITY), -1, np.int64)
            grown[: len(self._newest)] = self._newest
            self._newest = grown

    def _index(self, rows: Integers, key: Integers, start: Integers) -> None:
        last = np.empty(len(key), np.bool_)
        last[-1] = True
        np.not_equal(key[1:], key[:-1], out=last[:-1])
        self._remember(key[~last], start[~last], rows[~last])
        rows, key, start = rows[last], key[last], start[last]
        held = self._newest[key]
        held_start = self._columns[_START][held]
        newer = (held < 0) | (start > held_start)
        displaced = newer & (held >= 0)
        self._remember(key[displaced], held_start[displaced], held[displaced])
        self._remember(key[~newer], start[~newer], rows[~newer])
        self._newest[key[newer]] = rows[newer]

    def _remember(self, key: Integers, start: Integers, row: Integers) -> None:
        for number, time, place in zip(key.tolist(), start.tolist(), row.tolist(), strict=True):
            self._older.setdefault(number, {})[time] = place

    def _allocate(self, count: int) -> Integers:
        parts: list[Integers] = []
        while count and self._free:
            rows = self._free.pop()
            if len(rows) > count:
                self._free.append(rows[count:])
                rows = rows[:count]
            parts.append(rows)
            count -= len(rows)
        if count:
            self._grow(self._used + count)
            parts.append(np.arange(self._used, self._used + count))
            self._used += count
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def _grow(self, needed: int) -> None:
        capacity = len(self._columns[_KEY])
        if needed <= capacity:
            return
        capacity = max(needed, capacity * 5 // 4)
        for position, column in enumerate(self._columns):
            grown = np.full(capacity, _NEVER, np.int64)
            grown[: self._used] = column[: self._used]
            self._columns[position] = grown
        for position, numbers in enumerate(self._numbers):
            wider = np.zeros(capacity, numbers.dtype)
            wider[: self._used] = numbers[: self._used]
            self._numbers[position] = wider
        for position, valid in enumerate(self._valid):
            if valid is not None:
                longer = np.zeros(capacity, np.bool_)
                longer[: self._used] = valid[: self._used]
                self._valid[position] = longer

    def _put(self, position: int, rows: Integers, value: Values) -> None:
        if value.numbers.dtype == object and self._numbers[position].dtype != object:
            self._numbers[position] = self._numbers[position].astype(object)
        self._numbers[position][rows] = value.numbers
        if value.valid is not None:
            valid = self._valid[position]
            if valid is None:
                valid = self._valid[position] = np.zeros(len(self._numbers[position]), np.bool_)
            valid[rows] = value.valid
