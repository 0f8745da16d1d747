"""Headers named in pass_headers: late ticks keep theirs, and bars carry those of their key's latest tick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from barloom.plan.identity import topics as topics_of
from kafka.desk import DEFINITION, Desk

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan
    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")
PASSING = DEFINITION.replace('clock = "off"', 'clock = "off"\npass_headers = ["trace", "origin"]')


def carried(desk: Desk, topic: str, of: str | None = None) -> list[tuple[str, Any]]:
    """Start (of a refused row: its event time) and headers of the records of a topic, as they stand there.

    With a symbol only its own: how the live bars of two keys stand to each other is nobody's promise.
    """
    found = []
    for record in desk.reader.records(topic):
        value = msgspec.json.decode(record.value() or b"{}")
        if of is not None and value["symbol"] != of:
            continue
        at = value["start"] if "start" in value else msgspec.json.decode(value["raw"])["at"]
        found.append((at[11:19], record.headers()))
    return found


def test_bars_carry_the_headers_of_the_latest_tick_and_keep_them_over_a_restart(broker: Broker, topics: Topics) -> None:
    """One poll after the other: the final of a second carries what the key's latest tick has, as each poll ends.

    A tick without named headers takes them away again. One that is late changes nothing, and keeps its own.
    """
    desk = Desk(broker, topics, partitions=1)
    plan: BarPlan = desk.plan(definition=PASSING)
    settings = desk.settings(plan)
    sent = [
        (("ACME", "2025-11-10T09:00:00Z"), [("trace", b"1"), ("secret", b"x")]),
        (("ACME", "2025-11-10T09:00:01Z"), [("origin", None), ("trace", b"2"), ("trace", b"3")]),
        (("ACME", "2025-11-10T08:00:00Z"), [("trace", b"late")]),
        (("ZINC", "2025-11-10T09:00:02Z"), [("trace", b"4")]),
        (("ACME", "2025-11-10T09:00:03Z"), [("secret", b"x")]),
        (("ACME", "2025-11-10T09:00:04Z"), [("trace", b"5")]),
    ]
    for run in (sent[:3], sent[3:]):
        with desk.running(plan, settings):
            for (symbol, at), headers in run:
                desk.send([(symbol, at, "1.00")], headers=headers)
                desk.settle(plan, settings)

    assert [
        ("09:00:00", [("origin", None), ("trace", b"2"), ("trace", b"3")]),
        ("09:00:01", [("origin", None), ("trace", b"2"), ("trace", b"3")]),
        ("09:00:02", [("trace", b"4")]),
        ("09:00:03", [("trace", b"5")]),
    ] == carried(desk, topics_of(plan).final["1s"])
    assert [("08:00:00", [("trace", b"late")])] == carried(desk, topics_of(plan).late)
    assert [("trace", b"5")] == carried(desk, topics_of(plan).live["1m"], of="ACME")[-1][1]


def test_nothing_is_carried_that_is_not_named(broker: Broker, topics: Topics) -> None:
    """Without pass_headers no record has any."""
    desk = Desk(broker, topics, partitions=1)
    plan = desk.plan()
    desk.send([("ACME", f"2025-11-10T09:00:0{second}Z", "1.00") for second in (1, 0, 2)], headers=[("trace", b"1")])
    desk.make(plan, desk.settings(plan))

    assert [("09:00:01", None)] == carried(desk, topics_of(plan).final["1s"])
    assert [("09:00:00", None)] == carried(desk, topics_of(plan).late)
