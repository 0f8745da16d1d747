"""Closed slots on a real broker: committed with their finals, put together by readers, by the clock in quiet times."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import pytest

from barloom.kafka.reader.opening import open_reader
from barloom.kafka.state.setting_back import set_back
from barloom.plan.identity import topics as topics_of
from barloom.read.events import Closed, FinalBar
from barloom.time.instants import nanos_of_text
from kafka.desk import DEFINITION, Desk
from waiting import PATIENCE, until

if TYPE_CHECKING:
    from pathlib import Path

    from barloom.plan.barplan import BarPlan
    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")


def ticks(symbol: str, *times: str) -> list[tuple[str, str, str]]:
    """Rows of a symbol on one day."""
    return [(symbol, f"2025-11-10T{time}Z", "1") for time in times]


def at(time: str) -> datetime:
    """A time of that day."""
    return datetime.fromisoformat(f"2025-11-10T{time}+00:00")


def told(desk: Desk, plan: BarPlan, timeframe: str) -> list[tuple[int, str | None, str, dict[str, int]]]:
    """Partition, beginning, end and bars of each message of a timeframe, in the order of each partition."""

    def clock(ms: int | None) -> str | None:
        return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).strftime("%H:%M:%S")

    found = []
    for message in (msgspec.json.decode(msgspec.json.encode(item)) for item in desk.bars(topics_of(plan).closed)):
        if message["timeframe"] == timeframe:
            assert message["partitions"] == 2
            slots = {str(clock(start)): keys for start, keys in message["slots"]}
            found.append((message["partition"], clock(message["from"]), str(clock(message["to"])), slots))
    return found


def test_each_partition_tells_what_it_has_closed_and_readers_take_the_least(
    broker: Broker, topics: Topics, tmp_path: Path
) -> None:
    """With their finals in one transaction; a reader that begins again tells nothing twice and goes on."""
    desk = Desk(broker, topics, partitions=2)
    plan = desk.plan()
    settings = desk.settings(plan)
    desk.send(ticks("A", "10:00:00") + ticks("B", "10:00:30") + ticks("A", "10:02:00", "10:05:00"), partition=0)
    desk.send(ticks("C", "10:00:10", "10:01:10", "10:03:00"), partition=1)
    desk.make(plan, settings)

    minutes = told(desk, plan, "1m")
    assert Counter({"10:00:00": 2, "10:02:00": 1}) == sum(
        (Counter(item[3]) for item in minutes if not item[0]), Counter()
    )
    assert [(0, "10:05:00"), (1, "10:03:00")] == [max((i[0], i[2]) for i in minutes if i[0] == part) for part in (0, 1)]
    with open_reader(plan, settings, tmp_path / "copy").wait_running(PATIENCE) as reader:
        bucket = reader.bucket("1m")
        assert at("10:03:00") == bucket.decided_to
        events = list(bucket.follow(deadline=0))
        assert {"10:00": 3, "10:01": 1, "10:02": 1} == bars_of(events)
        position = bucket.follow(deadline=0)
        list(position)
    desk.send(ticks("C", "10:06:00"), partition=1)
    desk.make(plan, settings)
    with open_reader(plan, settings, tmp_path / "copy").wait_running(PATIENCE) as reader:
        bucket = reader.bucket("1m")
        until(lambda: bucket.decided_to == at("10:05:00"), "the rest")
        later = list(bucket.follow(position.position, deadline=0))
        assert ["C"] == [event.bar.symbol for event in later if isinstance(event, FinalBar)]
        assert [("10:03", "10:05")] == [
            (f"{event.after:%H:%M}", f"{event.to:%H:%M}") for event in later if isinstance(event, Closed)
        ]
        assert {"10:03": 1} == bars_of(later)


def bars_of(events: list[FinalBar[object] | Closed]) -> dict[str, int]:  # type: ignore[type-var]
    """How many keys had a bar in each closed slot."""
    slots = [slot for event in events if isinstance(event, Closed) and not event.reopened for slot in event.slots]
    return {datetime.fromtimestamp(start / 1e9, UTC).strftime("%H:%M"): keys for start, keys in slots}


def test_a_partition_without_keys_closes_by_the_clock(broker: Broker, topics: Topics) -> None:
    """So the whole is closed as far as the clock closes the partition that has some."""
    desk = Desk(broker, topics, partitions=2)
    plan = desk.plan(definition=DEFINITION.replace('clock = "off"\n', ""))
    settings = desk.settings(plan)
    now = datetime.now(UTC)
    desk.send([("A", f"{now:%Y-%m-%dT%H:%M:%S}Z", "1")], partition=0)
    with desk.running(plan, settings):
        desk.settle(plan, settings)
        with open_reader(plan, settings).wait_running(PATIENCE) as reader:
            bucket = reader.bucket("1s")
            reached = now.replace(microsecond=0) + timedelta(seconds=2)
            until(lambda: bucket.decided_to is not None and bucket.decided_to >= reached, "the clock")
            assert {1} == {
                keys for event in bucket.follow(deadline=0) if isinstance(event, Closed) for _, keys in event.slots
            }


def test_a_set_back_repeats_no_range(broker: Broker, topics: Topics) -> None:
    """What was told as closed stays told; a bar that comes for it is told as reopened, and ranges go on behind it."""
    desk = Desk(broker, topics, partitions=2)
    plan = desk.plan()
    settings = desk.settings(plan)
    desk.send(ticks("A", "10:00:00", "10:10:00"), partition=0)
    desk.make(plan, settings)
    set_back(plan, settings, 0, nanos_of_text("2025-11-10T10:03:00Z"), really=True)
    desk.send(ticks("B", "10:04:00", "10:20:00"), partition=0)
    desk.make(plan, settings)

    found = [message for message in desk.bars(topics_of(plan).closed) if message["timeframe"] == "1m"]
    ranges = [message for message in found if not message["reopened"]]
    assert [1] == [keys for message in found if message["reopened"] for _, keys in message["slots"]]
    ends = [message["to"] for message in ranges]
    assert sorted(set(ends)) == ends
    assert all(one["to"] in (other["from"], one["to"]) for one, other in pairwise(ranges))


def test_an_instance_that_takes_over_repeats_no_range(broker: Broker, topics: Topics) -> None:
    """Each slot is told once, whichever instance tells it: the state says how far that was."""
    desk = Desk(broker, topics, partitions=2)
    plan = desk.plan()
    settings = desk.settings(plan)
    for minute in range(5):
        desk.send(ticks("A", f"10:0{minute}:00", f"10:0{minute}:30"), partition=0)
        desk.make(plan, settings)

    counts = Counter[str]()
    for _, _, _, slots in told(desk, plan, "1m"):
        counts.update(slots)
    assert {f"10:0{minute}:00": 1 for minute in range(4)} == counts
