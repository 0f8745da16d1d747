"""Numbers in text that are written with a decimal comma or with separators between thousands.

A separator between thousands stands where it has to: three digits follow the last one, and two or three each other
(``12,34,567`` is how India groups them), so that ``1.5`` is refused, not read as 15, where the point parts thousands.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from barloom.source.decoded import rows_where, split_nulls
from barloom.source.problems import RowProblems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import SourcePlan

__all__ = ["PlainNumbers", "plain_numbers"]

_ALIKE: Final = {" ": " \u00a0\u202f\u2009", "'": "'\u2019"}
"""What stands for a separator in print: spaces that do not break, the apostrophe of typography."""

_SHOWN: Final = 60


class PlainNumbers(NamedTuple):
    """Texts with a decimal point and nothing else, null where that cannot be, and what is wrong there."""

    texts: pl.Series
    problems: RowProblems


def plain_numbers(texts: pl.Series, source: SourcePlan, null_values: Sequence[str]) -> PlainNumbers:
    """Texts of numbers as they are written without the declared separators."""
    if source.decimal_separator == "." and not source.thousands:
        return PlainNumbers(texts, RowProblems.of({}))
    stripped, empty = split_nulls(texts, null_values)
    fits = stripped.str.contains(_pattern(source.decimal_separator, source.thousands)).fill_null(value=False)
    plain = stripped
    for letter in _ALIKE.get(source.thousands, source.thousands):
        plain = plain.str.replace_all(letter, "", literal=True)
    if source.decimal_separator != ".":
        plain = plain.str.replace(source.decimal_separator, ".", literal=True)
    rows = rows_where(~fits & pl.Series(~empty))
    told = [_unfit(text, source) for text in stripped.gather(rows).to_list()]
    problems = RowProblems(np.asarray(rows, np.int64), pl.Series(told, dtype=pl.String))
    return PlainNumbers(plain.set(pl.Series(empty) | ~fits, None), problems)


@lru_cache(maxsize=16)
def _pattern(point: str, thousands: str) -> str:
    whole = "[0-9]+"
    if thousands:
        between = f"[{re.escape(_ALIKE.get(thousands, thousands))}]"
        whole = f"(?:[0-9]+|[0-9]{{1,3}}(?:{between}[0-9]{{2,3}})*{between}[0-9]{{3}})"
    behind = f"(?:{re.escape(point)}[0-9]*)?"
    return f"^[+-]?(?:{whole}{behind}|{re.escape(point)}[0-9]+)(?:[eE][+-]?[0-9]+)?$"


def _unfit(text: str, source: SourcePlan) -> str:
    between = f" and {source.thousands!r} between thousands" if source.thousands else ""
    shown = repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
    return f"{shown} is not a number with {source.decimal_separator!r} before the decimals{between}"
