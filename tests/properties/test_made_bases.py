"""Bars as input whose base is made: of the last states of bars that grow, or with the holes of the input filled.

Finals, and what is refused, are what plain loops say, in any batches and with crashes between them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from hypothesis import given
from hypothesis import strategies as st

import barloom as bl
import reference
from barloom.time.always import AlwaysOpen
from properties.quick import quick
from properties.running import Run
from properties.splitting import split
from reference import MINUTE, SECOND, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

START = reference.nanoseconds("2025-01-06T10:00:00+00:00")
QUICK = quick(60)
LEVELS = {"1m": MINUTE, "3m": 3 * MINUTE, "6m": 6 * MINUTE, "1h": 60 * MINUTE}
CHILD = {"3m": "1m", "6m": "3m", "1h": "6m"}

Keep = Literal["first", "last"]
Gap = Literal["omit", "carry"]
TimeOf = Literal["partition", "key"]
Place = tuple[str, int]
"""A key and the start of a slot."""


HOW: list[tuple[Keep, Gap, TimeOf]] = [
    (keep, gap, time)
    for keep, gap in (("last", "omit"), ("last", "carry"), ("first", "carry"))
    for time in ("partition", "key")
]


class Candle(bl.Event):
    """A one-minute bar, or a state of one."""

    symbol: str = bl.key()
    start: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)
    volume: Decimal = bl.decimal(12, 0)


def declared(delay: int, keep: Keep, gap: Gap, time: TimeOf) -> bl.Bars:
    """Every level has the base's delay."""
    return (
        bl.from_(Candle)
        .bars("1m", delay=f"{delay}s", keep=keep, gap=gap, time=time)
        .select(
            open=bl.first("price"),
            high=bl.max("price"),
            low=bl.min("price"),
            close=bl.last("price"),
            volume=bl.sum("volume"),
        )
        .rollup("3m", "6m", "1h")
        .named("bars")
    )


@dataclass(frozen=True)
class Final:
    """What a final says: open, high, low, close, volume, and of how many children and rows."""

    values: tuple[Decimal, ...]
    filled: int
    revision: int
    synthetic: bool = False


@dataclass
class Expected:
    """The plain loops. Of a bar that grows `states` has all rows that were accepted."""

    delay: int
    keep: Keep
    gap: Gap
    time: TimeOf
    times: dict[str, int] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)
    states: dict[Place, list[Row]] = field(default_factory=dict)
    refused: list[tuple[int, str]] = field(default_factory=list)

    def now(self, key: str) -> int:
        """Stream time: one for both keys, or the key's own."""
        return self.times.get(key if self.time == "key" else "", -(2**62))

    def decided(self, end: int, now: int) -> bool:
        """A finished bar happens at its end, of which there are many at one time; a state when its bar begins."""
        deadline = end + self.delay * SECOND
        return now > deadline if self.keep == "first" else now >= deadline

    def read(self, row: Row) -> None:
        """Through the checks."""
        (key,), place = row.key, (row.key[0], row.time)
        before = self.now(key)
        self.times[key if self.time == "key" else ""] = max(before, row.time + (MINUTE if self.keep == "first" else 0))
        known = self.states.get(place, [])
        over = self.keep == "first" or row.time < self.newest.get(key, 0)
        if self.decided(row.time + MINUTE, before):
            self.refused.append((row.offset, "late"))
        elif known and over:
            self.refused.append((row.offset, "duplicate" if known[-1].values == row.values else "conflict"))
        else:
            self.states[place] = [*known, row]
            self.newest[key] = max(self.newest.get(key, 0), row.time)

    def base(self, key: str) -> dict[int, Final]:
        """The minutes of a key: those that are over, in order; a slot whose time has come is over in any case."""
        finals: dict[int, Final] = {}
        waiting = False
        for start in range(START, START + 60 * MINUTE, MINUTE):
            rows = self.states.get((key, start))
            due = self.decided(start + MINUTE, self.now(key))
            over = rows and (self.keep == "first" or start < self.newest[key])
            if rows and (due or (over and not waiting)):
                price, volume = rows[-1].values["price"], rows[-1].values["volume"]
                finals[start] = Final((price, price, price, price, volume), 1, len(rows))
            elif due and finals and self.gap == "carry":
                close = finals[start - MINUTE].values[3]
                finals[start] = Final((close, close, close, close, Decimal(0)), 0, 0, synthetic=True)
            waiting = waiting or not (due or start in finals)
        return finals

    def above(self, key: str, level: str, children: dict[int, Final]) -> dict[int, Final]:
        """A slot closes when all its children are there or its time has come; again in order."""
        length, finals, waiting = LEVELS[level], {}, False
        for start in range(START, START + 60 * MINUTE, length):
            count = length // LEVELS[CHILD[level]]
            inner = [children.get(start + number * LEVELS[CHILD[level]]) for number in range(count)]
            real = [child for child in inner if child is not None and not child.synthetic]
            due = self.decided(start + length, self.now(key))
            if real and (due or (len(real) == count and not waiting)):
                first, highs, lows, closes, volumes = zip(*(child.values for child in real), strict=True)
                values = (first[0], max(highs), min(lows), closes[-1], Decimal(sum(volumes)))
                finals[start] = Final(values, len(real), sum(child.revision for child in real))
            waiting = waiting or not (due or start in finals)
        return finals

    def finals(self) -> dict[str, dict[Place, Final]]:
        """Of all keys and levels."""
        found: dict[str, dict[Place, Final]] = {level: {} for level in LEVELS}
        for key in self.newest:
            made = self.base(key)
            for level in LEVELS:
                made = made if level == "1m" else self.above(key, level, made)
                found[level] |= {(key, start): bar for start, bar in made.items()}
        return found


