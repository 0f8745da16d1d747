"""Bars as input whose base is made: what grows is taken as it last was, and holes are filled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import barloom as bl
from barloom.testing import Driver
from catalogue.market import Candle, at, candle, nanos, ohlcv, prices, starts

if TYPE_CHECKING:
    from pathlib import Path


def made(**base: Any) -> bl.Bars:  # noqa: ANN401 - those of `Query.bars`
    """Minutes and five of them."""
    columns = {
        "open": bl.first("open"),
        "high": bl.max("high"),
        "low": bl.min("low"),
        "close": bl.last("close"),
        "volume": bl.sum("volume"),
    }
    return bl.from_(Candle).bars("1m", **base).select(**columns).rollup("5m").named("bars")


def state(time: str, close: int, volume: int, symbol: str = "A") -> dict[str, Any]:
    """A candle that opened at 1 and stands at its highest."""
    return candle(time, 1, close, 1, close, volume, symbol)


def day(minute: str, second: str = "00") -> str:
    """A time of one morning."""
    return f"2025-01-06T{minute}:{second}"


def arriving(driver: Driver, comes: str, close: int, volume: int, symbol: str = "A") -> None:
    """A state of a minute that comes at a second within it: ``09:00:05``."""
    driver.feed([state(day(comes[:5]), close, volume, symbol)], at=nanos(at(day(comes[:5], comes[6:]))))


def test_a_state_counts_when_a_newer_bar_of_its_key_begins() -> None:
    """Not before: until then the live bar follows it. Another key's bar does not end it within the delay."""
    driver = Driver(made(keep="last", delay="10s"))
    arriving(driver, "09:00:05", 2, 1)
    arriving(driver, "09:00:40", 3, 4)
    arriving(driver, "09:01:01", 7, 7, "B")
    assert [] == starts(driver.finals("1m"))
    (live,) = [bar for bar in driver.lives("1m").rows(named=True) if bar["symbol"] == "A"]
    assert (prices(1, 3, 1, 3, 4), 2) == (ohlcv(live), live["revision"])

    arriving(driver, "09:01:02", 3, 1)

    (final,) = driver.finals("1m").rows(named=True)
    assert (prices(1, 3, 1, 3, 4), 2) == (ohlcv(final), final["revision"])
    assert [day("09:00")] == [f"{start:%Y-%m-%dT%H:%M:%S}" for start in starts(driver.finals("1m"))]


def test_the_clock_ends_the_last_bar_of_a_quiet_key() -> None:
    """Ten seconds after its minute; for its five minutes, too. What comes of it then is late."""
    driver = Driver(made(keep="last", delay="10s"))
    arriving(driver, "09:04:05", 2, 1)
    driver.set_clock(nanos(at(day("09:05", "09"))))
    driver.settle()
    assert [] == starts(driver.finals("1m"))

    driver.set_clock(nanos(at(day("09:05", "10"))))
    driver.settle()
    driver.feed([state(day("09:04"), 3, 4)], at=nanos(at(day("09:05", "11"))))

    assert [at(day("09:04"))] == starts(driver.finals("1m"))
    assert [prices(1, 2, 1, 2, 1)] == [ohlcv(bar) for bar in driver.finals("5m").rows(named=True)]
    assert ["late"] == [row.reason for row in driver.rejected()]


def test_a_state_within_its_bar_is_not_from_the_future() -> None:
    """A candle of 09:00 comes at 09:00:05, long before it ends; one of 09:01 that comes then is."""
    driver = Driver(made(keep="last"))
    arriving(driver, "09:00:05", 2, 1)
    driver.feed([state(day("09:01"), 2, 1)], at=nanos(at(day("09:00", "49"))))

    assert ["future"] == [row.reason for row in driver.rejected()]
    assert [at(day("09:00"))] == starts(driver.lives("1m"))


def test_what_comes_of_a_bar_that_is_over_is_told_apart() -> None:
    """A poll that gives the last two candles repeats what is known; a correction is a conflict."""
    driver = Driver(made(keep="last", delay="5m"))
    driver.feed([state(day("09:00"), 2, 1), state(day("09:00"), 3, 4), state(day("09:01"), 3, 1)])
    driver.feed([state(day("09:00"), 3, 4), state(day("09:01"), 3, 2)])
    driver.restart()
    driver.feed([state(day("09:00"), 3, 5), state(day("09:01"), 3, 3)])

    driver.feed([state(day("09:10"), 3, 5)])

    assert ["duplicate", "conflict"] == [row.reason for row in driver.rejected()]
    assert [prices(1, 3, 1, 3, 4), prices(1, 3, 1, 3, 3)] == [
        ohlcv(bar) for bar in driver.finals("1m").rows(named=True)
    ]


