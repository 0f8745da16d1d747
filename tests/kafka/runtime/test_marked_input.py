"""An input with marks: they close what is quiet, and where they end nothing is closed, however long that lasts.

The same in memory and on a broker, where a mark is a message without a value.
"""

from __future__ import annotations

from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from confluent_kafka import Producer

import barloom as bl
from barloom.source.feeds.word import CompleteTo
from barloom.testing import Driver
from kafka.desk import DEFINITION, Desk
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom import Bars
    from kafka.driver import KafkaDriver
    from servers.broker import Broker
    from servers.topics import Topics

MINUTE = 60_000_000_000
TEN = 1_736_157_600 * 1_000_000_000
"""2025-01-06T10:00:00Z."""


class Trade(bl.Event):
    """A trade with a number."""

    symbol: str = bl.key()
    at: int = bl.timestamp(unit="ns")
    number: int = bl.sequence()
    price: int = bl.field()


def bars(time: Any = "key") -> Bars:  # noqa: ANN401 - as the declaration has it
    """Minutes of trades."""
    return bl.from_(Trade).tumbling("1m", time=time).select(count=bl.count()).named("minutes")


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.needs("java", "maven"))])
def drive_on(request: pytest.FixtureRequest) -> Callable[..., Driver | KafkaDriver]:
    """Runs bars in memory, or on a broker."""
    if request.param == "memory":
        return Driver
    made: Callable[..., KafkaDriver] = request.getfixturevalue("drive")
    return made


def trade(minutes: float, number: int, symbol: str = "A") -> dict[str, Any]:
    """One so many minutes after ten."""
    return {"symbol": symbol, "at": TEN + int(minutes * MINUTE), "number": number, "price": 1}


def mark(minutes: float, symbol: str | None = "A") -> CompleteTo:
    """Complete so many minutes after ten."""
    return CompleteTo(TEN + int(minutes * MINUTE), {} if symbol is None else {"symbol": symbol})


def found(driver: Any) -> list[tuple[str, int, int]]:  # noqa: ANN401 - either
    """Symbol, minute and trades of the finals."""
    minute = (pl.col("start").cast(pl.Datetime("ns", "UTC")).to_physical() - TEN) // MINUTE
    frame = driver.finals("1m").select("symbol", minute, "count")
    return [*frame.sort("start", "symbol").iter_rows()]


def test_where_marks_end_the_clock_closes_nothing(drive_on: Callable[..., Any]) -> None:
    """A publisher is away for ten minutes: quiet slots wait, and what comes then is in time."""
    driver = drive_on(bars())
    driver.feed([mark(-60), trade(0.1, 1), trade(1.1, 2), mark(1.2)])
    driver.move_clock("10m")
    waited = found(driver)
    driver.feed([trade(1.5, 3), trade(2.5, 4), trade(9.5, 5), mark(11)])

    assert [("A", 0, 1)] == waited
    assert [("A", 0, 1), ("A", 1, 2), ("A", 2, 1), ("A", 9, 1)] == found(driver)
    assert [] == driver.rejected()


def test_marks_alone_close_what_is_quiet(drive_on: Callable[..., Any]) -> None:
    """No trade comes after 10:01:06, and the mark of 10:02 says so; that of another key closes nothing."""
    driver = drive_on(bars())
    driver.feed([trade(0.1, 1), trade(1.1, 2)])
    driver.feed(mark(5, "B"))
    before = found(driver)
    driver.feed(mark(2))

    assert [("A", 0, 1)] == before
    assert [("A", 0, 1), ("A", 1, 1)] == found(driver)


def test_what_marks_said_is_there_after_a_restart(drive_on: Callable[..., Any]) -> None:
    """The clock goes on doing nothing, and a trade before the mark that closed its minute is late."""
    driver = drive_on(bars())
    driver.feed([trade(0.1, 1), trade(1.1, 2), mark(1.2)])
    driver.restart()
    driver.move_clock("10m")
    waited = found(driver)
    driver.feed([mark(2)])
    driver.restart()
    driver.feed([trade(1.9, 3)])

    assert [("A", 0, 1)] == waited
    assert [("A", 1)] == [row[:2] for row in found(driver)[1:]]
    assert ["late"] == [row.reason for row in driver.rejected()]


def test_another_member_knows_where_the_marks_were(drive_on: Callable[..., Any]) -> None:
    """The partition goes from A to B: the clock closes nothing there either, and a mark does."""
    driver = drive_on(bars(), instances=("A", "B"))
    driver.feed([trade(0.1, 1), trade(1.1, 2), mark(1.2)])
    driver.assign({"A": [], "B": [0]})
    driver.move_clock("10m")
    waited = found(driver)
    driver.feed([mark(2)])

    assert [("A", 0, 1)] == waited
    assert [("A", 0, 1), ("A", 1, 1)] == found(driver)


def test_a_mark_of_a_partition_is_of_all_its_keys(drive_on: Callable[..., Any]) -> None:
    """Where time is the partition's, that of one key moves nothing."""
    driver = drive_on(bars("partition"))
    driver.feed([trade(0.1, 1), trade(0.2, 1, "B"), mark(5)])
    before = found(driver)
    driver.feed([mark(1, None)])

    assert [] == before
    assert [("A", 0), ("B", 0)] == [row[:2] for row in found(driver)]


@pytest.mark.needs("java", "maven")
def test_tombstones_stay_what_they_are(drive: Callable[..., KafkaDriver]) -> None:
    """Without the header a message without a value moves nothing; with a wrong one it is a dead letter."""
    driver = drive(bars())
    driver.feed([trade(0.1, 1)])
    driver.send([None], key=b'{"symbol":"A"}')
    driver._producer.produce(driver.input, None, b'{"symbol":"A"}', 0, headers=[("barloom-complete-to", b"noon")])  # noqa: SLF001 - as others write
    driver.feed([mark(1)])

    (letter,) = driver.reader.records(driver.names.dead_letter)
    assert (None, b'{"symbol":"A"}') == (letter.value(), letter.key())
    error = dict(letter.headers() or ())["barloom.error"]
    assert b"a mark that is none: its header barloom-complete-to is 'noon'" in error
    assert (1, 1, 1) == (driver.report().tombstones, driver.report().marks, driver.report().dead_letters)
    assert [("A", 0)] == [row[:2] for row in found(driver)]


@pytest.mark.needs("java", "maven")
def test_of_two_topics_both_have_to_say_so(broker: Broker, topics: Topics) -> None:
    """Where time is the partition's: one topic's mark closes nothing, nor does the clock; with the other's it does."""
    desk = Desk(broker, topics, partitions=1)
    other = topics.create("others", 1)
    text = DEFINITION.replace('base = "1s"', 'base = "1m"').replace('rollup = ["1m", "1h"]', "")
    plan = desk.plan(definition=text.replace('clock = "off"', ""))
    settings = desk.settings(plan, input=[desk.input, other])
    producer = Producer({"bootstrap.servers": broker.bootstrap})

    def say(topic: str, minutes: int) -> None:
        headers: list[tuple[str, str | bytes | None]] = [("barloom-complete-to", str(TEN + minutes * MINUTE))]
        producer.produce(topic, None, None, 0, headers=headers)
        producer.flush()

    desk.send([("A", "2025-01-06T10:00:01Z", "1")])
    say(desk.input, 5)
    desk.make(plan, settings)
    first = desk.finals(plan, "1m")
    say(other, 1)
    with desk.running(plan, settings):
        until = monotonic() + PATIENCE
        while len(desk.finals(plan, "1m")) != 1:
            assert monotonic() < until, "the minute stays open"
            sleep(0.1)

    assert [] == first
