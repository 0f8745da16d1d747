"""The readers of barloom that are compared: the one place here that says where they live."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import barloom as bl
from barloom.errors import SourceError
from barloom.plan.barplan import BarPlan, NumberType, SourcePlan
from barloom.serde.avro.events import AvroEventDecoder
from barloom.serde.avro.schema import parse_schema
from barloom.serde.json.events import JsonEventDecoder
from barloom.serde.schema_source import OneSchema
from barloom.source.files.bytestream import Broken, open_gzip, open_plain
from barloom.source.files.inputs import find_inputs
from barloom.source.open import open_source
from barloom.source.text.csv import CsvText
from barloom.source.text.jsonlines import JsonLines
from barloom.source.text.lines import LineBlocks
from barloom.source.text.numbers import numbers_from_text
from barloom.source.text.records import TextFields
from barloom.source.text.times import times_from_text

__all__ = [
    "AvroEventDecoder",
    "Broken",
    "CsvText",
    "JsonEventDecoder",
    "JsonLines",
    "LineBlocks",
    "NumberType",
    "OneSchema",
    "SourceError",
    "SourcePlan",
    "TextFields",
    "find_inputs",
    "numbers_from_text",
    "open_gzip",
    "open_plain",
    "open_source",
    "parse_schema",
    "plan",
    "times_from_text",
]


class Tick(bl.Event):
    """A tick whose time is a number of microseconds."""

    symbol: str = bl.key()
    at: int = bl.timestamp(unit="us")
    bid: Decimal = bl.decimal(18, 6)
    size: Decimal = bl.decimal(18, 2)


class Written(bl.Event):
    """A tick whose time is written as ISO 8601 text."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    bid: Decimal = bl.decimal(18, 6)
    size: Decimal = bl.decimal(18, 2)


def plan(event: type[bl.Event] = Tick, *, order: str = "row") -> BarPlan:
    """A definition whose events these are, with its rows in the order of the file (`row`) or of their `time`."""
    made = bl.from_(event).tumbling("1s", delay="2s").ohlcv(price="bid", size="size").named("bars").plan
    return replace(made, source=SourcePlan(order=order))