def test_a_state_that_comes_too_late_is_told_which_one_stays() -> None:
    """Not the first, as of finished bars."""
    rows = [state(day("09:00"), 2, 1), state(day("09:00"), 3, 2), state(day("09:01"), 3, 1), state(day("09:00"), 4, 4)]
    found = made(keep="last", delay="5m").compute(pl.DataFrame(rows))

    told = "a newer bar of its key had begun; the last state before that stays"
    assert [("conflict", told)] == found.rejected.select("reason", "message").rows()


def test_an_older_bar_that_was_never_seen_counts_at_once() -> None:
    """A newer one has begun already, so this is all that is known of it."""
    driver = Driver(made(keep="last", delay="5m"))
    driver.feed([state(day("09:00"), 2, 1), state(day("09:02"), 2, 1), state(day("09:01"), 3, 4)])
    driver.feed([state(day("09:01"), 5, 5), state(day("09:07"), 2, 1)])

    assert ["conflict"] == [row.reason for row in driver.rejected()]
    assert [at(day(f"09:0{minute}")) for minute in (0, 1, 2)] == starts(driver.finals("1m"))


def test_holes_are_filled_also_between_states() -> None:
    """By the policy of the base, up to where slots are decided; coarser bars see nothing of them."""
    driver = Driver(made(keep="last", gap="carry"))
    driver.feed([state(day("09:00"), 2, 4), state(day("09:03"), 5, 1), state(day("09:05"), 5, 1)])

    finals = driver.finals("1m").rows(named=True)
    assert [prices(1, 2, 1, 2, 4), *[prices(2, 2, 2, 2, 0)] * 2, prices(1, 5, 1, 5, 1), prices(5, 5, 5, 5, 0)] == [
        ohlcv(bar) for bar in finals
    ]
    assert [False, True, True, False, True] == [bar["synthetic"] for bar in finals]
    (five,) = driver.finals("5m").rows(named=True)
    assert (prices(1, 5, 1, 5, 5), 5, 2) == (ohlcv(five), five["slots"], five["filled"])


def test_a_hole_may_be_null() -> None:
    """Its volume is zero, its prices are not known."""
    driver = Driver(made(gap="null"))
    driver.feed([state(day("09:00"), 2, 4), state(day("09:02"), 5, 1)])

    hole = driver.finals("1m").rows(named=True)[1]
    assert (None, None, None, None, *prices(0)) == ohlcv(hole)


def test_holes_are_filled_for_as_long_as_is_said() -> None:
    """Two minutes after the last bar of a key no more."""
    driver = Driver(made(gap="carry", carry_limit="2m"))
    driver.feed([state(day("09:00"), 2, 4), state(day("09:10"), 5, 1)])

    assert [at(day(f"09:0{minute}")) for minute in (0, 1, 2)] + [at(day("09:10"))] == starts(driver.finals("1m"))


def test_a_base_that_is_made_needs_no_coarser_bars() -> None:
    """One that is only read does."""
    columns = {"close": bl.last("close")}
    filled = bl.from_(Candle).bars("1m", gap="carry").select(**columns).named("bars")
    grown = bl.from_(Candle).bars("1m", keep="last").select(**columns).named("bars")

    assert (0,) == filled.plan.published == grown.plan.published
    with pytest.raises(bl.DefinitionError, match="bars as input and no roll-up"):
        bl.from_(Candle).bars("1m").select(**columns).named("bars")


def test_the_delay_of_the_base_decides_where_it_is_made() -> None:
    """A coarser bar closes with its last child, whatever longer deadline it has."""
    columns = {"close": bl.last("close"), "volume": bl.sum("volume")}
    declared = bl.from_(Candle).bars("1m", gap="carry", delay="10s").select(**columns)
    driver = Driver(declared.rollup(bl.timeframe("5m", delay="1h")).named("bars"))
    driver.feed([state(day("09:00"), 2, 4), state(day("09:05"), 5, 1), state(day("09:06"), 5, 1)])

    assert [at(day("09:00"))] == starts(driver.finals("5m"))


def test_a_state_of_a_bar_that_is_over_may_come_alone(tmp_path: Path) -> None:
    """Each row a step of its own, as a poll that repeats the last two candles gives them."""
    rows = [state(day(minute), close, 1) for minute, close in (("09:00", 1), ("09:01", 3), ("09:00", 1), ("09:00", 2))]
    report = bl.run(made(keep="last", delay="5s"), rows, tmp_path / "state", batch_rows=1)

    assert {"duplicate": 1, "conflict": 1} == report.rejected
