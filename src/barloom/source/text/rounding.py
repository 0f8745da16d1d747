"""Numbers with more places than their field has, rounded to it where the field says so.

A text is taken apart at the last place that counts, and what stands behind is compared with a half; the few that are
written with an exponent or so go through `Decimal`. A float counts as its shortest decimal representation.
"""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.plan.barplan import MAX_DIGITS
from barloom.source.decoded import rows_where
from barloom.source.text.numbers import numbers_from_typed, scaled

if TYPE_CHECKING:
    from barloom.plan.barplan import NumberType
    from barloom.plan.nodes import Rounding
    from barloom.time.calendar import Integers

__all__ = ["rounded"]

_MODES: Final = {
    "half-even": decimal.ROUND_HALF_EVEN,
    "half-up": decimal.ROUND_HALF_UP,
    "down": decimal.ROUND_DOWN,
    "up": decimal.ROUND_UP,
    "floor": decimal.ROUND_FLOOR,
    "ceiling": decimal.ROUND_CEILING,
}
_EXACT: Final = decimal.Context(prec=400)
_LONGEST: Final = 300
_NUMBER: Final = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$"
_ODD: Final = list("13579")
_NO_ROWS: Final = np.zeros(0, np.int64)


def rounded(column: pl.Series, number: NumberType, mode: Rounding) -> tuple[pl.Series, Integers]:
    """A column of texts or numbers in which all have the places of a type at most, and which rows were rounded.

    What is no number, or has too many digits before the point, stays as it is.
    """
    if column.dtype != pl.String:
        if not (column.dtype.is_float() or isinstance(column.dtype, pl.Decimal)):
            return column, _NO_ROWS
        if not numbers_from_typed(column, number).problems:
            return column, _NO_ROWS
        column = column.cast(pl.String)
    return _rounded_texts(column, number, mode)


def _rounded_texts(texts: pl.Series, number: NumberType, mode: Rounding) -> tuple[pl.Series, Integers]:
    stripped = texts.str.strip_chars(" \t")
    finer = stripped.str.contains(rf"^[+-]?[0-9]*\.[0-9]{{{number.scale}}}[0-9]*[1-9][0-9]*$|[eE]")
    rows = rows_where(finer)
    if not len(rows):
        return texts, _NO_ROWS
    found = stripped.gather(rows)
    plain = _plain(found, number, mode)
    others = np.flatnonzero(plain.is_null().to_numpy())
    if len(others):
        once = {text: _one(text, number, mode) for text in found.gather(others).unique().to_list()}
        plain = plain.scatter(others, [once[text] for text in found.gather(others).to_list()])
    changed = plain.is_not_null().to_numpy()
    rows = rows[changed]
    return texts.clone().scatter(rows, plain.filter(pl.Series(changed))), rows


def _plain(texts: pl.Series, number: NumberType, mode: Rounding) -> pl.Series:
    """Texts of digits and a point, rounded; null for others, and for those too long for exact integers."""
    parts = (
        texts.str.extract_groups(rf"^(-?)([0-9]+)\.([0-9]{{{number.scale}}})([0-9]+)$")
        .struct.rename_fields(["sign", "whole", "places", "behind"])
        .struct.unnest()
    )
    digits = (parts["whole"] + parts["places"]).str.strip_chars_start("0").replace("", "0")
    size, short = digits.str.len_chars(), MAX_DIGITS - 1
    value = digits.set((size > short).fill_null(value=False), None).cast(pl.Int128)
    behind = parts["behind"].str.strip_chars_end("0")
    odd = digits.str.tail(1).is_in(_ODD)
    grown = value + _goes_up(odd, behind, parts["sign"] == "-", mode).cast(pl.Int128)
    text = grown.cast(pl.String).str.zfill(number.scale + 1)
    if number.scale:
        text = text.str.head(-number.scale) + "." + text.str.tail(number.scale)
    return parts["sign"] + text


def _goes_up(odd: pl.Series, behind: pl.Series, negative: pl.Series, mode: Rounding) -> pl.Series:
    """Whether magnitudes are one larger for what stands behind their last place, without zeros at its end."""
    match mode:
        case "half-even":
            return (behind > "5") | ((behind == "5") & odd)
        case "half-up":
            return behind >= "5"
        case "down":
            return behind == "none"
        case "up":
            return behind != ""
        case "floor":
            return (behind != "") & negative
        case "ceiling":
            return (behind != "") & ~negative


def _one(text: str, number: NumberType, mode: Rounding) -> str | None:
    """A number written in whatever way, rounded; none where it has no more places than the type, or is no number."""
    if len(text) > _LONGEST or isinstance(scaled(text, number), int) or not pl.Series([text]).str.contains(_NUMBER)[0]:
        return None
    value = Decimal(text)
    last = value.as_tuple().exponent
    if not isinstance(last, int) or last >= -number.scale:
        return None
    return f"{value.quantize(Decimal((0, (1,), -number.scale)), _MODES[mode], _EXACT):f}"
