"""Times: columns of text, numbers or timestamps to nanoseconds since the epoch, UTC.

`unit` is how a definition says the times are written: ``iso`` (or by patterns), or numbers of ``s ms us ns`` since the
epoch (``auto``: each row in its own), which may have a fraction as long as whole nanoseconds hold it. Times without a
zone need the zone stated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.errors import SourceError
from barloom.source.decoded import Decoded, rows_where, split_nulls
from barloom.source.problems import RowProblems
from barloom.source.text.epochs import SPAN, UNITS, epochs_from_numbers, epochs_from_text, is_epoch
from barloom.source.text.isotime import parse_iso
from barloom.source.text.numbers import is_number
from barloom.source.text.shown import said, shown
from barloom.source.text.strptime import parse_patterns
from barloom.source.text.twice import Twice, to_utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.source.text.isotime import IsoTimes
    from barloom.time.calendar import Integers

__all__ = ["check_zone", "times_from_text", "times_from_typed"]

_ZONE_FIX: Final = 'write Z or an offset such as +01:00, or state the zone under [source], such as zone = "UTC"'
_PATTERN_FIX: Final = '; declare another form by its pattern, such as timestamp("%d.%m.%Y %H:%M:%S")'
_BASIC: Final = r"^\d{8}(?:[T ]\d{4,6}(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?(?:\d\d)?)?$"
_TOO_FINE: Final = r"(?i):\d\d[.,]\d{10,}(?:Z|[+-]\d\d:?(?:\d\d)?)?$"
_SHOWN: Final = 60


def times_from_text(  # noqa: PLR0913 - how a time may be written
    texts: pl.Series,
    unit: str,
    zone: str | None,
    null_values: Sequence[str],
    *,
    checked: bool = False,
    patterns: Sequence[str] = (),
    twice: Twice | None = None,
) -> Decoded:
    """Read texts as times; surrounding spaces do not count, and `null_values` stand for no time.

    With `checked` numbers that are plainly of another unit are refused. `patterns` are read instead of ISO 8601.
    """
    if is_epoch(unit):
        return epochs_from_text(texts, unit, null_values, checked=checked)
    return _Written(patterns, zone, twice or Twice()).read(texts, null_values)


def times_from_typed(
    column: pl.Series, unit: str, zone: str | None, *, checked: bool = False, twice: Twice | None = None
) -> Decoded:
    """Read a column of timestamps, dates or numbers as times.

    Raises `SourceError` where the column's type says nothing about the time meant.
    """
    dtype = column.dtype
    if isinstance(dtype, (pl.Datetime, pl.Date)):
        return _from_timestamps(column, zone, twice or Twice())
    if is_number(dtype) and is_epoch(unit):
        return epochs_from_numbers(column, unit, checked=checked)
    if is_number(dtype):
        message = "holds numbers, but the definition says ISO 8601 text: declare timestamp(s), (ms), (us), (ns), (auto)"
        raise SourceError(message)
    message = f"is {dtype}, which is no time"
    raise SourceError(message)


def check_zone(zone: str) -> None:
    """`SourceError` for a time zone that does not exist."""
    try:
        pl.Series([0]).cast(pl.Datetime("ns")).dt.replace_time_zone(zone)
    except pl.exceptions.PolarsError:
        message = f"{zone!r} is no time zone; write a name such as 'UTC' or 'America/New_York'"
        raise SourceError(message) from None


class _Written:
    """Reads texts that say a time by a date and a clock, as ISO 8601 or patterns have it."""

    def __init__(self, patterns: Sequence[str], zone: str | None, twice: Twice) -> None:
        self._patterns = patterns
        self._zone = zone
        self._twice = twice

    def read(self, texts: pl.Series, null_values: Sequence[str]) -> Decoded:
        """Nanoseconds UTC."""
        times = self._parse(texts)
        if not times.read.all():
            stripped, empty = split_nulls(texts, null_values)
            times = self._parse(stripped)
            unread = np.flatnonzero(~times.read & ~empty)
            problems = RowProblems(unread, self._unread(stripped.gather(unread)))
        else:
            problems = RowProblems.of({})
        values = pl.Series(times.nanos)
        if not times.read.all():
            values = values.set(pl.Series(~times.read), None)
        local = np.flatnonzero(times.local & times.read)
        return self._localised(texts, values, local, problems) if len(local) else Decoded(values, problems)

    def _parse(self, texts: pl.Series) -> IsoTimes:
        return parse_patterns(texts, self._patterns) if self._patterns else parse_iso(texts)

    def _unread(self, texts: pl.Series) -> pl.Series:
        if not self._patterns:
            told = _not_iso(texts)
            return pl.select(pl.when(told.str.ends_with("Z")).then(told + _PATTERN_FIX).otherwise(told)).to_series()
        what = f" is no time of the years 1678 to 2261 that is written as {' or '.join(self._patterns)}"
        return said(shown(texts, _SHOWN), what)

    def _localised(self, texts: pl.Series, values: pl.Series, rows: Integers, problems: RowProblems) -> Decoded:
        if self._zone is None:
            local = RowProblems(rows, said(shown(texts.gather(rows), _SHOWN), f" has no time zone; {_ZONE_FIX}"))
            return Decoded(_blank(values, rows), RowProblems.joined([problems, local]))
        utc = to_utc(values.gather(rows), self._zone, self._twice)
        missing = rows[rows_where(utc.is_null())]
        twice = RowProblems(missing, _not_one_time(texts.gather(missing), self._zone))
        return Decoded(values.clone().scatter(rows, utc), RowProblems.joined([problems, twice]))


def _not_iso(texts: pl.Series) -> pl.Series:
    written = pl.lit(texts)
    what = (
        pl.when(written.str.contains(_BASIC))
        .then(pl.lit("with dashes and colons, such as 2025-11-10T12:34:56Z"))
        .when(written.str.contains(_TOO_FINE))
        .then(pl.lit("of whole nanoseconds: its fraction has digits below a nanosecond"))
        .otherwise(pl.lit("of the years 1678 to 2261, such as 2025-11-10T12:34:56.789Z"))
    )
    return said(shown(texts, _SHOWN), " is no ISO 8601 time ", what)


def _from_timestamps(column: pl.Series, zone: str | None, twice: Twice) -> Decoded:
    stamps = column.cast(pl.Datetime("us")) if column.dtype == pl.Date else column
    assert isinstance(stamps.dtype, pl.Datetime)  # noqa: S101 - dates have become timestamps
    places = 10 ** UNITS[stamps.dtype.time_unit]
    limit = (2**63 - 1) // places
    counted = stamps.to_physical()
    outside = rows_where(~counted.is_between(-limit, limit))
    problems = RowProblems.same(outside, f"the time is {SPAN}")
    nanos = _blank(counted, outside) * places
    if stamps.dtype.time_zone is not None:
        return Decoded(nanos, problems)
    if zone is None:
        message = 'holds times without a zone: state it under [source], such as zone = "UTC"'
        raise SourceError(message)
    utc = to_utc(nanos, zone, twice)
    unclear = rows_where(utc.is_null() & nanos.is_not_null())
    told = RowProblems(unclear, _not_one_time(pl.Series(map(str, column.gather(unclear)), dtype=pl.String), zone))
    return Decoded(utc, RowProblems.joined([problems, told]))


def _blank(values: pl.Series, rows: Sequence[int] | Integers) -> pl.Series:
    return values.clone().scatter(rows, None) if len(rows) else values


def _not_one_time(texts: pl.Series, zone: str) -> pl.Series:
    what = (
        f" does not say one time in {zone}: the clocks were changed there; write it with an offset or in UTC, "
        "or state under [source] which one is meant where it comes twice: "
        'ambiguous = "earlier", "later" or "order"'
    )
    return said(shown(texts, _SHOWN), what)
