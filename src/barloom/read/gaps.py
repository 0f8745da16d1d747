"""What is missing in the numbers of keys: holes that are open, and what became of others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from barloom.engine.holes.listing import OpenHole, holes_in
from barloom.engine.holes.places import slots_meeting
from barloom.store.backend import Family
from barloom.store.keys import after

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.store.barstore import BarStore
    from barloom.store.protocol import SideRecord
    from barloom.time.calendar import Calendar

__all__ = ["Gap", "GapState", "gaps_from", "gaps_of_store"]

GapState: TypeAlias = Literal["open", "filled", "late", "given up"]

_FOUND: Final = "open"
_GIVEN_UP: Final = "given up"
_REFUSED: Final = frozenset({"late", "invalid", "conflict", "gap"})

_Range: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers of a key, `first` to `last`, `count` of them, that are or were absent.

    They lie somewhere from `start` to `end` (nanoseconds UTC, both included). `bars` says by timeframe where the first
    and the last slot begin that they may lie in. `state`: ``open`` while they may still come, ``filled`` where they
    came and counted, ``late`` where their rows came and were refused, ``given up`` where they are waited for no more.
    """

    key: tuple[object, ...]
    first: int
    last: int
    start: int
    end: int
    bars: Mapping[str, tuple[int, int]]
    state: GapState

    @property
    def count(self) -> int:
        """How many numbers."""
        return self.last - self.first + 1


def gaps_of_store(store: BarStore, key: tuple[object, ...] | None = None) -> list[Gap]:
    """The gaps of a store's keys, or of one, by key and number: from its state and the side output that is kept."""
    entries = dict(store.backend.scan(Family.ENTRIES, b"holes/", after(b"holes/")))
    return gaps_from(store.plan, store.calendar, store.side_records(), holes_in(entries), key)


def gaps_from(
    plan: BarPlan,
    calendar: Calendar,
    records: Iterable[SideRecord],
    opened: Iterable[OpenHole] | None,
    key: tuple[object, ...] | None = None,
) -> list[Gap]:
    """The gaps of all keys, or of one, by key and number.

    `records` is the side output, `opened` are the holes in the state; none: the state is not at hand, and what was
    found counts as open until a later record tells otherwise.
    """
    told: dict[tuple[object, ...], list[SideRecord]] = {}
    for record in records:
        if record.key is not None and record.first_number is not None and key in (None, record.key):
            told.setdefault(record.key, []).append(record)
    held: dict[tuple[object, ...], list[OpenHole]] = {}
    for hole in opened or ():
        if key in (None, hole.key):
            held.setdefault(hole.key, []).append(hole)
    gaps: list[Gap] = []
    for one in sorted({*told, *held}, key=str):
        spans = sorted(set(_of_key(told.get(one, ()), None if opened is None else held.get(one, []))))
        gaps += [_gap(plan, calendar, one, *span) for span in spans]
    return gaps


_Span: TypeAlias = tuple[int, int, int, int, GapState]


def _of_key(records: Sequence[SideRecord], held: Sequence[OpenHole] | None) -> Iterator[_Span]:
    """First and last number, earliest and latest time, and what became of each."""
    given_up = [_numbers(record) for record in records if record.hole == _GIVEN_UP]
    late = [_numbers(record) for record in records if record.hole is None and record.reason in _REFUSED]
    waiting = None if held is None else [(hole.first, hole.last) for hole in held]
    yield from ((hole.first, hole.last, hole.start, hole.end, "open") for hole in held or ())
    for record in records:
        if record.hole == _GIVEN_UP:
            yield from _split(record, _numbers(record), late)
    for record in records:
        if record.hole == _FOUND:
            for left in _without(_without([_numbers(record)], waiting or ()), given_up):
                yield from _split(record, left, late, "open" if waiting is None else "filled")


def _split(
    record: SideRecord, numbers: _Range, late: Sequence[_Range], state: GapState = "given up"
) -> Iterator[_Span]:
    """A record's numbers, those apart whose rows were refused."""
    start = record.event_time or 0
    end = start if record.until is None else record.until
    rest = _without([numbers], late)
    yield from ((*part, start, end, state) for part in rest)
    yield from ((*part, start, end, "late") for part in _without([numbers], rest))


def _numbers(record: SideRecord) -> _Range:
    first = record.first_number or 0
    return first, first if record.last_number is None else record.last_number


def _without(ranges: Sequence[_Range], taken: Sequence[_Range]) -> list[_Range]:
    """What is left of ranges of numbers."""
    left = list(ranges)
    for first, last in taken:
        left = [
            part
            for begin, end in left
            for part in ((begin, min(end, first - 1)), (max(begin, last + 1), end))
            if part[0] <= part[1]
        ]
    return sorted(set(left))


def _gap(  # noqa: PLR0913, PLR0917 - what a gap says
    plan: BarPlan,
    calendar: Calendar,
    key: tuple[object, ...],
    first: int,
    last: int,
    start: int,
    end: int,
    state: GapState,
) -> Gap:
    bars = {}
    for position in plan.published:
        timeframe = plan.levels[position].timeframe
        grid = calendar.grid(timeframe)
        begin, stop = slots_meeting(grid, start, end)
        if begin < stop:
            starts, _ = grid.bounds(np.array([begin, stop - 1]))
            bars[str(timeframe)] = (int(starts[0]), int(starts[1]))
    return Gap(key, first, last, start, end, bars, state)
