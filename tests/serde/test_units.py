"""Times that are numbers since 1970, in messages of every format."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from barloom.serde.avro.events import AvroEventDecoder
from barloom.serde.avro.schema import parse_schema
from barloom.serde.formats import Format
from barloom.serde.open import open_serde
from barloom.serde.schema_source import OneSchema
from serde.avro import test_events as avro
from serde.material import CALENDAR, START, quotes

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan

SECONDS = START // 10**9
WRITTEN = [SECONDS, SECONDS * 10**3, SECONDS * 10**6, SECONDS * 10**9]
"""One time in s, ms, us and ns."""


def _auto() -> BarPlan:
    plan = quotes()
    fields = tuple(replace(field, time_unit="auto") if field.name == "at" else field for field in plan.event.fields)
    return replace(plan, event=replace(plan.event, fields=fields))


def test_each_message_of_json_has_its_own_unit() -> None:
    """As rows of a file have: by how large the number is, with a fraction too; what is of no unit is refused."""
    decoder = open_serde(_auto(), CALENDAR, format=Format.JSON).events
    message = '{"broker":"B","number":5,"at":%s,"bid":"1.5","ask":null,"size":"2","buy":true}'
    rows = decoder.decode([(message % at).encode() for at in [*WRITTEN, f"{SECONDS}.5", '"5"']])

    assert [START] * 4 + [START + 500_000_000] == rows.frame["at"].to_list()
    assert [5] == list(rows.problems)


@pytest.mark.parametrize("kind", ["long", "string"])
def test_each_message_of_avro_has_its_own_unit(kind: str) -> None:
    """A plain number, or text, as in JSON."""
    document = avro.schema(at=kind)
    values = [str(at) if kind == "string" else at for at in [*WRITTEN, 5]]
    bodies = [avro.body(document, {**avro.ROW, "at": value}) for value in values]
    one = OneSchema(parse_schema(json.dumps(document), "the schema"), "the schema")
    rows = AvroEventDecoder(_auto(), one, framed=False).decode(bodies)

    assert [START] * 4 == rows.frame["at"].to_list()
    assert [4] == list(rows.problems)
