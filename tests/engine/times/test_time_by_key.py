"""A stream time for each key: what its own rows and the clock decide, and nothing that other keys do."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
import pytest

import barloom as bl
from barloom.engine.blocks import TickBatch
from barloom.engine.engine import Engine
from barloom.errors import DefinitionError
from barloom.testing import Driver
from barloom.testing.changelog import read_snapshot, state_changes
from barloom.time.always import AlwaysOpen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.blocks import Step

SECOND = 10**9


class Tick(bl.Event):
    """A price."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)


def declared(*, clock: Literal["on", "off"] = "on", **options: Any) -> bl.Bars:  # noqa: ANN401 - tumbling's own
    """Bars of one and five minutes."""
    query = bl.from_(Tick).tumbling("1m", time="key", **options).ohlcv(price="price").rollup("5m")
    return query.clock(clock).named("bars")


def moment(time: str) -> int:
    """A time of the tenth of November 2025 in nanoseconds."""
    at = datetime.fromisoformat(f"2025-11-10T{time}+00:00")
    return round((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * SECOND


def tick(symbol: str, time: str, price: str = "1") -> dict[str, str]:
    """One row."""
    return {"symbol": symbol, "at": f"2025-11-10T{time}Z", "price": price}


def told(frame: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Symbol and start of each bar, and some columns, in order."""
    shown = frame.with_columns(pl.col("start").dt.strftime("%H:%M"))
    return sorted(shown.select("symbol", "start", *columns).rows())


def test_one_file_after_the_other() -> None:
    """B is read when all of A is, and as whole as if A had not been: partial is only what began before its own rows."""
    rows = [tick(symbol, f"10:0{minute}:00") for symbol in "AB" for minute in range(4)]
    computed = declared().compute(pl.DataFrame(rows).with_columns(pl.col("price").cast(pl.Decimal(12, 2))), "keep")

    assert 0 == computed.rejected.height
    assert [(s, f"10:0{m}", False) for s in "AB" for m in range(3)] == told(computed["1m"], "partial")


def test_partial_counts_from_the_first_row_of_the_key() -> None:
    """A began at ten and is whole from there; B came half a minute after ten, so that its first minute is not."""
    driver = Driver(declared())
    driver.feed([tick("A", "10:00:00"), tick("B", "10:00:30"), tick("A", "10:01:00"), tick("B", "10:01:00")])

    assert [("A", "10:00", False), ("B", "10:00", True)] == told(driver.finals("1m"), "partial")


def test_the_clock_closes_what_is_quiet() -> None:
    """B ticked once; the clock, which runs on from the partition's latest row, brings it over the end of its minute."""
    driver = Driver(declared(delay="2s"))
    driver.feed([tick("B", "10:00:10"), tick("A", "10:00:59")])
    driver.move_clock("2s")
    assert [] == told(driver.finals("1m"))
    driver.move_clock("1s")

    assert [("A", "10:00"), ("B", "10:00")] == told(driver.finals("1m"))
    assert moment("10:01:02") == driver.stream_time(key=("B",))


def test_a_key_ahead_of_the_clock_is_where_its_rows_are() -> None:
    """A, stamped five seconds ahead of its arrival, closes its own minute; B's stays open."""
    driver = Driver(declared())
    driver.feed([tick("B", "10:00:10"), tick("A", "10:00:20")])
    driver.feed([tick("A", "10:01:00")], at=moment("10:00:55"))

    assert [("A", "10:00")] == told(driver.finals("1m"))
    assert [moment("10:01:00"), moment("10:00:55")] == [driver.stream_time(key=(key,)) for key in "AB"]


def test_a_new_key_stands_at_least_where_the_clock_stands() -> None:
    """What the clock has decided it has decided for every key: the first row of a new one is late for it."""
    driver = Driver(declared())
    driver.feed([tick("A", "10:00:10")])
    driver.move_clock("2m")
    driver.feed([tick("NEW", "10:00:30"), tick("NEW", "10:02:05")])

    assert [("late", 70 * SECOND)] == [(row.reason, row.by) for row in driver.rejected()]
    assert [("NEW", "10:02")] == told(driver.lives("1m").filter(symbol="NEW"))


def test_carried_bars_follow_the_time_of_their_key() -> None:
    """A is four minutes on and B is not: only A's empty minutes are filled, B's when its own time comes there."""
    driver = Driver(declared(gap="carry", clock="off"))
    driver.feed([tick("A", "10:00:00"), tick("B", "10:00:00"), tick("A", "10:03:00")])
    before = told(driver.finals("1m"), "synthetic")
    driver.feed([tick("B", "10:02:00")])
    of_b = [bar for bar in told(driver.finals("1m"), "synthetic") if bar[0] == "B"]

    assert [("A", "10:00", False), ("A", "10:01", True), ("A", "10:02", True)] == before
    assert [("B", "10:00", False), ("B", "10:01", True)] == of_b


@pytest.mark.parametrize("clock", ["on", "off"])
def test_empty_minutes_of_a_quiet_key_are_filled_as_the_clock_passes(clock: Literal["on", "off"]) -> None:
    """Both keys are carried on by the clock, where it works, each minute once."""
    driver = Driver(declared(gap="carry", clock=clock))
    driver.feed([tick("A", "10:00:00"), tick("B", "10:00:30")])
    for _ in range(5):
        driver.move_clock("30s")
    expected = [(s, f"10:0{m}", m > 0) for s in "AB" for m in range(3)] if clock == "on" else []

    assert expected == told(driver.finals("1m"), "synthetic")


def test_beats_come_by_the_clock_to_keys_that_are_not_ahead_of_it() -> None:
    """In 10:01 only B is quiet; its beat gives way to a row, and one whose minute ends without is taken back."""
    driver = Driver(declared(heartbeat=True))
    driver.feed([tick("A", "10:00:10"), tick("B", "10:00:20")])
    driver.feed([tick("A", "10:01:05")], at=moment("10:00:58"))
    driver.set_clock(moment("10:01:01"))
    in_101 = driver.lives("1m").filter(pl.col("start").dt.strftime("%H:%M") == "10:01")
    assert [("A", "10:01", False), ("B", "10:01", True)] == told(in_101, "synthetic")

    driver.feed([tick("B", "10:01:30")])
    driver.set_clock(moment("10:02:30"))
    driver.set_clock(moment("10:03:00"))
    assert [("A", "10:01", False), ("B", "10:01", False)] == told(
        driver.finals("1m").filter(pl.col("start").dt.strftime("%H:%M") == "10:01"), "synthetic"
    )
    assert [("A", "10:03", True), ("B", "10:03", True)] == told(driver.lives("1m").filter(synthetic=True), "synthetic")


def test_no_beat_behind_a_key() -> None:
    """A, stamped two minutes ahead, has left 10:01 behind when the clock comes there: only B beats."""
    bars = bl.from_(Tick).tumbling("1m", time="key", heartbeat=True).ohlcv(price="price")
    driver = Driver(bars.clock(max_ahead="5m").named("bars"))
    driver.feed([tick("A", "10:00:10"), tick("B", "10:00:20")])
    driver.feed([tick("A", "10:02:30")], at=moment("10:00:30"))
    driver.set_clock(moment("10:01:05"))

    assert [("B", "10:01")] == told(driver.live_history("1m").filter(synthetic=True))


def test_a_key_that_passes_its_beat_takes_it_back() -> None:
    """B, beaten in 10:01, ticks next in 10:02, ahead of the clock: its minute is decided for it, A's beat stays."""
    driver = Driver(declared(heartbeat=True))
    driver.feed([tick("A", "10:00:10"), tick("B", "10:00:20")])
    driver.set_clock(moment("10:01:55"))
    driver.feed([tick("B", "10:02:00")], at=moment("10:01:56"))

    assert [("A", "10:01", True)] == told(driver.lives("1m").filter(synthetic=True), "synthetic")


def test_a_final_of_a_beaten_slot_is_not_taken_back_by_the_clock() -> None:
    """B, beaten in 10:01, ticks there and in 10:02, ahead of the clock: its final stays when the clock follows."""
    driver = Driver(declared(heartbeat=True))
    driver.feed([tick("A", "10:00:10"), tick("B", "10:00:20")])
    driver.set_clock(moment("10:01:50"))
    driver.feed([tick("B", "10:01:55"), tick("B", "10:02:01")], at=moment("10:01:56"))
    driver.set_clock(moment("10:02:30"))

    assert [("B", "10:01", False)] == [
        bar for bar in told(driver.lives("1m"), "synthetic") if bar[:2] == ("B", "10:01")
    ]


def test_a_successor_knows_every_key() -> None:
    """Killed and taken over by another instance: A is where it was, so that its late row is late, and B's is not."""
    driver = Driver(declared(clock="off"), instances=("one", "two"))
    driver.feed([tick("A", "10:05:00"), tick("B", "10:00:00")])
    driver.crash("one")
    driver.assign({"two": [0]})
    driver.feed([tick("A", "10:00:00"), tick("B", "10:00:30")])

    assert [("late", {"1m", "5m"})] == [(row.reason, {*row.missed}) for row in driver.rejected()]
    assert [moment("10:05:00")] * 2 == [driver.stream_time(), driver.stream_time(key=("A",))]
    assert [("B", "10:00", 2)] == told(driver.lives("1m").filter(symbol="B"), "revision")


def test_another_time_is_refused_by_name() -> None:
    """A mistyped one is answered with those that there are."""
    with pytest.raises(DefinitionError, match=r"(?s)tumbling\(time=…\).*'keys'.*did you mean 'key'"):
        bl.from_(Tick).tumbling("1m", time="keys").ohlcv(price="price").named("bars")  # type: ignore[arg-type]


class Line:
    """An engine with the state that it commits."""

    def __init__(self, bars: bl.Bars) -> None:
        self.plan = bars.plan
        self.engine = Engine(self.plan, AlwaysOpen())
        self.state: dict[Any, Any] = {}
        self.bars: list[tuple[str, str, bool]] = []

    def feed(self, rows: Sequence[tuple[str, str]]) -> Step:
        """Rows of a key and a time."""
        columns = {
            "symbol": [symbol for symbol, _ in rows],
            "at": [moment(time) for _, time in rows],
            "price": [Decimal(1)] * len(rows),
        }
        frame = pl.DataFrame(columns, schema={"symbol": pl.String, "at": pl.Int64, "price": pl.Decimal(12, 2)})
        return self.take(self.engine.step(TickBatch(frame, np.arange(len(rows)))))

    def take(self, step: Step) -> Step:
        """Commit a step, and go on with an engine that was restored from that."""
        for name, value in state_changes(self.plan, step, self.engine.keys):
            self.state.pop(name, None)
            if value is not None:
                self.state[name] = value
        for block in step.finals:
            keys = [str(row[0]) for row in self.engine.keys.rows(block.key)]
            starts = [str(np.datetime64(start, "ns"))[11:16] for start in block.start.tolist()]
            self.bars += zip(keys, starts, block.partial.tolist(), strict=True) if block.level == 0 else ()
        self.engine = Engine(self.plan, AlwaysOpen())
        self.engine.restore(read_snapshot(self.plan, self.state))
        return step


def test_a_span_that_is_given_whole_is_so_for_each_key() -> None:
    """With whole hours, A's of ten and B's of twelve are decided and whole; C, which comes later, is not late."""
    source = (
        bl.from_(Tick).tumbling("1m", time="key").ohlcv(price="price").source(complete_from="1h", complete_until="1h")
    )
    line = Line(source.named("bars"))
    line.feed([("A", "10:59:30"), ("B", "12:30:30")])
    line.take(line.engine.complete(line.engine.complete_until or 0))
    assert [("A", "10:59", False), ("B", "12:30", False)] == sorted(line.bars)
    line.take(line.engine.complete(line.engine.complete_until or 0))  # another run without rows decides nothing more

    step = line.feed([("C", "10:00:30"), ("A", "10:58:00"), ("A", "11:00:00"), ("B", "13:00:00")])
    assert {"accepted": 3, "late": 1} == step.counts


@pytest.mark.parametrize("time", ["partition", "key"])
@pytest.mark.parametrize(("until", "partial"), [("1h", [False, False]), ("1m", [False, True])])
def test_a_bar_that_is_still_forming_is_in_the_span_it_begins(
    time: Literal["partition", "key"], until: str, partial: list[bool]
) -> None:
    """The row of 13:00 begins the hour that is given whole; of a minute that is, the minute is whole and not the hour.

    As with ticks: where each row is a finished bar it would be one of the hour before.
    """
    made = bl.from_(Tick).bars("1m", keep="last", time=time).select(close=bl.last("price"))
    bars = made.rollup("1h").source(complete_from="1h", complete_until=until).named("bars")
    rows = [tick("A", at) for at in ("12:00:00", "12:59:00", "13:00:00")]

    result = bars.compute(pl.DataFrame(rows))

    assert [False] * 3 == result["1m"].sort("start")["partial"].to_list()
    assert partial == result["1h"].sort("start")["partial"].to_list()


def test_set_back_only_what_is_ahead() -> None:
    """A wrong stamp of A goes back to 10:02; B, which stands before that, stays where it is."""
    line = Line(declared())
    line.feed([("A", "10:00:30"), ("B", "10:01:00"), ("A", "23:00:00")])
    line.take(line.engine.set_back(moment("10:02:00"), []))
    assert [moment("10:02:00"), moment("10:01:00")] == [line.engine.stream_time_of((key,)) for key in "AB"]

    step = line.feed([("A", "10:02:10"), ("B", "10:01:10"), ("B", "10:00:59")])
    assert {"accepted": 2, "late": 1} == step.counts
