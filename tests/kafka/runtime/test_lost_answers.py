"""A commit whose answer does not arrive as it was given leaves each record there once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from barloom.clock import SystemClock
from barloom.errors import BrokerError
from barloom.kafka.runtime.transaction import Transactions
from kafka.runtime.test_transactions import committed
from servers.relay import Relay, error_of, with_error
from servers.topics import Topics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.needs("java"), pytest.mark.needs("maven")]

UNKNOWN_SERVER_ERROR = -1
INVALID_TXN_STATE = 48


@pytest.fixture(scope="module")
def relay(servers_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """The way to a broker."""
    del servers_directory  # asked for what it needs
    with Relay.before(tmp_path_factory.mktemp("relayed")) as made:
        yield made


@pytest.fixture
def topic(relay: Relay) -> str:
    """A topic of this test alone."""
    return Topics({"bootstrap.servers": relay.address}).create("bars", 1)


@pytest.fixture
def transactions(relay: Relay, topic: str) -> Iterator[Transactions]:
    """What writes there; one transaction was committed."""
    id_ = {"transactional.id": f"{topic}-writer"}
    made = Transactions({"bootstrap.servers": relay.address, "linger.ms": 0, "log_level": 0, **id_}, SystemClock())
    made.take_over()
    made.send(topic, 0, [b"a"], [b"1"])
    made.commit()
    yield made
    made.close()


def test_a_commit_whose_answer_is_lost_was_a_commit(relay: Relay, topic: str, transactions: Transactions) -> None:
    """The client asks again by itself, over a new connection, and is told that all is done."""
    heard: list[int] = []

    def fate(answer: bytes) -> bytes | None:
        heard.append(error_of(answer))
        return None if len(heard) < 3 else answer

    relay.fate = fate
    transactions.send(topic, 0, [b"b"], [b"2"])
    transactions.commit()

    assert [(b"a", b"1"), (b"b", b"2")] == committed(relay.address, topic)
    assert 0 == heard[0]
    assert len(heard) >= 3


def test_a_commit_that_was_none_by_its_answer_is_not_sent_again(
    relay: Relay, topic: str, transactions: Transactions
) -> None:
    """The client takes it for one to abort; the broker aborts nothing that it has committed, and all begins anew."""
    heard: list[int] = []

    def fate(answer: bytes) -> bytes:
        heard.append(error_of(answer))
        return with_error(answer, UNKNOWN_SERVER_ERROR) if len(heard) == 1 else answer

    relay.fate = fate
    transactions.send(topic, 0, [b"b"], [b"2"])
    with pytest.raises(BrokerError) as raised:
        transactions.commit()

    assert raised.value.retriable
    assert [0, INVALID_TXN_STATE] == heard
    assert [(b"a", b"1"), (b"b", b"2")] == committed(relay.address, topic)
