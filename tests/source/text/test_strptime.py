"""Times that are written by a declared pattern are read to the nanosecond, however many rows there are."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barloom.source.text.times import times_from_text

NOON = 1_762_776_000_000_000_000
"""2025-11-10T12:00:00Z in nanoseconds."""
SECOND = 1_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _read(text: str, *patterns: str, zone: str | None = "UTC") -> tuple[object, str]:
    decoded = times_from_text(pl.Series([text]), "iso", zone, ("",), patterns=patterns)
    return decoded.values[0], decoded.problems.get(0, "")


@pytest.mark.parametrize(
    ("text", "pattern", "nanos"),
    [
        ("20120201 000003660", "%Y%m%d %H%M%S%f", 1_328_054_403_660_000_000),
        ("2025.11.10 12:00:00.123", "%Y.%m.%d %H:%M:%S.%f", NOON + 123_000_000),
        ("10.11.2025 12:00:00.123456789", "%d.%m.%Y %H:%M:%S.%f", NOON + 123_456_789),
        ("10.11.2025 12:00:00.1234567890000", "%d.%m.%Y %H:%M:%S.%f", NOON + 123_456_789),
        ("10.11.2025 12:00:00", "%d.%m.%Y %H:%M:%S.%f", NOON),
        ("2025/11/10 12:00:00", "%Y/%m/%d %H:%M:%S", NOON),
        ("2025/11/10 12:00", "%Y/%m/%d %H:%M", NOON),
        ("20251110T120000Z", "%Y%m%dT%H%M%S%z", NOON),
        ("20251110T133000+01:30", "%Y%m%dT%H%M%S%z", NOON),
        ("20251110T110000-0100", "%Y%m%dT%H%M%S%z", NOON),
        ("20251110T110000-01", "%Y%m%dT%H%M%S%z", NOON),
        ("11/10/2025 12:00:00 PM", "%m/%d/%Y %I:%M:%S %p", NOON),
        ("11/10/25 12:00:00 pm", "%D %I:%M:%S %p", NOON),
        ("11/10/2025 12:00:00 AM", "%m/%d/%Y %I:%M:%S %p", NOON - 12 * 3600 * SECOND),
        ("11/10/2025 1:05:09 PM", "%m/%d/%Y %I:%M:%S %p", NOON + 3909 * SECOND),
        ("1/2/2025", "%m/%d/%Y", 1_735_776_000 * SECOND),
        ("10-Nov-2025 12:00", "%d-%b-%Y %H:%M", NOON),
        ("10 november 2025 12:00", "%d %B %Y %H:%M", NOON),
        ("Mon 10 Nov 2025 12:00", "%a %d %b %Y %H:%M", NOON),
        ("2025 314 12", "%Y %j %H", NOON),
        ("69-01-01", "%y-%m-%d", -365 * 86_400 * SECOND),
        ("68-01-01", "%y-%m-%d", 3_092_601_600 * SECOND),
        ("20251110 43200000", "%Y%m%d {ms}", NOON),
        ("20251110 43200000.000001", "%Y%m%d {ms}", NOON + 1),
        ("2025-11-10 43200.123456789", "%F {s}", NOON + 123_456_789),
        ("20251110 43200000000000", "%Y%m%d {ns}", NOON),
        ("20251110 43200000000", "%Y%m%d {us}", NOON),
        (" 2025/11/10 12:00 ", "%Y/%m/%d %H:%M", NOON),
        ("100% 20251110", "100%% %Y%m%d", NOON - 12 * 3600 * SECOND),
    ],
)
def test_written_by_a_pattern(text: str, pattern: str, nanos: int) -> None:
    """Each directive says what it says elsewhere; a fraction has up to nine digits, and may be left out."""
    assert (nanos, "") == _read(text, pattern)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("2025111 000000", "%Y%m%d %H%M%S"),
        ("31.02.2025", "%d.%m.%Y"),
        ("10.13.2025", "%d.%m.%Y"),
        ("10.11.2025 24:00", "%d.%m.%Y %H:%M"),
        ("10.11.2025 12:60", "%d.%m.%Y %H:%M"),
        ("10.11.2025 12:00:60", "%d.%m.%Y %H:%M:%S"),
        ("10.11.2025 13:00 PM", "%d.%m.%Y %I:%M %p"),
        ("10.11.2025 12:00:00.1234567891", "%d.%m.%Y %H:%M:%S.%f"),
        ("10.11.2025 12:00:00.", "%d.%m.%Y %H:%M:%S.%f"),
        ("10.11.2025 12:00:00 more", "%d.%m.%Y %H:%M:%S"),
        ("10-11-2025", "%d.%m.%Y"),
        ("10.11.1500", "%d.%m.%Y"),
        ("2025 366", "%Y %j"),
        ("20251110 86400000", "%Y%m%d {ms}"),
        ("20251110 86400", "%Y%m%d {s}"),
        ("20251110 43200.1234567891", "%Y%m%d {s}"),
        ("20251110 -1", "%Y%m%d {ms}"),
        ("10.Nex.2025", "%d.%b.%Y"),
        ("\u0661\u0660.11.2025", "%d.%m.%Y"),
        ("\u0662\u0660\u0662\u06651110", "%Y%m%d"),
    ],
)
def test_what_does_not_fit_is_refused(text: str, pattern: str) -> None:
    """And never read as something near it; the message shows the text and the pattern."""
    value, problem = _read(text, pattern)

    assert value is None
    assert problem.startswith(repr(text)[:10])
    assert problem.endswith(f"written as {pattern}")


def test_the_first_pattern_that_fits_counts() -> None:
    """Several patterns are tried in their order, row by row; a missing value is none."""
    texts = pl.Series(["01.02.2025", "02/01/2025", None, "", "1.2.25"])
    decoded = times_from_text(texts, "iso", "UTC", ("",), patterns=("%d.%m.%Y", "%m/%d/%Y"))

    first_of_february = 1_738_368_000 * SECOND
    assert [first_of_february, first_of_february, None, None, None] == decoded.values.to_list()
    assert [4] == list(decoded.problems)


def test_a_pattern_without_an_offset_needs_a_zone() -> None:
    """A time of a zone is not UTC by default; with an offset the zone does not matter."""
    assert "has no time zone" in _read("10.11.2025 12:00", "%d.%m.%Y %H:%M", zone=None)[1]
    assert (NOON - 3600 * SECOND, "") == _read("10.11.2025 12:00", "%d.%m.%Y %H:%M", zone="Europe/Berlin")
    assert (NOON, "") == _read("10.11.2025 12:00 +0000", "%d.%m.%Y %H:%M %z", zone="Europe/Berlin")


_TIMES = st.datetimes(datetime(1800, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001 - local times on purpose
_PATTERNS = st.sampled_from(
    ["%d.%m.%Y %H:%M:%S.%f", "%Y%m%d%H%M%S%f", "%b %d %Y %I:%M:%S.%f %p", "%Y-%j %H:%M:%S,%f", "%f:%S %M %H/%d/%m/%Y"]
)


@given(st.lists(_TIMES, min_size=1, max_size=20), _PATTERNS, st.booleans())
def test_as_python_writes_it(times: list[datetime], pattern: str, unpadded: bool) -> None:  # noqa: FBT001 - drawn
    """What `strftime` writes is read back, many rows together, with and without leading zeros."""
    texts = [time.strftime(pattern) for time in times]
    if unpadded and pattern.startswith("%d"):
        texts = [f"{time.day}.{time.month}.{time.year} {time.hour}:{time.minute}:{time.second}.{time.microsecond:06}"
                 for time in times]  # fmt: skip
    decoded = times_from_text(pl.Series(texts), "iso", "UTC", ("",), patterns=(pattern,))

    microseconds = [(time.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) for time in times]
    assert [micro * 1000 for micro in microseconds] == decoded.values.to_list()


def test_every_day_of_a_leap_year() -> None:
    """Day and month by number, by name and by the day of the year are one date."""
    for month in range(1, 13):
        for day in range(1, calendar.monthrange(2024, month)[1] + 1):
            date = datetime(2024, month, day, tzinfo=UTC)
            nanos = int(date.timestamp()) * SECOND
            for pattern in ("%Y%m%d", "%d%b%Y", "%Y%j"):
                assert (nanos, "") == _read(date.strftime(pattern), pattern)
