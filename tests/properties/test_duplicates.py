"""A declared event id makes a repeated row count once, while its slot is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

import barloom as bl
import reference
from barloom.engine.seen import ENTRY
from barloom.time.always import AlwaysOpen
from properties.quick import quick
from properties.running import Run, differences, same_refusals
from properties.splitting import split
from reference import SECOND, Aggregate, Definition, Level, Row, every_day

START = reference.nanoseconds("2025-01-06T10:00:00+00:00")
QUICK = quick(60)


class Fill(bl.Event):
    """A trade with a number."""

    symbol: str = bl.key()
    at: int = bl.timestamp(unit="ns")
    number: str | None = bl.event_id()
    size: Decimal = bl.decimal(12, 0)


BARS = (
    bl.from_(Fill)
    .tumbling("1m", delay="30s")
    .select(volume=bl.sum("size"), count=bl.count())
    .rollup("5m")
    .named("fills")
)


def _size(row: Row) -> Decimal:
    size: Decimal = row.values["size"]
    return size


SAME = Definition(
    levels=(Level("1m"), Level("5m", "1m")),
    columns={"volume": Aggregate("sum", _size), "count": Aggregate("count")},
    days=every_day(date(2025, 1, 6), date(2025, 1, 6)),
    delay=30 * SECOND,
)


@st.composite
def fills(draw: st.DrawFn) -> list[Row]:
    """Rows with few different ids, so that many repeat, and some without: in one slot or two, for one key or two."""
    now = START
    rows = []
    for offset in range(draw(st.integers(1, 30))):
        now += draw(st.sampled_from([0, 5, 31, 60, 200])) * SECOND
        time = now - draw(st.sampled_from([0, 0, 20, 90])) * SECOND
        number = draw(st.sampled_from(["a", "b", "c", None]))
        rows.append(Row((draw(st.sampled_from(["X", "Y"])),), time, offset, {"size": Decimal(offset + 1)}, id=number))
    return rows


@QUICK
@given(
    fills(),
    st.lists(st.integers(0, 30), max_size=6),
    st.sets(st.integers(0, 6)),
    st.sampled_from(["partition", "key"]),
)
def test_repeated_ids_count_once(rows: list[Row], cuts: list[int], crashes: set[int], time: str) -> None:
    """The same bars and refusals as the reference's, in any batches, with crashes between them, with either time."""
    expected = reference.bars(replace(SAME, by_key=time == "key"), rows)
    actual = Run(replace(BARS.plan, time=time), AlwaysOpen())
    for number, batch in enumerate(split(rows, cuts)):
        if number in crashes:
            actual.crash(batch)
        actual.feed(batch)

    assert [] == differences(expected.finals, actual.finals)
    assert [] == differences(expected.open, actual.open_now())
    assert same_refusals(expected, actual), (expected.refused, actual.refused)


def test_marks_of_a_key_go_with_its_own_time() -> None:
    """Ten ids of X and one of Y: X's are forgotten when X has passed their minute, the entry with the last mark."""
    rows = [Row(("X",), START, offset, {"size": Decimal(1)}, id=str(offset)) for offset in range(10)]
    rows.append(Row(("Y",), START, 10, {"size": Decimal(1)}, id="y"))
    run = Run(replace(BARS.plan, time="key"), AlwaysOpen())
    run.feed(rows)
    run.crash()
    run.feed([Row(("X",), START + 90 * SECOND, 11, {"size": Decimal(1)})])
    after_x = entries(run)
    run.feed([Row(("Y",), START + 90 * SECOND, 12, {"size": Decimal(1)})])

    assert (1, 0) == (after_x, entries(run))


def entries(run: Run) -> int:
    """How many entries of the state hold marks."""
    return sum(kind == "entry" and rest[0].startswith(ENTRY) for kind, *rest in run.state)
