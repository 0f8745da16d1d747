"""Avro messages to rows: written by fastavro, damaged by hand and by chance."""

from __future__ import annotations

import io
import json
import random
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

import fastavro
import numpy as np
import pytest

from barloom.errors import RegistryUnavailable, SourceError
from barloom.plan.barplan import Field, FieldKind
from barloom.serde.avro.events import AvroEventDecoder
from barloom.serde.avro.schema import AvroType, parse_schema
from barloom.serde.schema_source import OneSchema
from serde.material import START, quotes

Some: TypeAlias = Any
"""A schema, or a value for fastavro: whatever JSON or Python may say."""

DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 4}
SIZE = {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 2}
MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
TYPES: dict[str, Some] = {
    "broker": "string",
    "number": "long",
    "at": "long",
    "bid": DECIMAL,
    "ask": ["null", DECIMAL],
    "size": SIZE,
    "buy": "boolean",
}
ROW: dict[str, Some] = {
    "broker": "B",
    "number": 5,
    "at": START // 10**6,
    "bid": Decimal("12.3456"),
    "ask": None,
    "size": Decimal("1234567890123456789.01"),
    "buy": True,
}
READ = ("B", 5, START, Decimal("12.3456"), None, Decimal("1234567890123456789.01"), True)
NAMES = list(ROW)


def schema(**changed: Some) -> dict[str, Some]:
    """The writer's schema with other types for some fields; none leaves a field out."""
    types = {name: kind for name, kind in {**TYPES, **changed}.items() if kind is not None}
    return {"type": "record", "name": "Quote", "fields": [{"name": n, "type": kind} for n, kind in types.items()]}


def body(document: Some, row: Some) -> bytes:
    """A message as fastavro writes it."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(document), row)
    return out.getvalue()


def decoder(document: Some, reader: Some = None, **source: object) -> AvroEventDecoder:
    """Reads bodies of one schema."""
    read = None if reader is None else parse_schema(json.dumps(reader), "the reader's")
    made = OneSchema(parse_schema(json.dumps(document), "the schema"), "the schema")
    return AvroEventDecoder(quotes(**source), made, framed=False, reader=read)


def values_of(name: str, kind: Some, *values: Some, **source: object) -> tuple[list[Some], dict[int, str]]:
    """What is read of a field of another type, and what is wrong."""
    document = schema(**{name: kind})
    rows = decoder(document, **source).decode([body(document, {**ROW, name: value}) for value in values])
    found = dict(zip(rows.index.tolist(), rows.frame[name].to_list(), strict=True))
    return [found.get(place) for place in range(len(values))], dict(rows.problems)


class Schemas:
    """A registry that knows two schemas, and does not answer for a third."""

    single = False

    def __init__(self, **documents: Some) -> None:
        self._known = {int(name[1:]): parse_schema(json.dumps(each), name) for name, each in documents.items()}

    def schema(self, number: int) -> tuple[AvroType, str]:
        """A schema by its number."""
        if number == 99:
            message = "no answer"
            raise RegistryUnavailable(message)
        if number not in self._known:
            message = f"the schema {number} is not in the registry"
            raise LookupError(message)
        return self._known[number], f"the schema {number}"


def framed(number: int, data: bytes) -> bytes:
    """In Confluent's framing."""
    return b"\0" + number.to_bytes(4, "big") + data


def test_a_message_becomes_a_row_with_all_its_digits() -> None:
    """Every kind of field, null and 128 bits among them."""

    rows = decoder(schema()).decode([body(schema(), ROW)] * 3)

    assert [READ] * 3 == rows.frame.rows()
    assert {} == rows.problems


