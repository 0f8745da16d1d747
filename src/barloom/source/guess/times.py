"""How times are written in a column: numbers since 1970 and their unit, ISO 8601, or a pattern that reads them all."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from barloom.source.text.isotime import parse_iso
from barloom.source.text.strptime import parse_patterns

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["TimeShape", "is_clock", "time_shape"]

_FIRST: Final = 315_532_800
_LAST: Final = 4_133_980_799
_UNITS: Final = {
    "s": (10**9, "seconds"),
    "ms": (10**6, "milliseconds"),
    "us": (10**3, "microseconds"),
    "ns": (1, "nanoseconds"),
}
_DATES: Final = (
    *("%Y-%m-%d", "%Y.%m.%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d-%b-%Y", "%d%b%Y", "%d.%m.%y", "%m/%d/%y", "%d/%m/%y", "%y%m%d"),
)
_WORDED: Final = ("%d %b %Y", "%b %d %Y", "%b %d, %Y", "%a %b %d %Y")
_CLOCKS: Final = (
    *["%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%H:%M:%S,%f", "%H:%M:%S:%f", "%H%M%S", "%H%M", "%H%M%S%f", "%H%M%S.%f"],
    *("%I:%M:%S %p", "%I:%M %p", "%I:%M:%S.%f %p", "%I:%M:%S%p", "%I:%M%p"),
)
_BETWEEN: Final = (" ", "T", ", ", "_", "-", ":", "")
_ZONES: Final = ("", "%z", " %z", " GMT%z", " UTC%z", " UTC", " GMT")
_SWAPPED: Final = {"%m/%d/%": "%d/%m/%", "%d-%m-%": "%m-%d-%"}
_CLOCK: Final = (
    r"^\d{1,2}:\d{2}(?::\d{2}(?:[.,:]\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?$"
    r"|^(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d(?:[.,]?\d{1,9})?)?$"
)
_REGEX: Final = {
    "Y": r"\d{4}",
    "b": "[A-Za-z]+",
    "a": "[A-Za-z]+",
    "f": r"\d{1,9}",
    "p": r"[AaPp]\.?[Mm]\.?",
    "z": "(?:Z|[+-][0-9:]+)",
}


class TimeShape(NamedTuple):
    """How times are written.

    `form` is what stands between the parentheses of a field's type; `nanos` their values, of the local time where no
    zone is written (`local`). `dated`: there is no time of day. `other` is another pattern that reads them all as well.
    """

    form: str
    words: str
    nanos: pl.Series
    local: bool = False
    dated: bool = False
    other: str = ""

    def type(self, zone: str) -> str:
        """The type of a field that holds them; `zone` is that of times without one."""
        parts = [part for part in (self.form, f'zone="{zone}"' if self.local and zone else "") if part]
        return f"timestamp({', '.join(parts)})" if parts else "timestamp"


def time_shape(column: pl.Series) -> TimeShape | None:
    """How a column's times are written; none where they are no times. Missing ones do not count."""
    values = column.drop_nulls()
    if not len(values):
        return None
    if values.dtype != pl.String:
        return _of_type(values)
    return _numbers(values) or _iso(values) or _patterned(values)


def is_clock(column: pl.Series) -> bool:
    """Whether all texts of a column are times of day."""
    values = column.drop_nulls()
    return values.dtype == pl.String and len(values) > 0 and bool(values.str.contains(_CLOCK).all())


def _of_type(values: pl.Series) -> TimeShape | None:
    if values.dtype == pl.Date:
        return TimeShape(
            "", "dates by their type", values.cast(pl.Datetime("ns")).to_physical(), local=True, dated=True
        )
    if not isinstance(values.dtype, pl.Datetime):
        return None
    nanos = values.dt.cast_time_unit("ns").to_physical()
    return TimeShape("", "times by their type", nanos, local=values.dtype.time_zone is None)


def _numbers(values: pl.Series) -> TimeShape | None:
    if not values.str.contains(r"^\d{9,19}(\.\d+)?$").all():
        return None
    whole = values.str.replace(r"\..*$", "").cast(pl.Int64, strict=False)
    if whole.null_count():
        return None
    nanos, units = pl.Series([0] * len(whole), dtype=pl.Int64), []
    for unit, (size, _) in _UNITS.items():
        places = 10**9 // size
        mask = whole.is_between(_FIRST * places, (_LAST + 1) * places - 1)
        if mask.any():
            units.append(unit)
            nanos = pl.select(pl.when(mask).then(whole * size).otherwise(nanos)).to_series()
    if not units or (nanos == 0).any():
        return None
    if len(units) == 1:
        return TimeShape(units[0], f"{_UNITS[units[0]][1]} since 1970, by their size", nanos)
    mixed = " and ".join(_UNITS[unit][1] for unit in units)
    return TimeShape("auto", f"{mixed} since 1970, each row by its size", nanos)


def _iso(values: pl.Series) -> TimeShape | None:
    times = parse_iso(values)
    if not times.read.all():
        return None
    dated = bool((values.str.len_bytes() == len("2025-11-10")).all())
    return TimeShape("", "ISO 8601", pl.Series(times.nanos), local=bool(times.local.any()), dated=dated)


def _patterned(values: pl.Series) -> TimeShape | None:
    fitting = (pattern for pattern in _candidates(str(values[0])) if parse_patterns(values, [pattern]).read.all())
    pattern = next(fitting, None)
    if pattern is None:
        return None
    dated = not any(part in pattern for part in ("%H", "%I"))
    other = next((each for each in map(_swap, [pattern]) if each and parse_patterns(values, [each]).read.all()), "")
    local = "%z" not in pattern
    times = parse_patterns(values, [pattern])
    return TimeShape(f'"{pattern}"', "read by this pattern", pl.Series(times.nanos), local, dated, other)


def _swap(pattern: str) -> str:
    """The pattern with day and month exchanged, where people write both."""
    both = chain(_SWAPPED.items(), ((new, old) for old, new in _SWAPPED.items()))
    return next((pattern.replace(old, new) for old, new in both if pattern.startswith(old)), "")


def _candidates(text: str) -> Iterator[str]:
    """The patterns that a text might be written in."""
    for date in (*_DATES, *_WORDED):
        match = re.match(_regex(date), text)
        if match is None:
            continue
        if match.end() == len(text):
            yield date
        for between in _BETWEEN:
            for clock in _CLOCKS:
                for zone in _ZONES:
                    behind = f"{between}{clock}{zone}"
                    if re.fullmatch(_regex(behind), text[match.end() :]):
                        yield date + behind


def _regex(pattern: str) -> str:
    parts = re.split(r"(%[A-Za-z])", pattern)
    return "".join(_REGEX.get(part[1], r"\d{1,2}") if part.startswith("%") else re.escape(part) for part in parts)
