"""The bars of a list of rows, by brute force: plain loops over `Decimal`, written from the rules and nothing else.

It shares no code with the engine. Slots come from its own list of trading dates (`every_day` for a market that never
closes), decisions from one running maximum, bars from all the ticks of a slot at once: no batches, no roll-ups of
roll-ups, no state.
"""

from __future__ import annotations

import decimal
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
UNITS = {"ms": SECOND // 1000, "s": SECOND, "m": MINUTE, "h": HOUR}
ROUNDINGS = {
    "half-even": decimal.ROUND_HALF_EVEN,
    "half-up": decimal.ROUND_HALF_UP,
    "down": decimal.ROUND_DOWN,
    "up": decimal.ROUND_UP,
    "floor": decimal.ROUND_FLOOR,
    "ceiling": decimal.ROUND_CEILING,
}
EPOCH = date(1970, 1, 1)


# Time ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TradingDay:
    """A trading date and its session: segments ``[open, close)`` in nanoseconds UTC, in order."""

    date: date
    segments: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Slot:
    """One slot ``[start, end)``; `dates` are the trading dates it is made of."""

    start: int
    end: int
    dates: tuple[date, ...]


def every_day(first: date, last: date) -> list[TradingDay]:
    """Trading days of a market that never closes, both dates included."""
    days = []
    day = first
    while day <= last:
        midnight = (day - EPOCH).days * DAY
        days.append(TradingDay(day, ((midnight, midnight + DAY),)))
        day += timedelta(days=1)
    return days


def slots_of(timeframe: str, days: Sequence[TradingDay]) -> list[Slot]:
    """All slots of a timeframe on the given trading days, in order."""
    count, unit = int("".join(filter(str.isdigit, timeframe))), "".join(filter(str.isalpha, timeframe))
    if unit in UNITS:
        return [slot for day in days for slot in _cut(day, count * UNITS[unit])]
    groups: dict[object, list[TradingDay]] = {}
    for day in days:
        groups.setdefault(_period(day.date, count, unit), []).append(day)
    return [
        Slot(group[0].segments[0][0], group[-1].segments[-1][1], tuple(day.date for day in group))
        for group in groups.values()
    ]


def _cut(day: TradingDay, length: int) -> list[Slot]:
    slots = []
    for opened, closed in day.segments:
        start = opened
        while start < closed:
            slots.append(Slot(start, min(start + length, closed), (day.date,)))
            start += length
    return slots


def _period(day: date, count: int, unit: str) -> object:
    if unit == "d":
        return day
    if unit == "w":
        return day - timedelta(days=day.weekday())
    return (day.year, (day.month - 1) // count)


def session_time(days: Sequence[TradingDay], start: int, end: int) -> int:
    """Nanoseconds in session between two times."""
    return sum(max(0, min(end, closed) - max(start, opened)) for day in days for opened, closed in day.segments)


# Definition ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One input row, in source order. `values` are `Decimal`, `int`, `str` or none; `problem` marks an invalid row."""

    key: tuple[Any, ...]
    time: int
    offset: int
    values: Mapping[str, Any]
    arrival: int | None = None
    id: str | None = None
    problem: str | None = None


def _always(_row: Row) -> bool:
    return True


@dataclass(frozen=True)
class Aggregate:
    """One column of the bar. `carried` names the column whose latest value a carried bar takes."""

    kind: str
    value: Callable[[Row], Decimal | None] | None = None
    weight: Callable[[Row], Decimal | None] | None = None
    when: Callable[[Row], bool] = _always
    scale: int = 0
    rounding: str = "half-even"
    carried: str | None = None
    empty: Decimal | None = None


@dataclass(frozen=True)
class Level:
    """One timeframe; `child` is the timeframe it is rolled up from (none for the base)."""

    timeframe: str
    child: str | None = None
    gap: str = "omit"
    carry_limit: int = DAY


_SLOTS: dict[int, tuple[Sequence[TradingDay], dict[str, list[Slot]]]] = {}


@dataclass(frozen=True)
class Definition:
    """The bars, told once more for the reference. `delay` is the base's; `by_key`: each key has its own time."""

    levels: tuple[Level, ...]
    columns: Mapping[str, Aggregate]
    days: Sequence[TradingDay] = field(repr=False)
    delay: int = 0
    where: Callable[[Row], bool] = _always
    max_ahead: int = 10 * SECOND
    by_key: bool = False

    def slots(self, timeframe: str) -> list[Slot]:
        """All slots of a timeframe, made once for each list of days."""
        known = _SLOTS.setdefault(id(self.days), (self.days, {}))[1]
        if timeframe not in known:
            known[timeframe] = slots_of(timeframe, self.days)
        return known[timeframe]


# Answer ----------------------------------------------------------------------------------------------------------


@dataclass
class Bar:
    """One bar; `values` by column."""

    key: tuple[Any, ...]
    start: int
    end: int
    values: dict[str, Decimal | int | None]
    open_time: int | None
    close_time: int | None
    slots: int
    filled: int
    expected_slots: int
    revision: int
    synthetic: bool
    partial: bool
    trading_date: date


@dataclass
class Refused:
    """One row of the side output; `missed` is the start of the slot it missed at each timeframe."""

    offset: int
    reason: str
    by: int = 0
    missed: dict[str, int] = field(default_factory=dict)


@dataclass
class Bars:
    """All that the rows come to: finals and open bars by timeframe, and what was refused."""

    finals: dict[str, list[Bar]]
    open: dict[str, list[Bar]]
    refused: list[Refused]
    stream_time: int | None


def bars(definition: Definition, rows: Iterable[Row], *, close: bool = False, clock: int | None = None) -> Bars:
    """The bars of ticks. `close`: the end of the input closes what is open.

    `clock` is how far it moved stream time, at moments at which nothing that had happened before was still on its way.
    """
    if definition.by_key:
        alone = replace(definition, by_key=False)
        return _together([bars(alone, mine, close=close, clock=clock) for mine in _each_key(rows)])
    taken, refused, now = _checked(definition, rows)
    if now is not None and clock is not None:
        now = max(now, clock)
    first = taken[0].time if taken else None
    keys = list(dict.fromkeys(row.key for row in taken))
    finals: dict[str, list[Bar]] = {}
    opened: dict[str, list[Bar]] = {}
    for level in definition.levels:
        table = _Table(definition, level, taken, now, first, close=close)
        both = [table.of_key(key) for key in keys]
        finals[level.timeframe] = [bar for done, _ in both for bar in done]
        opened[level.timeframe] = [bar for _, still in both for bar in still]
    return Bars(finals, opened, refused, now)


def _each_key(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows of each key, as if there were no others."""
    alone: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        alone.setdefault(row.key, []).append(row)
    return list(alone.values())


def _together(parts: Sequence[Bars]) -> Bars:
    """What several inputs come to that have nothing to do with each other."""
    levels = parts[0].finals
    return Bars(
        {name: [bar for part in parts for bar in part.finals[name]] for name in levels},
        {name: [bar for part in parts for bar in part.open[name]] for name in levels},
        sorted((refused for part in parts for refused in part.refused), key=lambda refused: refused.offset),
        max((part.stream_time for part in parts if part.stream_time is not None), default=None),
    )


def _checked(definition: Definition, rows: Iterable[Row]) -> tuple[list[Row], list[Refused], int | None]:
    """Each row through the checks, in their order; stream time is the largest event time that counted so far."""
    base = definition.slots(definition.levels[0].timeframe)
    taken: list[Row] = []
    refused: list[Refused] = []
    ids: dict[tuple[object, ...], Slot] = {}
    now: int | None = None
    for row in rows:
        if row.problem is not None:
            refused.append(Refused(row.offset, "invalid"))
            continue
        if not definition.where(row):
            continue
        if row.arrival is not None and row.time - row.arrival > definition.max_ahead:
            refused.append(Refused(row.offset, "future", row.time - row.arrival))
            continue
        slot = _holding(base, row.time)
        if slot is None:
            refused.append(Refused(row.offset, "out_of_session"))
            continue
        before, now = now, row.time if now is None else max(now, row.time)
        ids = {id_: of for id_, of in ids.items() if before is None or of.end + definition.delay > before}
        if row.id is not None and (row.key, row.id) in ids:
            refused.append(Refused(row.offset, "duplicate"))
            continue
        if before is not None and slot.end + definition.delay <= before:
            missed = {
                level.timeframe: missed.start
                for level in definition.levels
                if (missed := _holding(definition.slots(level.timeframe), row.time))
            }
            refused.append(Refused(row.offset, "late", before - slot.end - definition.delay, missed))
            continue
        if row.id is not None:
            ids[row.key, row.id] = slot
        taken.append(row)
    return taken, refused, now


def _holding(slots: Sequence[Slot], time: int) -> Slot | None:
    before = bisect_right(slots, time, key=lambda slot: slot.start)
    return slots[before - 1] if before and time < slots[before - 1].end else None


class _Table:
    """One timeframe of all keys."""

    def __init__(  # noqa: PLR0913 - what the whole input says, once
        self,
        definition: Definition,
        level: Level,
        taken: Sequence[Row],
        now: int | None,
        first: int | None,
        *,
        close: bool,
        beyond: bool = False,
    ) -> None:
        self.beyond = beyond
        self.definition = definition
        self.level = level
        self.taken = taken
        self.now = now
        self.first = first
        self.close = close
        # Slots that no tick can lie in only cost time.
        low, high = min((row.time for row in taken), default=0), now or 0
        self.slots = [slot for slot in definition.slots(level.timeframe) if slot.end > low and slot.start <= high]
        self.children = definition.slots(level.child) if level.child else []

    def of_key(self, key: tuple[Any, ...]) -> tuple[list[Bar], list[Bar]]:
        """The finals and the open bars of one key."""
        finals: list[Bar] = []
        opened: list[Bar] = []
        latest: Bar | None = None
        mine = sorted((row for row in self.taken if row.key == key), key=lambda row: row.time)
        times = [row.time for row in mine]
        last_tick = times[-1]
        for slot in self.slots:
            ticks = mine[bisect_left(times, slot.start) : bisect_left(times, slot.end)]
            decided = self.decided(slot)
            if ticks:
                bar = self.bar(key, slot, ticks)
                (finals if decided or self.close else opened).append(bar)
                latest = bar
            elif latest is not None and (decided or (self.close and slot.start <= last_tick)):
                finals.extend(self.filler(key, slot, latest))
        return finals, opened

    def decided(self, slot: Slot) -> bool:
        if self.now is None:
            return False
        deadline = slot.end + self.definition.delay
        return deadline < self.now if self.beyond else deadline <= self.now

    def bar(self, key: tuple[Any, ...], slot: Slot, ticks: Sequence[Row]) -> Bar:
        ordered = sorted(ticks, key=lambda row: (row.time, row.offset))
        values = {name: result(column, ordered) for name, column in self.definition.columns.items()}
        bar = self.shell(key, slot, values, synthetic=False)
        bar.open_time, bar.close_time, bar.revision = ordered[0].time, ordered[-1].time, len(ticks)
        children = self.children_of(slot)
        if children:
            bar.filled = sum(any(c.start <= row.time < c.end for row in ticks) for c in children)
        else:
            bar.filled = 1
        if self.close and not self.decided(slot):  # the end of the input decides the children that have ticks
            bar.slots = max(bar.slots, bar.filled)
        return bar

    def filler(self, key: tuple[Any, ...], slot: Slot, latest: Bar) -> list[Bar]:
        """The synthetic bar of a slot without ticks, where there is one."""
        assert latest.close_time is not None
        if self.level.gap == "omit":
            return []
        if session_time(self.definition.days, latest.close_time, slot.start) > self.level.carry_limit:
            return []
        values: dict[str, Decimal | int | None] = {}
        for name, column in self.definition.columns.items():
            if column.empty is not None:
                values[name] = column.empty
            elif self.level.gap == "carry" and column.carried is not None:
                values[name] = latest.values[column.carried]
            else:
                values[name] = result(column, [])
        return [self.shell(key, slot, values, synthetic=True)]

    def shell(
        self, key: tuple[Any, ...], slot: Slot, values: dict[str, Decimal | int | None], *, synthetic: bool
    ) -> Bar:
        children = self.children_of(slot)
        assert self.first is not None
        return Bar(
            key=key,
            start=slot.start,
            end=slot.end,
            values=values,
            open_time=None,
            close_time=None,
            slots=sum(self.decided(child) for child in children) if children else int(self.decided(slot)),
            filled=0,
            expected_slots=len(children) or 1,
            revision=0,
            synthetic=synthetic,
            partial=slot.start < self.first or (self.close and not self.decided(slot)),
            trading_date=slot.dates[0],
        )

    def children_of(self, slot: Slot) -> list[Slot]:
        first = bisect_left(self.children, slot.start, key=lambda child: child.start)
        after = bisect_left(self.children, slot.end, key=lambda child: child.start)
        return self.children[first:after]


# Aggregates ------------------------------------------------------------------------------------------------------


def result(column: Aggregate, ordered: Sequence[Row]) -> Decimal | int | None:
    """One aggregate over all the ticks of a slot, in (event time, offset) order."""
    with decimal.localcontext(prec=200):
        return _result(column, [row for row in ordered if column.when(row)])


def _result(column: Aggregate, rows: Sequence[Row]) -> Decimal | int | None:
    if column.kind == "count" and column.value is None:
        return len(rows)
    assert column.value is not None
    if column.kind == "vwap":
        return _vwap(column, rows)
    values = [value for row in rows if (value := column.value(row)) is not None]
    return _RESULTS[column.kind](column, values)


def _vwap(column: Aggregate, rows: Sequence[Row]) -> Decimal | None:
    assert column.value is not None
    assert column.weight is not None
    turnover = volume = Decimal(0)
    for row in rows:
        price, size = column.value(row), column.weight(row)
        if price is not None and size is not None:
            turnover += price * size
            volume += size
    return _divided(column, turnover, volume) if volume else None


def _avg(column: Aggregate, values: Sequence[Decimal]) -> Decimal | None:
    return _divided(column, sum(values, Decimal(0)), Decimal(len(values))) if values else None


def _stddev(column: Aggregate, values: Sequence[Decimal]) -> Decimal | None:
    """The standard deviation of a sample, which two values are needed for."""
    count = len(values)
    if count < 2:
        return None
    squares = sum((value * value for value in values), Decimal(0))
    total = sum(values, Decimal(0))
    return _rounded(column, ((count * squares - total * total) / (count * (count - 1))).sqrt())


def _divided(column: Aggregate, top: Decimal, bottom: Decimal) -> Decimal:
    return _rounded(column, top / bottom)


def _rounded(column: Aggregate, value: Decimal) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-column.scale), ROUNDINGS[column.rounding])


_RESULTS: dict[str, Callable[[Aggregate, Sequence[Decimal]], Decimal | int | None]] = {
    "first": lambda _, values: values[0] if values else None,
    "last": lambda _, values: values[-1] if values else None,
    "min": lambda _, values: min(values, default=None),
    "max": lambda _, values: max(values, default=None),
    "sum": lambda _, values: sum(values, Decimal(0)),
    "count": lambda _, values: len(values),
    "avg": _avg,
    "stddev": _stddev,
}


# Bars as input ---------------------------------------------------------------------------------------------------


def bars_of_bars(definition: Definition, rows: Iterable[Row]) -> Bars:
    """The bars of complete bars of the base timeframe. A row's `time` is the start of its slot.

    All levels have the base's delay. A level's slot closes for a key when all its expected children of that key are
    there, at the latest when stream time (the largest end of an input bar) is beyond its end + delay.
    """
    if definition.by_key:
        alone = replace(definition, by_key=False)
        return _together([bars_of_bars(alone, mine) for mine in _each_key(rows)])
    taken, refused, closed = _arrived(definition, rows)
    first = taken[0].time if taken else None
    finals: dict[str, list[Bar]] = {level.timeframe: [] for level in definition.levels[1:]}
    opened: dict[str, list[Bar]] = {level.timeframe: [] for level in definition.levels[1:]}
    now = max((end for _, end in closed), default=None)
    for key in dict.fromkeys(row.key for row in taken):
        mine = [row for row in taken if row.key == key]
        done: dict[str, set[int]] = {definition.levels[0].timeframe: {row.time for row in mine}}
        for level in definition.levels[1:]:
            table = _Table(definition, level, mine, now, first, close=False, beyond=True)
            done[level.timeframe] = set()
            for slot in table.slots:
                ticks = [row for row in mine if slot.start <= row.time < slot.end]
                if not ticks:
                    continue
                assert level.child is not None
                bar = table.bar(key, slot, ticks)
                there = [child for child in table.children_of(slot) if child.start in done[level.child]]
                bar.slots = bar.filled = len(there)
                # Finals come in slot order: a complete slot waits while an earlier one may still come.
                waits = any(
                    earlier.start not in done[level.timeframe] and not table.decided(earlier)
                    for earlier in definition.slots(level.timeframe)
                    if earlier.start < slot.start
                )
                if table.decided(slot) or (len(there) == bar.expected_slots and not waits):
                    done[level.timeframe].add(slot.start)
                    finals[level.timeframe].append(bar)
                else:
                    opened[level.timeframe].append(bar)
    return Bars(finals, opened, refused, now)


def _arrived(definition: Definition, rows: Iterable[Row]) -> tuple[list[Row], list[Refused], list[tuple[int, int]]]:
    """Each input bar through the checks: it is late when the slot of its parent is past its deadline."""
    base_level, parent_level = definition.levels[0], definition.levels[1]
    base = {slot.start: slot for slot in definition.slots(base_level.timeframe)}
    parents = definition.slots(parent_level.timeframe)
    taken: list[Row] = []
    refused: list[Refused] = []
    seen: dict[tuple[Any, int], Mapping[str, Any]] = {}
    passed: list[tuple[int, int]] = []
    now: int | None = None
    for row in rows:
        slot = base[row.time]
        if not definition.where(row):
            continue
        before, now = now, slot.end if now is None else max(now, slot.end)
        passed.append((slot.start, slot.end))
        parent = _holding(parents, row.time)
        assert parent is not None
        late_by = None if before is None else before - parent.end - definition.delay
        if late_by is not None and late_by > 0:
            missed = {
                level.timeframe: of.start
                for level in definition.levels[1:]
                if (of := _holding(definition.slots(level.timeframe), row.time))
            }
            refused.append(Refused(row.offset, "late", late_by, missed))
        elif (row.key, row.time) in seen:
            same = seen[row.key, row.time] == row.values
            refused.append(Refused(row.offset, "duplicate" if same else "conflict"))
        else:
            seen[row.key, row.time] = row.values
            taken.append(row)
    return taken, refused, passed


def nanoseconds(text: str) -> int:
    """Nanoseconds of an ISO 8601 time with a zone, or of a UTC date."""
    at = datetime.fromisoformat(text)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
