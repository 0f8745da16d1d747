"""The client of the schema registry, against a double that answers as a test wants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from barloom.engine.frames import bar_frame
from barloom.environment import Secret
from barloom.errors import AccessRefused, BrokerError, LoginRefused, RegistryUnavailable, SchemaMismatch
from barloom.serde import schemas
from barloom.serde.avro.schema import parse_schema
from barloom.serde.compatibility import report, unreadable
from barloom.serde.formats import Format
from barloom.serde.open import open_serde
from barloom.serde.registry import Registry, RegistrySettings
from barloom.testing import FakeClock
from serde.double import Answer, Asked, answering
from serde.material import CALENDAR, KEYS, bars, quotes
from servers.basic_auth import PASSWORD, TOKEN, USER

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers.registry import Registry as RealRegistry

PLAN = quotes()


def client_of(url: str, **settings: Any) -> Registry:  # noqa: ANN401 - the fields of the settings
    """A client whose pauses take no time."""
    return Registry(RegistrySettings(url, **settings), FakeClock())


def always(status: int, content: object) -> Callable[[Asked], Answer]:
    """The same answer to everything."""
    return lambda _asked: (status, content)


def test_a_schema_is_asked_for_once() -> None:
    """What the registry told is remembered."""
    with answering(always(200, {"schema": '{"type":"string"}'})) as (url, asked):
        client = client_of(url)

        assert ["string", "string"] == [client.schema(7)[0].kind for _ in range(2)]
        assert ["/schemas/ids/7"] == [each.path for each in asked]
        client.close()


def test_an_unknown_number_is_no_failure_of_the_registry() -> None:
    """It is a `LookupError` of the messages that name it, and is not asked for again at once."""
    with answering(always(404, {"error_code": 40403, "message": "Schema not found"})) as (url, asked):
        client = client_of(url)

        for _ in range(3):
            with pytest.raises(LookupError, match="the schema 7 is not in the registry"):
                client.schema(7)
        assert 1 == len(asked)
        client.close()


def test_a_schema_that_refers_to_others() -> None:
    """References are fetched, by subject and version."""
    price = {"type": "fixed", "name": "com.acme.Price", "size": 8}
    whole = {"type": "record", "name": "com.acme.T", "fields": [{"name": "p", "type": "com.acme.Price"}]}
    answers = {
        "/schemas/ids/1": {
            "schema": json.dumps(whole),
            "references": [{"name": "com.acme.Price", "subject": "price", "version": 3}],
        },
        "/subjects/price/versions/3": {"schema": json.dumps(price)},
    }
    with answering(lambda asked: (200, answers[asked.path])) as (url, _):
        client = client_of(url)

        assert 8 == client.schema(1)[0].fields[0].type.size
        client.close()


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_registry_that_fails_is_tried_again(status: int) -> None:
    """Three times, then the error says that the same may succeed later."""
    with answering(always(status, b"oops")) as (url, asked):
        client = client_of(url)

        with pytest.raises(RegistryUnavailable, match=f"does not answer: status {status}") as caught:
            client.schema(7)
        assert 3 == len(asked)
        assert caught.value.retriable
        client.close()


def test_a_registry_that_is_not_there() -> None:
    """Nobody listens: the same error."""
    with answering(always(200, {})) as (url, _):
        pass
    client = client_of(url)

    with pytest.raises(RegistryUnavailable, match="does not answer: ConnectError"):
        client.schema(7)
    client.close()


def test_it_recovers() -> None:
    """One failure is not told to anybody."""
    answers = iter([(503, b""), (200, {"schema": '"long"'})])
    with answering(lambda _asked: next(answers)) as (url, _):
        client = client_of(url)

        assert "long" == client.schema(7)[0].kind
        client.close()


@pytest.mark.parametrize(("status", "error"), [(401, LoginRefused), (403, AccessRefused), (422, BrokerError)])
def test_a_registry_that_refuses(status: int, error: type[Exception]) -> None:
    """Wrong credentials are no reason to wait, and no reason to lose a message."""
    with answering(always(status, {"message": "no"})) as (url, asked):
        client = client_of(url, user="me", password=Secret.of("s3cret"))

        with pytest.raises(error) as caught:
            client.schema(7)
        assert not getattr(caught.value, "retriable", False)
        assert 1 == len(asked)
        assert "s3cret" not in f"{caught.value!r} {client!r}"
        client.close()


def test_what_is_no_registry() -> None:
    """A page of something else."""
    with answering(always(200, b"<html>")) as (url, _):
        client = client_of(url)

        with pytest.raises(BrokerError, match="is no schema registry"):
            client.schema(7)
        client.close()


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"user": "me", "password": Secret.of("s3cret")}, "Basic bWU6czNjcmV0"),
        ({"token": Secret.of("t0ken")}, "Bearer t0ken"),
        ({}, None),
    ],
)
def test_credentials_are_sent_and_never_shown(settings: dict[str, Any], sent: str | None) -> None:
    """Basic and bearer; neither the settings nor the client print them."""
    with answering(always(200, {"schema": '"long"'})) as (url, asked):
        client = client_of(url, **settings)
        client.schema(7)

        assert sent == asked[0].authorization
        shown = f"{client!r} {RegistrySettings(url, **settings)!r}"
        assert "s3cret" not in shown
        assert "t0ken" not in shown
        client.close()


def test_a_password_in_the_address_is_not_shown() -> None:
    """Messages name the host alone."""
    with answering(always(500, b"")) as (url, _):
        client = client_of(url.replace("//", "//me:s3cret@"))

        with pytest.raises(RegistryUnavailable) as caught:
            client.schema(7)
        assert "s3cret" not in f"{caught.value} {client!r}"
        client.close()


def test_bars_are_framed_with_the_numbers_of_their_subjects() -> None:
    """Each topic has its subjects; every timeframe has the same schema text."""
    texts: list[str] = []

    def answer(asked: Asked) -> Answer:
        if asked.method == "GET":
            return 200, {"schema": texts[int(asked.path.rpartition("/")[2])]}
        if asked.body["schema"] not in texts:
            texts.append(asked.body["schema"])
        return 200, {"id": texts.index(asked.body["schema"])}

    with answering(answer) as (url, asked):
        made = open_serde(PLAN, CALENDAR, format=Format.AVRO, registry=RegistrySettings(url))
        block = bars(PLAN, level=1)
        records = made.bars.encode([block], KEYS)[0]

        topics = [f"bars_{kind}_{frame}" for frame in ("1m", "1h", "1d") for kind in ("live", "final")]
        expected = [f"/subjects/{topic}-{part}/versions" for topic in topics for part in ("key", "value")]
        assert expected == [each.path for each in asked]
        assert [schemas.bar_key_schema(PLAN, "barloom"), schemas.bar_value_schema(PLAN, "barloom")] == texts
        assert {b"\0\0\0\0\0"} == {key[:5] for key in records.keys}
        assert {b"\0\0\0\0\1"} == {value[:5] for value in records.values}
        assert bar_frame(PLAN, CALENDAR, KEYS, block).equals(made.bar_decoder.frame(1, *records))
        made.close()


def test_a_schema_that_does_not_go_with_the_one_before_it() -> None:
    """The message says which field breaks which rule; in the mode ``check`` it says what is to be registered."""
    old = json.loads(schemas.bar_value_schema(PLAN, "barloom"))
    old["fields"][4]["type"][1]["scale"] = 2
    old["fields"].append({"name": "note", "type": "string"})

    def answer(asked: Asked) -> Answer:
        if asked.path.endswith("/versions/latest"):
            return 200, {"schema": json.dumps(old), "version": 3}
        return 409, {"error_code": 409, "message": "Incompatible"}

    with answering(answer) as (url, _):
        client = client_of(url)
        with pytest.raises(SchemaMismatch) as caught:
            client.number("bars_final_1m-value", schemas.bar_value_schema(PLAN, "barloom"))
        message = str(caught.value)
        assert "version 3 of 'bars_final_1m-value'" in message
        assert (
            "'open' may be decimal(18, 2) where it is written, which null or decimal(18, 4) is not (BACKWARD" in message
        )
        assert "'note' is not written, and has no default where it is read (FORWARD" in message
        client.close()


def test_in_the_mode_check_nothing_is_registered() -> None:
    """A schema that is there is looked up; one that is not is told, with its text."""

    def answer(asked: Asked) -> Answer:
        if asked.path == "/subjects/there":
            return 200, {"id": 9}
        return 404, {"error_code": 40401}

    with answering(answer) as (url, asked):
        client = client_of(url, mode="check")

        assert 9 == client.number("there", '"long"')
        with pytest.raises(SchemaMismatch, match=r"no subject 'absent'.*register this schema there.*\"long\""):
            client.number("absent", '"long"')
        assert not [each for each in asked if each.path.endswith("/versions")]
        client.close()


LONG = {"type": "record", "name": "a.R", "fields": [{"name": "x", "type": "long"}]}


def changed(**parts: object) -> str:
    """`LONG` with another field."""
    return json.dumps({**LONG, "fields": [{"name": "x", "type": "long", **parts}]})


@pytest.mark.parametrize(
    ("reader", "writer", "found"),
    [
        (changed(), changed(), []),
        (changed(), changed(type="int"), []),
        (changed(type="int"), changed(), ["'x' is written as long and read as int"]),
        (changed(type=["null", "double"]), changed(), []),
        (changed(), changed(type=["null", "long"]), ["'x' may be null where it is written, which long is not"]),
        (changed(name="y"), changed(), ["'y' is not written, and has no default where it is read"]),
        (changed(name="y", default=1), changed(), []),
        (changed(name="y", aliases=["x"]), changed(), []),
        (changed(type="string"), changed(type="bytes"), []),
        (
            changed(type={"type": "enum", "name": "E", "symbols": ["A"]}),
            changed(type={"type": "enum", "name": "E", "symbols": ["A", "B"]}),
            ["'x': the reader does not know the symbol 'B'"],
        ),
        (
            changed(type={"type": "array", "items": "int"}),
            changed(type={"type": "array", "items": "string"}),
            ["'x[]' is written as string and read as int"],
        ),
        (
            json.dumps({**LONG, "name": "b.S"}),
            json.dumps(LONG),
            ["the message is the record a.R where it is written, and b.S where it is read"],
        ),
    ],
)
def test_the_rules_of_schema_resolution(reader: str, writer: str, found: list[str]) -> None:
    """Promotions, defaults and aliases are fine; the rest is told by field."""
    one, other = parse_schema(reader, "the reader"), parse_schema(writer, "the writer")

    assert found == unreadable(one, other)
    assert all("(BACKWARD" in line or "(FORWARD" in line for line in report(one, other))


@pytest.mark.needs("java")
@pytest.mark.needs("maven")
def test_a_real_registry(registry: RealRegistry) -> None:
    """Bars and events through Apicurio's registry: registered, read back, checked, and refused when incompatible."""
    settings = RegistrySettings(registry.url)
    made = open_serde(PLAN, CALENDAR, format=Format.AVRO, registry=settings, input_topics=["quotes"])
    block = bars(PLAN)
    records = made.bars.encode([block], KEYS)[0]

    assert bar_frame(PLAN, CALENDAR, KEYS, block).equals(made.bar_decoder.frame(0, *records))
    assert (("OANDA", 7), int(block.start[0])) == made.bar_decoder.place(records.keys[0])
    made.late  # noqa: B018 - registers

    events = made.events.decode([])
    row = made.event_encoder.encode(events.frame)
    assert ([], []) == tuple(row)
    with pytest.raises(LookupError):
        made.registry.schema(999_999)  # type: ignore[union-attr]
    checked = open_serde(PLAN, CALENDAR, format=Format.AVRO, registry=RegistrySettings(registry.url, mode="check"))
    assert records == checked.bars.encode([block], KEYS)[0]
    checked.close()
    made.close()


