"""Completeness on the in-memory driver: the clock, marks, hand-over of a partition, live bars."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import polars as pl
import pytest

import barloom as bl
from barloom.testing import Driver

SECOND = 10**9
NOON = 1_736_164_800 * SECOND
Time = Literal["partition", "key"]


class Tick(bl.Event):
    """A trade."""

    symbol: str = bl.key()
    at: int = bl.timestamp(unit="ns")
    price: Decimal = bl.decimal(12, 2)
    number: int | None = bl.sequence()


def declared(time: Time = "partition", **options: Any) -> bl.Bars:  # noqa: ANN401 - tumbling's own
    """Bars of ten seconds and one minute."""
    query = bl.from_(Tick).tumbling("10s", time=time, **options).ohlcv(price="price").rollup("1m")
    return query.named("bars")


def tick(number: int | None, second: float, symbol: str = "A", price: object = "1") -> dict[str, object]:
    """A row that many seconds after noon."""
    return {"symbol": symbol, "at": NOON + round(second * SECOND), "price": price, "number": number}


def to(second: float, symbol: str | None = None) -> bl.CompleteTo:
    """A mark."""
    return bl.CompleteTo(NOON + round(second * SECOND), {} if symbol is None else {"symbol": symbol})


def told(frame: pl.DataFrame, symbol: str = "A") -> list[tuple[int, int, str]]:
    """Start in seconds, missing and complete of each bar of a key, in order."""
    seconds = (pl.col("start").cast(pl.Int64) - NOON) // SECOND
    return sorted(frame.filter(pl.col("symbol") == symbol).select(seconds, "missing", "complete").rows())


def test_a_slot_that_the_clock_closed_is_not_known_to_be_complete() -> None:
    """Nothing is missing as far as is known; the next number may lie in it all the same."""
    driver = Driver(declared())
    driver.feed([tick(1, -1), tick(2, 1)])
    driver.move_clock("30s")

    assert (0, 0, "unknown") == told(driver.finals("10s"))[-1]


def test_a_slot_that_another_key_closed_is_not_known_to_be_complete() -> None:
    """With one time for all; B's own next row comes too late to say it."""
    driver = Driver(declared())
    driver.feed([tick(1, -1), tick(1, -1, "B"), tick(2, 1), tick(2, 1, "B"), tick(3, 12), tick(3, 13, "B")])

    assert (0, 0, "yes") == told(driver.finals("10s"))[-1]
    assert (0, 0, "unknown") == told(driver.finals("10s"), "B")[-1]


@pytest.mark.parametrize("time", ["partition", "key"])
@pytest.mark.parametrize("of", [None, "A"])
def test_a_mark_says_that_a_quiet_slot_is_complete(time: Time, of: str | None) -> None:
    """For every key, or for one, where numbers are unbroken; of B with a hole it does not help."""
    driver = Driver(declared(time))
    driver.feed([tick(1, -1), tick(1, -1, "B"), tick(2, 1), tick(3, 1, "B"), to(10, of), to(10)])

    assert (0, 0, "yes") == told(driver.finals("10s"))[-1]
    assert (0, 1, "no") == told(driver.finals("10s"), "B")[-1]


def test_live_bars_say_it_too() -> None:
    """As of now: what is known to be absent; no open slot is known to be complete."""
    driver = Driver(declared())
    driver.feed([tick(1, -1), tick(2, 1)])
    assert (0, 0, "unknown") == told(driver.lives("10s"))[-1]
    driver.feed([tick(5, 3)])
    assert (0, 2, "no") == told(driver.lives("10s"))[-1]
    driver.feed([tick(3, 2), tick(4, 2)])

    assert (0, 0, "unknown") == told(driver.lives("1m"))[-1]
    assert (0, 0, "unknown") == told(driver.lives("10s"))[-1]


def test_a_hole_counts_once_in_a_parent() -> None:
    """In each of the children that it may lie in, and once in the minute; a parent is not the sum of its children."""
    driver = Driver(declared())
    driver.feed([tick(1, -61), tick(2, 5), tick(5, 25), tick(6, 65)])

    assert [(0, 2, "no"), (20, 2, "no")] == [bar for bar in told(driver.finals("10s")) if bar[0] >= 0]
    assert (0, 2, "no") == told(driver.finals("1m"))[-1]


