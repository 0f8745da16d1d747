"""Lists of texts, as one text each: elements without the spaces around them, parted by the declared separator.

Lists come as texts that are parted already, or as lists (of JSON, Parquet, Avro, Python). The latter are packed into a
text that says so until they are decoded, so that a column may hold both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.source.decoded import Decoded, rows_where

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from barloom.source.decoded import Problems

__all__ = ["lists_from_text", "lists_from_typed", "packed", "packed_all"]

_PACKED: Final = "\x1e"
_BETWEEN: Final = "\x1f"


def packed(values: Iterable[object]) -> str | None:
    """A list as a text until it is decoded; none where an element is no text, whole number or truth value.

    A set has no order of its own: its elements are sorted, so that it is the same text in every process.
    """
    elements = [value for value in values if value is not None]
    if isinstance(values, set | frozenset):
        elements.sort(key=str)
    if any(not isinstance(value, str | int) for value in elements):
        return None
    return _PACKED + _BETWEEN.join(str(value).lower() if isinstance(value, bool) else str(value) for value in elements)


def packed_all(values: Sequence[object]) -> list[object]:
    """The lists among some values packed, where they can be."""
    return [packed(value) if isinstance(value, list | tuple | set | frozenset) else value for value in values]


def lists_from_typed(column: pl.Series) -> pl.Series | None:
    """A column of lists as texts that are packed; none where the elements are no texts or whole numbers."""
    inner = column.dtype.inner if isinstance(column.dtype, pl.List | pl.Array) else None
    kind = pl.DataType.from_python(str) if inner is None else inner
    if inner is None or not (kind == pl.String or isinstance(kind, pl.Categorical | pl.Enum) or kind.is_integer()):
        return None
    texts = column.cast(pl.List(pl.String)).list.drop_nulls()
    return _PACKED + texts.list.join(_BETWEEN)


def lists_from_text(texts: pl.Series, separator: str, *, nullable: bool) -> Decoded:
    """The lists in their one form; a list that is missing is empty, unless it may be null."""
    texts = texts if nullable else texts.fill_null("")
    sign = re.escape(separator)
    irregular = rf"\s|{_PACKED}|^{sign}|{sign}$|{sign}{sign}"
    rows = rows_where(texts.str.contains(irregular).fill_null(value=False))
    if not len(rows):
        return Decoded(texts, {})
    others = texts.gather(rows)
    read = {text: _elements(text, separator) for text in others.unique().to_list()}
    problems: Problems = {
        int(row): f"the element {unfit!r} has the separator {separator!r} in it; declare another one"
        for row, text in zip(rows.tolist(), others.to_list(), strict=True)
        for unfit in [next((element for element in read[text] if separator in element), None)]
        if unfit is not None
    }
    joined = [separator.join(read[text]) for text in others.to_list()]
    values = texts.clone().scatter(rows, joined)
    return Decoded(values.scatter(list(problems), None) if problems else values, problems)


def _elements(text: str, separator: str) -> list[str]:
    parts = text.removeprefix(_PACKED).split(_BETWEEN) if text.startswith(_PACKED) else text.split(separator)
    return [part.strip() for part in parts if part.strip()]
