"""Which slots are decided for all keys: told once, in ranges, with how many keys had a bar in each slot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np

from barloom.engine.blocks import ClosedSlots
from barloom.engine.times.stream_time import BEGINNING
from barloom.errors import CalendarError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from barloom.engine.blocks import BarBlock
    from barloom.engine.level import Level
    from barloom.engine.market import Market
    from barloom.engine.times.protocol import Times
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Booleans, Integers, SlotGrid

__all__ = ["DECIDED", "Closing"]

DECIDED: Final = b"decided"
"""The entry of the state that holds, by level, up to where slots were told as decided, and since when it is quiet."""

_AHEAD: Final = b"ahead/"
"""How the entries of the state begin that count the bars of one slot that is not decided for all keys yet."""

_NONE: Final = np.empty(0, np.int64)


class _Slots(NamedTuple):
    """Slots that have bars, in order: where they begin and end, and how many keys have one."""

    start: Integers
    end: Integers
    keys: Integers

    def where(self, chosen: Booleans) -> _Slots:
        return _Slots(self.start[chosen], self.end[chosen], self.keys[chosen])

    def __len__(self) -> int:
        return len(self.start)


_NO_SLOTS: Final = _Slots(_NONE, _NONE, _NONE)


@dataclass(slots=True)
class _Told:
    """What was told of a level.

    Slots that end at or before `to` were; none before the stream began. `quiet` is where the present range without bars
    begins. `ahead` counts the bars of slots beyond `to` by their start, each with its end. Before the stream is at
    `due` no other slot of `grid` is decided.
    """

    to: int | None = None
    quiet: int | None = None
    ahead: dict[int, tuple[int, int]] = field(default_factory=dict)
    grid: SlotGrid | None = None
    due: int = BEGINNING


class Closing:
    """Tells of each published level which slots are decided for all keys.

    A slot is told once. Bars that come for one that was told, as those of a key that nobody had seen or waited for, are
    told as `reopened`. The ranges depend on how the input was cut into batches; their union and the counts do not.
    """

    def __init__(self, plan: BarPlan, market: Market, levels: Sequence[Level]) -> None:
        self._market = market
        self._levels = [levels[position] for position in plan.published]
        self._told = {level.position: _Told() for level in self._levels}
        self._entries: dict[bytes, bytes | None] = {}
        self._changed = False

    def settle(
        self, finals: Iterable[BarBlock], times: Times, delays: Mapping[int, int], *, alone: int | None, ended: bool
    ) -> tuple[ClosedSlots, ...]:
        """What a step has decided that made these finals.

        `delays` are how long after its end a slot of each level is decided, `alone` where the clock is of a stream that
        has not begun, `ended` whether nothing comes any more.
        """
        bars = _counted(finals)
        found: list[ClosedSlots] = []
        for level in self._levels:
            told, slots = self._told[level.position], bars.get(level.position, _NO_SLOTS)
            decided = self._decided(level, told, times, delays[level.position], alone)
            if ended:
                ends = [decided, *(end for end, _ in told.ahead.values()), *slots.end.tolist()]
                decided = max((end for end in ends if end is not None), default=None)
            found += self._tell(level.position, told, slots, decided)
        return tuple(found)

    def entries(self) -> dict[bytes, bytes | None]:
        """The entries of the state that have changed since the last time."""
        entries, self._entries = self._entries, {}
        if self._changed:
            self._changed = False
            told = {level: (told.to, told.quiet) for level, told in self._told.items() if told.to is not None}
            entries[DECIDED] = msgspec.json.encode(told)
        return entries

    def load(self, entries: Mapping[bytes, bytes], times: Times, delays: Mapping[int, int]) -> None:
        """From the state; where an older version wrote it, what is decided already counts as told."""
        for position, (to, quiet) in _DECODER.decode(entries.get(DECIDED, b"{}")).items():
            self._told[position].to, self._told[position].quiet = to, quiet
        for name, value in entries.items():
            if name.startswith(_AHEAD):
                _, of_level, start = name.split(b"/")
                self._told[int(of_level)].ahead[int(start)] = msgspec.json.decode(value, type=tuple[int, int])
        if DECIDED not in entries and times.time.now > BEGINNING:
            for level in self._levels:
                boundary = self._boundary(times.least, delays[level.position])
                self._told[level.position].to = _last_end(level.grid, boundary)
            self._changed = True

    def _decided(self, level: Level, told: _Told, times: Times, delay: int, alone: int | None) -> int | None:
        """The end of the last slot that is decided for all keys; none where that is not known to be another one."""
        if told.to is None and (began := _began(times)) is not None:
            told.to = _last_end(level.grid, self._boundary(began, delay))
            self._changed = self._changed or told.to is not None
        least = times.least if alone is None else alone
        if least == BEGINNING:
            return None
        if told.grid is not level.grid:
            told.grid, told.due = level.grid, BEGINNING
        boundary = self._boundary(least, delay)
        if boundary < told.due:
            return None
        told.due = _next_end(level.grid, boundary)
        return _last_end(level.grid, boundary)

    def _boundary(self, now: int, delay: int) -> int:
        return self._market.deadlines.boundary(now, delay)

    def _tell(self, level: int, told: _Told, slots: _Slots, decided: int | None) -> Iterator[ClosedSlots]:
        before = told.to
        if not len(slots) and (decided is None or (before is not None and decided <= before)):
            return
        again = np.zeros(len(slots), np.bool_) if before is None else slots.end <= before
        if before is not None and again.any():
            late = slots.where(again)
            yield ClosedSlots(level, None, before, late.start, late.keys, reopened=True)
            slots = slots.where(~again)
        if decided is None or (before is not None and decided <= before):
            self._wait(level, told, slots)
            return
        self._wait(level, told, slots.where(slots.end > decided))
        bars = self._with_those_ahead(level, told, slots.where(slots.end <= decided), decided)
        after = before if told.quiet is None or len(bars) else told.quiet
        told.to, told.quiet, self._changed = decided, None if len(bars) else after, True
        yield ClosedSlots(level, after, decided, bars.start, bars.keys)

    def _wait(self, level: int, told: _Told, slots: _Slots) -> None:
        """Keep the counts of slots that some key has passed and not all."""
        for start, end, keys in zip(*(column.tolist() for column in slots), strict=True):
            count = keys + told.ahead.get(start, (end, 0))[1]
            told.ahead[start] = end, count
            self._entries[_name(level, start)] = msgspec.json.encode((end, count))

    def _with_those_ahead(self, level: int, told: _Told, slots: _Slots, decided: int) -> _Slots:
        """The slots, and those that had bars before they were decided."""
        if not told.ahead:
            return slots
        counts = dict(zip(slots.start.tolist(), slots.keys.tolist(), strict=True))
        for start in [start for start, (end, _) in told.ahead.items() if end <= decided]:
            counts[start] = counts.get(start, 0) + told.ahead.pop(start)[1]
            self._entries[_name(level, start)] = None
        starts = sorted(counts)
        columns = np.array(starts, np.int64), np.array([counts[start] for start in starts], np.int64)
        return _Slots(columns[0], columns[0], columns[1])


_DECODER: Final = msgspec.json.Decoder(dict[int, tuple[int | None, int | None]])


def _name(level: int, start: int) -> bytes:
    return b"%b%d/%d" % (_AHEAD, level, start)


def _began(times: Times) -> int | None:
    """Before this time the input says nothing; none while there is no row."""
    first, complete_from = times.time.first, times.time.complete_from
    return first if first is None or complete_from is None else min(first, complete_from)


def _counted(finals: Iterable[BarBlock]) -> dict[int, _Slots]:
    """How many keys have a bar in each slot of each level."""
    of_level: dict[int, list[BarBlock]] = {}
    for block in finals:
        if len(block):
            of_level.setdefault(block.level, []).append(block)
    found: dict[int, _Slots] = {}
    for level, blocks in of_level.items():
        starts, ends = (np.concatenate([getattr(block, name) for block in blocks]) for name in ("start", "end"))
        start, first, keys = np.unique(starts, return_index=True, return_counts=True)
        found[level] = _Slots(start, ends[first], keys)
    return found


def _last_end(grid: SlotGrid, boundary: int) -> int | None:
    """The end of the last slot that ended at or before a time; none where the calendar tells of none."""
    return _end(grid, boundary, before=1)


def _next_end(grid: SlotGrid, boundary: int) -> int:
    """The end of the first slot that ends after a time, or that time itself where the calendar does not tell."""
    end = _end(grid, boundary, before=0)
    return boundary if end is None else end


def _end(grid: SlotGrid, boundary: int, before: int) -> int | None:
    try:
        return int(grid.bounds(grid.ended(np.array([boundary])) - before)[1][0])
    except CalendarError:
        return None