@pytest.mark.needs("java")
@pytest.mark.needs("maven")
def test_a_real_registry_behind_credentials(secure_registry: str) -> None:
    """A name and a password or a token open it; without them, or with wrong ones, the error says so."""
    good = {"user": USER, "password": Secret.of(PASSWORD)}
    for settings in (good, {"token": Secret.of(TOKEN)}):
        client = client_of(secure_registry, **settings)
        number = client.number("secured-value", '"long"')
        assert "long" == client.schema(number)[0].kind
        client.close()

    for settings in ({}, {**good, "password": Secret.of("wrong")}):
        client = client_of(secure_registry, **settings)
        with pytest.raises(LoginRefused, match="refuses the credentials"):
            client.number("secured-value", '"long"')
        client.close()


@pytest.mark.parametrize(
    ("latest", "told"),
    [
        (None, None),
        ('{"type": "record", "name": "Bar", "fields": [{"name": "close", "type": "long"}]}', "'close' is written as"),
        (
            '{"type": "record", "name": "Bar", "fields": [{"name": "close", "type": "string", "doc": "x"}]}',
            "is not the",
        ),
    ],
    ids=["none yet", "another type", "the same to readers"],
)
def test_a_schema_is_compared_and_not_registered(latest: str | None, told: str | None) -> None:
    """With the latest of its subject, field by field; a subject that is not there holds no other."""
    ours = '{"type": "record", "name": "Bar", "fields": [{"name": "close", "type": "string"}]}'

    def answer(asked: Asked) -> Answer:
        if asked.method == "GET" and latest is not None:
            return 200, {"version": 3, "id": 7, "schema": latest}
        return 404, {"error_code": 40401, "message": "not there"}

    with answering(answer) as (url, asked):
        found = Registry(RegistrySettings(url)).difference("bars-value", ours)

    assert (found is None) is (told is None)
    assert told is None or told in (found or "")
    assert {(each.method, each.path) for each in asked} == {
        ("POST", "/subjects/bars-value"),
        ("GET", "/subjects/bars-value/versions/latest"),
    }


def test_a_schema_that_is_registered_differs_in_nothing() -> None:
    """Also where a later version stands behind it."""
    with answering(lambda _: (200, {"id": 7, "version": 1})) as (url, _):
        assert Registry(RegistrySettings(url)).difference("bars-value", '"string"') is None
