"""Topics of one test, apart from those of all others on the same broker."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATIENCE = 30.0


class Topics:
    """Makes topics whose names begin with a prefix of their own."""

    def __init__(self, client: Mapping[str, str | int | float | bool]) -> None:
        self.prefix = f"t{uuid4().hex[:8]}-"
        self.admin = AdminClient(dict(client))

    def create(self, name: str, partitions: int = 4, config: Mapping[str, str] | None = None) -> str:
        """A new topic, ready to use: its full name, prefix and all."""
        full = self.prefix + name
        made = self.admin.create_topics([NewTopic(full, partitions, 1, config=dict(config or {}))])
        made[full].result(timeout=30)
        self.wait_for(full)
        return full

    def wait_for(self, full: str) -> None:
        """Wait until the broker tells of a topic: it may have been made a moment before that."""
        end = time.monotonic() + _PATIENCE
        while full not in self.names():
            assert time.monotonic() < end, f"{full} was made, and the broker does not know it"
            time.sleep(0.02)

    def names(self) -> list[str]:
        """All topics there are with this prefix, whoever made them."""
        known = self.admin.list_topics(timeout=30).topics
        return sorted(name for name in known if name.startswith(self.prefix))

    def delete(self) -> None:
        """Delete all topics with this prefix."""
        if names := self.names():
            for gone in self.admin.delete_topics(names).values():
                gone.result(timeout=30)
