"""Applications whose schemas are in a real registry: behind TLS, with rules of its own, and away in between."""

from __future__ import annotations

import json
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import pytest

import barloom as bl
from barloom.environment import Secret
from barloom.errors import DefinitionError, LoginRefused, SchemaMismatch
from barloom.kafka.config.settings import kafka_settings
from barloom.plan.toml import read_toml
from barloom.serde.registry import Registry as Client
from kafka.secure_desk import DEFINITION, SecureDesk, awaited
from servers.basic_auth import PASSWORD, TOKEN, USER, guarded
from servers.secure_broker import PASSWORDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from barloom.kafka.config.settings import KafkaSettings
    from servers.registry import Registry
    from servers.secure_broker import SecureBroker
    from servers.topics import Topics

pytestmark = [pytest.mark.needs("java"), pytest.mark.needs("maven")]

OPENED_BY = {
    "password": {"user": USER, "password": Secret.of(PASSWORD)},
    "token": {"token": Secret.of(TOKEN)},
}


class Tick(bl.Event):
    """What the desk's definition reads."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)


class WideTick(bl.Event):
    """The same, by a writer who knows more."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)
    venue: str


@pytest.fixture
def desk(secure_broker: SecureBroker, secure_topics: Topics) -> Iterator[SecureDesk]:
    """A desk that works as the admin; its registry is what matters here."""
    made = SecureDesk(secure_broker, secure_topics)
    yield made
    made.close()


def login(desk: SecureDesk) -> dict[str, object]:
    """``[kafka.security]`` of the admin."""
    return {
        "mechanism": "PLAIN",
        "user": "admin",
        "password": Secret.of(PASSWORDS["admin"]),
        "ca": str(desk.broker.ca),
    }


def versions(settings: KafkaSettings, subject: str) -> dict[int, int]:
    """What the registry holds of a subject."""
    assert settings.registry is not None
    with closing(Client(settings.registry)) as client:
        return client.versions_of(subject)


@pytest.mark.parametrize("opened_by", OPENED_BY)
def test_registry_and_brokers_share_one_authority(desk: SecureDesk, registry: Registry, opened_by: str) -> None:
    """The authority of ``[kafka.security]`` is that of the registry; bars come out as Avro with registered schemas."""
    with guarded(registry.url, desk.broker.certificates.server) as url:
        assert url.startswith("https://")
        given = {"url": url, **OPENED_BY[opened_by]}
        settings = desk.settings(login(desk), format="avro", registry=given)
        with desk.running(settings) as instance, bl.kafka.EventWriter(Tick, settings) as writer:
            for minute in (1, 2, 3):
                writer.write(Tick("ACME", datetime(2025, 11, 10, 9, minute, tzinfo=UTC), Decimal("1.50")))
            writer.flush()
            finals = desk.records("bars_final_1m", 2)
        known = versions(settings, f"{desk.prefix}bars_final_1m-value")

    assert ([0, 0], None) == ([value[0] for value in finals], instance.failure)
    assert {int.from_bytes(value[1:5], "big") for value in finals} == set(known.values())


def test_who_the_registry_does_not_let_in_ends(desk: SecureDesk, registry: Registry, tmp_path: Path) -> None:
    """Wrong credentials, an authority that is not its own, and no certificate at all: each is told, no secret shown."""
    broken = tmp_path / "broken.pem"
    broken.write_text("this is no certificate")
    good = {"user": USER, "password": Secret.of("guessed-by-someone")}
    cases = [
        (good, LoginRefused, "refuses the credentials"),
        ({**good, "ca": str(desk.broker.certificates.client.certificate)}, LoginRefused, "certificate verify failed"),
        ({**good, "ca": str(broken)}, DefinitionError, "kafka.registry.ca"),
    ]
    with guarded(registry.url, desk.broker.certificates.server) as url, ExitStack() as stack:
        found = [desk.settings(login(desk), format="avro", registry={"url": url, **more}) for more, _, _ in cases]
        ends = [instance.ended() for instance in [stack.enter_context(desk.running(settings)) for settings in found]]

    assert [kind for _, kind, _ in cases] == list(map(type, ends))
    assert [] == [why for why, (_, _, said) in zip(ends, cases, strict=True) if said not in str(why)]
    assert [] == [why for why in ends if "guessed" in str(why)]


def asked(registry: Registry, method: str, path: str, body: object) -> None:
    """Tell the registry something."""
    kind = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
    with urlopen(Request(registry.url + path, json.dumps(body).encode(), kind, method=method)) as answer:  # noqa: S310
        assert answer.status == 200


