"""Bars in Avro, read by another implementation and by our own."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import fastavro
import numpy as np
import polars as pl
import pytest

from barloom.engine.blocks import BarId
from barloom.engine.frames import bar_frame
from barloom.errors import DefinitionError, SourceError
from barloom.serde import schemas
from barloom.serde.avro.pieces import decimals, longs, messages, varint
from barloom.serde.formats import Format
from barloom.serde.open import Serde, open_serde
from barloom.store.protocol import SideRecord
from serde.material import CALENDAR, KEYS, NUMBERS, START, WIDE, bars, quotes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from barloom.plan.barplan import BarPlan

PLAN = quotes()
SPACE = "barloom"


def serde(form: Format = Format.AVRO_RAW, **source: object) -> Serde:
    """Avro for `Quote`."""
    return open_serde(quotes(**source), CALENDAR, format=form)


def read(make: Callable[[BarPlan, str], str], data: Sequence[bytes], skip: int = 0) -> list[Any]:
    """What fastavro reads; nothing may be left over."""
    schema = fastavro.parse_schema(json.loads(make(PLAN, SPACE)))
    found = []
    for each in data:
        stream = io.BytesIO(each[skip:])
        found.append(fastavro.schemaless_reader(stream, schema, None))
        assert b"" == stream.read()
    return found


@pytest.mark.parametrize("form", [Format.AVRO, Format.AVRO_RAW])
@pytest.mark.parametrize("wide", [True, False])
def test_another_implementation_reads_the_same_bars(form: Format, *, wide: bool) -> None:
    """fastavro, given the schema, reads what `bar_frame` says of the block."""
    block = bars(PLAN, wide=wide)

    records = serde(form).bars.encode([block], KEYS)[0]

    skip = 5 if form is Format.AVRO else 0
    expected = bar_frame(PLAN, CALENDAR, KEYS, block)
    assert _counted(expected) == read(schemas.bar_value_schema, records.values, skip)
    keys = expected.select("broker", "number", "start").rows(named=True)
    assert keys == read(schemas.bar_key_schema, records.keys, skip)
    assert all(each[:skip] == bytes(skip) for each in (*records.keys, *records.values))


@pytest.mark.parametrize("form", [Format.AVRO, Format.AVRO_RAW])
@pytest.mark.parametrize("wide", [True, False])
def test_bars_come_back_as_they_went(form: Format, *, wide: bool) -> None:
    """Encoded and decoded, a block is the frame that `bar_frame` makes of it."""
    made = serde(form)
    block = bars(PLAN, wide=wide, level=2)

    records = made.bars.encode([block], KEYS)[0]
    frame = made.bar_decoder.frame(2, records.keys, records.values)

    expected = bar_frame(PLAN, CALENDAR, KEYS, block)
    assert expected.equals(frame)
    assert expected.schema == frame.schema
    assert _counted(expected) == [made.bar_decoder.one(2, key, value) for key, value in zip(*records, strict=True)]
    places = list(zip(KEYS.rows(block.key), block.start.tolist(), strict=True))
    assert places == [made.bar_decoder.place(key) for key in records.keys]
    assert records.keys == made.bars.tombstones(BarId(2, block.key, block.start), KEYS)


def test_a_bar_has_the_same_bytes_in_whatever_company() -> None:
    """Each bar by itself is written as it is among others, small beside wide."""
    encoder = serde().bars
    block = bars(PLAN)

    together = encoder.encode([block], KEYS)[0]

    for row in range(len(block)):
        part = slice(row, row + 1)
        columns = {
            name: getattr(block, name)[part]
            for name in ("key", "start", "end", "open_time", "close_time", "revision", "filled", "slots", "expected")
        }
        flags = {name: getattr(block, name)[part] for name in ("synthetic", "partial")}
        partials = tuple(
            type(values)(values.numbers[part], None if values.valid is None else values.valid[part])
            for values in block.partials
        )
        alone = encoder.encode([replace(block, **columns, **flags, partials=partials)], KEYS)[0]
        assert ([together.keys[row]], [together.values[row]]) == (alone.keys, alone.values)


def test_no_bars_are_no_messages() -> None:
    """An empty block gives nothing, and nothing is an empty frame."""
    made = serde()

    assert ([], []) == tuple(made.bars.encode([bars(PLAN, 0)], KEYS)[0])
    assert bar_frame(PLAN, CALENDAR, KEYS, bars(PLAN, 0)).equals(made.bar_decoder.frame(0, [], []))


def test_keys_that_come_while_it_runs() -> None:
    """New keys, shorter and longer than those before, and a table of another run."""
    keys = type(KEYS)([("a", 1)])
    encoder = serde().bars
    block = replace(bars(PLAN, 1), key=np.array([0]))
    found = [read(schemas.bar_key_schema, encoder.encode([block], keys)[0].keys)[0]["broker"]]
    for name in ("", "b" * 50, "c" * 500, "d"):
        keys.table.append((name, 1))
        number = np.array([len(keys) - 1])
        found.append(
            read(schemas.bar_key_schema, encoder.encode([replace(block, key=number)], keys)[0].keys)[0]["broker"]
        )
    again = encoder.encode([replace(bars(PLAN, 5), key=np.arange(5))], keys)[0].keys
    other = encoder.encode([block], type(KEYS)([("z", 9)]))[0].keys

    assert ["a", "", "b" * 50, "c" * 500, "d"] == found
    assert found == [row["broker"] for row in read(schemas.bar_key_schema, again)]
    assert "z" == read(schemas.bar_key_schema, other)[0]["broker"]


@pytest.mark.parametrize("bad", [b"", b"\x00", b"garbage that is no bar", b"\xff" * 40])
def test_what_is_no_bar_is_refused(bad: bytes) -> None:
    """A message that the definition did not write is an error that shows it."""
    decoder = serde().bar_decoder

    for act in (lambda: decoder.frame(0, [b""], [bad]), lambda: decoder.one(0, b"", bad), lambda: decoder.place(bad)):
        with pytest.raises(SourceError, match="no bar of this definition"):
            act()


def test_numbers_of_every_length() -> None:
    """Varints and decimals are what fastavro writes, at each border of a length."""
    borders = [sign * (2**bit + off) for bit in range(63) for off in (-1, 0, 1) for sign in (1, -1)]
    numbers = [*borders, 2**63 - 1, -(2**63), *NUMBERS]
    long_schema = fastavro.parse_schema("long")
    out = []
    for number in numbers:
        stream = io.BytesIO()
        fastavro.schemaless_writer(stream, long_schema, number)
        out.append(stream.getvalue())

    assert out == messages([longs(np.array(numbers))], len(numbers))
    assert out == [varint(number) for number in numbers]
    minimal = [
        number.to_bytes((number if number >= 0 else ~number).bit_length() // 8 + 1, "big", signed=True)
        for number in numbers
    ]
    assert [bytes([2 * len(each)]) + each for each in minimal] == messages([decimals(np.array(numbers))], len(numbers))
    mixed = np.array([*numbers, *WIDE], dtype=object)
    values = [each[1:] for each in messages([decimals(mixed)], len(mixed))]
    assert mixed.tolist() == [int.from_bytes(each, "big", signed=True) for each in values]


def test_refused_rows() -> None:
    """The side output, as fastavro reads it."""
    late = SideRecord(9, "ticks", 4, "late", "came late", "rów", -5, {"1m": START, "1h": 0}, ("B", 1), START)

    records = serde().late.encode([late, SideRecord(10, "ticks", 5, "invalid", "bad", "\x00")])

    assert b"" == records.keys[1]
    assert [{"broker": "B", "number": 1}] == read(schemas.late_key_schema, records.keys[:1])
    first, second = read(schemas.late_schema, records.values)
    assert {"1m": START // 10**9, "1h": 0} == {name: at.timestamp() for name, at in first.pop("missed").items()}
    assert {
        "key": {"broker": "B", "number": 1},
        "event_time": START,
        "reason": "late",
        "by": -5,
        "message": "came late",
        "origin": "ticks",
        "row": 4,
        "offset": 9,
        "raw": "rów",
    } == first
    assert (None, None, {}, "\x00") == tuple(second[name] for name in ("key", "event_time", "missed", "raw"))


def test_events_come_back_as_they_went() -> None:
    """What the encoder of events writes, fastavro and the decoder read; the longest text does not widen the others."""
    frame = pl.DataFrame(
        {
            "broker": ["a", "ü" * 100_000, "plain"],
            "number": [1, -(2**63), 3],
            "at": [START, START + 10**6, -(10**6)],
            "bid": [Decimal("1.5000"), Decimal("-0.0001"), Decimal(0)],
            "ask": [None, Decimal(2), None],
            "size": [Decimal("1e35"), Decimal("0.01"), Decimal(1)],
            "buy": [True, False, True],
        },
        schema_overrides={"bid": pl.Decimal(18, 4), "ask": pl.Decimal(18, 4), "size": pl.Decimal(38, 2)},
    )
    made = serde()

    records = made.event_encoder.encode(frame)

    assert frame.rows() == made.events.decode(records.values).frame.rows()
    theirs = read(schemas.event_schema, records.values)
    assert frame["bid"].to_list() == [row["bid"] for row in theirs]
    assert [None, Decimal(2), None] == [row["ask"] for row in theirs]
    assert [{"broker": "plain", "number": 3}] == read(schemas.event_key_schema, records.keys[2:])


def test_a_time_that_its_unit_does_not_hold() -> None:
    """Milliseconds hold no nanosecond: nothing is rounded."""
    made = serde()
    frame = made.events.decode([]).frame

    row = pl.DataFrame([("a", 1, 1, Decimal(1), None, Decimal(1), True)], schema=frame.schema, orient="row")
    with pytest.raises(ValueError, match="'at' holds a time that is no whole number of ms"):
        made.event_encoder.encode(row)


def test_names_follow_from_the_definition_alone() -> None:
    """The schema's names, its version and where its values may be missing."""
    value = json.loads(schemas.bar_value_schema(PLAN, "com.acme"))

    assert ("Bar", "com.acme.bars", 1) == (value["name"], value["namespace"], value["barloom.format"])
    assert list(bar_frame(PLAN, CALENDAR, KEYS, bars(PLAN, 1)).columns) == [each["name"] for each in value["fields"]]
    assert ["open", "ask", "volume", "mean", "count", "open_time", "close_time"] == [
        each["name"] for each in value["fields"] if isinstance(each["type"], list)
    ]


