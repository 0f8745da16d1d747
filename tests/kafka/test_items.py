"""Messages that hold several ticks, on a real broker: exactly once, whatever ends in the middle of one."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import barloom as bl
from barloom.clock import SystemClock
from barloom.kafka.letters.replay import replay
from catalogue.market import MINUTE, SECOND, Tick, at, nanos, ohlcv, prices

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka.driver import KafkaDriver

pytestmark = pytest.mark.needs("java", "maven")

START = at("2025-01-06T10:00")


class Numbered(Tick):
    """A trade with the number that its venue gave it."""

    number: str = bl.event_id()


def _bars(event: type[Tick] = Tick) -> bl.Bars:
    return (
        bl.from_(event)
        .source(rows="data[*]", columns={"symbol": "$.symbol", "at": "t", "price": "p", "size": "q"})
        .tumbling("1m", delay="10m")
        .ohlcv(price="price", size="size")
        .named("bars")
    )


def _item(after: Any, price: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - a timedelta
    return {"t": (START + after).isoformat(), "p": price, "q": 1, **more}


def _message(*items: dict[str, Any]) -> bytes:
    return json.dumps({"symbol": "EURUSD", "data": items}).encode()


def _close(driver: KafkaDriver) -> list[dict[str, Any]]:
    """The bars once a tick has come that decides them."""
    driver.clock.set(nanos(START + 30 * MINUTE))
    driver.send([_message(_item(30 * MINUTE, "1.00", number="last"))])
    driver.settle()
    return driver.finals("1m").rows(named=True)


@pytest.mark.parametrize("point", ["stepped", "written", "sent", "committed"])
def test_killed_anywhere_each_item_counts_once(drive: Callable[..., KafkaDriver], point: str) -> None:
    """A commit ends behind a whole message, so that none of its items is lost or comes twice."""
    driver = drive(_bars())
    driver.clock.set(nanos(START + 20 * SECOND))
    driver.send([_message(_item(SECOND, "2"), _item(2 * SECOND, "5"))])
    driver.settle()
    driver.clock.move(0)  # everybody rests
    driver.send([_message(*(_item((3 + number) * SECOND, "3") for number in range(4))), None, _message()])
    driver.crash_at(point)
    driver.assign({"A": [0]})
    driver.settle()

    (bar,) = _close(driver)
    assert prices(2, 5, 2, 3, 6) == ohlcv(bar)
    assert 6 == bar["count"]


def test_a_letter_is_about_the_items_that_failed(drive: Callable[..., KafkaDriver]) -> None:
    """The good ones count at once; put back, the message adds those that can be read by then, and no other."""
    driver = drive(_bars())
    driver.clock.set(nanos(START + 20 * SECOND))
    driver.send([_message(_item(SECOND, "2"), _item(2 * SECOND, "7.123"), _item(3 * SECOND, "3"))])
    driver.settle()
    (letter,) = driver.reader.records(driver.names.dead_letter)
    assert b"2" == dict(letter.headers() or ())["barloom.items"]
    assert 1 == driver.report().dead_letters

    done = replay(driver.settings, driver.names, lambda _letter: True, SystemClock())
    assert 1 == done.replayed
    driver.settle()
    again = driver.reader.records(driver.names.dead_letter)[1:]
    assert [b"2"] == [dict(each.headers() or ())["barloom.items"] for each in again]
    (bar,) = _close(driver)
    assert prices(2, 3, 2, 3, 2) == ohlcv(bar)


def test_late_and_duplicate_items_name_offset_and_item(drive: Callable[..., KafkaDriver]) -> None:
    """By the ids of items a message that is sent again adds nothing; the side output says which item it was."""
    driver = drive(_bars(Numbered))
    driver.clock.set(nanos(START + 20 * SECOND))
    two = _message(_item(SECOND, "2", number="a"), _item(2 * SECOND, "3", number="b"))
    driver.send([two, two])
    driver.settle()
    (bar,) = _close(driver)
    driver.clock.set(nanos(START + 31 * MINUTE))
    driver.send([_message(_item(31 * MINUTE, "1", number="c"), _item(3 * SECOND, "9", number="d"))])
    driver.settle()

    assert (prices(2, 3, 2, 3, 2), 2) == (ohlcv(bar), bar["count"])
    told = [(one.reason, one.offset, one.row, json.loads(one.raw)["number"]) for one in driver.rejected()]
    assert [("duplicate", 1, 1, "a"), ("duplicate", 1, 2, "b"), ("late", 3, 2, "d")] == told
    assert Decimal(9) == Decimal(json.loads(driver.rejected()[2].raw)["p"])
    assert isinstance(bar["start"], datetime)
