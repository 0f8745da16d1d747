"""A call into the client that never ends ends the membership, and not the process."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

import pytest

from barloom.clock import SystemClock
from barloom.errors import BrokerUnreachable, TopicMismatch
from barloom.kafka.runtime import transaction
from barloom.kafka.runtime.overseen import Overseen
from barloom.kafka.runtime.transaction import Transactions

if TYPE_CHECKING:
    from collections.abc import Iterator


class Stuck:
    """A producer whose `send_offsets_to_transaction` does not come back."""

    def __init__(self, config: object) -> None:
        del config
        self.calls: list[str] = []
        self.released = Event()

    def begin_transaction(self) -> None:
        """Begin."""
        self.calls.append("begin")

    def flush(self, *_: object) -> int:
        """Have nothing left to send."""
        self.calls.append("flush")
        return 0

    def send_offsets_to_transaction(self, *_: object) -> None:
        """Hang."""
        self.calls.append("send offsets")
        self.released.wait()

    def abort_transaction(self, *_: object) -> None:
        """Would hang as well."""
        self.calls.append("abort")

    def purge(self) -> None:
        """Forget."""
        self.calls.append("purge")


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[Transactions]:
    """Transactions of such a producer."""
    monkeypatch.setattr("confluent_kafka.Producer", Stuck)
    monkeypatch.setattr(transaction, "_OVERDUE", 0.05)
    made = Transactions({"transactional.id": "id"}, SystemClock())
    yield made
    producer = made._producer  # noqa: SLF001 - the double
    assert isinstance(producer, Stuck)
    producer.released.set()


def test_a_commit_that_never_ends_is_given_up_with_its_producer(stuck: Transactions) -> None:
    """The error says that beginning anew may help; closing calls nothing that would wait for the lost call."""
    with pytest.raises(BrokerUnreachable) as raised:
        stuck.commit([("ticks", 0, 1)], object)
    stuck.abort()
    stuck.close()

    assert raised.value.retriable
    assert ["begin", "flush", "send offsets", "purge"] == stuck._producer.calls  # type: ignore[attr-defined]  # noqa: SLF001


def test_a_call_that_ends_raises_what_it_raises() -> None:
    """One after another, in time or not, each answer belongs to its call."""
    overseen = Overseen("test")
    done: list[int] = []

    def never() -> bool:
        return False

    def fail() -> None:
        message = "gone"
        raise TopicMismatch(message)

    overseen.call(lambda: done.append(1), never)
    with pytest.raises(TopicMismatch, match="gone"):
        overseen.call(fail, never)
    overseen.call(lambda: done.append(2), never)
    overseen.close()

    assert [1, 2] == done
    assert not overseen.lost
