"""Numbers written in plain digits, read side by side.

Feeds mostly write a field's numbers with as many places as one another: then whole part and fraction stand at known
places, and eight digits at a time are read as one word. Whatever is written in any other way is left to a parser.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from barloom.engine.blocks import Values
from barloom.engine.values.exact import to_series
from barloom.plan.barplan import FieldKind
from barloom.source.text.epochs import is_epoch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from barloom.plan.barplan import Field
    from barloom.serde.json.layout import Spans
    from barloom.serde.poll import Poll
    from barloom.time.calendar import Booleans, Integers

__all__ = ["PlainNumbers"]

_WORD: Final = 8
_BITS: Final = 8
_MOST: Final = 18
"""Digits that always fit 64 bits."""

_PLAIN: Final = re.compile(r"[0-9.]+")
_POINT: Final = b"."
_ZERO: Final = ord("0")
_ZEROS: Final = np.uint64(0x3030303030303030)
_ABOVE_NINE: Final = np.uint64(0x7676767676767676)
_HIGHS: Final = np.uint64(0x8080808080808080)
_PAIRS: Final = tuple(
    (np.uint64(10**digits), np.uint64(digits * _BITS), np.uint64(mask))
    for digits, mask in ((1, 0x00FF00FF00FF00FF), (2, 0x0000FFFF0000FFFF), (4, 0x00000000FFFFFFFF))
)


class PlainNumbers:
    """Reads fields whose numbers are written in plain digits; a number that means no value is never one of them."""

    def __init__(self, fields: Mapping[str, Field], null_values: Sequence[str]) -> None:
        numeric = {name: field for name, field in fields.items() if _is_number(field)}
        self._fields = {} if any(map(_PLAIN.fullmatch, null_values)) else numeric

    def column(self, name: str, poll: Poll, spans: Spans, good: Booleans) -> pl.Series | None:
        """The numbers in these spans, of which only the `good` ones count; none unless all can be read in bulk."""
        field, rows = self._fields.get(name), np.flatnonzero(good)
        if field is None or not len(rows):
            return None
        at, size = spans.at, spans.size
        if len(rows) < len(at):
            at, size = (np.where(good, each, each[rows[0]]) for each in (at, size))
        if not spans.quoted and _has_leading_zeros(poll, at, size):
            return None
        digits = _Digits.of(poll, at, size)
        return None if digits is None else _series(digits, field)


class _Digits(NamedTuple):
    """Numbers times ``10 ** places``; `whole` is the largest count of digits before the point."""

    scaled: Integers
    whole: int
    places: int

    @classmethod
    def of(cls, poll: Poll, at: Integers, size: Integers) -> _Digits | None:
        """The numbers in these spans; none if one has a sign, an exponent, or places of its own."""
        places = len(poll.data[at[0] : at[0] + size[0]].tobytes().partition(_POINT)[2])
        behind = places + len(_POINT) if places else 0
        longest = int(size.max()) - behind
        if longest + places > _MOST or int(size.min()) <= behind:
            return None
        whole = _integers(poll.words, at, size - behind)
        if whole is None or not places:
            return None if whole is None else cls(whole, longest, 0)
        point = at + (size - behind)
        if (poll.data[point] != ord(_POINT)).any():
            return None
        fraction = _integers(poll.words, point + len(_POINT), np.full(len(at), places))
        return None if fraction is None else cls(whole * 10**places + fraction, longest, places)


def _is_number(field: Field) -> bool:
    return field.kind in (FieldKind.DECIMAL, FieldKind.INTEGER) or is_epoch(field.time_unit)


def _series(digits: _Digits, field: Field) -> pl.Series | None:
    """The field's column; none where its type may not hold them all."""
    number = field.number
    if field.kind is not FieldKind.DECIMAL or number is None:
        return None if digits.places else pl.Series(digits.scaled)
    more = number.scale - digits.places
    if more < 0 or digits.whole > number.precision - number.scale or digits.whole + number.scale > _MOST:
        return None
    return to_series(field.name, Values(digits.scaled * 10**more, None), number)


def _has_leading_zeros(poll: Poll, at: Integers, size: Integers) -> bool:
    """Whether some number starts with a zero that another digit follows: JSON has no such number."""
    return bool(((poll.data[at] == _ZERO) & (size > 1) & (poll.data[at + 1] != ord(_POINT))).any())


def _integers(words: NDArray[np.uint64], at: Integers, size: Integers) -> Integers | None:
    """Whole numbers, some eight digits at a time, the last first; none if anything else stands there."""
    value: Integers | None = None
    left, power = size, 1
    while value is None or left.any():
        head = np.maximum(left - _WORD, 0)
        part = _word_of_digits(words[at + head], left - head)
        if part is None:
            return None
        value = part if value is None else value + part * power
        left, power = head, power * 10**_WORD
    return value


def _word_of_digits(word: NDArray[np.uint64], size: Integers) -> Integers | None:
    """The number that the first `size` bytes of each word are, at most eight: the first byte is the lowest one."""
    word = (word ^ _ZEROS) << (_BITS * (_WORD - size)).astype(np.uint64)
    if (((word + _ABOVE_NINE) | word) & _HIGHS).any():
        return None
    for ten, shift, mask in _PAIRS:
        word = (word * ten + (word >> shift)) & mask
    return word.astype(np.int64)
