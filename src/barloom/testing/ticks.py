"""Rows as a test writes them, as the engine's typed columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from barloom.engine.blocks import TickBatch
from barloom.plan.barplan import FieldKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan, Field
    from barloom.testing.log import Record

__all__ = ["TickReader", "as_rows"]

_UNITS: Final = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}


def as_rows(ticks: pl.DataFrame | Mapping[str, Any] | Iterable[Any] | Any) -> list[Any]:  # noqa: ANN401 - any event
    """One or many rows as a list."""
    if isinstance(ticks, pl.DataFrame):
        return list(ticks.to_dicts())
    if isinstance(ticks, Mapping) or is_dataclass(ticks) or not isinstance(ticks, Iterable):
        return [ticks]
    return list(ticks)


class TickReader:
    """Reads rows of one definition."""

    def __init__(self, plan: BarPlan) -> None:
        self._event = plan.event
        self._schema = {item.name: _dtype(item) for item in plan.event.fields}

    def times(self, rows: Sequence[Any]) -> list[int | None]:
        """The event time of each row in nanoseconds; none where it cannot be read."""
        field = self._event.by_name[self._event.timestamp]
        times: list[int | None] = []
        for row in rows:
            try:
                times.append(_value(field, _as_mapping(row)[field.name]))
            except (KeyError, TypeError, ValueError):
                times.append(None)
        return times

    def read(self, records: Sequence[Record]) -> tuple[TickBatch, list[tuple[Record, str]]]:
        """The rows that fit the event, and the others with what is wrong with them."""
        columns: dict[str, list[Any]] = {name: [] for name in self._schema}
        good: list[Record] = []
        bad: list[tuple[Record, str]] = []
        for record in records:
            try:
                values = self._values(_as_mapping(record.value))
            except (KeyError, TypeError, ValueError, ArithmeticError) as error:
                bad.append((record, str(error)))
                continue
            good.append(record)
            for name, value in values.items():
                columns[name].append(value)
        batch = TickBatch(
            pl.DataFrame(columns, schema=self._schema),
            np.array([record.offset for record in good], np.int64),
            np.array([record.timestamp for record in good], np.int64),
        )
        return batch, bad

    def _values(self, row: Mapping[str, Any]) -> dict[str, Any]:
        values = {}
        for item in self._event.fields:
            value = _value(item, row.get(item.name))
            if value is None and not item.nullable:
                message = f"{item.name} has no value"
                raise ValueError(message)
            values[item.name] = value
        return values


def _as_mapping(row: Any) -> Mapping[str, Any]:  # noqa: ANN401 - anything may have been fed
    if isinstance(row, Mapping):
        return row
    if is_dataclass(row):
        return {item.name: getattr(row, item.name) for item in fields(row)}
    message = f"{row!r} is no row: feed dictionaries, events or frames"
    raise TypeError(message)


def _dtype(field: Field) -> pl.DataType:
    match field.kind:
        case FieldKind.STRING:
            return pl.String()
        case FieldKind.BOOLEAN:
            return pl.Boolean()
        case FieldKind.DECIMAL if field.number is not None:
            return pl.Decimal(field.number.precision, field.number.scale)
        case _:
            return pl.Int64()


def _value(field: Field, value: Any) -> Any:  # noqa: ANN401 - one of the event's types
    if value is None:
        return None
    match field.kind:
        case FieldKind.DECIMAL:
            return _decimal(field, value)
        case FieldKind.TIMESTAMP:
            return _nanos(field, value)
        case FieldKind.INTEGER:
            return int(value)
        case FieldKind.BOOLEAN if not isinstance(value, bool):
            message = f"{field.name}: {value!r} is not true or false"
            raise ValueError(message)
        case _:
            return value


def _decimal(field: Field, value: Any) -> Decimal:  # noqa: ANN401 - text, integer, Decimal or float
    number = Decimal(str(value))
    assert field.number is not None
    if not number.is_finite() or number != round(number, field.number.scale):
        message = f"{field.name}: {value} does not fit {field.number}"
        raise ValueError(message)
    return number


def _nanos(field: Field, value: Any) -> int:  # noqa: ANN401 - text, integer or datetime
    if isinstance(value, int):
        return value * _UNITS.get(field.time_unit or "ns", 1)
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    if at.tzinfo is None:
        message = f"{field.name}: {value} has no time zone"
        raise ValueError(message)
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
