"""Nothing is called late that is not: the clock closes slots only while nothing can still be on its way."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Producer

import barloom as bl
from catalogue.market import MINUTE, SECOND, Tick, at, nanos, starts, tick, ticks_to_bars
from kafka.driver import encoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka.driver import KafkaDriver

pytestmark = pytest.mark.needs("java", "maven")


def counts(driver: KafkaDriver, timeframe: str = "1m") -> list[tuple[datetime, int]]:
    """Start and number of ticks of the finals."""
    frame = driver.finals(timeframe)
    return [(row["start"], row["count"]) for row in frame.rows(named=True)]


@pytest.mark.parametrize("stamped", ["CreateTime", "CreateTime = event time", "LogAppendTime"])
def test_history_moves_by_its_events_alone(drive: Callable[..., KafkaDriver], stamped: str) -> None:
    """Ticks of 2014, produced today by a producer that stalls for 5 s and for an hour, in the midst of a minute."""
    driver = drive(ticks_to_bars("1m", delay="2s"), stamped=stamped.split(maxsplit=1)[0])
    driver.clock.set(time.time_ns())  # a broker stamps records with the real time
    moments = [at("2014-05-04T22:00:10") + second * SECOND for second in (0, 20, 40, 45)]
    for moment, stall in zip(moments, ["0s", "5s", "1h", "5s"], strict=True):
        driver.move_clock(stall)
        times = [nanos(moment)] if "event" in stamped else None
        driver.send(encoded([tick(moment, 10)]), times=times)
        driver.settle()

    assert [] == starts(driver.finals("1m"))
    assert [] == driver.rejected()
    driver.send(encoded([tick("2014-05-04T22:01:02", 11)]))
    driver.settle()
    assert [(at("2014-05-04T22:00"), 4)] == counts(driver)
    assert [] == driver.rejected()


def test_an_hour_of_downtime_leaves_a_backlog_that_is_read_whole(drive: Callable[..., KafkaDriver]) -> None:
    """Live ticks, each received when it happened, that came while nobody ran: read in small steps, none is late."""
    plan = ticks_to_bars("1m", delay="2s").plan
    plan = replace(plan, source=replace(plan.source, arrival="received"))
    driver = drive(plan, commit_records=5)

    def received(second: int) -> dict[str, Any]:
        moment = at("2025-01-06T10:00") + second * SECOND
        return {**tick(moment, 10), "received": moment}

    driver.feed([received(second) for second in range(30)])
    driver.crash("A")
    driver.append([received(second) for second in range(30, 3630, 10)])
    driver.clock.set(nanos(at("2025-01-06T11:00:30")))
    driver.assign({"A": [0]})
    driver.settle()

    # The first minute: 30 ticks before, 3 after; then six a minute. The clock has closed the last one, 10:59.
    expected = [(at("2025-01-06T10:00") + minute * MINUTE, 6 if minute else 33) for minute in range(60)]
    assert expected == counts(driver)
    assert [] == driver.rejected()


def test_an_upstream_with_long_transactions_is_waited_for(drive: Callable[..., KafkaDriver]) -> None:
    """It commits every 60 s: what lies in its open transaction is on its way, so that the clock closes nothing."""
    driver = drive(ticks_to_bars("1s", delay="2s"))
    driver.feed(tick("2025-01-06T10:00:00", 10))
    upstream = Producer(
        {"bootstrap.servers": driver.settings.brokers, "transactional.id": driver.input, "log_level": 0}
    )
    upstream.init_transactions(30)
    upstream.begin_transaction()
    for second in range(60):
        (value,) = encoded([tick(at("2025-01-06T10:00:00.5") + second * SECOND, 11)])
        upstream.produce(driver.input, value, partition=0)
    upstream.flush()
    for _ in range(6):
        driver.clock.move("10s")
        driver.look()
    assert [] == starts(driver.finals("1s"))

    upstream.commit_transaction(30)
    driver.settle()
    assert [] == driver.rejected()
    assert (at("2025-01-06T10:00:00"), 2) == counts(driver, "1s")[0]
    driver.move_clock("10s")
    assert [1] * 59 == [count for _, count in counts(driver, "1s")[1:]]
    assert 60 == len(counts(driver, "1s"))


def test_a_quiet_market_is_closed_by_the_clock(drive: Callable[..., KafkaDriver]) -> None:
    """The other side of it: caught up and live, a slot closes at its end + delay though nothing comes."""
    driver = drive(ticks_to_bars("1m", delay="2s"))
    driver.feed(tick("2025-01-06T10:00:10", 10))
    driver.clock.set(nanos(at("2025-01-06T10:01:01")))
    driver.settle()
    assert [] == starts(driver.finals("1m"))
    driver.move_clock("1s")

    assert [at("2025-01-06T10:00")] == starts(driver.finals("1m"))


def test_a_producer_whose_clock_is_fast_is_not_late_by_ours(drive: Callable[..., KafkaDriver]) -> None:
    """Its ticks are 5 s ahead of their arrival; slots close by its events or by our clock, and never before it."""
    driver = drive(ticks_to_bars("1s", delay="1s"))
    began = datetime(2025, 1, 6, 10, tzinfo=UTC)
    for half in range(20):
        wall = began + half * timedelta(milliseconds=500)
        driver.feed(tick(wall + 5 * SECOND, 10), at=nanos(wall))
        driver.look()
    driver.move_clock("7s")

    assert [] == driver.rejected()
    assert [(began + (5 + second) * SECOND, 2) for second in range(10)] == counts(driver, "1s")


def test_a_restart_in_a_quiet_market_goes_on_at_once(drive: Callable[..., KafkaDriver]) -> None:
    """That nothing is left to read is a fact: the restored clock needs no record of the new instance."""
    driver = drive(ticks_to_bars("1m", delay="2s"))
    driver.feed(tick("2025-01-06T10:00:10", 10))
    driver.restart()
    driver.clock.set(nanos(at("2025-01-06T10:01:02")) - 1)
    driver.settle()
    assert [] == starts(driver.finals("1m"))
    driver.move_clock(1)

    assert [at("2025-01-06T10:00")] == starts(driver.finals("1m"))


@pytest.mark.parametrize(("after", "late"), [("0s", [30, 31, 32, 33]), ("3s", [30]), ("4s", []), ("30s", [])])
def test_a_clock_that_lags_waits_for_a_producer_that_stalls(
    drive: Callable[..., KafkaDriver], after: str, late: list[int]
) -> None:
    """Stuck for 7 s while the log looks read, then its backlog in order: without a lag its oldest ticks are late.

    The last one, of 29, was received at 29. At 36 the clock stands at 36 less what it lags, and each second is decided
    three seconds after its begin: 30 to 33 without a lag, 30 with three seconds of it.
    """
    query = bl.from_(Tick).tumbling("1s", delay="2s").ohlcv(price="price", size="size").clock(after=after)
    driver = drive(query.named("bars"))
    began = at("2025-01-06T10:00:20")
    for second in range(10):
        driver.feed(tick(began + second * SECOND, 10))
    driver.clock.set(nanos(began + 16 * SECOND))
    driver.settle()
    driver.append([tick(began + second * SECOND, 10) for second in range(10, 17)])
    driver.settle()

    rejected = driver.rejected()
    assert late == [(record.event_time or 0) // 10**9 % 60 for record in rejected]
    assert all("was decided by the clock; missing in 1s" in record.message for record in rejected)
    driver.move_clock("33s")
    expected = [began + second * SECOND for second in range(17) if 20 + second not in late]
    assert expected == starts(driver.finals("1s"))


def test_a_delayed_feed_is_told_what_to_set(drive: Callable[..., KafkaDriver]) -> None:
    """Fifteen minutes late by contract, the clock closes nothing; the instance's last report says what would help."""
    driver = drive(ticks_to_bars("1m"))
    driver.feed(tick("2025-01-06T10:00:10", 10), at=nanos(at("2025-01-06T10:15:10")))
    driver.move_clock("5m")
    report = driver.report()
    driver.revoke("A")

    assert [] == starts(driver.finals("1m"))
    told = "the latest row was 15m old when it came, more than live_within (1m), so that the clock closes no quiet slot"
    assert [f'{told}: if the feed is always so late, set live_within = "17m"'] == report.notes
