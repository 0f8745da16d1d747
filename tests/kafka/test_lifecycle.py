"""Members of a real group: who takes over what, how fast it is warm, and whom the application refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from confluent_kafka import Producer

from barloom.errors import StoreFormat, StoreMismatch
from barloom.kafka.state.changelog import META
from catalogue.market import MINUTE, SECOND, at, ohlcv, prices, starts, tick, ticks_to_bars

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka.driver import KafkaDriver

pytestmark = pytest.mark.needs("java", "maven")

PARTITIONS = 4


def feed_all(driver: KafkaDriver, minute: int) -> None:
    """Two ticks of each partition's key."""
    for number in range(driver.partitions):
        moment = at("2025-01-06T10:00") + minute * MINUTE
        rows = [tick(moment + second * SECOND, 10 + minute, 1, f"K{number}") for second in (1, 2)]
        driver.append(rows, number)
    driver.settle(look=False)


def check_all(driver: KafkaDriver, minutes: int) -> None:
    """Each key has one bar of two ticks for every minute but the last, in order."""
    finals = driver.finals("1m")
    for number in range(driver.partitions):
        mine = finals.filter(finals["symbol"] == f"K{number}")
        assert [at("2025-01-06T10:00") + minute * MINUTE for minute in range(minutes - 1)] == starts(mine), number
        assert [2] * (minutes - 1) == mine["count"].to_list(), number


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_partitions_move_while_bars_are_open(drive: Callable[..., KafkaDriver], protocol: str) -> None:
    """Members join one by one and leave again; each partition has one owner, and every bar is whole and once."""
    driver = drive(ticks_to_bars("1m"), partitions=PARTITIONS, instances=(), protocol=protocol)
    changes: list[Callable[[], None]] = [
        lambda: driver.start("A"),
        lambda: driver.start("B"),
        lambda: driver.start("C"),
        lambda: driver.stop("A"),
        lambda: driver.stop("C"),
    ]
    for minute, change in enumerate(changes):
        change()
        feed_all(driver, minute)

    assert {*range(PARTITIONS)} == driver.watchers["B"].owned
    assert [] == driver.rejected()
    check_all(driver, len(changes))


def test_a_static_member_comes_back_to_its_partitions(drive: Callable[..., KafkaDriver]) -> None:
    """One with an `instance_id` that restarts within the session time-out gets the same ones; nobody else is moved."""
    driver = drive(ticks_to_bars("1m"), partitions=PARTITIONS, instances=(), static=True, session_timeout=20 * 10**9)
    driver.start("A")
    driver.start("B")
    feed_all(driver, 0)
    before = {name: driver.watchers[name].owned.copy() for name in ("A", "B")}
    events = len(driver.watchers["B"].events)
    driver.crash("A")
    driver.start("A")
    feed_all(driver, 1)

    assert before == {name: driver.watchers[name].owned for name in ("A", "B")}
    assert events == len(driver.watchers["B"].events)
    check_all(driver, 2)


def test_a_standby_takes_over_what_it_followed(drive: Callable[..., KafkaDriver]) -> None:
    """With `standby = 1` the successor has read the changelog before the owner dies, and needs none of it again."""
    driver = drive(ticks_to_bars("1m", "1h"), partitions=2, instances=(), standby=1)
    driver.start("A")
    feed_all(driver, 0)
    driver.start("B")
    for minute in range(1, 5):
        feed_all(driver, minute)
    driver.crash("A")
    driver.start()
    feed_all(driver, 5)

    assert {0, 1} == driver.watchers["B"].owned
    check_all(driver, 6)


def test_another_definition_is_refused_with_what_differs(drive: Callable[..., KafkaDriver]) -> None:
    """The state of one definition is not continued by another, and nothing is written by it."""
    driver = drive(ticks_to_bars("1m", "5m"))
    driver.feed([tick("2025-01-06T10:00:01", 10), tick("2025-01-06T10:01:00", 11)])
    driver.revoke("A")
    other = ticks_to_bars("1m", "5m", delay="7s").plan
    driver.plan = replace(other, name=driver.plan.name)
    with pytest.raises(StoreMismatch, match=r"timeframe 1m was base, delay 0s.*, is base, delay 7s") as refused:
        driver.run_until_it_fails("B")

    assert "barloom rebuild" in str(refused.value)
    assert [at("2025-01-06T10:00")] == starts(driver.finals("1m"))


def test_state_of_another_format_is_refused(drive: Callable[..., KafkaDriver]) -> None:
    """What a barloom of another format wrote is not guessed at: the message names both formats."""
    driver = drive(ticks_to_bars("1m"))
    driver.feed(tick("2025-01-06T10:00:01", 10))
    driver.revoke("A")
    (meta,) = [record for record in driver.reader.records(driver.names.changelog) if record.key() == META]
    told = msgspec.json.decode(meta.value() or b"")
    producer = Producer({"bootstrap.servers": driver.settings.brokers, "log_level": 0})
    producer.produce(driver.names.changelog, msgspec.json.encode({**told, "v": 99}), META, 0)
    producer.flush()

    with pytest.raises(StoreFormat, match="format 99, this barloom reads 1"):
        driver.run_until_it_fails("B")


def test_a_neighbouring_version_may_add_what_this_one_does_not_know(drive: Callable[..., KafkaDriver]) -> None:
    """During a rolling upgrade state with unknown fields of the same format is taken over, and its bars go on."""
    driver = drive(ticks_to_bars("1m"))
    driver.feed(tick("2025-01-06T10:00:01", 10))
    driver.revoke("A")
    producer = Producer({"bootstrap.servers": driver.settings.brokers, "log_level": 0})
    for record in driver.reader.latest(driver.names.changelog).values():
        if (record.key() or b"").startswith(b"m"):
            more: Any = {**msgspec.json.decode(record.value() or b""), "new_in_next": 1}
            producer.produce(driver.names.changelog, msgspec.json.encode(more), record.key(), 0)
    producer.flush()
    driver.assign({"B": [0]})
    driver.feed([tick("2025-01-06T10:00:02", 12), tick("2025-01-06T10:01:00", 11)])

    (bar,) = driver.finals("1m").rows(named=True)
    assert prices(10, 12, 10, 12, 2) == ohlcv(bar)
