"""Messages that cannot be read become dead letters, one each, and harm nothing around them."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import fastavro
import pytest

from barloom.clock import SystemClock
from barloom.kafka.letters.dead_letters import raw
from barloom.kafka.letters.replay import replay
from barloom.serde.formats import Format
from barloom.serde.registry import RegistrySettings
from catalogue.market import MINUTE, SECOND, at, nanos, ohlcv, prices, ticks_to_bars
from kafka.wire import AvroWire

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kafka.driver import KafkaDriver
    from servers.registry import Registry

pytestmark = pytest.mark.needs("java", "maven")

PRICE = {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2}
SIZE = {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 0}


def schema(**other: Any) -> dict[str, Any]:  # noqa: ANN401 - any type of Avro's
    """Of `Tick`, with other types for some fields."""
    types = {
        "symbol": "string",
        "at": {"type": "long", "logicalType": "timestamp-micros"},
        "price": PRICE,
        "size": SIZE,
    }
    fields = [{"name": name, "type": kind} for name, kind in {**types, **other}.items()]
    return {"type": "record", "name": "Tick", "fields": fields}


def message(number: int, document: dict[str, Any], when: datetime, **other: Any) -> bytes:  # noqa: ANN401
    """A framed message."""
    row = {"symbol": "EURUSD", "at": when, "price": Decimal("10.00"), "size": Decimal(1), **other}
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(document), row)
    return b"\0" + number.to_bytes(4, "big") + out.getvalue()


def test_each_poison_is_a_dead_letter_and_goes_back_when_it_is_mended(
    drive: Callable[..., KafkaDriver], own_registry: Registry
) -> None:
    """Not Avro, an unknown schema, cut off, another type, no key, 1 MB of nothing: among good ticks.

    What has no value is a tombstone: no tick, and no mistake.
    """
    wire = AvroWire(own_registry.url, "poison")
    good = wire.register("poison-good", schema())
    nameless = wire.register("poison-nameless", schema(symbol=["null", "string"]))
    other = wire.register("poison-other", schema(price="boolean"))
    to_come = schema(venue=["null", "string"])
    unknown = other + 40
    driver = drive(
        ticks_to_bars("1m", "5m", delay="10m"),
        format=Format.AVRO,
        output_format=Format.AVRO,
        registry=RegistrySettings(own_registry.url),
    )
    when = at("2025-01-06T10:00")
    driver.clock.set(nanos(when + 30 * SECOND))
    poison = [
        b"this is not Avro",
        message(unknown, to_come, when, price=Decimal(99), venue=None),
        message(good, schema(), when)[:-4],
        message(other, schema(price="boolean"), when, price=True),
        message(nameless, schema(symbol=["null", "string"]), when, symbol=None),
        None,
        bytes(1_000_000),
    ]
    values: list[bytes | None] = []
    for number, bad in enumerate(poison):
        values += [message(good, schema(), when + number * SECOND, price=Decimal(10 + number)), bad]
    driver.send(values)
    driver.send([message(good, schema(), when + 30 * SECOND, price=Decimal(5))], key=b"any key")
    driver.settle()

    tombstone = poison.index(None)
    poison.remove(None)
    letters = driver.reader.records(driver.names.dead_letter)
    assert 1 == driver.report().tombstones
    assert poison == [raw(letter.value()) for letter in letters]
    headers = [dict(letter.headers() or ()) for letter in letters]
    offsets = [2 * number + 1 for number in range(7) if number != tombstone]
    assert offsets == [int(each["barloom.offset"] or b"") for each in headers]
    assert all(each["barloom.error"] for each in headers)
    assert [] == driver.rejected()

    # The schema comes; the application begins again and knows it.
    number = other
    while number < unknown - 1:
        number = wire.register("poison-between", {**schema(), "name": f"Between{number}"})
    assert unknown == wire.register("poison-to-come", to_come)
    driver.restart()
    done = replay(driver.settings, driver.names, lambda letter: letter.value == poison[1], SystemClock())
    assert (1, 0) == (done.replayed, done.before)
    driver.send([message(good, schema(), when + 21 * MINUTE)])
    driver.clock.set(nanos(when + 21 * MINUTE))
    driver.settle()

    assert len(poison) == len(driver.reader.records(driver.names.dead_letter))
    (bar,) = driver.finals("1m").rows(named=True)
    # At 10:00:00 are the first tick, of 10, and behind it the replayed one.
    assert prices(10, 99, 5, 5, 9) == ohlcv(bar)
    (parent,) = driver.finals("5m").rows(named=True)
    assert ohlcv(bar) == ohlcv(parent)
