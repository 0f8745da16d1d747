"""The real servers of the tests keep what they promise: otherwise nothing shown with their help is shown."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from servers.artifacts import ServerFailed
from servers.broker import Broker
from servers.process import shared
from servers.registry import Registry
from servers.secure_broker import ADMIN
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from servers.secure_broker import SecureBroker
    from servers.topics import Topics

TESTS = Path(__file__).resolve().parents[1]
SILENT = logging.getLogger("servers.silent")  # for what librdkafka says of stopped brokers
SILENT.disabled = True
STARTER = """
import sys, time
from pathlib import Path
from servers.broker import Broker
print(Broker.start(Path(sys.argv[1])).pid, flush=True)
time.sleep(600)
"""


def produced(client: Mapping[str, str], topic: str, values: list[bytes]) -> None:
    """Put values into partition 0, and see them acknowledged."""
    failed: list[object] = []
    producer = Producer({**client, "logger": SILENT})
    for value in values:
        producer.produce(topic, value, partition=0, on_delivery=lambda error, _: failed.append(error))
    assert 0 == producer.flush(PATIENCE)
    assert {None} == set(failed)


def consumed(client: Mapping[str, str], topic: str) -> list[bytes | None]:
    """All committed values of partition 0."""
    consumer = Consumer(
        {**client, "group.id": "none", "enable.partition.eof": True, "enable.auto.commit": False, "logger": SILENT}
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[bytes | None] = []
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error():
            consumer.close()
            return found
        found.append(message.value())
    pytest.fail("the end of the topic was not reached")


def alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def await_that(true: Callable[[], bool]) -> bool:
    """Whether it becomes true while there is patience."""
    end = time.monotonic() + PATIENCE
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


def test_what_is_produced_is_consumed(broker: Broker, topics: Topics) -> None:
    """The shared broker takes messages and gives them back."""
    topic = topics.create("ticks", partitions=2)
    client = {"bootstrap.servers": broker.bootstrap}

    produced(client, topic, [b"one", b"two"])

    assert [b"one", b"two"] == consumed(client, topic)


def test_an_aborted_transaction_is_not_seen(broker: Broker, topics: Topics) -> None:
    """Transactions are real: a reader of committed messages sees those of the committed one only."""
    topic = topics.create("ticks", partitions=1)
    client = {"bootstrap.servers": broker.bootstrap}
    producer = Producer({**client, "transactional.id": f"{topics.prefix}writer"})
    producer.init_transactions(PATIENCE)
    for value, end in ((b"no", producer.abort_transaction), (b"yes", producer.commit_transaction)):
        producer.begin_transaction()
        producer.produce(topic, value)
        producer.flush(PATIENCE)
        end(PATIENCE)

    assert [b"yes"] == consumed(client, topic)


def test_topics_of_a_test_are_its_own(broker: Broker, topics: Topics) -> None:
    """What a test makes has its prefix, and is gone when it asks for that."""
    made = topics.create("ticks", partitions=3, config={"cleanup.policy": "compact"})
    found = AdminClient({"bootstrap.servers": broker.bootstrap}).list_topics(made, timeout=PATIENCE).topics[made]

    assert made.startswith(topics.prefix)
    assert 3 == len(found.partitions)
    topics.delete()
    assert await_that(lambda: topics.names() == [])


def test_a_restart_keeps_data_and_address(own_broker: Broker) -> None:
    """After `stop`, `kill` and `pause` the broker goes on with what it had, where it was."""
    client = {"bootstrap.servers": own_broker.bootstrap}
    produced(client, "ticks", [b"one"])

    own_broker.stop()
    assert not own_broker.running
    own_broker.start_again()
    produced(client, "ticks", [b"two"])
    own_broker.kill()
    assert not own_broker.running
    own_broker.start_again()
    own_broker.pause()
    assert own_broker.running
    own_broker.resume()

    assert client == {"bootstrap.servers": own_broker.bootstrap}
    assert [b"one", b"two"] == consumed(client, "ticks")


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"])
def test_the_secure_broker_knows_its_users(secure_broker: SecureBroker, mechanism: str) -> None:
    """With TLS and the right password there is an answer, by each mechanism."""
    admin = AdminClient(secure_broker.client(ADMIN, mechanism))
    admin.poll(0)  # where a token is asked for

    assert [1] == list(admin.list_topics(timeout=PATIENCE).brokers)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_the_secure_broker_refuses_a_wrong_password(secure_broker: SecureBroker, mechanism: str) -> None:
    """A wrong password opens nothing."""
    wrong = AdminClient({**secure_broker.client(ADMIN, mechanism), "sasl.password": "guessed"}, logger=SILENT)

    with pytest.raises(KafkaException):
        wrong.list_topics(timeout=2)


def test_the_secure_broker_wants_an_acl(secure_broker: SecureBroker, secure_topics: Topics) -> None:
    """A known user who was allowed nothing sees and writes nothing."""
    topic = secure_topics.create("ticks")
    seen = AdminClient(secure_broker.client("stranger")).list_topics(timeout=PATIENCE).topics

    assert topic in secure_topics.names()
    assert {} == seen


def test_the_registry_keeps_schemas_over_a_restart(own_registry: Registry) -> None:
    """A registered schema has its number, also after a kill."""
    body = b'{"schema":"{\\"type\\":\\"string\\"}"}'
    kind = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
    with urlopen(Request(f"{own_registry.url}/subjects/ticks-value/versions", body, kind)) as answer:  # noqa: S310
        said = answer.read()

    own_registry.kill()
    own_registry.start_again()

    assert b'{"id":1}' == said
    with urlopen(f"{own_registry.url}/schemas/ids/1") as answer:  # noqa: S310
        assert b'{\\"type\\":\\"string\\"}' in answer.read()


def test_a_registry_is_not_ready_because_another_one_answers(registry: Registry, tmp_path: Path) -> None:
    """Who finds its port taken has failed to start, though whoever holds it answers every request."""
    place = tmp_path / "unlucky"
    place.mkdir()
    (place / "ports.json").write_text(json.dumps(registry.ports))

    with pytest.raises(ServerFailed, match="ended while it started"):
        Registry.start(place)


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("Basic YmFybG9vbTpyZWdpc3RyeS1zZWNyZXQ=", 200),  # barloom:registry-secret
        ("Bearer registry-token", 200),
        ("Basic YmFybG9vbTpndWVzc2Vk", 401),  # barloom:guessed
        ("", 401),
    ],
)
def test_the_secure_registry_wants_a_key(secure_registry: str, key: str, status: int) -> None:
    """The door in front of the registry lets only those in who have the password or the token."""
    asked = Request(f"{secure_registry}/subjects", headers={"Authorization": key} if key else {})  # noqa: S310
    try:
        with urlopen(asked) as answer:  # noqa: S310
            found = answer.status
    except HTTPError as refused:
        found = refused.code
        refused.close()

    assert status == found


def test_a_server_ends_with_its_last_user(servers_directory: Path, tmp_path: Path) -> None:
    """It outlives the user who started it, killed or not, while there is another; then nothing is left, and no data."""
    del servers_directory
    place = tmp_path / "broker"
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(place)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        text=True,
    ) as first:
        assert first.stdout
        pid = int(first.stdout.readline())
        with shared(Broker, place) as second:
            first.kill()
            first.wait()
            time.sleep(0.5)  # the guard would act at once
            assert (pid, True) == (second.pid, second.running)

    assert await_that(lambda: not alive(pid))
    assert await_that(lambda: not (place / "data").exists())