def test_a_schema_that_breaks_the_registrys_rule_is_refused(desk: SecureDesk, registry: Registry) -> None:
    """A column of another kind under a rule of full compatibility: the message names rule, field and subject."""
    settings = desk.settings(login(desk), format="avro", registry={"url": registry.url})
    subject = f"{desk.prefix}bars_final_1m-value"
    with desk.running(settings):
        for _ in awaited():
            if versions(settings, subject):
                break
    asked(registry, "PUT", f"/config/{subject}", {"compatibility": "FULL"})
    columns = '[bars.select]\nopen = "count()"'
    other = read_toml(DEFINITION.replace("NAME", desk.names["bars"]).replace('ohlcv = { price = "price" }', columns))
    changed = kafka_settings({"kafka": {**raw(desk, registry), "app": f"{desk.prefix}other"}}, other)
    with desk.running(changed, other) as instance:
        why = instance.ended()

    assert isinstance(why, SchemaMismatch)
    assert f"does not go with version 1 of '{subject}'" in str(why)
    assert "'open' may be decimal(12, 2) where it is written, which null or long is not (BACKWARD" in str(why)
    assert "'open' may be long where it is written, which null or decimal(12, 2) is not (FORWARD" in str(why)


def raw(desk: SecureDesk, registry: Registry, **more: object) -> dict[str, object]:
    """``[kafka]`` of the desk with a registry."""
    return {
        "brokers": desk.broker.bootstrap,
        "input": desk.input,
        "security": login(desk),
        "registry": {"url": registry.url, **more},
    }


def test_who_may_only_look_registers_nothing(desk: SecureDesk, registry: Registry) -> None:
    """A missing schema ends the start with its text; once somebody has put them there, the same settings run."""
    looking = desk.settings(login(desk), format="avro", registry={"url": registry.url, "mode": "check"})
    with desk.running(looking) as instance:
        why = instance.ended()
    assert isinstance(why, SchemaMismatch)
    assert "and mode = 'check' registers nothing: register this schema there" in str(why)

    registering = desk.settings(login(desk), format="avro", registry={"url": registry.url})
    with desk.running(registering), bl.kafka.EventWriter(Tick, registering) as writer:
        writer.write(Tick("ACME", datetime(2025, 11, 10, 9, 1, tzinfo=UTC), Decimal(1)))
        writer.flush()
        for _ in awaited():
            if versions(registering, f"{desk.prefix}bars_late-value"):
                break
    with desk.running(looking) as instance, bl.kafka.EventWriter(Tick, looking) as writer:
        writer.write(Tick("ACME", datetime(2025, 11, 10, 9, 2, tzinfo=UTC), Decimal(2)))
        writer.flush()
        finals = desk.records("bars_final_1m", 1)

    assert (1, None) == (len(finals), instance.failure)


def test_a_registry_that_is_away_when_a_new_writer_comes_loses_nothing(
    desk: SecureDesk, own_registry: Registry
) -> None:
    """Messages whose schema cannot be asked for wait; once the registry is back, bars hold the ticks of both."""
    settings = desk.settings(login(desk), format="avro", registry={"url": own_registry.url})
    with desk.running(settings) as instance:
        with bl.kafka.EventWriter(Tick, settings) as writer:
            writer.write(Tick("ACME", datetime(2025, 11, 10, 9, 1, tzinfo=UTC), Decimal(1)))
            writer.write(Tick("ACME", datetime(2025, 11, 10, 9, 2, tzinfo=UTC), Decimal(2)))
            writer.flush()
            first = desk.records("bars_final_1m", 1)
        wide = bl.kafka.EventWriter(WideTick, settings, topic=desk.input)
        wide.write(WideTick("OTHER", datetime(2025, 11, 10, 9, 2, tzinfo=UTC), Decimal(3), "XNAS"))
        own_registry.stop()
        wide.flush()
        wide.write(WideTick("ACME", datetime(2025, 11, 10, 9, 2, 30, tzinfo=UTC), Decimal(5), "XNAS"))
        wide.write(WideTick("ACME", datetime(2025, 11, 10, 9, 3, tzinfo=UTC), Decimal(4), "XNAS"))
        wide.flush()
        alive = instance.alive
        own_registry.start_again()
        finals = desk.records("bars_final_1m", 3)
        with bl.kafka.BarReader(desk.plan(), settings, "1m", at_end="stop") as reader:
            bars = [(m.fields[0], m.bar.close, m.bar.count) for m in reader]
        wide.close()

    assert (1, True, 3, None) == (len(first), alive, len(finals), instance.failure)
    assert [("ACME", Decimal(1), 1), ("ACME", Decimal(5), 2), ("OTHER", Decimal(3), 1)] == sorted(bars)
