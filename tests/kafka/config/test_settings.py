"""``[kafka]``: defaults, what is refused, and that secrets are never shown."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from barloom.environment import Secret
from barloom.errors import DefinitionError
from barloom.kafka.config.declared import Kafka, SchemaRegistry, Security
from barloom.kafka.config.settings import kafka_settings
from barloom.serde.formats import Format
from kafka.kafka_cases import plan, settings

if TYPE_CHECKING:
    from pathlib import Path

SECOND = 1_000_000_000


def problems(**given: object) -> list[str]:
    """Where each problem is, in order."""
    with pytest.raises(DefinitionError) as caught:
        settings(**given)
    return [problem.where for problem in caught.value.problems]


def test_what_is_not_said_has_its_default() -> None:
    """Brokers and input are all that must be said, but for a registry where the format is avro."""
    found = settings()

    assert ("127.0.0.1:1", "bars", ("ticks",)) == (found.brokers, found.app, found.input)
    assert (Format.JSON, Format.JSON) == (found.format, found.output_format)
    assert (SECOND // 10, 50_000, SECOND // 4) == (found.commit_interval, found.commit_records, found.live_interval)
    assert (6 * SECOND, 10 * SECOND, 0.01) == (found.session_timeout, found.transaction_timeout, found.late_alarm)
    assert ("PLAINTEXT", None, {}) == (found.security.protocol, found.registry, found.client)


def test_every_mistake_is_told_at_once_with_a_nearest_name() -> None:
    """All problems of the table come together, each at its path, and a mistyped key has a suggestion."""
    with pytest.raises(DefinitionError) as caught:
        settings(
            broker="x",
            commit_interval=5,
            format="avrp",
            live_interval="often",
            late_retention="1d",
            late_alarm=2,
            protocol="new",
            standby=-1,
            app="a b",
            block=["A"],
            registry={"mode": "sometimes"},
        )

    assert {
        "kafka.broker": "did you mean 'brokers'?",
        "kafka.commit_interval": "with its unit",
        "kafka.format": "did you mean 'avro'?",
        "kafka.live_interval": "write a number and ms",
        "kafka.late_retention": "at least 168h",
        "kafka.late_alarm": "from 0 to 1",
        "kafka.protocol": "'classic' or 'consumer'",
        "kafka.standby": "write standby = 0",
        "kafka.app": "letters",
        "kafka.block": "[<venue>, <symbol>]",
        "kafka.registry.url": "https://",
        "kafka.registry.mode": "'register' or 'check'",
    } == {
        problem.where: next(
            (
                part
                for part in (
                    *("did you mean 'brokers'?", "with its unit", "did you mean 'avro'?", "write a number and ms"),
                    *("at least 168h", "from 0 to 1", "'classic' or 'consumer'", "write standby = 0", "letters"),
                    *("[<venue>, <symbol>]", "https://", "'register' or 'check'"),
                )
                if part in problem.fix
            ),
            problem.fix,
        )
        for problem in caught.value.problems
    }


def test_brokers_and_input_must_be_named() -> None:
    """Without them the message says how to name them, in the file or on the command line."""
    with pytest.raises(DefinitionError, match="--kafka HOST:PORT") as caught:
        kafka_settings({}, plan(), format="json")

    assert ["kafka.brokers", "kafka.input"] == [problem.where for problem in caught.value.problems]


@pytest.mark.parametrize("topic", ["bars_final_1m", "bars_late", "mine_dlq"])
def test_what_the_application_writes_is_not_its_input(topic: str) -> None:
    """It would read its own bars for ever."""
    with pytest.raises(DefinitionError, match=f"'{topic}' is written by the application itself") as caught:
        kafka_settings({}, plan(), brokers="a:1", input=("ticks", topic), app="mine", format="json")

    assert ["kafka.input"] == [problem.where for problem in caught.value.problems]


def test_the_command_line_wins_over_the_table() -> None:
    """An override of none leaves the table's entry; a registry may be given as its URL alone."""
    table = {"brokers": ["a:1", "b:2"], "input": "ticks", "registry": {"url": "http://old", "mode": "check"}}
    found = kafka_settings({"kafka": table}, plan(), input=("x", "y"), app=None, registry="http://new/")

    assert ("a:1,b:2", ("x", "y"), "bars") == (found.brokers, found.input, found.app)
    assert found.registry is not None
    assert ("http://new", "check") == (found.registry.url, found.registry.mode)


