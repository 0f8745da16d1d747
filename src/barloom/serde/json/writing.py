"""Rows of the event as JSON messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from barloom.engine.frames import TIME
from barloom.errors import DefinitionError, Problem
from barloom.plan.barplan import FieldKind
from barloom.plan.patterns import ISO, shown_form
from barloom.serde.json.text import as_json, counted, json_members
from barloom.serde.protocol import Records
from barloom.source.fields import column_type
from barloom.source.text.epochs import UNITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan, Field

__all__ = ["JsonEventEncoder"]


class JsonEventEncoder:
    """Writes rows under the names of the event's fields, decimals and times as the event declares them.

    Raises `DefinitionError` for times that are declared by a pattern.
    """

    def __init__(self, plan: BarPlan) -> None:
        by_name = plan.event.by_name
        _refuse_forms(plan)
        self._times = [pl.col(field.name).cast(TIME) for field in plan.event.fields if _is_iso(field)]
        self._key = self._object([by_name[name] for name in plan.event.key], "key")
        self._value = self._object(plan.event.fields, "value")

    def encode(self, frame: pl.DataFrame) -> Records:
        """One message a row."""
        texts = frame.with_columns(self._times).select(self._key, self._value)
        return Records(texts["key"].to_list(), texts["value"].to_list())

    def _object(self, fields: Sequence[Field], name: str) -> pl.Expr:
        members = json_members({field.name: _text(field) for field in fields})
        return pl.concat_str(pl.lit("{"), members).cast(pl.Binary).alias(name)


def _refuse_forms(plan: BarPlan) -> None:
    """Times by a pattern are read, not written: what would be read back is not what was meant."""
    fix = "declare it timestamp, or timestamp(ms), where events are written, or write Avro"
    problems = [
        Problem(f"{shown_form(field.form)} says how a time is read, not how one is written", field.name, fix)
        for field in plan.event.fields
        if field.form != ISO
    ]
    if problems:
        raise DefinitionError(problems)


def _is_iso(field: Field) -> bool:
    return field.kind is FieldKind.TIMESTAMP and field.time_unit in (None, "iso")


def _text(field: Field) -> pl.Expr:
    if field.kind is not FieldKind.TIMESTAMP:
        return as_json(field.name, column_type(field), "iso", escape=True)
    if field.time_unit is None or _is_iso(field):
        return as_json(field.name, TIME, "iso")
    return counted(pl.col(field.name), UNITS.get(field.time_unit, 0)).fill_null("null")