def test_a_name_that_avro_does_not_have() -> None:
    """Avro's names are narrower than a definition's; the message says what to do."""
    outputs = (replace(PLAN.outputs[0], name="größe"), *PLAN.outputs[1:])

    with pytest.raises(DefinitionError, match="'größe' is no name in Avro"):
        schemas.bar_value_schema(replace(PLAN, outputs=outputs), SPACE)


def test_bars_of_several_levels_are_written_as_each_alone() -> None:
    """Together is faster and nothing else: names of different lengths, small numbers and wide ones."""
    for form in (Format.AVRO_RAW, Format.JSON):
        encoder = serde(form).bars
        made = [bars(PLAN, 3, wide=False), bars(PLAN, 0, level=1), bars(PLAN, 20, level=2), bars(PLAN, 4, level=1)]
        blocks = [replace(block, final=True) for block in made]

        together = encoder.encode(blocks, KEYS)

        assert [encoder.encode([block], KEYS)[0] for block in blocks] == together
        assert [3, 0, 20, 4] == [len(records.keys) for records in together]


def _counted(frame: pl.DataFrame) -> list[dict[str, object]]:
    """The rows with times of ticks in nanoseconds, as single bars have them."""
    return frame.with_columns(pl.col("open_time", "close_time").to_physical()).rows(named=True)
