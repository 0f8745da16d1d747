"""Bars and refused rows of a definition with a sequence, in both formats, read by another implementation and ours."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import fastavro
import numpy as np
import pytest

import barloom as bl
from barloom.engine.frames import bar_frame
from barloom.serde import schemas
from barloom.serde.formats import Format
from barloom.serde.open import open_serde
from barloom.store.layout import Layout
from barloom.store.protocol import SideRecord
from serde.material import CALENDAR, KEYS, START, bars

if TYPE_CHECKING:
    from barloom.engine.blocks import BarBlock


class Numbered(bl.Event):
    """A quote with a number."""

    broker: str = bl.key()
    number: int = bl.key()
    at: int = bl.timestamp(unit="ms")
    bid: Decimal = bl.decimal(18, 4)
    place: int = bl.sequence()


PLAN = bl.from_(Numbered).tumbling("1m").ohlcv(price="bid").rollup("1h", "1d").named("bars").plan


def block() -> BarBlock:
    """Some bars of all kinds."""
    made = bars(PLAN, 12, wide=False)
    return replace(made, missing=np.arange(12) * 10**9, complete=np.arange(12) % 3)


@pytest.mark.parametrize("form", [Format.AVRO_RAW, Format.JSON])
def test_bars_come_back_as_they_went(form: Format) -> None:
    """Encoded and decoded, a block is the frame that `bar_frame` makes of it."""
    serde = open_serde(PLAN, CALENDAR, format=form)
    records = serde.bars.encode([block()], KEYS)[0]
    frame = serde.bar_decoder.frame(0, records.keys, records.values)

    assert bar_frame(PLAN, CALENDAR, KEYS, block()).equals(frame)
    assert ["no", "unknown", "yes"] * 4 == frame["complete"].to_list()
    assert [place * 10**9 for place in range(12)] == frame["missing"].to_list()


def test_the_store_keeps_them() -> None:
    """In the same record as the rest."""
    codec = Layout(PLAN).records
    encoded = codec.encode(block())
    decoded = codec.decode(0, block().key, block().start, encoded, final=True)

    assert decoded.missing is not None
    assert decoded.complete is not None
    assert block().missing.tolist() == decoded.missing.tolist()  # type: ignore[union-attr]
    assert block().complete.tolist() == decoded.complete.tolist()  # type: ignore[union-attr]
    assert ["no", "unknown", "yes"] == [codec.decode_one(each).complete for each in encoded[:3]]
    assert [bool(flag) for flag in block().synthetic] == [codec.decode_one(each).synthetic for each in encoded]


def test_refused_rows_and_holes() -> None:
    """Numbers stand behind what a refused row always had, null where there are none."""
    late = SideRecord(
        9,
        "ticks",
        4,
        "late",
        "came late",
        "raw",
        5,
        {"1m": START},
        ("B", 1),
        START,
        by_clock=False,
        first_number=7,
        last_number=8,
    )
    hole = SideRecord(9, "", 0, "gap", "missing", "", 0, {}, ("B", 1), START)
    hole = hole._replace(first_number=9, last_number=12, until=START + 5, hole="open")
    records = open_serde(PLAN, CALENDAR, format=Format.AVRO_RAW).late.encode([late, hole])
    schema = fastavro.parse_schema(json.loads(schemas.late_schema(PLAN, "barloom")))
    told = [fastavro.schemaless_reader(io.BytesIO(value), schema, None) for value in records.values]
    names = ("first_number", "last_number", "until", "hole")

    assert [(7, 8, None, None), (9, 12, START + 5, "open")] == [tuple(one[name] for name in names) for one in told]
    documents = [
        json.loads(value) for value in open_serde(PLAN, CALENDAR, format=Format.JSON).late.encode([late, hole]).values
    ]
    assert [(7, 8, None, None), (9, 12, START + 5, "open")] == [tuple(one[name] for name in names) for one in documents]
