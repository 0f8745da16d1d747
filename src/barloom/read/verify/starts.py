"""When published bars start: texts and numbers of all sorts as nanoseconds since the epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.errors import SourceError
from barloom.plan.patterns import parse_pattern
from barloom.source.text.times import check_zone, times_from_text

if TYPE_CHECKING:
    from barloom.read.verify.tables import Written

__all__ = ["START", "instants"]

START: Final = "start"

_ZONED: Final = r"(Z|[+-]\d{2}:?\d{2})$"
_EPOCH_SCALES: Final = ((10, 10**9), (13, 10**6), (16, 10**3), (19, 1))
"""Digits an epoch time has at most, and what makes it nanoseconds: seconds, milliseconds, microseconds, nanoseconds."""

_THESE_DECADES: Final = 10**8
"""From 1973 on the size of each number tells its unit, and not only that of the largest."""

_YEAR: Final = r"(?:19[7-9]|20\d)\d"
_DAY: Final = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_CLOCK: Final = r"(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?"
_BASIC: Final = rf"^{_YEAR}{_DAY}(?:[ T]?{_CLOCK})?(?:Z)?$"
"""``20251110``, ``20251110123400`` and the like; as numbers of an epoch they would be no time since 1973."""


def instants(file: str, times: pl.Series, notes: list[str], written: Written) -> pl.Series:
    """Nanoseconds of ISO 8601 texts, dates without dashes, or epoch numbers whose digits tell their unit."""
    if times.null_count() or (times.str.strip_chars() == "").any():
        message = f"{file}: a row has no {START}"
        raise SourceError(message)
    texts = _dashed(times.str.strip_chars()) if written.pattern is None else times
    numbers = texts.str.contains(r"^\d+(\.0*)?$").all()
    if written.pattern is not None or (written.zone is not None and not numbers):
        return _as_declared(file, texts, written)
    return _of_epoch(texts) if numbers else _of_iso(file, texts, notes)


def _dashed(times: pl.Series) -> pl.Series:
    """Dates with dashes and clocks with colons, where they are written without, or with dots or slashes."""
    if times.str.contains(_BASIC).all():
        bare = times.str.replace_all(r"[ TZ]", "")
        zoned = pl.select(pl.when(times.str.ends_with("Z")).then(pl.lit("Z")).otherwise(pl.lit(""))).to_series()
        dates = bare.str.replace(r"^(\d{4})(\d{2})(\d{2})", "${1}-${2}-${3} ")
        clocks = dates.str.replace(r" (\d{2})(\d{2})(\d{2})?$", " ${1}:${2}:${3}").str.strip_chars_end(": ")
        return (clocks + zoned).alias(times.name)
    spaced = times.str.replace(r"^(\d{4})(\d{2})(\d{2})([ T]\d{2}:)", "${1}-${2}-${3}${4}")
    return spaced.str.replace(r"^(\d{4})[./](\d{2})[./](\d{2})", "${1}-${2}-${3}")


def _as_declared(file: str, times: pl.Series, written: Written) -> pl.Series:
    patterns = () if written.pattern is None else (written.pattern,)
    try:
        list(map(parse_pattern, patterns))
    except ValueError as error:
        message = f"--pattern {written.pattern}: {error}"
        raise ValueError(message) from error
    if written.zone is not None:
        check_zone(written.zone)
    texts = times.str.replace(r"^(\d{4}-\d{2}-\d{2})$", "${1} 00:00") if not patterns else times
    found = times_from_text(texts, "iso", written.zone or "UTC", (), patterns=patterns)
    for text in found.problems.values():
        message = f"{file}: {text}"
        raise SourceError(message)
    return found.values.alias(START)


def _of_epoch(times: pl.Series) -> pl.Series:
    """By the size of each; of the largest alone, where some lie near 1970."""
    whole = times.str.replace(r"\.0*$", "").cast(pl.Int64)
    each = whole if whole.ge(_THESE_DECADES).all() else whole.new_from_index(whole.arg_max() or 0, len(whole))
    scale = pl.lit(1, pl.Int64)
    for digits, size in reversed(_EPOCH_SCALES):
        scale = pl.when(each < 10**digits if digits < 19 else each >= 0).then(pl.lit(size, pl.Int64)).otherwise(scale)  # noqa: PLR2004
    return (whole * pl.select(scale).to_series()).alias(START)


def _of_iso(file: str, times: pl.Series, notes: list[str]) -> pl.Series:
    zoned = times.str.contains(_ZONED)
    if not zoned.all():
        notes.append(f"{file} has times without a zone; they are read as UTC; --zone names another")
    dated = times.str.replace(r"^(\d{4}-\d{2}-\d{2})[ T]?", "${1}T").str.replace(r"T$", "T00:00:00")
    spelled = dated.str.replace(r"T(\d{2}:\d{2})(Z|[+-]|$)", "T${1}:00${2}")
    with_zone = pl.select(pl.when(zoned).then(spelled).otherwise(spelled + "Z")).to_series()
    parsed = with_zone.str.to_datetime(time_unit="ns", time_zone="UTC", strict=False, format="%+")
    if parsed.null_count():
        wrong = times.filter(parsed.is_null())[0]
        message = f"{file}: {wrong!r} is not a time; write 2025-11-10T12:34:00Z or an epoch number, or give --pattern"
        raise SourceError(message)
    return parsed.to_physical().alias(START)
