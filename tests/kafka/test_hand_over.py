"""What stands in the logs after a partition has changed hands."""

from __future__ import annotations

from itertools import dropwhile
from typing import TYPE_CHECKING

import pytest

from barloom.testing import Point
from catalogue.heartbeat import beats, pass_time
from catalogue.market import MINUTE, SECOND, at, nanos, starts, tick, ticks_to_bars
from kafka.batches import batches

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka.driver import KafkaDriver
    from servers.broker import Broker

pytestmark = pytest.mark.needs("java", "maven")


@pytest.mark.parametrize("point", [Point.STEPPED, Point.WRITTEN, Point.SENT])
def test_nothing_of_an_old_owner_stands_after_its_successors_first_record(
    drive: Callable[..., KafkaDriver], broker: Broker, point: Point
) -> None:
    """An owner that slept with a heartbeat on its way, and wakes up when another has gone on, writes no record more.

    Neither one that counts nor one that is aborted, in any topic: who ends its transaction also shuts it out.
    """
    driver = drive(ticks_to_bars("1m", heartbeat=True), instances=("A", "B"), patience=2.0)
    driver.feed(tick("2025-01-06T10:00:10", 10))
    driver.clock.set(nanos(at("2025-01-06T10:01:00")))
    driver.freeze_at(point, "A")
    topics = (driver.names.live["1m"], driver.names.final["1m"], driver.names.changelog, driver.names.progress)
    (sleeper,) = {batch.producer for topic in topics for batch in batches(broker.data, topic)}

    driver.assign({"B": [0]})
    pass_time(driver, "2025-01-06T10:02:30", 30 * SECOND)
    assert not driver.thaw("A")
    pass_time(driver, "2025-01-06T10:04:30", 30 * SECOND)

    for topic in topics:
        writers = [batch.producer for batch in batches(broker.data, topic) if not batch.marker]
        assert len({*writers} - {sleeper}) == 1, topic
        unsent = point is Point.STEPPED and topic == driver.names.final["1m"]  # bars are sent when it commits
        assert (sleeper == writers[0]) is not unsent, topic
        assert sleeper not in [*dropwhile(lambda writer: writer == sleeper, writers)], topic
    assert [at("2025-01-06T10:01") + minute * MINUTE for minute in range(4)] == starts(beats(driver, "1m"))