def test_live_bars_can_be_switched_off() -> None:
    """``"off"`` is no duration, but means that there are no live topics."""

    assert settings(live_interval="off").live_interval is None


def test_framed_avro_needs_a_registry() -> None:
    """The default format has the number of a schema in each record, which only a registry knows."""

    assert ["kafka.format"] == problems(format="avro")
    assert ["kafka.format"] == problems(output_format="avro")


def test_a_format_that_is_spelled_wrong_is_not_taken_for_avro() -> None:
    """What stands there means something else than the default: only the spelling is told."""
    assert ["kafka.format"] == problems(format="jsn")


def test_a_transaction_must_outlive_the_commit_interval() -> None:
    """A time-out shorter than two intervals would abort every transaction."""

    assert ["kafka.transaction_timeout"] == problems(commit_interval="2s", transaction_timeout="3s")


def test_the_session_timeout_is_the_brokers_with_the_consumer_protocol() -> None:
    """What would have no effect is refused rather than ignored."""

    assert ["kafka.session_timeout"] == problems(protocol="consumer", session_timeout="10s")


def test_a_session_timeout_that_no_client_takes_is_told_before_the_run() -> None:
    """It is an hour at most, and a raw interval of polling may not be shorter."""
    assert ["kafka.session_timeout"] == problems(session_timeout="61m")
    assert ["kafka.client"] == problems(session_timeout="10m", client={"max.poll.interval.ms": 300_000})
    assert (
        60 * 60 * SECOND == settings(session_timeout="1h", client={"max.poll.interval.ms": 3_600_000}).session_timeout
    )


def test_a_key_to_block_has_the_types_of_the_key() -> None:
    """One list a key, with one value of the right type for each key field."""

    assert (("X", "A"), ("Y", "B")) == settings(block=[["X", "A"], ["Y", "B"]]).block
    assert ["kafka.block"] == problems(block=[["X", 1]])


@pytest.mark.parametrize(
    "name",
    ["isolation.level", "enable.auto.commit", "transactional.id", "group.id", "enable.idempotence", "sasl.password"],
)
def test_what_barloom_must_decide_is_refused_with_the_reason(name: str) -> None:
    """Raw settings of librdkafka pass, but for those on which exactly once rests or that have a place of their own."""
    with pytest.raises(DefinitionError, match="is decided by barloom") as caught:
        settings(client={name: "x", "fetch.min.bytes": 10, "socket.nagle.disable": False})

    assert [f"kafka.client.{name}"] == [problem.where for problem in caught.value.problems]


def test_raw_settings_pass_as_texts() -> None:
    """Numbers and yes or no are written as librdkafka reads them."""
    found = settings(client={"fetch.min.bytes": 10, "socket.nagle.disable": False, "queue.share": Decimal("0.5")})

    assert {"fetch.min.bytes": "10", "socket.nagle.disable": "false", "queue.share": "0.5"} == found.client


@pytest.mark.parametrize(
    "given",
    [
        {"security": {"mechanism": "PLAIN", "protocol": "SASL_SSL", "user": "me", "password": "hunter2"}},
        {"security": {"protocol": "SSL", "certificate": "c.pem", "key": "k.pem", "key_password": "hunter2"}},
        {"registry": {"url": "http://r", "token": "hunter2"}},
        {"registry": {"url": "https://me:hunter2@r"}},
        {"client": {"sasl.oauthbearer.client.secret": "hunter2"}},
        {"client": {"ssl.keystore.password": "hunter2"}},
        {"security": {"mechanism": "PLAIN", "protocol": "SASL_SSL", "user": "me", "password": {"text": "hunter2"}}},
    ],
)
def test_a_secret_in_the_definition_is_refused_and_not_repeated(given: dict[str, object]) -> None:
    """The hint says where secrets belong; the message does not show it."""
    with pytest.raises(DefinitionError, match=r"env = ") as caught:
        settings(**given)

    assert "hunter2" not in str(caught.value)


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read when they are needed, a file's without its line end, and never shown."""
    (tmp_path / "key").write_text("hunter3\n")
    monkeypatch.setenv("PASSWORD_OF_TEST", "hunter2")
    found = settings(
        security={
            "protocol": "SASL_SSL",
            "mechanism": "SCRAM-SHA-512",
            "user": "me",
            "password": {"env": "PASSWORD_OF_TEST"},
            "key": "k.pem",
            "certificate": "c.pem",
            "key_password": {"file": str(tmp_path / "key")},
        },
        client={"ssl.keystore.password": {"env": "PASSWORD_OF_TEST"}},
    )

    assert found.security.password is not None
    assert found.security.key_password is not None
    assert ("hunter2", "hunter3") == (found.security.password.reveal(), found.security.key_password.reveal())
    assert "hunter" not in f"{found!r} {found} {found.client['ssl.keystore.password']}"


