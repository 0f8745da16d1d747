"""The driver that tests of one's own definitions use."""

from __future__ import annotations

import pytest

import barloom as bl
from barloom.testing import Driver, Point
from catalogue.market import SECOND, Tick, at, nanos, starts, tick, ticks_to_bars

OPEN = at("2025-01-06T10:00")


@pytest.mark.parametrize("away", ["crash", "crash_at", "stop", "freeze", "none"])
def test_restart_brings_an_instance_back(away: str) -> None:
    """Whether it runs, stands still, was stopped or has crashed: it has its partitions again, and goes on there."""
    driver = Driver(ticks_to_bars("1s"), partitions=2)
    driver.feed(tick(OPEN, 10))
    driver.feed(tick(OPEN, 10, symbol="XAUUSD"), partition=1)
    match away:
        case "crash":
            driver.crash("A")
        case "crash_at":
            driver.append(tick(OPEN + SECOND, 11))
            driver.crash_at(Point.WRITTEN)
        case "freeze":
            driver.append(tick(OPEN + SECOND, 11))
            driver.freeze_at(Point.STEPPED)
        case "stop":
            driver.stop("A")
    driver.restart("A")
    driver.feed(tick(OPEN + 2 * SECOND, 12))
    driver.feed(tick(OPEN + 2 * SECOND, 12, symbol="XAUUSD"), partition=1)

    assert ["A", "A"] == [driver.owner(0), driver.owner(1)]
    between = [OPEN + SECOND] if away in {"crash_at", "freeze"} else []
    assert [OPEN, *between] == starts(driver.finals("1s"), symbol="EURUSD")
    assert [OPEN] == starts(driver.finals("1s"), symbol="XAUUSD")


def test_restart_takes_nothing_from_others() -> None:
    """What another has taken over meanwhile stays there."""
    driver = Driver(ticks_to_bars("1s"), partitions=2, instances=("A", "B"))
    driver.crash("A")
    driver.assign({"B": [0]})
    driver.restart("A")

    assert ["B", "A"] == [driver.owner(0), driver.owner(1)]


def test_restart_of_a_stranger_is_refused() -> None:
    """With those that are known."""
    with pytest.raises(ValueError, match="'Z' never ran; there are A"):
        Driver(ticks_to_bars("1s")).restart("Z")


def test_a_lagging_clock_closes_later() -> None:
    """A partition that is caught up: delay and lag after a slot's end, not before; an event closes at once."""
    query = bl.from_(Tick).tumbling("1s", delay="2s").ohlcv(price="price", size="size")
    driver = Driver(query.clock(after="30s").named("bars"))
    driver.feed(tick(OPEN, 10))
    driver.set_clock(nanos(OPEN + 33 * SECOND) - 1)
    before = starts(driver.finals("1s"))
    driver.move_clock(1)
    after = starts(driver.finals("1s"))
    driver.feed(tick(OPEN + 34 * SECOND, 11), at=nanos(OPEN + 34 * SECOND))
    driver.feed(tick(OPEN + 37 * SECOND, 11), at=nanos(OPEN + 37 * SECOND))

    assert ([], [OPEN]) == (before, after)
    assert [OPEN, OPEN + 34 * SECOND] == starts(driver.finals("1s"))


def test_late_ticks_tell_whose_doing_it_is() -> None:
    """The clock's where it alone had decided the slot; also after a restart, which keeps that in mind."""
    driver = Driver(ticks_to_bars("1s", delay="2s"))
    driver.feed(tick(OPEN, 10))
    driver.move_clock("10s")
    driver.restart()
    driver.feed([tick(OPEN + 5 * SECOND, 11), tick(OPEN + 8 * SECOND, 11), tick(OPEN + 6 * SECOND, 11)])

    # The clock stands at 10: the slots of 5 and 6, decided at 8 and 9, are so by it; the tick of 8 decides neither.
    assert [(2, True), (1, True)] == [(record.by // 10**9, record.by_clock) for record in driver.rejected()]
    driver.feed([tick(OPEN + 20 * SECOND, 11), tick(OPEN + 7 * SECOND, 11)])
    assert (10, False) == (driver.rejected()[-1].by // 10**9, driver.rejected()[-1].by_clock)
