"""Rows of a query with the types that the server names: decimals exact, timestamps in UTC."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Header", "Rows", "parsed"]

_DECIMAL: Final = re.compile(r"DECIMAL\((\d+), ?(\d+)\)")
_EXACT: Final = Context(prec=76, traps=[Inexact, InvalidOperation])

_Decoder: TypeAlias = Callable[[Any], object]


def parsed(text: str | bytes) -> Any:  # noqa: ANN401 - whatever the JSON holds
    """JSON with exact numbers. `ValueError` where it is none."""
    return json.loads(text, parse_float=Decimal)


@dataclass(frozen=True, slots=True)
class Header:
    """What begins the answer of a query: the query's id, and the columns with their types as ksqlDB writes them."""

    query_id: str | None
    columns: tuple[str, ...]
    types: tuple[str, ...]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Header:
        """From the first item of an answer; `KeyError` where it is no header."""
        return cls(document.get("queryId"), tuple(document["columnNames"]), tuple(document["columnTypes"]))

    def decoder(self) -> Callable[[Sequence[Any]], tuple[object, ...]]:
        """What turns a row as it came into typed values."""
        decoders = tuple(_decoder(kind) for kind in self.types)

        def decode(row: Sequence[Any]) -> tuple[object, ...]:
            return tuple(
                None if value is None else decode_one(value) for decode_one, value in zip(decoders, row, strict=True)
            )

        return decode


@dataclass(frozen=True, slots=True)
class Rows:
    """The answer of a pull query.

    Values are `str`, `int`, `bool`, `Decimal` (with the column's scale), `float` for DOUBLE, `datetime` in UTC, `date`,
    `time`, `bytes`, or none; arrays, maps and structs are lists and dicts.
    """

    header: Header
    rows: tuple[tuple[object, ...], ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def records(self) -> list[dict[str, object]]:
        """The rows by column name."""
        return [dict(zip(self.header.columns, row, strict=True)) for row in self.rows]


def _decoder(kind: str) -> _Decoder:
    match = _DECIMAL.fullmatch(kind)
    if match is not None:
        return _decimal(int(match[2]))
    return _PLAIN.get(kind, _as_it_is)


def _decimal(scale: int) -> _Decoder:
    """Trailing zeros are not in the JSON; a digit beyond the scale would be another column's."""
    unit = Decimal(1).scaleb(-scale)

    def decode(value: Any) -> Decimal:  # noqa: ANN401 - a number or a text
        return Decimal(value).quantize(unit, context=_EXACT)

    return decode


def _as_it_is(value: Any) -> object:  # noqa: ANN401
    return value


def _timestamp(value: str) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


_PLAIN: Final[dict[str, _Decoder]] = {
    "TIMESTAMP": _timestamp,
    "DATE": date.fromisoformat,
    "TIME": time.fromisoformat,
    "DOUBLE": float,
    "BYTES": b64decode,
}
