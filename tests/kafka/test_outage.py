"""When the cluster goes away, or what an instance needs in it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import AdminClient

from barloom.cli.exits import Exit
from kafka.chaos import Chaos
from waiting import PATIENCE, until

if TYPE_CHECKING:
    from pathlib import Path

    from servers.broker import Broker

pytestmark = pytest.mark.needs("java", "maven")


def test_a_broker_that_stops_under_load_costs_no_memory_and_no_bar(tmp_path: Path, own_broker: Broker) -> None:
    """Memory stays within 1.5 times its peak while all was well, and afterwards every bar is there."""
    chaos = Chaos(tmp_path, own_broker, 6, print, rate=400, instances="A")
    (process,) = chaos.fleet
    peaks = []

    def stop_for_a_while() -> None:
        time.sleep(10)
        peaks.append(process.peak)
        own_broker.stop()
        time.sleep(8)
        own_broker.start_again()
        time.sleep(6)
        peaks.append(process.peak)

    try:
        run = chaos.through(stop_for_a_while)
    finally:
        chaos.end()

    assert [] == run.audit.problems
    assert run.audit.rows > 3000
    assert peaks[1] <= 1.5 * peaks[0]


def test_an_instance_whose_input_is_deleted_ends_and_says_so(tmp_path: Path, own_broker: Broker) -> None:
    """Waiting would mend nothing: it ends with the exit code for topics, and names the topic."""
    chaos = Chaos(tmp_path, own_broker, 7, print, instances="A")
    (process,) = chaos.fleet
    process.start()
    admin = AdminClient({"bootstrap.servers": own_broker.bootstrap, "log_level": 0})
    try:
        until(lambda: "partition" in process.said())
        admin.delete_topics(["chaos7-ticks"])["chaos7-ticks"].result(PATIENCE)
        code = process.wait()
    finally:
        chaos.end()

    assert code == Exit.TOPICS
    assert "chaos7-ticks" in process.said()