@pytest.mark.parametrize(("closed", "expected"), [(None, (0, 0, "no")), (2, (0, 1, "no"))])
def test_a_late_row_is_no_hole_but_never_fills_one(closed: int | None, expected: tuple[int, int, str]) -> None:
    """Behind all numbers it only makes its minute incomplete; in a known hole it stays missing there."""
    rows = [tick(1, -1), tick(2, 5)]
    rows += [tick(3, 15), tick(4, 7)] if closed is None else [tick(4, 15), tick(3, 7)]
    driver = Driver(declared())
    driver.feed([*rows, tick(5, 40), tick(6, 61)])

    assert ["late"] == [record.reason for record in driver.rejected() if record.hole is None]
    assert expected == told(driver.finals("1m"))[-1]


def test_a_row_that_cannot_be_read_is_no_hole() -> None:
    """Its key, time and number can be: the numbers go on behind it, and its slots are incomplete."""
    driver = Driver(declared())
    driver.feed([tick(1, -1), tick(2, 5, price="what?"), tick(3, 8), tick(4, 12), tick(5, 25)])

    assert [(-10, 0, "unknown"), (0, 0, "no"), (10, 0, "yes")] == told(driver.finals("10s"))


def test_rows_that_where_leaves_out_are_no_hole() -> None:
    """A bar of the others is complete."""
    query = bl.from_(Tick).where(bl.col("price") > 1).tumbling("10s").ohlcv(price="price").named("bars")
    driver = Driver(query)
    driver.feed([tick(1, -1, price=2), tick(2, 5), tick(3, 6, price=2), tick(4, 12, price=2)])

    assert (0, 0, "yes") == told(driver.finals("10s"))[-1]


def test_a_row_of_the_future_is_as_if_it_had_not_come() -> None:
    """Its time is not to be believed, so that nobody knows where its number lies."""
    driver = Driver(declared())
    driver.feed([tick(1, -1), tick(2, 5), tick(3, 900)], at=NOON + 6 * SECOND)
    driver.feed([tick(4, 12)], at=NOON + 12 * SECOND)

    assert (0, 1, "no") == told(driver.finals("10s"))[-1]


def test_a_tick_without_a_number_counts() -> None:
    """Its slots are not known to be complete; those beside it are."""
    driver = Driver(declared())
    driver.feed([tick(1, -1), tick(2, 5), tick(3, 15), tick(None, 16), tick(4, 25), tick(5, 35)])

    assert [(0, 0, "yes"), (10, 0, "unknown"), (20, 0, "yes")] == told(driver.finals("10s"))[1:]


SCRIPT = [
    *(tick(1, -1), tick(1, -1, "B"), tick(2, 3), tick(4, 5), tick(2, 6, "B"), tick(3, 12, "B"), tick(5, 13)),
    *(tick(3, 14), tick(6, 22), tick(6, 23), tick(5, 24, "B"), to(30), tick(7, 33), tick(9, 41), tick(6, 45, "B")),
    *(tick(8, 40), tick(1, 47), tick(2, 52), tick(7, 55, "B"), tick(3, 63), tick(8, 64, "B"), to(70)),
]


@pytest.mark.parametrize("time", ["partition", "key"])
@pytest.mark.parametrize("point", ["stepped", "written", "sent", "committed"])
def test_a_crash_changes_nothing(time: Time, point: str) -> None:
    """An instance is killed in every turn, and another goes on: all is as of one that ran through."""
    whole = Driver(declared(time))
    whole.feed(SCRIPT, at=NOON + 100 * SECOND)
    driver = Driver(declared(time), instances=("A", "B"), batch_rows=3)
    driver.append(SCRIPT, at=NOON + 100 * SECOND)
    owner, other = "A", "B"
    for _ in range(len(SCRIPT)):
        driver.crash_at(point, owner)
        driver.assign({other: [0]})
        driver.start(owner)
        owner, other = other, owner
        driver.turn(owner)
    driver.settle()

    for timeframe in ("10s", "1m"):
        for symbol in "AB":
            assert told(whole.finals(timeframe), symbol) == told(driver.finals(timeframe), symbol)
    assert _side(whole) == _side(driver)


def _side(driver: Driver) -> list[tuple[str, int | None, int | None, str | None]]:
    records = driver.rejected()
    return sorted(((one.reason, one.first_number, one.last_number, one.hole) for one in records), key=str)
