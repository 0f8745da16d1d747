"""An input topic that is deleted and made again is another one: its offsets mean other records."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from barloom.errors import StoreMismatch
from barloom.kafka.config.settings import kafka_settings
from barloom.kafka.runtime.running import run
from barloom.kafka.state.restoring import refuse_another
from barloom.plan.toml import read_toml
from waiting import PATIENCE, until

if TYPE_CHECKING:
    from servers.broker import Broker
    from servers.topics import Topics

DEFINITION = """
[event]
key = ["symbol"]
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp(s)"
price = "decimal(9, 2)"
[bars]
name = "NAME"
base = "1m"
ohlcv = { price = "price" }
"""


def test_only_a_topic_with_another_id_is_refused() -> None:
    """What is not known on one side says nothing."""
    refuse_another({}, {"ticks": "1"})
    refuse_another({"ticks": "1"}, {})
    refuse_another({"ticks": "1"}, {"ticks": "1", "more": "2"})

    with pytest.raises(StoreMismatch, match="'ticks' was deleted and made again"):
        refuse_another({"ticks": "1"}, {"ticks": "2"})


@pytest.mark.needs("java")
def test_an_instance_does_not_go_on_in_another_topic(broker: Broker, topics: Topics) -> None:
    """A running one notices and ends, and a new one does not begin; nothing is passed over in silence."""
    from confluent_kafka import Consumer, Producer, TopicPartition  # noqa: PLC0415

    name = f"{topics.prefix}ticks"
    plan = read_toml(DEFINITION.replace("NAME", f"{topics.prefix}bars"))
    given = {"brokers": broker.bootstrap, "input": name, "format": "json", "live_interval": "off"}
    settings = kafka_settings({"kafka": given}, plan)
    topics.create("ticks", 1)
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    producer.produce(name, b'{"symbol":"A","at":1700000000,"price":"1.5"}')
    producer.flush()
    stop, read, caught = Event(), Event(), list[Exception]()

    def be_an_instance() -> None:
        try:
            run(plan, settings, stop=stop, on_status=lambda status: status.report.ticks and read.set())
        except StoreMismatch as error:
            caught.append(error)

    thread = Thread(target=be_an_instance)
    thread.start()
    assert read.wait(PATIENCE)
    group = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": settings.app})
    until(lambda: group.committed([TopicPartition(name, 0)], PATIENCE)[0].offset == 1)
    group.close()
    topics.admin.delete_topics([name])[name].result()
    until(lambda: name not in topics.names())
    topics.create("ticks", 1)
    thread.join(PATIENCE)
    stop.set()
    thread.join(PATIENCE)

    assert ["deleted and made again" in str(error) for error in caught] == [True]
    with pytest.raises(StoreMismatch, match="deleted and made again"):
        run(plan, settings, stop=Event())
