"""How numbers are written in columns of text: their separators, and how many digits they have."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PLAIN", "NumberShape", "Separators", "number_shape", "separators"]

_NOISE: Final = 13
"""From so many places on a number may have gone through a float; then it has 16 or 17 digits that tell something."""

_FLOATS: Final = (16, 17)
_KEPT: Final = 8

_WIDEST: Final = 38
_USUAL: Final = 18
_LONG: Final = 2**63


class Separators(NamedTuple):
    """What stands before the decimals, and between thousands."""

    point: str = "."
    thousands: str = ""


PLAIN: Final = Separators()
_CANDIDATES: Final = (
    PLAIN,
    Separators(","),
    Separators(".", ","),
    Separators(",", "."),
    Separators(".", "'"),
    Separators(",", " "),
    Separators(".", " "),
    Separators(".", "_"),
)


class NumberShape(NamedTuple):
    """The most digits before and behind the point; `kept` are those that are left of the noise of a float."""

    before: int
    places: int
    kept: int | None = None

    @property
    def noisy(self) -> bool:
        """Whether the last digits are noise."""
        return self.kept is not None

    @property
    def type(self) -> str:
        """The type of a field that holds such numbers."""
        places = self.places if self.kept is None else self.kept
        digits = _USUAL if self.before + places < _USUAL else _WIDEST
        return f"decimal({digits}, {places}{'' if self.kept is None else ', round=half-even'})"

    @property
    def whole(self) -> bool:
        """Whether they are integers of 64 bits."""
        return self.places == 0 and self.before < len(str(_LONG))


def separators(columns: Iterable[pl.Series]) -> Separators:
    """The separators with which most columns are numbers; the plain ones where others do no better."""
    texts = [column for column in columns if column.dtype == pl.String]
    return max(_CANDIDATES, key=lambda each: sum(number_shape(column, each) is not None for column in texts))


def number_shape(texts: pl.Series, written: Separators = PLAIN) -> NumberShape | None:
    """The digits of a column of numbers; none where some text is no number, or all are missing."""
    values = texts.drop_nulls() if texts.dtype == pl.String else pl.Series([], dtype=pl.String)
    if not len(values) or not values.str.contains(_pattern(written)).all():
        return None
    numbers = [Decimal(_plain(text, written)) for text in values.unique()]
    places = max(max(0, -_exponent(number)) for number in numbers)
    before = max(max(1, number.adjusted() + 1) for number in numbers)
    told = max(len(number.as_tuple().digits) for number in numbers if -_exponent(number) == places or not places)
    if before + places <= _WIDEST and (places < _NOISE or told not in _FLOATS):
        return NumberShape(before, places)
    largest = max(number.adjusted() for number in numbers if number) if any(numbers) else 0
    return NumberShape(before, places, min(_KEPT - min(0, largest + 1), _WIDEST - before))


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _plain(text: str, written: Separators) -> str:
    bare = text.replace(written.thousands, "") if written.thousands else text
    return bare.replace(written.point, ".")


def _pattern(written: Separators) -> str:
    whole = r"\d+"
    if written.thousands:
        whole = rf"(?:\d{{1,3}}(?:{re.escape(written.thousands)}\d{{3}})+|\d{{1,3}}|\d+)"
    point = re.escape(written.point)
    return rf"^[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?$"
