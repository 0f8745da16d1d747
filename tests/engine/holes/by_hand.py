"""What completeness means, row by row and number by number, in plain Python; and the engine's word on the same rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

import barloom as bl
from barloom.engine.blocks import Marks, Reason, TickBatch, Unread
from barloom.engine.engine import Engine
from barloom.engine.frames import bar_frame
from barloom.testing.changelog import read_snapshot, state_changes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.blocks import Step

SECOND = 10**9
NOON = 1_736_164_800 * SECOND
SIZES = (10, 60)
RESTART, GIVE_UP = 1, 40
"""In seconds, as the definition has them."""


class Row(NamedTuple):
    """A row: `number` to `last`, `time` in seconds after noon; `kind` is ``row``, ``filtered`` or ``unread``."""

    key: str
    number: int | None
    time: int
    kind: str = "row"
    last: int | None = None


class Mark(NamedTuple):
    """Complete to a time, of a key or of all."""

    key: str | None
    time: int


Item = Row | Mark


class Tick(bl.Event):
    """A trade, or several."""

    symbol: str = bl.key()
    at: int = bl.timestamp(unit="ns")
    price: Decimal = bl.decimal(12, 2)
    f: int | None = bl.sequence("first", restart_after="1s", give_up_after="40s")
    l: int | None = bl.sequence("last")  # noqa: E741 - as venues call it


def declared(time: str = "partition", delay: int = 0, **options: Any) -> bl.Bars:  # noqa: ANN401 - tumbling's own
    """Bars of ten seconds and a minute; rows of a price below one are left out."""
    query = bl.from_(Tick).where(bl.col("price") >= 1).tumbling("10s", delay=f"{delay}s", time=time, **options)  # type: ignore[arg-type]
    return query.ohlcv(price="price").rollup("1m").clock("off").named("bars")


@dataclass
class _Count:
    """Numbers that were seen, with the time of their row, and those that are waited for no more."""

    seen: dict[int, int] = field(default_factory=dict)
    lost: set[int] = field(default_factory=set)

    def runs(self) -> list[tuple[int, int]]:
        """First and last number of each, in order."""
        numbers = sorted(self.seen)
        breaks = [i for i in range(1, len(numbers)) if numbers[i] != numbers[i - 1] + 1]
        edges = [0, *breaks, len(numbers)]
        return [(numbers[a], numbers[b - 1]) for a, b in pairwise(edges) if b > a]

    def holes(self) -> list[tuple[int, int, int, int]]:
        """Numbers and times of each that is waited for."""
        found = []
        runs = self.runs()
        for (_, below), (above, _) in pairwise(runs):
            if below + 1 not in self.lost:
                times = (self.seen[below], self.seen[above])
                found.append((below + 1, above - 1, min(times), max(times)))
        return found


@dataclass
class _Key:
    now: _Count = field(default_factory=_Count)
    past: _Count | None = None
    past_until: int = -1
    largest: int = -(10**9)
    original: bool = True
    anew: bool = False
    mark: int = -(10**9)
    slots: dict[tuple[int, int], int] = field(default_factory=dict)
    missing: defaultdict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    refused: set[tuple[int, int]] = field(default_factory=set)
    unknown: set[tuple[int, int]] = field(default_factory=set)

    def counts(self) -> list[_Count]:
        """Both."""
        return [self.now] if self.past is None else [self.past, self.now]


class ByHand:
    """The rule, item by item. Nothing here is fast."""

    def __init__(self, time: str, delay: int) -> None:
        self.by_key = time == "key"
        self.delay = delay
        self.keys: defaultdict[str, _Key] = defaultdict(_Key)
        self.reached: defaultdict[str | None, int] = defaultdict(lambda: -(10**9))
        self.all_mark = -(10**9)
        self.finals: dict[tuple[str, int, int], tuple[int, int, str]] = {}
        self.side: list[tuple[int, str]] = []
        self.given_up: list[tuple[str, int, int]] = []
        self.first: dict[str | None, int] = {}
        self.offset = -1

    def now(self, key: str) -> int:
        """Where a key stands."""
        return max(self.reached[key], self.reached[None]) if self.by_key else self.reached[None]

    def take(self, item: Item) -> None:
        """One item."""
        if isinstance(item, Mark):
            self._mark(item)
        else:
            self._row(item)
        self._decide()

    def _mark(self, item: Mark) -> None:
        if item.key is None:
            self.all_mark = max(self.all_mark, item.time)
            self.reached[None] = max(self.reached[None], item.time)
        else:
            self.keys[item.key].mark = max(self.keys[item.key].mark, item.time)
            if self.by_key:
                self.reached[item.key] = max(self.reached[item.key], item.time)

    def _row(self, item: Row) -> None:
        state, before = self.keys[item.key], self.now(item.key)
        if item.kind != "unread":
            self.offset += 1
        if item.kind == "row":
            whose = item.key if self.by_key else None
            self.reached[whose] = max(self.reached[whose], item.time)
        self._wait_no_more(item.key, state, before)
        reason = {"unread": "invalid", "filtered": "filtered"}.get(item.kind)
        lay, judged = 0, "fresh"
        if item.number is not None:
            lay, judged = self._number(item.key, state, item)
            if reason is None:
                reason = {"seen": "duplicate", "part": "conflict", "gap": "gap"}.get(judged)
        if reason is None and item.time // 10 * 10 + 10 + self.delay <= before:
            reason = "late"
        places = [(size, item.time // size * size) for size in SIZES]
        if reason is None:
            self._accept(state, item, places, judged)
        elif reason != "filtered" and judged != "seen":
            state.refused.update(places)
            for place in places:
                state.missing[place] += lay
        if reason not in (None, "filtered", "invalid"):
            self.side.append((self.offset, reason))

    def _accept(self, state: _Key, item: Row, places: list[tuple[int, int]], judged: str) -> None:
        whose = item.key if self.by_key else None
        self.first.setdefault(whose, item.time)
        for place in places:
            state.slots[place] = state.slots.get(place, 0) + 1
        if item.number is None:
            state.unknown.update(places)
        elif state.anew and judged in ("fresh", "anew"):
            state.anew = False
            self.side.append((self.offset, "restarted"))

    def _number(self, key: str, state: _Key, item: Row) -> tuple[int, str]:
        assert item.number is not None
        last = item.number if item.last is None else item.last
        numbers = range(item.number, last + 1)
        past = state.past is not None and item.time <= state.past_until
        count = state.past if past and state.past is not None else state.now
        known, lost = [n in count.seen for n in numbers], [n in count.lost for n in numbers]
        if all(known):
            if past or item.time <= state.largest + RESTART:
                return 0, "seen"
            self._begin_anew(key, state, state.now, state.largest)
            state.now.seen.update(dict.fromkeys(numbers, item.time))
            state.largest = item.time
            return 0, "anew"
        if not any(known) and all(lost):
            return 0, "gap"
        lay = sum(first <= n <= end for n in numbers for first, end, *_ in count.holes())
        judged = "part" if any(known) else "fresh"
        fresh = [n for n in numbers if n not in count.seen and n not in count.lost]
        count.seen.update(dict.fromkeys(fresh, item.time))
        state.largest = max(state.largest, item.time) if fresh else state.largest
        return lay, judged

    def _begin_anew(self, key: str, state: _Key, before: _Count, until: int) -> None:
        for hole in [] if state.past is None else state.past.holes():
            self._lose(key, state, hole, counts=True)
        state.past, state.past_until, state.now = before, until, _Count()
        state.original, state.anew = False, True

    def _lose(self, key: str, state: _Key, hole: tuple[int, int, int, int], *, counts: bool) -> None:
        first, last, start, end = hole
        self.given_up.append((key, first, last))
        now = self.now_at
        for size in SIZES if counts else ():
            for begin in range(start // size * size, end + 1, size):
                if begin + size + self.delay > now:
                    state.missing[size, begin] += last - first + 1

    def _wait_no_more(self, key: str, state: _Key, now: int) -> None:
        self.now_at = now
        for count in state.counts():
            for hole in count.holes():
                first, last, _, end = hole
                if end + GIVE_UP > now or first in count.lost:
                    continue
                upper = [edge for edge in count.seen if edge > last]
                edges = [n for run in count.runs() if run[0] > last for n in run]
                latest = max(count.seen[n] for n in edges)
                if count is state.now and count.seen[first - 1] > latest + RESTART:
                    over = _Count({n: count.seen[n] for n in upper}, {n for n in count.lost if n > last})
                    under = _Count(
                        {n: t for n, t in count.seen.items() if n < first}, {n for n in count.lost if n < first}
                    )
                    self._begin_anew(key, state, over, latest)
                    state.now = under
                    self._lose(key, state, hole, counts=False)
                    return self._wait_no_more(key, state, now)
                count.lost.update(range(first, last + 1))
                self._lose(key, state, hole, counts=True)
        if state.past is not None and not state.past.holes() and state.past_until + GIVE_UP <= now:
            state.past = None
        return None

    def _decide(self) -> None:
        for key, state in self.keys.items():
            for place in [place for place in state.slots if sum(place) + self.delay <= self.now(key)]:
                size, start = place
                rows = state.slots.pop(place)
                whole = self.first[key if self.by_key else None] <= start
                self.finals[key, size, start] = (rows, *self.judge(key, state, place, whole=whole))

    def judge(self, key: str, state: _Key, place: tuple[int, int], *, whole: bool) -> tuple[int, str]:  # noqa: ARG002
        """Missing and complete of a slot, as of now."""
        size, start = place
        end = start + size
        missing = state.missing[place] + sum(
            last - first + 1
            for count in state.counts()
            for first, last, earliest, latest in count.holes()
            if earliest < end and latest >= start
        )
        if missing or place in state.refused:
            return missing, "no"
        if place in state.unknown or not whole:
            return 0, "unknown"
        said = max(state.mark, self.all_mark)
        for count in state.counts():
            runs = count.runs()
            for first, last in runs:
                top = count is state.now and last == runs[-1][1]
                until = max(count.seen[last], said) if top else count.seen[last]
                if count.seen[first] < start and until >= end:
                    return 0, "yes"
        return 0, "unknown"


class Told:
    """The engine's word on items, in batches, restored from its changelog wherever that is asked."""

    def __init__(self, time: str, delay: int) -> None:
        self.plan = declared(time, delay).plan
        self.engine = Engine(self.plan)
        self.state: dict[Any, Any] = {}
        self.finals: dict[tuple[str, int, int], tuple[int, int, str]] = {}
        self.side: list[tuple[int, str]] = []
        self.events: list[tuple[str, int, int, str]] = []
        self.offset = 0

    def take(self, items: Sequence[Item], *, restart: bool = False) -> None:
        """One batch."""
        rows = [item for item in items if isinstance(item, Row) and item.kind != "unread"]
        batch = TickBatch(
            _frame(rows),
            np.arange(self.offset, self.offset + len(rows)),
            marks=_marks(items),
            unread=_unread(items),
        )
        self.offset += len(rows)
        self._note(self.engine.step(batch))
        if restart:
            self.engine = Engine(self.plan)
            if self.state:
                self.engine.restore(read_snapshot(self.plan, self.state))

    def _note(self, step: Step) -> None:
        for block in step.finals:
            for row in bar_frame(self.plan, self.engine.calendar, self.engine.keys, block).rows(named=True):
                start = round((row["start"].timestamp() * SECOND - NOON) / SECOND)
                size = round((row["end"] - row["start"]).total_seconds())
                self.finals[row["symbol"], size, start] = (row["revision"], row["missing"], row["complete"])
        if step.rejected is not None:
            reasons = [Reason(code).name.lower() for code in step.rejected.reason.tolist()]
            self.side += list(zip(step.rejected.offset.tolist(), reasons, strict=True))
        self.events += [(str(event.key[0]), event.first, event.last, event.kind) for event in step.holes]
        for name, value in state_changes(self.plan, step, self.engine.keys):
            if value is None:
                self.state.pop(name, None)
            else:
                self.state[name] = value


def _frame(rows: Sequence[Row]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "symbol": [row.key for row in rows],
            "at": [NOON + row.time * SECOND for row in rows],
            "price": [Decimal(0 if row.kind == "filtered" else 1) for row in rows],
            "f": [row.number for row in rows],
            "l": [row.number if row.last is None else row.last for row in rows],
        },
        schema={"symbol": pl.String, "at": pl.Int64, "price": pl.Decimal(12, 2), "f": pl.Int64, "l": pl.Int64},
    )


def _marks(items: Sequence[Item]) -> Marks | None:
    after, times, keys = [], [], []
    count = 0
    for item in items:
        if isinstance(item, Mark):
            after.append(count)
            times.append(NOON + item.time * SECOND)
            keys.append(None if item.key is None else (item.key,))
        else:
            count += item.kind != "unread"
    return Marks(np.array(after), np.array(times), keys) if after else None


def _unread(items: Sequence[Item]) -> Unread | None:
    after, rows, count = [], [], 0
    for item in items:
        if isinstance(item, Row):
            if item.kind == "unread":
                after.append(count)
                rows.append(item)
            count += item.kind != "unread"
    return Unread(np.array(after), _frame(rows).drop("price")) if after else None