def published(run: Run) -> dict[str, dict[Place, Final]]:
    """The same of an engine's run; every final once, and in order."""
    found: dict[str, dict[Place, Final]] = {}
    for level, bars in run.finals.items():
        found[level] = {}
        latest: dict[Any, int] = {}
        for bar in bars:
            assert bar.start > latest.get(bar.key, 0)
            assert bar.slots == bar.expected_slots == LEVELS[level] // LEVELS[CHILD.get(level, level)]
            latest[bar.key] = bar.start
            values = tuple(Decimal(bar.values[name]) for name in ("open", "high", "low", "close", "volume"))
            found[level][bar.key[0], bar.start] = Final(values, bar.filled, bar.revision, bar.synthetic)
    return found


@st.composite
def candles(draw: st.DrawFn) -> list[Row]:
    """Most minutes of a stretch, of two keys, more or less in order, many several times and with other content."""
    stretch = draw(st.integers(1, 20))
    wanted = [
        (minute + draw(st.sampled_from([0, 0, 0, 0, 1, 3])), minute, key)
        for minute in range(stretch)
        for key in ("EURUSD", "XAUUSD")
        for _ in range(draw(st.sampled_from([1, 1, 1, 0, 2, 3])))
    ]
    return [
        Row(
            (key,),
            START + minute * MINUTE,
            offset,
            {"price": Decimal(minute % 7 + draw(st.sampled_from([0, 0, 1]))), "volume": Decimal(minute)},
        )
        for offset, (_, minute, key) in enumerate(sorted(wanted, key=lambda item: item[0]))
    ]


def fed(plan: Any, batches: Sequence[Sequence[Row]], crashes: set[int]) -> Run:  # noqa: ANN401 - a plan
    """An engine over batches, lost in some of them."""
    run = Run(plan, AlwaysOpen())
    for number, rows in enumerate(batches):
        if number in crashes:
            run.crash(rows)
        run.feed(rows)
    return run


@QUICK
@given(
    candles(),
    st.sampled_from([0, 59, 60, 61, 200]),
    st.sampled_from(HOW),
    st.lists(st.integers(0, 50), max_size=6),
    st.sets(st.integers(0, 6)),
)
def test_bars_of_a_made_base_are_those_of_plain_loops(
    rows: list[Row], delay: int, how: tuple[Keep, Gap, TimeOf], cuts: list[int], crashes: set[int]
) -> None:
    """The last state of each bar that came before a newer one or its deadline; holes at the close before them."""
    expected = Expected(delay, *how)
    for row in rows:
        expected.read(row)
    plan = declared(delay, *how).plan

    for run in (fed(plan, [rows], set()), fed(plan, split(rows, cuts), crashes)):
        assert expected.finals() == published(run)
        refused = sorted((each.offset, each.reason) for each in run.refused)
        assert expected.refused == refused


@QUICK
@given(candles(), st.sampled_from(HOW))
def test_at_the_end_of_the_input_all_states_count(rows: list[Row], how: tuple[Keep, Gap, TimeOf]) -> None:
    """Closed with its end, the hour is the fold of the last states of its minutes, also of those that could grow."""
    expected = Expected(3600, *how)
    for row in rows:
        expected.read(row)
    run = fed(declared(3600, *how).plan, [rows], set())
    run.close()

    hours = {bar.key[0]: bar.values["volume"] for bar in run.finals["1h"]}
    volumes: dict[str, Decimal] = {}
    for (key, _), states in expected.states.items():
        volumes[key] = volumes.get(key, Decimal(0)) + states[-1].values["volume"]
    assert volumes == hours
