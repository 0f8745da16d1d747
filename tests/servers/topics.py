"""Topics of one test, apart from those of all others on the same broker."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping


class Topics:
    """Makes topics whose names begin with a prefix of their own."""

    def __init__(self, client: Mapping[str, str | int | float | bool]) -> None:
        self.prefix = f"t{uuid4().hex[:8]}-"
        self.admin = AdminClient(dict(client))

    def create(self, name: str, partitions: int = 4, config: Mapping[str, str] | None = None) -> str:
        """A new topic, ready to use: its full name, prefix and all."""
        full = self.prefix + name
        made = self.admin.create_topics([NewTopic(full, partitions, 1, config=dict(config or {}))])
        made[full].result(timeout=PATIENCE)
        self.wait_for(full)
        return full

    def wait_for(self, full: str) -> None:
        """Wait until the broker tells of a topic: it may have been made a moment before that."""
        end = time.monotonic() + PATIENCE
        while full not in self.names():
            assert time.monotonic() < end, f"{full} was made, and the broker does not know it"
            time.sleep(0.02)

    def names(self) -> list[str]:
        """All topics there are with this prefix, whoever made them."""
        known = self.admin.list_topics(timeout=PATIENCE).topics
        return sorted(name for name in known if name.startswith(self.prefix))

    def members(self, group: str) -> int:
        """How many members a consumer group has; -1 where that is not known yet.

        The client may wait in vain for a group's coordinator that has only just come to be: it is asked anew.
        """
        try:
            return len(self.admin.describe_consumer_groups([group], request_timeout=5)[group].result().members)
        except KafkaException as error:
            if error.args[0].code() in {KafkaError._TIMED_OUT, KafkaError.COORDINATOR_LOAD_IN_PROGRESS}:  # noqa: SLF001
                return -1
            raise

    def delete(self) -> None:
        """Delete all topics with this prefix."""
        if names := self.names():
            for gone in self.admin.delete_topics(names).values():
                gone.result(timeout=PATIENCE)