@pytest.mark.parametrize(
    ("security", "where"),
    [
        ({"mechanism": "PLAIN", "user": "me", "password": {"env": "X"}}, ["protocol"]),
        ({"protocol": "SASL_SSL"}, ["mechanism"]),
        ({"protocol": "SASL_SSL", "mechanism": "PLAIN"}, ["user", "password"]),
        ({"protocol": "SASL_SSL", "mechanism": "OAUTHBEARER"}, ["hook"]),
        ({"protocol": "SASL_SSL", "mechanism": "OAUTHBEARER", "hook": "nothing"}, ["hook"]),
        ({"protocol": "SSL", "user": "me"}, ["user"]),
        ({"protocol": "PLAINTEXT", "ca": "ca.pem"}, ["ca"]),
        ({"protocol": "SSL", "certificate": "c.pem"}, ["key"]),
        ({"protocol": "TLS"}, ["protocol"]),
        ({"protocol": "SASL_SSL", "mechanism": "GSSAPI", "user": "x", "password": {"env": "X"}}, ["mechanism"]),
    ],
)
def test_what_does_not_go_together_is_told(security: dict[str, object], where: list[str]) -> None:
    """A protocol knows its own settings, and each mechanism wants what it needs."""
    found = problems(security=security)

    assert [f"kafka.security.{name}" for name in where] == [item for item in found if item.split(".")[-1] in where]


def test_the_registry_trusts_what_the_brokers_are_trusted_by(tmp_path: Path) -> None:
    """TLS is said once; the registry's own settings win."""
    security = {"protocol": "SSL", "ca": str(tmp_path / "ca.pem")}
    shared = settings(security=security, registry={"url": "https://r"}).registry
    own = settings(security=security, registry={"url": "https://r", "ca": "other.pem"}).registry

    assert shared is not None
    assert own is not None
    assert (str(tmp_path / "ca.pem"), "other.pem") == (str(shared.ca), str(own.ca))


def test_python_says_the_same_as_toml() -> None:
    """The typed constructors are read by the same rules."""
    written = Kafka(
        brokers="a:1",
        input="ticks",
        format=Format.AVRO,
        commit_interval=timedelta(milliseconds=50),
        registry=SchemaRegistry(url="http://r", token=Secret.of("t")),
        security=Security(protocol="SASL_SSL", mechanism="PLAIN", user="me", password=Secret.of("hunter2")),
        block=(("X", "A"),),
    )
    found = kafka_settings(written, plan())

    assert (Format.AVRO, SECOND // 20, (("X", "A"),)) == (found.format, found.commit_interval, found.block)
    assert found.security.password is not None
    assert "hunter2" == found.security.password.reveal()
    assert "hunter2" not in repr(found)


def test_framed_messages_need_no_registry_where_their_schema_is_named(tmp_path: Path) -> None:
    """The number in the frame is passed over then; what is written in frames needs a registry all the same."""
    schema = tmp_path / "ticks.avsc"
    schema.write_text("{}")
    table = {"brokers": "a:1", "input": "ticks", "format": "avro", "schema": str(schema)}

    found = kafka_settings({"kafka": {**table, "output_format": "json"}}, plan())
    with pytest.raises(DefinitionError, match="needs a schema registry"):
        kafka_settings({"kafka": table}, plan())

    assert (Format.AVRO, schema, None) == (found.format, found.schema, found.registry)
