"""Decimals as Kafka Connect and Debezium write them: the bytes of the unscaled integer, in JSON as base64.

The bytes are big-endian in two's complement; the scale stands in the connector's schema, so that the field declares it.
Source: Kafka Connect's logical type ``org.apache.kafka.connect.data.Decimal``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.source.problems import RowProblems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from barloom.plan.barplan import NumberType
    from barloom.time.calendar import Integers

__all__ = ["unscaled"]

_WIDE: Final = 16
_ABOVE: Final = pl.Series([2**64], dtype=pl.Int128)
_WORD: Final = 8


def unscaled(column: pl.Series, number: NumberType, null_values: Sequence[str]) -> tuple[pl.Series, RowProblems]:
    """A column of base64 texts, or of bytes, as decimals of a type, and what is wrong with which row."""
    texts = column.dtype == pl.String
    stripped = column.str.strip_chars(" \t") if texts else column
    if texts:
        stripped = stripped.set(stripped.is_in(list({*null_values, ""})).fill_null(value=False), None)
    found = stripped.str.decode("base64", strict=False) if texts else stripped
    size = found.bin.size().fill_null(0).to_numpy().astype(np.int64)
    values = _integers(found, np.minimum(size, _WIDE))
    limit = pl.Series([10**number.precision, -(10**number.precision)], dtype=pl.Int128)
    unfit = ((values >= limit[:1]) | (values <= limit[1:])).to_numpy() | (size > _WIDE)
    given = stripped.is_not_null().to_numpy()
    wrong = given & (found.is_null().to_numpy() | (size == 0))
    rows = np.flatnonzero(given & (wrong | unfit))
    told = [_told(stripped[row], number, wrong=bool(wrong[row])) for row in rows.tolist()]
    values = values.set(pl.Series(~given | wrong | unfit), None)
    decimals = values.reinterpret(dtype=pl.Decimal(number.precision, number.scale))
    return decimals, RowProblems(rows.astype(np.int64), pl.Series(told, dtype=pl.String))


def _told(value: object, number: NumberType, *, wrong: bool) -> str:
    if wrong:
        return f"{value!r} holds no bytes of a decimal in base64"
    return f"{value!r} does not fit {number}: its bytes have more digits"


def _integers(found: pl.Series, size: Integers) -> pl.Series:
    """Bytes as 128-bit integers; of more bytes, whatever the first are."""
    data = np.frombuffer(b"".join(value or b"" for value in found.to_list()) + bytes(1), np.uint8)
    ends = np.cumsum(found.bin.size().fill_null(0).to_numpy().astype(np.int64))
    starts = ends - found.bin.size().fill_null(0).to_numpy().astype(np.int64)
    negative = (size > 0) & (data[np.minimum(starts, len(data) - 1)] >= 1 << 7)
    wide = np.where(negative[:, None], np.uint8(0xFF), np.uint8(0)) * np.ones((1, _WIDE), np.uint8)
    for place in range(_WIDE):
        rows = np.flatnonzero(size > place)
        wide[rows, _WIDE - 1 - place] = data[starts[rows] + size[rows] - 1 - place]
    high, low = (_words(wide[:, part : part + _WORD]) for part in (0, _WORD))
    return pl.Series(high.astype(np.int64)).cast(pl.Int128) * _ABOVE + pl.Series(low.astype(np.uint64)).cast(pl.Int128)


def _words(wide: NDArray[np.uint8]) -> NDArray[np.uint64]:
    return np.ascontiguousarray(wide).view(">u8").reshape(-1)
