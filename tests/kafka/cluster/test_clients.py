"""What the clients are told."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from barloom.environment import Secret
from barloom.errors import DefinitionError
from barloom.kafka.cluster.clients import admin_config, consumer_config, producer_config
from kafka.kafka_cases import settings

if TYPE_CHECKING:
    from pathlib import Path


def test_a_consumer_reads_what_is_committed_and_commits_nothing() -> None:
    """Exactly once rests on these, and a partition's end must be told."""
    found = consumer_config(settings())

    assert {
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "group.id": "bars",
        "group.protocol": "classic",
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": 6000,
        "heartbeat.interval.ms": 150,
    }.items() <= found.items()
    assert "group.instance.id" not in found


def test_with_the_consumer_protocol_the_broker_decides_times() -> None:
    """The client refuses a session time-out and a strategy there."""
    found = consumer_config(settings(protocol="consumer", instance_id="a"))

    assert ("consumer", "a") == (found["group.protocol"], found["group.instance.id"])
    assert {"session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy"}.isdisjoint(found)


def test_only_a_member_of_the_application_has_its_instance_id() -> None:
    """A reader in another group is not that member."""
    found = consumer_config(settings(instance_id="a"), "readers", auto_offset_reset="latest")

    assert ("readers", "latest") == (found["group.id"], found["auto.offset.reset"])
    assert "group.instance.id" not in found


def test_a_producer_is_idempotent_and_transactional_where_asked() -> None:
    """Messages give up with their transaction."""
    plain, found = producer_config(settings()), producer_config(settings(transaction_timeout="7s"), "bars-1")

    assert "transactional.id" not in plain
    assert (True, "all") == (plain["enable.idempotence"], plain["acks"])
    assert ("bars-1", 7000, 7000) == (
        found["transactional.id"],
        found["transaction.timeout.ms"],
        found["message.timeout.ms"],
    )


def test_the_librdkafka_at_hand_knows_every_setting() -> None:
    """Clients can be made of the configurations, without a broker."""
    kafka = pytest.importorskip("confluent_kafka")
    admin = pytest.importorskip("confluent_kafka.admin")
    for protocol in ("classic", "consumer"):
        kafka.Consumer(consumer_config(settings(protocol=protocol), log_level=0)).close()
    for timeout, millis in (("301s", 301_000), ("1h", 3_600_000)):
        config = consumer_config(settings(session_timeout=timeout), log_level=0)
        assert (millis, millis) == (config["max.poll.interval.ms"], config["session.timeout.ms"])
        kafka.Consumer(config).close()
    kafka.Producer(producer_config(settings(), "bars-1", log_level=0))

    assert admin.AdminClient(admin_config(settings())) is not None


def test_raw_settings_win_over_the_defaults_of_tuning() -> None:
    """Who knows better may say so."""
    found = producer_config(settings(client={"compression.type": "lz4", "linger.ms": 50}))

    assert ("lz4", "50") == (found["compression.type"], found["linger.ms"])


def test_every_client_logs_in_the_same_way() -> None:
    """One login for consumer, producer and admin."""
    login = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.username": "me"}
    made = settings(
        security={
            "protocol": "SASL_PLAINTEXT",
            "mechanism": "PLAIN",
            "user": "me",
            "password": Secret.of("hunter2"),
        }
    )

    for config in (consumer_config(made), producer_config(made), admin_config(made)):
        assert {**login, "sasl.password": "hunter2"}.items() <= config.items()


def test_missing_secrets_and_files_are_told_together(tmp_path: Path) -> None:
    """What is not to be had where barloom runs is named, all of it at once."""
    made = settings(
        security={
            "protocol": "SASL_SSL",
            "mechanism": "PLAIN",
            "user": "me",
            "password": {"env": "NOT_SET_BY_ANYONE"},
            "ca": str(tmp_path / "ca.pem"),
        }
    )
    with pytest.raises(DefinitionError, match="NOT_SET_BY_ANYONE is not set") as caught:
        admin_config(made)

    assert ["kafka.security.ca", "kafka.security.password"] == [item.where for item in caught.value.problems]


def test_a_hook_gives_tokens_and_until_when_they_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function is imported by name; its time may be an instant."""
    module = ModuleType("login_of_test")
    module.__dict__["token"] = lambda: ("t1", datetime(2025, 1, 1, tzinfo=UTC))
    monkeypatch.setitem(sys.modules, "login_of_test", module)
    security = {"protocol": "SASL_SSL", "mechanism": "OAUTHBEARER", "hook": "login_of_test:token"}
    ask = admin_config(settings(security=security))["oauth_cb"]

    assert ("t1", 1735689600.0) == ask("")
    with pytest.raises(DefinitionError, match="cannot be imported"):
        admin_config(settings(security={**security, "hook": "login_of_test:nothing"}))


def test_log_lines_hide_secrets_and_are_not_repeated(caplog: pytest.LogCaptureFixture) -> None:
    """A line that differs from one said lately by its times alone is no news."""
    made = settings(client={"ssl.keystore.password": Secret.of("hunter2")})
    logger = consumer_config(made)["logger"]
    with caplog.at_level(logging.INFO, "barloom.kafka"):
        logger.warning("FAIL: broker hunter2 down after 5ms")
        logger.warning("FAIL: broker hunter2 down after 17ms")
        logger.warning("CONFWARN: acks is a producer property and will be ignored by this consumer instance")
        logger.error("TXNERR [app#producer-2] Current transaction failed in state InTransaction: a rebalance came")

    assert ["FAIL: broker *** down after 5ms"] == caplog.messages
