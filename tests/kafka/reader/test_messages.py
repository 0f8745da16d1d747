"""`BarReader` gives an application the bars of a topic one by one."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import barloom as bl
from barloom.errors import BadRow, DefinitionError, Problem
from barloom.kafka.reader.messages import BarReader
from barloom.time.timeframe import SECOND
from kafka.reader.publishing import Publisher

if TYPE_CHECKING:
    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")


class Second(bl.Bar):
    """What the application needs of a bar."""

    symbol: str
    close: Decimal | None


@pytest.fixture
def publisher(topics: Topics, broker: Broker) -> Publisher:
    """Topics of one partition."""
    return Publisher(topics, broker.bootstrap, partitions=1)


def test_finals_come_typed_and_in_order(publisher: Publisher) -> None:
    """With their place and a timestamp of the log."""
    publisher.bars((0, 5, 123, 7, 2), (0, 6, 124, 7, 2)).commit()

    with BarReader(publisher.plan, publisher.settings, "1s", typed=Second, at_end="stop") as reader:
        found = list(reader)

    assert [Second, Second] == [type(message.bar) for message in found]
    assert [("A", Decimal("1.23"), True), ("A", Decimal("1.24"), True)] == [
        (message.bar.symbol, message.bar.close, message.bar.final) for message in found
    ]
    assert [(("A",), 5 * SECOND), (("A",), 6 * SECOND)] == [(message.fields, message.start) for message in found]
    assert all(message.timestamp for message in found)


def test_live_bars_come_as_they_change(publisher: Publisher) -> None:
    """The last row of a slot says to be final; a tombstone takes a bar back."""
    live = publisher.names.live["1s"]
    publisher.bars((0, 5, 1, 1, 1), final=False).bars((0, 5, 2, 1, 2), topic=live).commit()
    key = _key_of(publisher)
    publisher.raw(live, key, None).commit()

    with BarReader(publisher.plan, publisher.settings, "1s", "live", at_end="stop") as reader:
        first, last, gone = list(reader)

    assert [(False, 1), (True, 2)] == [(item.bar.final, item.bar.revision) for item in (first, last)]
    assert (None, ("A",), 5 * SECOND) == (gone.value, gone.fields, gone.start)
    with pytest.raises(BadRow, match="takes a live bar back"):
        _ = gone.bar


def _key_of(publisher: Publisher) -> bytes:
    with BarReader(publisher.plan, publisher.settings, "1s", "live", at_end="stop") as reader:
        return next(reader).key or b""


def test_a_group_goes_on_behind_what_was_committed(publisher: Publisher) -> None:
    """Also in asynchronous code."""
    publisher.bars((0, 5, 1, 1, 1), (0, 6, 2, 1, 1), (0, 7, 3, 1, 1)).commit()
    group = publisher.plan.name

    async def read() -> list[int]:
        found = []
        with BarReader(publisher.plan, publisher.settings, "1s", group=group, at_end="stop") as reader:
            async for message in reader:
                found.append(message.start // SECOND)
                if message.start == 5 * SECOND:
                    message.commit()
        return found

    assert [5, 6, 7] == asyncio.run(read())
    assert [6, 7] == asyncio.run(read())


def test_a_message_that_is_no_bar_is_a_problem(publisher: Publisher) -> None:
    """It says where it stands, and the next ones are given."""
    publisher.raw(publisher.names.final["1s"], b"{}", b"x").bars((0, 5, 1, 1, 1)).commit()

    with BarReader(publisher.plan, publisher.settings, "1s", at_end="stop") as reader:
        poison, good = list(reader)

    assert isinstance(poison.value, Problem)
    assert "offset 0" in str(poison.value)
    assert good.bar.final


def test_a_class_that_asks_for_what_there_is_not_is_refused(publisher: Publisher) -> None:
    """When the reader is made."""

    class Wrong(bl.Bar):
        clsoe: Decimal

    with pytest.raises(DefinitionError, match="did you mean 'close'"):
        BarReader(publisher.plan, publisher.settings, "1s", typed=Wrong)
