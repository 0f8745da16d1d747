"""Texts that are written by a pattern to nanoseconds since the epoch, as whole columns.

Where the digits of all parts stand in the same places, texts of one length are read as a matrix of bytes, as ISO 8601
ones are; all others are taken apart by a regular expression, which Polars does.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.plan.patterns import parse_pattern
from barloom.source.text.isotime import IsoTimes, are_digits, bytes_of, days_of
from barloom.time.timeframe import DAY, HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from barloom.plan.patterns import Part
    from barloom.time.calendar import Booleans, Integers

__all__ = ["parse_patterns"]

_WIDTHS: Final = {"Y": 4, "j": 3, **dict.fromkeys("ymdHMS", 2)}
_WHOLE: Final = {"Y": "[0-9]{4}", "y": "[0-9]{2}", "f": "[0-9]{1,9}0*"}
_LIMITS: Final = {"H": (0, 23), "I": (1, 12), "M": (0, 59), "S": (0, 59), "j": (1, 366)}
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG: Final = "january|february|march|april|may|june|july|august|september|october|november|december"
_WORDS: Final = {
    "b": "|".join([_LONG, *_MONTHS]),
    "a": "(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?",
    "p": "[ap]m|[ap]\\.m\\.",
    "z": "Z|[+-][0-9]{2}(?::?[0-9]{2})?",
}
_PLACES: Final = {"s": 9, "ms": 6, "us": 3, "ns": 0}
_DAY_DIGITS: Final = 14
"""Those of a day in nanoseconds."""
_NANO_DIGITS: Final = 9
_TURN: Final = 69
"""Of two digits those from here on are of the last century, as `strptime` has it."""

_Numbers = dict[str, "Integers"]


def parse_patterns(texts: pl.Series, patterns: Sequence[str]) -> IsoTimes:
    """Read each text by the first pattern that it is written in; nulls and other texts are not `read`."""
    times = _parse(texts, patterns[0])
    for pattern in patterns[1:]:
        rows = np.flatnonzero(~times.read)
        if not len(rows):
            break
        for whole, part in zip(times, _parse(texts.gather(rows), pattern), strict=True):
            whole[rows] = part
    return times


def _parse(texts: pl.Series, pattern: str) -> IsoTimes:
    parts = _parts(pattern)
    times = _in_columns(texts, parts)
    rows = np.flatnonzero(~times.read)
    if len(rows):
        for whole, part in zip(times, _by_expression(texts.gather(rows), parts), strict=True):
            whole[rows] = part
    return times


@lru_cache(maxsize=64)
def _parts(pattern: str) -> tuple[Part, ...]:
    return parse_pattern(pattern)


def _in_columns(texts: pl.Series, parts: Sequence[Part]) -> IsoTimes:
    """Those whose parts have all their digits; a fraction has those that are left."""
    count = len(texts)
    times = IsoTimes(np.zeros(count, np.int64), np.ones(count, np.bool_), np.zeros(count, np.bool_))
    if not all(part.directive in _WIDTHS or part.directive == "f" or _is_plain(part) for part in parts):
        return times
    width = sum(_WIDTHS.get(part.directive, len(part.text)) for part in parts)
    fraction = any(part.directive == "f" for part in parts)
    lengths = texts.str.len_bytes().fill_null(0).to_numpy()
    for length in np.unique(lengths).tolist():
        if length == width + fraction or (fraction and width < length <= width + 2 * _NANO_DIGITS):
            rows = np.flatnonzero(lengths == length)
            chosen = texts if len(rows) == count else texts.gather(rows)
            nanos, read = _of_matrix(bytes_of(chosen, length), parts, length - width)
            times.nanos[rows], times.read[rows] = nanos, read
    return times


def _is_plain(part: Part) -> bool:
    return not part.directive and part.text.isascii()


def _of_matrix(text: NDArray[np.uint8], parts: Sequence[Part], fraction: int) -> tuple[Integers, Booleans]:
    read = np.ones(len(text), np.bool_)
    numbers: _Numbers = {}
    place = 0
    for part in parts:
        if not part.directive:
            for letter in part.text.encode():
                read &= text[:, place] == letter
                place += 1
            continue
        width = fraction if part.directive == "f" else _WIDTHS[part.directive]
        columns = range(place, place + width)
        digits = text[:, place : place + width] - np.uint8(ord("0"))
        read &= are_digits(digits, *range(width))
        numbers[part.directive] = _fraction(digits) if part.directive == "f" else _number(digits)
        if part.directive == "f" and width > _NANO_DIGITS:
            read &= ~digits[:, _NANO_DIGITS:].any(axis=1)
        place = columns.stop
    nanos, fits = _assembled(numbers, len(text))
    return nanos, read & fits


def _number(digits: NDArray[np.uint8]) -> Integers:
    number = digits[:, 0].astype(np.int64)
    for place in range(1, digits.shape[1]):
        number = number * 10 + digits[:, place]
    return number


def _fraction(digits: NDArray[np.uint8]) -> Integers:
    kept = digits[:, :_NANO_DIGITS]
    return _number(kept) * np.int64(10 ** (_NANO_DIGITS - kept.shape[1]))


@lru_cache(maxsize=64)
def _expression(parts: Sequence[Part]) -> str:
    """A regular expression with a group for each directive.

    A fraction may be left out with the point before it, as some write whole seconds.
    """
    found = ""
    for place, part in enumerate(parts):
        following = parts[place + 1] if place + 1 < len(parts) else None
        if not part.directive:
            text, point = part.text, following is not None and following.directive == "f" and part.text[-1] in ".,"
            found += re.escape(text[:-1]) + f"(?:{re.escape(text[-1])}" if point else re.escape(text)
        elif part.directive == "f":
            pointed = place > 0 and not parts[place - 1].directive and parts[place - 1].text[-1] in ".,"
            found += f"(?P<f>{_WHOLE['f']})" + (")?" if pointed else "")
        else:
            found += f"(?P<{part.directive}>{_WORDS.get(part.directive) or _digits(part)})"
    return f"(?i)^{found}$"


def _digits(part: Part) -> str:
    if part.directive == "midnight":
        return f"[0-9]{{1,{_DAY_DIGITS - _PLACES[part.text]}}}(?:\\.[0-9]+)?"
    width = _WIDTHS.get(part.directive, 2)
    return _WHOLE.get(part.directive) or f"[0-9]{{{width if part.adjacent else 1},{width}}}"


def _by_expression(texts: pl.Series, parts: Sequence[Part]) -> IsoTimes:
    groups = texts.str.extract_groups(_expression(tuple(parts))).struct.unnest()
    missing = pl.select(pl.all_horizontal(pl.lit(column).is_null() for column in groups)).to_series()
    read = ~missing.to_numpy() if groups.width else np.zeros(len(texts), np.bool_)
    units = {part.directive: part.text for part in parts}
    numbers = {name: _read_group(name, groups[name], units) for name in groups.columns if name not in "az"}
    nanos, fits = _assembled(numbers, len(texts))
    local = np.ones(len(texts), np.bool_)
    if "z" in groups.columns:
        nanos, local = nanos - _offsets(groups["z"]), ~local
    return IsoTimes(nanos, local, read & fits)


def _read_group(name: str, texts: pl.Series, units: Mapping[str, str]) -> Integers:
    if name == "midnight":
        return _since_midnight(texts, units[name])
    if name == "f":
        texts = texts.fill_null("0").str.slice(0, _NANO_DIGITS).str.pad_end(_NANO_DIGITS, "0")
    elif name == "b":
        months = pl.Series(_MONTHS)
        texts = texts.str.to_lowercase().str.slice(0, 3).replace_strict(months, range(1, 13), default=0)
    elif name == "p":
        texts = texts.str.to_lowercase().str.starts_with("p")
    return texts.cast(pl.Int64, strict=False).fill_null(0).to_numpy()


def _since_midnight(texts: pl.Series, unit: str) -> Integers:
    """Nanoseconds, or more than a day where there are digits below one."""
    split = texts.str.splitn(".", 2).struct.unnest()
    places = _PLACES[unit]
    whole = split["field_0"].cast(pl.Int64, strict=False).fill_null(0).to_numpy() * np.int64(10**places)
    behind = split["field_1"].fill_null("0").str.strip_chars_end("0")
    fine = (behind.str.len_bytes() > places).to_numpy()
    behind = behind.str.slice(0, places).str.pad_end(places, "0")
    rest = behind.cast(pl.Int64, strict=False).fill_null(0).to_numpy()
    return np.where(fine, np.int64(DAY), whole + rest)


def _offsets(texts: pl.Series) -> Integers:
    digits = texts.str.replace_all("[^0-9]", "").str.pad_end(4, "0")
    number: Integers = digits.cast(pl.Int64, strict=False).fill_null(0).to_numpy()
    offset = number // 100 * HOUR + number % 100 * MINUTE
    return np.where(texts.str.starts_with("-").fill_null(value=False).to_numpy(), -offset, offset)


def _assembled(numbers: _Numbers, count: int) -> tuple[Integers, Booleans]:
    """Nanoseconds of the parts of a time, and where these make one."""
    zero = np.zeros(count, np.int64)
    days, fits = _date(numbers, count)
    for name, (lowest, highest) in _LIMITS.items():
        if name in numbers:
            fits = fits & (numbers[name] >= lowest) & (numbers[name] <= highest)
    hour = numbers.get("H", zero)
    if "I" in numbers:
        hour = numbers["I"] % 12 + 12 * numbers["p"]
    nanos = days * np.int64(DAY) + hour * np.int64(HOUR) + numbers.get("M", zero) * np.int64(MINUTE)
    nanos = nanos + numbers.get("S", zero) * np.int64(SECOND) + numbers.get("f", zero)
    if "midnight" in numbers:
        fits = fits & (numbers["midnight"] >= 0) & (numbers["midnight"] < DAY)
        nanos = nanos + np.where(fits, numbers["midnight"], 0)
    return nanos, fits


def _date(numbers: _Numbers, count: int) -> tuple[Integers, Booleans]:
    year = numbers["Y"] if "Y" in numbers else numbers["y"] + np.where(numbers["y"] >= _TURN, 1900, 2000)
    if "j" not in numbers:
        return days_of(year, numbers["m"] if "m" in numbers else numbers["b"], numbers["d"])
    one = np.ones(count, np.int64)
    first, fits = days_of(year, one, one)
    last, _ = days_of(year, one * 12, one * 31)
    return first + numbers["j"] - 1, fits & (first + numbers["j"] - 1 <= last)
