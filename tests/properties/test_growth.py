"""What a running total has grown in each bar does not depend on batches, order within the delay, or crashes."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import barloom as bl
from barloom.engine.blocks import TickBatch
from barloom.ksqldb.compile.phases import compile_script
from barloom.time.calendars import resolve
from plan.plan_cases import only_problem
from properties.quick import quick
from properties.running import Run
from properties.world import START
from reference import SECOND

MINUTE, DAY = 60 * SECOND, 86_400 * SECOND
MIDNIGHT = (START // DAY + 1) * DAY


class Total(bl.Event):
    """A tick with the day's volume so far."""

    symbol: str = bl.key()
    at: int = bl.timestamp(unit="ns")
    number: int = bl.tiebreak()
    total: int


def bars(reset: str, time: Literal["partition", "key"]) -> bl.Bars:
    """Minutes, five minutes and days."""
    query = bl.from_(Total).tumbling("1m", delay="3m", time=time).select(grown=bl.delta("total", reset=reset))  # type: ignore[arg-type]
    return query.rollup("5m", "1d").named("growth")


BARS = {(reset, time): bars(reset, time) for reset in ("session", "smaller") for time in ("partition", "key")}


class Row(NamedTuple):
    """A row in the order of the source."""

    symbol: str
    at: int
    number: int
    total: int


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Rows of two keys around midnight, up to two minutes out of order; totals go up, down and beyond 64 bits."""
    minutes = sorted(draw(st.lists(st.integers(-7, 12), min_size=1, max_size=16)))
    return [
        Row(
            draw(st.sampled_from("AB")),
            MIDNIGHT + minute * MINUTE - draw(st.integers(0, 2)) * MINUTE + draw(st.integers(0, 2)) * SECOND,
            number,
            draw(st.sampled_from([0, 5, 100, 130, 150, 155, 155, 10**18, 2**62, -3])),
        )
        for number, minute in enumerate(minutes)
    ]


def batch(given: list[Row], first: int) -> TickBatch:
    """Rows as the engine takes them; `first` is the offset of the first."""
    schema = {"symbol": pl.String(), "at": pl.Int64(), "number": pl.Int64(), "total": pl.Int64()}
    frame = pl.DataFrame([row._asdict() for row in given], schema=schema)
    return TickBatch(frame, np.arange(first, first + len(given)), None)


def expected(given: list[Row], reset: str) -> dict[int, dict[tuple[str, int], int]]:
    """By brute force: by key, minute after minute, from the last total of the minute before."""
    wanted: dict[int, dict[tuple[str, int], int]] = {MINUTE: {}, 5 * MINUTE: {}, DAY: {}}
    for symbol in {row.symbol for row in given}:
        ours = sorted((row for row in given if row.symbol == symbol), key=lambda row: (row.at, row.number))
        before: Row | None = None
        for minute in sorted({row.at // MINUTE for row in ours}):
            inside = [row for row in ours if row.at // MINUTE == minute]
            last = inside[-1]
            if before is None:
                grown = last.total - inside[0].total
            elif last.total < before.total or (reset == "session" and last.at // DAY != before.at // DAY):
                grown = last.total
            else:
                grown = last.total - before.total
            before = last
            for length, slots in wanted.items():
                slot = symbol, last.at // length * length
                slots[slot] = slots.get(slot, 0) + grown
    return wanted


@quick(150)
@given(rows(), st.sets(st.integers(1, 15), max_size=5), st.booleans(), st.sampled_from(sorted(BARS)))
def test_growth(given: list[Row], cuts: set[int], crashes: bool, how: tuple[str, str]) -> None:  # noqa: FBT001 - drawn
    """Each minute grows from the last total of the minute before; coarser bars are the sums of their minutes."""
    made = Run(BARS[how].plan, resolve("24x7"))
    edges = [0, *sorted(cut for cut in cuts if cut < len(given)), len(given)]
    for begin, end in pairwise(edges):
        made.take(batch(given[begin:end], begin))
        if crashes:
            made.crash()
    late = {refused.offset for refused in made.refused}
    accepted = [row for number, row in enumerate(given) if number not in late]
    opened = made.open_now()
    closed = {name: list(finals) for name, finals in made.finals.items()}
    made.close()

    wanted = expected(accepted, how[0])
    for timeframe, length in (("1m", MINUTE), ("5m", 5 * MINUTE), ("1d", DAY)):
        for found in (made.finals[timeframe], closed[timeframe] + opened[timeframe]):  # the live bars say the same
            assert wanted[length] == {(bar.key[0], bar.start): bar.values["grown"] for bar in found}


def test_it_follows_every_row() -> None:
    """Of some rows only it would be wrong, as with a total that may be missing; and bars have volumes, not totals."""
    some = bl.from_(Total).tumbling("1m").select(x=bl.delta("total", when="number > 1"))
    of_bars = bl.from_(Total).bars("1m").select(x=bl.delta("total")).rollup("5m")

    assert "no row may be left out" in only_problem(lambda: some.named("t"))[0]
    assert any("bars are the input" in item.what for item in _problems(of_bars))
    wrong = bl.from_(Total).tumbling("1m").select(x=bl.delta("total", reset="daily"))  # type: ignore[arg-type]
    assert "unknown reset 'daily'" in only_problem(lambda: wrong.named("t"))[0]


def _problems(query: bl.Query) -> list[bl.Problem]:
    with pytest.raises(bl.DefinitionError) as caught:
        query.named("t")
    return list(caught.value.problems)


def test_ksqldb_refuses_it() -> None:
    """A window knows no other window."""
    plan = bl.from_(Total).tumbling("1m").select(x=bl.delta("total"), n=bl.count()).named("t").plan
    with pytest.raises(bl.DefinitionError, match="delta counts from the bar before"):
        compile_script(plan)


class Numbered(bl.Event):
    """A running total with an id."""

    symbol: str = bl.key()
    number: int = bl.event_id()
    at: datetime = bl.timestamp()
    total: int = bl.field()


def test_slots_that_begin_and_end_within_a_batch() -> None:
    """Repeated ids move time on without a tick of their own: all slots of a batch pass through, 30 - 5 once."""
    bars = bl.from_(Numbered).tumbling("1m").select(grown=bl.delta("total")).rollup("5m", "1h").named("b")
    times = ("08:59:48", "09:01:08", "09:18:20", "10:20:26")
    rows = {
        "symbol": ["C"] * 4,
        "number": [0, 0, 12, 12],
        "at": [f"2025-11-10T{time}Z" for time in times],
        "total": [5, 10, 30, 34],
    }
    found = bars.compute(pl.DataFrame(rows), "keep")

    assert {"1m": [0, 25], "5m": [0, 25], "1h": [0, 25]} == {
        level: found[level]["grown"].to_list() for level in ("1m", "5m", "1h")
    }
