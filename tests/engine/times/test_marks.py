"""Marks: every row up to a time was given. They are rows of the order that carry no tick."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barloom as bl
from barloom.errors import SourceError
from barloom.source.feeds.feed import FeedSource
from barloom.store.opening import open_for_reading
from barloom.testing import Driver, FakeClock

if TYPE_CHECKING:
    from pathlib import Path

SECOND = 10**9
NOON = 1_736_164_800 * SECOND
Time = Literal["partition", "key"]


class Tick(bl.Event):
    """A price."""

    symbol: str = bl.key()
    at: int = bl.timestamp(unit="ns")
    price: Decimal = bl.decimal(12, 2)


def declared(time: Time = "partition", **options: Any) -> bl.Bars:  # noqa: ANN401 - tumbling's own
    """Bars of ten seconds and one minute."""
    query = bl.from_(Tick).tumbling("10s", time=time, **options).ohlcv(price="price").rollup("1m")
    return query.named("bars")


def tick(symbol: str, second: float) -> dict[str, object]:
    """A row that many seconds after noon."""
    return {"symbol": symbol, "at": NOON + round(second * SECOND), "price": "1"}


def to(second: float, symbol: str | None = None) -> bl.CompleteTo:
    """A mark of a key, or of all."""
    return bl.CompleteTo(NOON + round(second * SECOND), {} if symbol is None else {"symbol": symbol})


def told(driver: Driver, timeframe: str = "10s") -> list[tuple[str, int, int]]:
    """Symbol, start in seconds and number of rows of each final, in order."""
    seconds = (pl.col("start").cast(pl.Int64) - NOON) // SECOND
    return sorted(driver.finals(timeframe).select("symbol", seconds, "revision").rows())


def late(driver: Driver) -> int:
    """How many rows were late."""
    return sum(record.reason == "late" for record in driver.rejected())


@pytest.mark.parametrize("time", ["partition", "key"])
def test_a_mark_of_all_keys_moves_time_exactly_there(time: Time) -> None:
    """A slot is decided where its end and delay are reached, by a nanosecond."""
    driver = Driver(declared(time, delay="2s"))
    driver.feed([tick("A", 1), bl.CompleteTo(NOON + 12 * SECOND - 1)])
    assert [] == told(driver)
    driver.feed([to(12)])

    assert [("A", 0, 1)] == told(driver)
    assert NOON + 12 * SECOND == driver.stream_time()


@pytest.mark.parametrize("time", ["partition", "key"])
def test_rows_behind_a_mark_are_late(time: Time) -> None:
    """In one batch and in any split: those ahead of it are in time, those behind are not."""
    rows = [tick("A", 1), tick("A", 2), to(10), tick("A", 3), tick("B", 4)]
    for batch in (1, 2, 5):
        driver = Driver(declared(time), batch_rows=batch)
        driver.feed(rows)

        assert [("A", 0, 2)] == told(driver)
        assert 2 == late(driver)


def test_a_mark_of_one_key_moves_that_key_alone() -> None:
    """Where keys have a time of their own; B goes on as if nothing had been said."""
    driver = Driver(declared("key"))
    driver.feed([tick("A", 1), tick("B", 1), to(20, "A"), tick("B", 5)])

    assert [("A", 0, 1)] == told(driver)
    assert (NOON + 20 * SECOND, NOON + 5 * SECOND) == (driver.stream_time(key=("A",)), driver.stream_time(key=("B",)))


def test_a_mark_of_one_key_moves_no_partition() -> None:
    """One time for all keys: what is said of one of them decides nothing."""
    driver = Driver(declared("partition"))
    driver.feed([tick("A", 1), to(20, "A"), tick("B", 5)])

    assert [] == told(driver)
    assert NOON + 5 * SECOND == driver.stream_time()


@pytest.mark.parametrize("time", ["partition", "key"])
@pytest.mark.parametrize("mark", [to(3), to(3, "A")])
def test_where_there_are_marks_the_clock_does_nothing(time: Time, mark: bl.CompleteTo) -> None:
    """However much time passes, and after a restart too; without the mark it would have closed the slot."""
    driver = Driver(declared(time))
    driver.feed([tick("A", 1), mark])
    driver.move_clock("1h")
    driver.restart()
    driver.move_clock("1h")
    assert [] == told(driver)
    unmarked = Driver(declared(time))
    unmarked.feed([tick("A", 1)])
    unmarked.move_clock("1h")

    assert [("A", 0, 1)] == told(unmarked)


@pytest.mark.parametrize("time", ["partition", "key"])
def test_marks_are_kept_over_a_restart(time: Time) -> None:
    """What was said to be complete is decided for keys that were not there as well."""
    driver = Driver(declared(time))
    driver.feed([tick("A", 1), to(30)])
    driver.restart()
    driver.feed([tick("A", 25), tick("C", 29), tick("C", 31), to(60)])

    assert [("A", 0, 1), ("C", 30, 1)] == told(driver)
    assert 2 == late(driver)


def _expected(time: Time, script: list[tuple[str | None, int, bool]]) -> tuple[dict[tuple[str, int], int], int]:
    """Counts of decided slots, and how many rows were late, one item at a time."""
    reached: dict[str | None, int] = {}
    slots: dict[tuple[str, int], int] = {}
    refused = 0

    def now(key: str | None) -> int:
        return max(reached.get(None, -1), reached.get(key, -1) if time == "key" else -1)

    for key, second, is_mark in script:
        whose = key if time == "key" else None
        if is_mark and (key is None or time == "key"):
            reached[whose] = max(reached.get(whose, -1), second)
        elif not is_mark and key is not None:
            start = second // 10 * 10
            if start + 10 <= now(key):
                refused += 1
            else:
                slots[key, start] = slots.get((key, start), 0) + 1
            reached[whose] = max(reached.get(whose, -1), second)
    return {slot: count for slot, count in slots.items() if slot[1] + 10 <= now(slot[0])}, refused


@given(
    st.lists(st.tuples(st.sampled_from(["A", "B", None]), st.integers(0, 60), st.booleans()), max_size=25),
    st.sampled_from(["partition", "key"]),
    st.integers(1, 30),
)
@settings(max_examples=60, deadline=None)
def test_marks_among_rows_decide_as_item_by_item(
    script: list[tuple[str | None, int, bool]], time: Time, batch: int
) -> None:
    """Whatever the order and the batch split; a row of no key is left out."""
    script = [(key, second, is_mark) for key, second, is_mark in script if is_mark or key is not None]
    driver = Driver(declared(time), batch_rows=batch)
    items = [to(second, key) if is_mark else tick(str(key), second) for key, second, is_mark in script]
    driver.append(items, at=NOON + 10**12)
    turn = driver.turn
    while driver.log.high_watermark("bars_ticks", 0) > driver._instances["A"].consumer.position(_at()):  # noqa: SLF001
        turn("A")
    slots, refused = _expected(time, script)
    if any(is_mark for *_, is_mark in script):
        assert sorted((symbol, start, count) for (symbol, start), count in slots.items()) == told(driver)
        assert refused == late(driver)


def _at() -> Any:  # noqa: ANN401 - a place of the driver's log
    from barloom.testing.group import TopicPartition  # noqa: PLC0415 - the driver's own

    return TopicPartition("bars_ticks", 0)


class TestFeeds:
    """A feed gives marks between its rows."""

    def run(self, rows: list[object], store: Path, batch_rows: int = 100_000) -> list[tuple[int, int]]:
        """Start and number of rows of each final."""
        source = FeedSource(declared().plan, iter(rows), clock=FakeClock(NOON + 100 * SECOND))
        bl.run(declared(), source, store, batch_rows=batch_rows, clock=FakeClock(NOON + 100 * SECOND), resume="new")
        with open_for_reading(store) as held:
            frames = list(held.frames("final", "10s"))
        return [(row["start"].second, row["revision"]) for frame in frames for row in frame.rows(named=True)]

    @pytest.mark.parametrize("batch_rows", [1, 3, 100])
    def test_among_rows_of_any_kind(self, tmp_path: Path, batch_rows: int) -> None:
        """Mappings, events, frames, and at the beginning and end."""
        frame = pl.DataFrame([tick("A", 21), tick("A", 22)]).with_columns(pl.col("price").cast(pl.Decimal(12, 2)))
        event = Tick(symbol="A", at=NOON + 11 * SECOND, price=Decimal(1))
        rows = [to(0), tick("A", 1), tick("A", 2), to(10), tick("A", 3), event, to(20), to(20), frame, to(30)]

        assert [(0, 2), (10, 1), (20, 2)] == self.run(rows, tmp_path / "store", batch_rows)

    def test_marks_alone_are_committed(self, tmp_path: Path) -> None:
        """A later run, which only says that all is complete, decides what an earlier one left open."""
        assert [] == self.run([tick("A", 1)], tmp_path / "store")
        assert [(0, 1)] == self.run([to(10)], tmp_path / "store")

    @pytest.mark.parametrize(
        ("mark", "said"),
        [
            (bl.CompleteTo(10, {"sym": "A"}), r"fields symbol \(str\)"),
            (bl.CompleteTo(10, {"symbol": 3}), r"fields symbol \(str\)"),
            (bl.CompleteTo(1.5), "a whole number"),  # type: ignore[arg-type]
        ],
    )
    def test_what_is_no_mark_is_told(self, tmp_path: Path, mark: bl.CompleteTo, said: str) -> None:
        """With what a mark has to have."""
        with pytest.raises(SourceError, match=said):
            self.run([tick("A", 1), mark], tmp_path / "store")


def test_the_time_of_a_mark_is_a_time() -> None:
    """A mark beyond what the calendar knows reaches no further than it does."""
    driver = Driver(declared())
    driver.feed([tick("A", 1), bl.CompleteTo(2**63 - 1)])

    assert [("A", 0, 1)] == told(driver)
    assert datetime(2100, 1, 1, tzinfo=UTC).timestamp() * SECOND < (driver.stream_time() or 0)


def test_the_clock_tells_nothing_closed_where_marks_were_seen() -> None:
    """A mark of one key, no row yet and time by partition: the clock may not say that slots are closed for all keys."""
    driver = Driver(declared())
    driver.feed([to(5, "A")])
    driver.set_clock(NOON + 600 * SECOND)

    assert [] == driver.closed("10s")
    assert driver.decided_to("10s") is None
