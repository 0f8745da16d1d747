"""ISO 8601 texts to nanoseconds since the epoch, as whole columns.

Texts of one length have their digits in the same places, so a column is read length by length as a matrix of bytes.
Read are ``2025-11-10``, ``2025-11-10T12:34``, ``2025-11-10 12:34:56`` and fractions of up to nine digits, each
followed by nothing, ``Z``, or an offset (``+01``, ``+0100``, ``+01:00``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from barloom.time.timeframe import DAY, HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from barloom.time.calendar import Booleans, Integers

__all__ = ["IsoTimes", "are_digits", "bytes_of", "days_of", "parse_iso", "two_digits"]

_DATE: Final = 10
_MINUTES: Final = 16
_SECONDS: Final = 19
_FRACTION: Final = 20
_NANO_DIGITS: Final = 9
_LONGEST: Final = 48
_HOURS: Final = 24
_SIXTY: Final = 60
_MONTHS: Final = 12
_ZERO: Final = ord("0")
_DAYS_OF_MONTH: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
# The whole days that int64 nanoseconds hold: 1677-09-22 to 2262-04-10.
_FIRST_DAY: Final = -(2**63) // DAY + 1
_LAST_DAY: Final = (2**63 - 1) // DAY - 1


class IsoTimes(NamedTuple):
    """Nanoseconds of each text; `local` where it named no zone (then of the local time), `read` where it was ISO."""

    nanos: Integers
    local: Booleans
    read: Booleans


def parse_iso(texts: pl.Series) -> IsoTimes:
    """Read a column of ISO 8601 texts; nulls and other texts are not `read`."""
    count = len(texts)
    lengths = texts.str.len_bytes().fill_null(0).to_numpy()
    kinds = np.flatnonzero(np.bincount(np.minimum(lengths, _LONGEST + 1), minlength=1))
    if len(kinds) == 1 and _DATE <= kinds[0] <= _LONGEST:
        return _parse_matrix(bytes_of(texts, int(kinds[0])))
    times = IsoTimes(np.zeros(count, np.int64), np.zeros(count, np.bool_), np.zeros(count, np.bool_))
    for length in kinds:
        if _DATE <= length <= _LONGEST:
            rows = np.flatnonzero(lengths == length)
            for whole, part in zip(times, _parse_matrix(bytes_of(texts.gather(rows), int(length))), strict=True):
                whole[rows] = part
    return times


def bytes_of(texts: pl.Series, length: int) -> NDArray[np.uint8]:
    """Texts of one length as a matrix, a row each."""
    joined: str = texts.str.join("").item()
    return np.frombuffer(joined.encode(), np.uint8).reshape(len(texts), length)


def _parse_matrix(text: NDArray[np.uint8]) -> IsoTimes:
    length = text.shape[1]
    result = IsoTimes(np.zeros(len(text), np.int64), np.zeros(len(text), np.bool_), np.zeros(len(text), np.bool_))
    remaining = np.ones(len(text), np.bool_)
    for width, matches in _suffixes(text):
        body = length - width
        rows = remaining & matches
        if body < _DATE or not rows.any():
            continue
        remaining &= ~matches
        _fill(result, text, rows, body)
    return result


def _suffixes(text: NDArray[np.uint8]) -> list[tuple[int, Booleans]]:
    """The ways in which a text may end: how many bytes each takes, and which rows end so. The last names no zone."""
    length = text.shape[1]
    last = text[:, -1]

    def signed(width: int) -> Booleans:
        if length - width < _MINUTES:
            return np.zeros(len(text), np.bool_)
        sign = text[:, length - width]
        plus: Booleans = sign == ord("+")
        either: Booleans = plus | (sign == ord("-"))
        return either

    return [
        (1, (last == ord("Z")) | (last == ord("z"))),
        (6, signed(6) & (text[:, -3] == ord(":"))),
        (5, signed(5)),
        (3, signed(3)),
        (0, np.ones(len(text), np.bool_)),
    ]


def _fill(result: IsoTimes, text: NDArray[np.uint8], rows: Booleans, body: int) -> None:
    everything = bool(rows.all())
    part = text if everything else text[rows]
    nanos, read = _parse_body(part, body)
    suffix = part[:, body:]
    if suffix.shape[1] > 1:
        offset, fits = _parse_offset(suffix)
        nanos = nanos - offset
        read = read & fits
    target = slice(None) if everything else rows
    result.nanos[target] = nanos
    result.read[target] = read
    result.local[target] = suffix.shape[1] == 0


def _parse_body(text: NDArray[np.uint8], body: int) -> tuple[Integers, Booleans]:
    digits = text[:, :body] - np.uint8(_ZERO)
    days, read = _parse_date(text, digits)
    if body == _DATE:
        return days * DAY, read
    if body not in (_MINUTES, _SECONDS) and body <= _FRACTION:
        return days, np.zeros(len(text), np.bool_)
    separator = text[:, _DATE]
    hour, minute = two_digits(digits, 11), two_digits(digits, 14)
    read &= ((separator == ord("T")) | (separator == ord(" ")) | (separator == ord("t"))) & (text[:, 13] == ord(":"))
    read &= are_digits(digits, 11, 12, 14, 15) & (hour < _HOURS) & (minute < _SIXTY)
    nanos = days * DAY + hour * np.int64(HOUR) + minute * np.int64(MINUTE)
    if body >= _SECONDS:
        second = two_digits(digits, 17)
        read &= (text[:, _MINUTES] == ord(":")) & are_digits(digits, 17, 18) & (second < _SIXTY)
        nanos += second * np.int64(SECOND)
    if body > _FRACTION:
        fraction, fits = _parse_fraction(text, digits, body)
        read &= fits
        nanos += fraction
    return nanos, read


def _parse_date(text: NDArray[np.uint8], digits: NDArray[np.uint8]) -> tuple[Integers, Booleans]:
    read = (text[:, 4] == ord("-")) & (text[:, 7] == ord("-")) & are_digits(digits, 0, 1, 2, 3, 5, 6, 8, 9)
    year = two_digits(digits, 0).astype(np.int64) * 100 + two_digits(digits, 2)
    month, day = two_digits(digits, 5).astype(np.int64), two_digits(digits, 8).astype(np.int64)
    if len(year) and read.all() and (year == year[0]).all() and (month == month[0]).all() and (day == day[0]).all():
        one, fits = days_of(year[:1], month[:1], day[:1])
        return np.repeat(one, len(year)), np.repeat(fits, len(year))
    days, fits = days_of(year, month, day)
    return days, read & fits


def days_of(year: Integers, month: Integers, day: Integers) -> tuple[Integers, Booleans]:
    """Days since 1970-01-01 in the Gregorian calendar, counting years from March so that the leap day comes last."""
    fits = (month >= 1) & (month <= _MONTHS) & (day >= 1)
    leap = (month == 2) & (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))  # noqa: PLR2004 - Gregorian rule
    fits &= day <= _DAYS_OF_MONTH[np.where(fits, month, 0)] + leap
    shifted = year - (month <= 2)  # noqa: PLR2004 - January and February
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    fits &= (days >= _FIRST_DAY) & (days <= _LAST_DAY)
    return np.where(fits, days, 0), fits


def _parse_fraction(text: NDArray[np.uint8], digits: NDArray[np.uint8], body: int) -> tuple[Integers, Booleans]:
    point = text[:, _SECONDS]
    read = (point == ord(".")) | (point == ord(","))
    nanos = np.zeros(len(text), np.int64)
    kept = min(body, _FRACTION + _NANO_DIGITS)
    for place in range(_FRACTION, kept):
        nanos = nanos * 10 + digits[:, place]
        read &= digits[:, place] <= 9  # noqa: PLR2004 - a decimal digit
    for place in range(kept, body):
        read &= digits[:, place] == 0
    return nanos * 10 ** (_NANO_DIGITS - (kept - _FRACTION)), read


def _parse_offset(suffix: NDArray[np.uint8]) -> tuple[Integers, Booleans]:
    digits = suffix - np.uint8(_ZERO)
    hours = two_digits(digits, 1).astype(np.int64)
    read = are_digits(digits, 1, 2)
    minutes = np.zeros(len(suffix), np.int64)
    if suffix.shape[1] > 3:  # noqa: PLR2004 - sign and two digits
        place = suffix.shape[1] - 2
        minutes = two_digits(digits, place).astype(np.int64)
        read &= are_digits(digits, place, place + 1)
    read &= (hours < _HOURS) & (minutes < _SIXTY)
    offset = hours * HOUR + minutes * MINUTE
    return np.where(suffix[:, 0] == ord("-"), -offset, offset), read


def two_digits(digits: NDArray[np.uint8], place: int) -> NDArray[np.uint8]:
    """The number of two columns of digits."""
    number: NDArray[np.uint8] = digits[:, place] * np.uint8(10) + digits[:, place + 1]
    return number


def are_digits(digits: NDArray[np.uint8], *places: int) -> Booleans:
    """Where all of these columns are digits."""
    read = digits[:, places[0]] <= 9  # noqa: PLR2004 - a decimal digit
    for place in places[1:]:
        read &= digits[:, place] <= 9  # noqa: PLR2004
    return read
