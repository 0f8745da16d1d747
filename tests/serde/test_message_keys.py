"""Fields that stand in the keys of messages: records and bare values, Avro and JSON, with a window or without."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl
import pytest

from barloom.embedded.compute import compute
from barloom.errors import SourceError
from barloom.plan.toml import read_toml
from barloom.serde.avro.message_keys import AvroKeyColumns
from barloom.serde.avro.schema import AvroType, parse_schema
from barloom.serde.formats import Format
from barloom.serde.message_keys import key_reader
from barloom.serde.open import open_serde
from barloom.time.calendars import resolve
from serde.avro.test_events import body

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.source.decode import Rows

Some: TypeAlias = Any
"""A schema, or a value for fastavro."""

MS = 1_795_215_000_000
WINDOW = bytes.fromhex("000001a1fb2701c0")  # the same eight bytes that a real server wrote for this start
NULLABLE = ["null", "string"]


def plan(**columns: str) -> BarPlan:
    """Bars whose event has a key of two fields, a start and a price."""
    mapped = ", ".join(f'{name} = "{path}"' for name, path in columns.items())
    return read_toml(
        '[event]\nkey = ["broker", "symbol"]\ntimestamp = "start"\n[event.fields]\nbroker = "string"\n'
        'symbol = "string"\nstart = "timestamp"\nprice = "decimal(8, 2)"\n'
        f'[source]\ncolumns = {{ {mapped} }}\n[bars]\nname = "bars"\nbase = "1h"\n[bars.select]\nlast = "last(price)"\n'
    )


TWO = {"broker": "@key.BROKER", "symbol": "@key.SYMBOL"}
ONE = {"broker": "=b1", "symbol": "@key"}
VALUES = [b'{"start": "2026-11-20T22:50:00Z", "price": "1.5"}'] * 4


def read(columns: dict[str, str], keys: Sequence[bytes | None], key_format: Format = Format.JSON) -> Rows:
    """Rows of JSON values with these keys."""
    made = plan(**columns)
    serde = open_serde(made, resolve("24x7"), format=Format.JSON, key_format=key_format)
    assert serde.events.wants_keys
    return serde.events.decode(VALUES[: len(keys)], keys)


def symbols(rows: Rows) -> list[Any]:
    """What was read of the symbols, in order, with the problems between them."""
    found = dict(zip(rows.index.tolist(), rows.frame["symbol"].to_list(), strict=True))
    return [found.get(place, rows.problems.get(place)) for place in range(rows.count)]


class Schemas:
    """A registry of key schemas."""

    single = False

    def __init__(self, *documents: Some) -> None:
        self._schemas = [parse_schema(json.dumps(each), "a schema") for each in documents]

    def schema(self, number: int) -> tuple[AvroType, str]:
        """The one with this number."""
        if not 0 < number <= len(self._schemas):
            message = f"no schema {number}"
            raise LookupError(message)
        return self._schemas[number - 1], f"the schema {number}"


def record(*names: str) -> dict[str, Any]:
    """A key's schema as ksqlDB registers it."""
    fields = [{"name": name, "type": NULLABLE, "default": None} for name in names]
    return {"type": "record", "name": "BarKey", "namespace": "barloom", "fields": fields}


def framed(number: int, document: Some, value: Some) -> bytes:
    """A key as Confluent's serialiser writes it."""
    return b"\0" + number.to_bytes(4, "big") + body(document, value)


def avro(columns: dict[str, str], documents: Sequence[Any], keys: Sequence[bytes | None]) -> tuple[dict[str, Any], Any]:
    """The columns that are read of framed Avro keys, as lists, and the problems."""
    reader = key_reader(
        plan(**columns),
        lambda fields, paths, source: AvroKeyColumns(fields, paths, source, Schemas(*documents), framed=True),
    )
    assert reader is not None
    found, problems = reader.read(keys)
    return {name: column.to_list() for name, column in found.items()}, problems


def test_nothing_is_asked_of_keys_that_no_field_is_mapped_from() -> None:
    """So that a plain topic costs nothing more."""
    serde = open_serde(plan(price="p"), resolve("24x7"), format=Format.JSON)

    assert not serde.events.wants_keys
    assert key_reader(plan(price="p"), lambda *_: pytest.fail("a reader of keys was made")) is None


def test_members_of_a_json_key_are_fields() -> None:
    """Whatever the value holds; keys of one poll may be different, and the same."""
    one, other = b'{"BROKER": "b1", "SYMBOL": "EURUSD"}', b'{"SYMBOL": "GBPUSD", "BROKER": "b2"}'
    rows = read(TWO, [one, other, one])

    assert ["EURUSD", "GBPUSD", "EURUSD"] == symbols(rows)
    assert ["b1", "b2", "b1"] == rows.frame["broker"].to_list()
    assert [MS * 10**6] * 3 == rows.frame["start"].to_list()


