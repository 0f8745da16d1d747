"""What a start says about the timestamps of its input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from barloom.kafka.runtime import running
from kafka.desk import Desk

if TYPE_CHECKING:
    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")


class Said:
    """A logger that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def info(self, event: str, **fields: object) -> None:
        """Take note."""
        self.lines.append((event, fields))

    warning = info


@pytest.mark.parametrize(("kind", "told"), [("CreateTime", 1), ("LogAppendTime", 0)])
def test_timestamps_of_the_producer_are_told_once(
    broker: Broker, topics: Topics, monkeypatch: pytest.MonkeyPatch, kind: str, told: int
) -> None:
    """With them the check of ticks from the future may go another way the next time; with the broker's it may not."""
    said = Said()
    monkeypatch.setattr(running, "_log", said)
    desk = Desk(broker, topics)
    stamped = topics.create("stamped", 1, {"message.timestamp.type": kind})
    plan = desk.plan()
    desk.make(plan, desk.settings(plan, input=stamped))

    lines = [fields["topics"] for event, fields in said.lines if event == "input topics have CreateTime"]
    assert [[stamped]] * told == lines
