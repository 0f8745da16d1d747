"""While the schema registry does not answer, an instance waits, asks again now and then, and loses nothing."""

from __future__ import annotations

from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

from barloom.errors import RegistryUnavailable
from barloom.kafka.runtime import instance
from kafka.desk import Desk
from waiting import until

if TYPE_CHECKING:
    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")


def test_what_cannot_be_read_yet_is_asked_for_now_and_then(
    broker: Broker, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times a second at most: one that never paused would ask thousands of times, and starve its machine."""
    desk, back, asked, read = Desk(broker, topics, partitions=1), Event(), list[int](), instance.decode

    def decode(fetched: Any, *rest: Any) -> Any:  # noqa: ANN401 - as `polling.decode` has them
        if fetched.records and not back.is_set():
            asked.append(len(fetched.records))
            message = "the registry does not answer"
            raise RegistryUnavailable(message)
        return read(fetched, *rest)

    monkeypatch.setattr(instance, "decode", decode)
    plan = desk.plan()
    settings = desk.settings(plan)
    desk.send([("ACME", f"2025-11-10T09:00:0{second}Z", "1.00") for second in range(3)])
    with desk.running(plan, settings):
        until(lambda: bool(asked))
        asked.clear()
        began = monotonic()
        until(lambda: len(asked) > 10)
        asked_a_second = len(asked) / (monotonic() - began)
        back.set()
        desk.settle(plan, settings)

    assert asked_a_second < 50
    assert 2 == len(desk.finals(plan, "1s"))