def test_a_bare_key_is_the_field_that_is_mapped() -> None:
    """In quotes or not, with its digits as they are written; an object of one member counts as its value."""
    rows = read(ONE, [b"EURUSD", b'"EURUSD"', b'{"s": "EURUSD"}', b"007"])

    assert ["EURUSD", "EURUSD", "EURUSD", "007"] == symbols(rows)
    assert ["X"] == symbols(read({"broker": "=b1", "symbol": "@key.symbol"}, [b"X"]))


def test_a_json_key_that_cannot_be_read_loses_its_own_message() -> None:
    """With what is wrong; its neighbours are read."""
    rows = read(TWO, [b'{"BROKER": "b1"}', b"b1", None, b'{"BROKER": "b1", "SYMBOL": {}}'])
    assert [
        "symbol: the key is missing",
        "the key: it is one value, and broker, symbol are to be found in it",
        "the message has no key",
        "the key: 'SYMBOL' is an object, not a value",
    ] == symbols(rows)

    assert [
        "the key: it is an object with 2 members: write '@key.NAME' for one of them",
        "the key: it is neither JSON nor text",
        "A",
    ] == symbols(read(ONE, [b'{"a": 1, "b": 2}', b"\xff\xfe", b"A"]))


def test_the_start_of_a_window_stands_behind_the_key() -> None:
    """Eight bytes, big-endian, in milliseconds, as a real server wrote them; the key is what is left."""
    columns = {**TWO, "start": "@window_start"}
    key = bytes.fromhex("0000000001 02046231 020c584155555344 000001a1fb2701c0")

    found, problems = avro(columns, [record("BROKER", "SYMBOL")], [key, key])

    assert (["b1"] * 2, ["XAUUSD"] * 2, {}) == (found["broker"], found["symbol"], problems)
    assert [MS] * 2 == [int(at.timestamp() * 1000) for at in found["start"]]
    json_rows = read({**ONE, "start": "@window_start"}, [b"A" + WINDOW, b"short", b"B" + WINDOW])
    assert ["A", "the key has 5 bytes, and the start of its window alone takes 8", "B"] == symbols(json_rows)
    assert [MS * 10**6] * 2 == json_rows.frame["start"].to_list()


def test_an_avro_key_is_a_record_or_a_bare_value() -> None:
    """Of whatever schemas, in one poll; a bare value and a record of one field mean the same."""
    bare, one = "string", record("SYMBOL")
    keys = [framed(1, bare, "A"), framed(2, one, {"SYMBOL": "B"}), framed(3, NULLABLE, "C"), framed(1, bare, "A")]

    for path in ("@key", "@key.SYMBOL"):
        found, problems = avro({"broker": "=b1", "symbol": path}, [bare, one, NULLABLE], keys)
        assert (["A", "B", "C", "A"], {}) == (found["symbol"], problems)


def test_an_avro_key_that_cannot_be_read_loses_its_own_message() -> None:
    """Unknown schemas, other fields, rests, and no key at all."""
    two, bare = record("BROKER", "SYMBOL"), "string"
    good = framed(1, two, {"BROKER": "b1", "SYMBOL": "A"})
    keys = [good, framed(9, bare, "A"), framed(2, bare, "A"), good + b"!", None, b"text"]

    found, problems = avro(TWO, [two, bare], keys)

    assert "A" == found["symbol"][0]
    assert {
        1: "the key: no schema 9",
        2: "the key: the schema 2 is one string, and broker, symbol are to be found in it",
        3: "the key: the message does not fit its schema: 1 byte too many behind the last field",
        4: "the message has no key",
        5: "the key: the message has 4 bytes, too few for the number of a schema",
    } == problems
    _, problems = avro(ONE, [two], [good])
    assert {
        0: "the key: the schema 1 has the fields BROKER, SYMBOL: write '@key.NAME' of one of them for 'symbol'"
    } == (problems)


def test_keys_and_values_may_have_different_formats() -> None:
    """Bare texts before Avro values, as many producers write them."""
    made = plan(broker="=b1", symbol="@key")
    serde = open_serde(made, resolve("24x7"), format=Format.AVRO_RAW, key_format=Format.JSON)
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 2}
    kinds = {"broker": "string", "symbol": "string", "start": "long", "price": decimal}  # as it is derived of the event
    document = {"type": "record", "name": "e", "fields": [{"name": n, "type": k} for n, k in kinds.items()]}
    value = body(document, {"broker": "no", "symbol": "no", "start": MS * 10**6, "price": Decimal("1.50")})

    rows = serde.events.decode([value, value], [b"A", b"B"])

    assert (["A", "B"], ["b1", "b1"]) == (rows.frame["symbol"].to_list(), rows.frame["broker"].to_list())


def test_a_file_has_no_keys() -> None:
    """The message says where keys are."""
    frame = pl.DataFrame({"broker": ["b1"], "start": ["2026-11-20T22:50:00Z"], "price": ["1"]})

    with pytest.raises(SourceError, match="'@key' for the field 'symbol' is of messages on Kafka, which have keys"):
        compute(plan(symbol="@key"), frame)
