"""The access rules that the operations guide calls enough are enough, on a broker with an authoriser."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from servers.secure_broker import SecureBroker
    from servers.topics import Topics

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "kafka-operations.md"
ROW = re.compile(
    r"^\| (Topic|Group|TransactionalId) \| `([^`]+)` \| (literal|prefixed) \| ([A-Z_, ]+) \|", re.MULTILINE
)
RESOURCES = {
    "Topic": ResourceType.TOPIC,
    "Group": ResourceType.GROUP,
    "TransactionalId": ResourceType.TRANSACTIONAL_ID,
}
USER = "User:barloom"

DEFINITION = """
[event]
key = ["symbol"]
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp"
price = "decimal(12, 2)"
[bars]
name = "{prefix}bars"
base = "1m"
delay = "0s"
rollup = ["5m"]
ohlcv = {{ price = "price" }}
[kafka]
brokers = "{brokers}"
app = "{prefix}desk"
input = "{prefix}ticks"
format = "json"
[kafka.security]
protocol = "SASL_SSL"
mechanism = "SCRAM-SHA-512"
user = "barloom"
password = {{ env = "TEST_PASSWORD" }}
ca = "{ca}"
"""


def rules(names: Mapping[str, str]) -> list[AclBinding]:
    """The guide's table as rules for the user."""
    found = []
    for resource, name, pattern, operations in ROW.findall(GUIDE.read_text()):
        full = re.sub(r"<(\w+)>", lambda match: names[match[1]], name)
        kind = ResourcePatternType[pattern.upper()]
        found += [
            AclBinding(
                RESOURCES[resource], full, kind, USER, "*", AclOperation[operation.strip()], AclPermissionType.ALLOW
            )
            for operation in operations.split(",")
        ]
    return found


@pytest.fixture
def allowed(secure_topics: Topics) -> Iterator[None]:
    """The user with the guide's rules."""
    prefix = secure_topics.prefix
    bindings = rules({"input": f"{prefix}ticks", "bars": f"{prefix}bars", "app": f"{prefix}desk"})
    assert len(bindings) == 13
    for made in secure_topics.admin.create_acls(bindings).values():
        made.result(timeout=30)
    yield
    every = [
        AclBindingFilter(
            binding.restype,
            binding.name,
            binding.resource_pattern_type,
            USER,
            "*",
            AclOperation.ANY,
            AclPermissionType.ANY,
        )
        for binding in bindings
    ]
    for gone in secure_topics.admin.delete_acls(list({repr(item): item for item in every}.values())).values():
        gone.result(timeout=30)


@pytest.mark.usefixtures("allowed")
def test_the_guides_access_rules_are_enough(secure_broker: SecureBroker, secure_topics: Topics, tmp_path: Path) -> None:
    """An instance with them makes its topics, reads, publishes finals and dead letters, and status and dlq answer."""
    prefix = secure_topics.prefix
    topic = secure_topics.create("ticks", 1)
    (tmp_path / "bars.toml").write_text(
        DEFINITION.format(prefix=prefix, brokers=secure_broker.bootstrap, ca=secure_broker.ca)
    )
    producer = Producer(secure_broker.client("admin", "PLAIN"))
    for minute in (1, 2, 3):
        tick = {"symbol": "ACME", "at": f"2025-11-10T09:0{minute}:00Z", "price": "1.00"}
        producer.produce(topic, json.dumps(tick), b"ACME")
    producer.produce(topic, b"\xff", b"ACME")
    producer.flush()

    def command(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "barloom", *arguments],
            env={"PYTHONPATH": ":".join(sys.path), "TEST_PASSWORD": "barloom-secret"},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    with command("run", "bars.toml") as process:
        finals = first_records(secure_broker, f"{prefix}bars_final_1m", 2)
        letters = first_records(secure_broker, f"{prefix}desk_dlq", 1)
        process.terminate()
        said, _ = process.communicate(timeout=60)
    status, listed = command("status", "bars.toml", "--json"), command("dlq", "list", "bars.toml", "--json")
    answers = [process.communicate(timeout=60)[0] for process in (status, listed)]

    assert (2, 1, 0) == (len(finals), len(letters), process.returncode), said
    assert [0, 0] == [status.returncode, listed.returncode], answers
    assert 0 == json.loads(answers[0])["partitions"][0]["lag"]
    assert 1 == json.loads(answers[1])["total"]


def first_records(broker: SecureBroker, topic: str, number: int) -> list[bytes | None]:
    """The first committed records of a topic that comes to be."""
    consumer = Consumer(
        {
            **broker.client("admin", "PLAIN"),
            "group.id": f"{topic}-test",
            "auto.offset.reset": "earliest",
            "topic.metadata.refresh.interval.ms": 200,
            "allow.auto.create.topics": False,
        }
    )
    consumer.subscribe([topic])
    found: list[bytes | None] = []
    for _ in range(600):
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            found.append(message.value())
        if len(found) == number:
            break
    consumer.close()
    return found