GOOD = body(schema(), ROW)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (None, "no value"),
        (b"", "ends within 'broker'"),
        (GOOD[:-1], "ends within 'buy'"),
        (GOOD[:3], "ends within"),
        (GOOD + b"\0", "1 byte too many"),
        (GOOD + GOOD, f"{len(GOOD)} bytes too many"),
        (GOOD[:-1] + b"\2", "'buy' is neither true nor false"),
        (b"\x01" + GOOD[1:], "'broker' has a negative length"),
        (b"\xff" * 9 + b"\x01" + GOOD[1:], "'broker' has a negative length"),
        (b"\xfe" + b"\xff" * 8 + b"\x01" + GOOD[1:], "ends within 'broker'"),
        (b"\xff" * 11 + GOOD[1:], "'broker' leaves the 64 bits"),
        (b"\x02\xff" + GOOD[2:], "no UTF-8"),
        (GOOD.replace(b"\x06\x01\xe2\x40", b"\x00"), "bid: the decimal has no bytes"),
        (b"x" * 1_000_000, "does not fit its schema"),
        (bytes(100), "broker: the key is missing"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_poison_message_loses_only_itself(bad: bytes | None, says: str, place: int) -> None:
    """Wherever it stands, its neighbours are read, and its problem says what is wrong."""
    poll: list[bytes | None] = [GOOD, GOOD]
    poll.insert(place, bad)
    if bad == bytes(100):
        poll[place] = body(schema(), {**ROW, "broker": ""})

    rows = decoder(schema()).decode(poll)

    assert [READ, READ] == rows.frame.rows()
    assert [row for row in range(3) if row != place] == rows.index.tolist()
    assert [place] == list(rows.problems)
    assert says in rows.problems[place]


def test_garbage_that_makes_up_for_other_garbage() -> None:
    """A message that ends too early beside one that ends too late: each is refused, though their sum fits."""

    rows = decoder(schema()).decode([GOOD[:-4], GOOD[-4:] + GOOD, GOOD])

    assert [0, 1] == list(rows.problems)
    assert [READ] == rows.frame.rows()


@pytest.mark.parametrize("seed", range(4))
def test_what_is_read_of_damaged_messages_is_what_stands_there(seed: int) -> None:
    """Bytes changed, lost and added by chance: intact messages are all read, and no other is read differently."""
    chance = random.Random(seed)
    document = schema(
        broker={"type": "enum", "name": "E", "symbols": ["A", "B", "C"]},
        bid=["null", DECIMAL, "string", "double"],
        extra={"type": "array", "items": ["long", {"type": "array", "items": "int"}]},
    )
    parsed = fastavro.parse_schema(document)
    bids = [Decimal("1.5"), "2.25", 0.5]
    poll, intact = [], []
    for _ in range(400):
        row = {**ROW, "broker": chance.choice("ABC"), "bid": chance.choice(bids), "number": chance.getrandbits(40)}
        data = bytearray(body(document, {**row, "extra": [1, [2, 7], -3]}))
        intact.append(chance.random() < 0.5)
        for _ in range(0 if intact[-1] else chance.randint(1, 3)):
            _damage(data, chance)
        poll.append(bytes(data))

    rows = decoder(document).decode(poll)

    assert not set(np.flatnonzero(intact).tolist()) & set(rows.problems)
    assert len(poll) == rows.frame.height + len(rows.problems)
    for place, found in zip(rows.index.tolist(), rows.frame.rows(named=True), strict=True):
        stream = io.BytesIO(poll[place])
        theirs: Some = fastavro.schemaless_reader(stream, parsed, None)
        assert b"" == stream.read()
        expected = {name: theirs[name] for name in NAMES} | {"at": theirs["at"] * 10**6}
        assert expected | {"bid": Decimal(str(theirs["bid"]))} == found


def _damage(data: bytearray, chance: random.Random) -> None:
    place = chance.randrange(len(data))
    match chance.randrange(3):
        case 0:
            data[place] = chance.choice([0, 1, 2, 0x7F, 0x80, 0xFF, chance.randrange(256)])
        case 1:
            del data[place : place + chance.randint(1, 4)]
            data += b"" if data else b"\0"
        case _:
            data[place:place] = chance.randbytes(chance.randint(1, 4))


def test_messages_of_several_schemas_in_one_topic() -> None:
    """Each is read with the schema it names: other order, other types, more and fewer fields. The order stays."""
    old = schema(ask=None, number="int", bid={**DECIMAL, "scale": 2})
    new = {**schema(note="string", at=MILLIS), "fields": list(reversed(schema(note="string", at=MILLIS)["fields"]))}
    at = datetime.fromtimestamp(START // 10**9, UTC)
    poll = [
        framed(1, body(old, {**ROW, "bid": Decimal("1.25"), "number": 1})),
        framed(2, body(new, {**ROW, "note": "hello", "at": at, "number": 2})),
        framed(7, b"?"),
        framed(1, body(old, {**ROW, "bid": Decimal("1.26"), "number": 3})),
        b"\1" + framed(1, GOOD)[1:],
        b"\0\0\0",
        None,
        framed(2, body(new, {**ROW, "note": "", "at": at, "number": 4})),
        framed(1, b""),
    ]

    rows = AvroEventDecoder(quotes(), Schemas(_1=old, _2=new), framed=True).decode(poll)

    assert [0, 1, 3, 7] == rows.index.tolist()
    assert [1, 2, 3, 4] == rows.frame["number"].to_list()
    assert [Decimal("1.25"), Decimal("12.3456"), Decimal("1.26"), Decimal("12.3456")] == rows.frame["bid"].to_list()
    assert {START} == set(rows.frame["at"].to_list())
    assert [2, 4, 5, 6, 8] == list(rows.problems)
    says = ["schema 7 is not in the registry", "begins with the byte 1", "3 bytes", "no value", "ends within 'broker'"]
    assert all(text in problem for text, problem in zip(says, rows.problems.values(), strict=True))


def test_a_registry_that_does_not_answer_is_no_poison() -> None:
    """The poll as a whole is to be read again: nothing of it may be lost."""

    with pytest.raises(RegistryUnavailable):
        AvroEventDecoder(quotes(), Schemas(_1=schema()), framed=True).decode([framed(1, GOOD), framed(99, GOOD)])


def test_numbers_do_not_matter_where_there_is_one_schema() -> None:
    """Framed messages without a registry are read with the given schema."""
    made = AvroEventDecoder(quotes(), OneSchema(parse_schema(json.dumps(schema()), ""), ""), framed=True)

    rows = made.decode([framed(1, GOOD), framed(2, GOOD), b"\0\0", framed(3, GOOD)])

    assert [0, 1, 3] == rows.index.tolist()


def test_a_field_that_the_writer_does_not_have() -> None:
    """By an alias, by a default of the readers' schema, as null; otherwise the problem names what there is."""
    writer = schema(ask=None, bid=None, price=DECIMAL)
    message = body(writer, {**ROW, "price": Decimal(1)})
    reader = {
        **schema(),
        "fields": [
            {"name": "bid", "type": DECIMAL, "aliases": ["price"]},
            {"name": "buy", "type": "boolean", "default": False},
        ],
    }
    gone = schema(ask=None, bid=None, price=DECIMAL, buy=None)

    assert [(Decimal(1), None)] == decoder(writer, reader).decode([message]).frame.select("bid", "ask").rows()
    row = body(gone, {**ROW, "price": Decimal(1)})
    assert [False] == decoder(gone, reader).decode([row]).frame["buy"].to_list()
    problems = decoder(writer).decode([message, None]).problems
    assert "no column 'bid'" in problems[0]
    assert "'price'" in problems[0]
    assert "no value" in problems[1]


def test_a_renamed_field_of_the_writer() -> None:
    """A writer's alias is a name too."""
    document = schema()
    document["fields"][3] = {"name": "px", "type": DECIMAL, "aliases": ["bid"]}
    row = {**ROW, "px": Decimal(3)}

    assert [Decimal(3)] == decoder(document).decode([body(document, row)]).frame["bid"].to_list()


def test_nested_messages() -> None:
    """`columns` leads through records, unions of them and arrays; what is not there is missing."""
    inner = {"type": "record", "name": "Inner", "fields": [{"name": "p", "type": DECIMAL}]}
    beside = {"type": "map", "values": ["float", {"type": "fixed", "name": "Three", "size": 3}]}
    document = schema(bid=None, beside=beside, d=["null", {"type": "array", "items": ["null", inner]}])
    rows = [[{"p": Decimal(1)}], [None, {"p": Decimal(2)}], [], None, [{"p": Decimal(5)}, {"p": Decimal(4)}] * 3]
    poll = [body(document, {**ROW, "beside": {"a": 1.5, "bc": b"123"}, "d": each}) for each in rows]

    first = decoder(document, columns={"bid": "d.0.p"}).decode(poll)
    second = decoder(document, columns={"bid": "d.1.p"}).decode(poll)

    assert [Decimal(1), Decimal(5)] == first.frame["bid"].to_list()
    assert dict.fromkeys((1, 2, 3), "bid: the value is missing") == first.problems
    assert [1, 4] == second.index.tolist()
    assert [Decimal(2), Decimal(4)] == second.frame["bid"].to_list()


def test_decimals_fit_by_value() -> None:
    """Of another scale, fixed or of any length: as long as the value fits; otherwise the problem says why."""
    fine = {**DECIMAL, "scale": 6}
    fixed = {"type": "fixed", "name": "F", "size": 16, "logicalType": "decimal", "precision": 38, "scale": 4}
    wide = {**DECIMAL, "precision": 38}

    assert [Decimal("1.5"), None] == values_of("bid", fine, Decimal("1.500000"), Decimal("1.500001"))[0]
    assert "bid: '1.500001' does not fit decimal(18, 4)" in values_of("bid", fine, Decimal("1.500001"))[1][0]
    numbers = [Decimal("-0.0001"), Decimal("99999999999999.9999"), Decimal(0)]
    assert numbers == values_of("bid", fixed, *numbers)[0]
    assert "more digits before the point" in values_of("bid", wide, Decimal(10) ** 14)[1][0]
    long = [Decimal("9" * 36 + ".99"), Decimal("-184467440737095516.16"), Decimal("92233720368547758.08")]
    assert long == values_of("size", SIZE, *long)[0]


def test_a_decimal_with_more_bytes_than_it_needs() -> None:
    """Padded two's complement is legal; more than 38 digits are not."""
    padded = (-5).to_bytes(20, "big", signed=True)
    huge = (10**40).to_bytes(20, "big", signed=True)
    start, end = GOOD.split(b"\x06\x01\xe2\x40")

    rows = decoder(schema()).decode([start + b"\x28" + padded + end, start + b"\x28" + huge + end, GOOD])

    assert [Decimal("-0.0005"), Decimal("12.3456")] == rows.frame["bid"].to_list()
    assert {1: "bid: the decimal has more than 38 digits"} == rows.problems


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("double", 0.1, "0.1"),
        ("float", 0.25, "0.25"),
        ("long", 7, "7"),
        ("int", -7, "-7"),
        ("string", "1.50", "1.5"),
        (["string", "null"], "1.50", "1.5"),
        (["double", "string", "long"], 3, "3"),
    ],
)
def test_decimals_from_other_types(kind: Some, given: Some, expected: str) -> None:
    """A float counts as its shortest decimal, a text as it is written."""

    assert [Decimal(expected)] == values_of("bid", kind, given)[0]


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        ("double", 0.123456, "does not fit decimal(18, 4)"),
        ("double", float("nan"), "is not a number"),
        ("float", 0.1234567, "does not fit decimal(18, 4)"),
        ("string", "1,5", "is not a number"),
        ("bytes", b"12", "is bytes, which is no decimal(18, 4)"),
        ("boolean", True, "is bool"),
        (["null", "boolean"], True, "is bool"),
        ({"type": "array", "items": "long"}, [1], "is array, which is no decimal(18, 4)"),
        (["null", {"type": "map", "values": "long"}], {}, "is map, which is no decimal(18, 4)"),
        (["null", "long"], None, "the value is missing"),
    ],
)
def test_values_that_are_no_decimals(kind: Some, given: Some, says: str) -> None:
    """A type or value that cannot be the field's is the problem of the messages that have it."""
    document = schema(bid=kind)

    rows = decoder(document).decode([body(document, {**ROW, "bid": given})])

    assert says.lower() in rows.problems[0].lower()


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("long", START // 10**6),
        (MILLIS, START // 10**6),
        ({"type": "long", "logicalType": "timestamp-micros"}, START // 10**3),
        ({"type": "long", "logicalType": "timestamp-nanos"}, START),
        (["null", MILLIS, "string"], START // 10**6),
        ("string", str(START // 10**6)),
    ],
)
def test_times_in_every_unit(kind: Some, given: int | str) -> None:
    """A logical type says the unit; a plain number has the declared one."""

    assert [START] == values_of("at", kind, given)[0]


def test_local_times_need_a_zone() -> None:
    """A time without a zone is read in the zone of the source, or is a problem that says so."""
    kind = {"type": "long", "logicalType": "local-timestamp-millis"}

    assert [START] == values_of("at", kind, START // 10**6 + 3_600_000, zone="Europe/Berlin")[0]
    assert "zone" in values_of("at", kind, START // 10**6)[1][0]


def test_texts_from_enums_and_bytes() -> None:
    """Symbols and UTF-8 bytes are texts."""
    enum = {"type": "enum", "name": "Side", "symbols": ["BUY", "SELL"]}

    assert ["SELL", "BUY"] == values_of("broker", enum, "SELL", "BUY")[0]
    assert ["ü"] == values_of("broker", "bytes", "ü".encode())[0]
    assert "'broker' is none of the 2 symbols of Side" in _with_first_byte(schema(broker=enum), 9, "BUY")
    assert "'broker' is none of the 2 types" in _with_first_byte(schema(broker=["null", "string"]), 4, "x")


def test_arrays_of_codes() -> None:
    """A list takes arrays of texts, enums and whole numbers, in unions too; others lose their row only."""
    made = replace(quotes(), event=replace(quotes().event, fields=_with_a_list(quotes().event.fields)))
    enum = {"type": "enum", "name": "Side", "symbols": ["BID", "ASK"]}
    items: list[tuple[Some, Some, str | None]] = [
        ("string", ["53", "52"], "53,52"),
        ("long", [53, -2], "53,-2"),
        (enum, ["ASK", "BID"], "ASK,BID"),
        (["null", "string"], ["53", None], "53"),
        ("string", [], ""),
        ("double", [0.5], None),
    ]
    for kind, given, wanted in items:
        array = {"type": "array", "items": kind}
        for written in (array, ["null", array]):
            document = schema(broker="string", buy=written)
            one = OneSchema(parse_schema(json.dumps(document), "the schema"), "the schema")
            rows = AvroEventDecoder(made, one, framed=False).decode([body(document, {**ROW, "buy": given})] * 2)
            assert ([wanted] * 2 if wanted is not None else []) == rows.frame["buy"].to_list()


def _with_a_list(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    listed = Field("buy", FieldKind.STRING, separator=",")
    return tuple(listed if field.name == "buy" else field for field in fields)


def _with_first_byte(document: Some, byte: int, broker: str) -> str:
    good = body(document, {**ROW, "broker": broker})
    rows = decoder(document).decode([good, bytes([byte]) + good[1:]])
    assert [1] == list(rows.problems)
    return rows.problems[1]


def test_arrays_in_blocks_that_tell_their_size() -> None:
    """Blocks with a negative count tell their bytes; one that tells of more items than there are bytes is refused."""
    document = schema(bid=None, d={"type": "array", "items": DECIMAL})
    good = body(document, {**ROW, "d": []})
    item = b"\x06\x01\xe2\x40"
    blocks = b"\x03" + bytes([2 * 2 * len(item)]) + item * 2 + b"\x02" + item + b"\0"

    rows = decoder(document, columns={"bid": "d.2"}).decode([good[:-1] + blocks, good[:-1] + b"\xfe\x07" + item])

    assert [Decimal("12.3456")] == rows.frame["bid"].to_list()
    assert "more items than there are bytes" in rows.problems[1]


def test_a_message_nested_without_end() -> None:
    """A type may hold itself; a message that makes use of that to no end is refused, the others are read."""
    node = {"type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}]}
    document = schema(tree=node)
    good = body(document, {**ROW, "tree": {"next": {"next": None}}})

    rows = decoder(document).decode([good, good[:-2] + b"\x02" * 5000 + b"\0"])

    assert [READ] == rows.frame.rows()
    assert "nested more than" in rows.problems[1]


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", '"nothing"', '{"type":"record"}', '{"type":"fixed","name":"F"}', '{"type":"enum"}']
)
def test_what_is_no_schema(text: str) -> None:
    """The message names where it stands."""

    with pytest.raises(SourceError, match=r"my\.avsc is no Avro schema"):
        parse_schema(text, "my.avsc")


def test_nothing_in_nothing_out() -> None:
    """An empty poll has no rows."""

    assert (0, 0) == (decoder(schema()).decode([]).count, decoder(schema()).decode([]).frame.height)


@pytest.mark.parametrize(
    "kind", ["double", ["null", "double"], {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 8}]
)
def test_places_are_rounded_where_the_field_says_so(kind: Some) -> None:
    """In whatever type a number comes that has more of them."""
    plan = quotes()
    fields = (replace(field, rounding="half-even") if field.name == "bid" else field for field in plan.event.fields)
    plan = replace(plan, event=replace(plan.event, fields=tuple(fields)))
    document = schema(bid=kind)
    source = OneSchema(parse_schema(json.dumps(document), "test"), "test")
    value = Decimal("0.12345678") if isinstance(kind, dict) else 0.12345678
    found = AvroEventDecoder(plan, source, framed=False).decode([body(document, {**ROW, "bid": value})])

    assert {} == dict(found.problems)
    assert [Decimal("0.1235")] == found.frame["bid"].to_list()


def test_what_is_no_base64_is_refused_in_any_type() -> None:
    """Also where a field has several: bad text is not taken for a missing number."""
    plan = quotes()
    fields = (replace(field, encoding="base64") if field.name == "ask" else field for field in plan.event.fields)
    plan = replace(plan, event=replace(plan.event, fields=tuple(fields)))
    for kind in ("string", ["null", "string"]):
        document = schema(ask=kind)
        source = OneSchema(parse_schema(json.dumps(document), "test"), "test")
        found = AvroEventDecoder(plan, source, framed=False).decode([body(document, {**ROW, "ask": "***"})])
        assert ["ask"] == [text.partition(":")[0] for text in found.problems.values()]
