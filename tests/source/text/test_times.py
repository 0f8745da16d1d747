"""Times are read to the nanosecond, in every way the definition allows them to be written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from barloom.errors import SourceError
from barloom.source.text.times import check_zone, times_from_text, times_from_typed

NOON = 1_762_776_000_000_000_000
"""2025-11-10T12:00:00Z in nanoseconds."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _iso(text: str, zone: str | None = None) -> tuple[object, str]:
    decoded = times_from_text(pl.Series([text]), "iso", zone, ("",))
    return decoded.values[0], decoded.problems.get(0, "")


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("2025-11-10T12:00:00Z", NOON),
        ("2025-11-10 12:00:00Z", NOON),
        ("2025-11-10t12:00:00z", NOON),
        ("2025-11-10T12:00Z", NOON),
        ("2025-11-10T13:30:00+01:30", NOON),
        ("2025-11-10T13:30:00+0130", NOON),
        ("2025-11-10T11:00:00-01", NOON),
        ("2025-11-10T12:00:00.5Z", NOON + 500_000_000),
        ("2025-11-10T12:00:00,123456789Z", NOON + 123_456_789),
        ("2025-11-10T12:00:00.1234567890000Z", NOON + 123_456_789),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000_000_000),
        (" 2025-11-10T12:00:00Z ", NOON),
    ],
)
def test_iso_times_are_read_to_the_nanosecond(text: str, nanos: int) -> None:
    """With Z or an offset, with T or a space, with up to nine digits that count."""

    assert (nanos, "") == _iso(text)


@pytest.mark.parametrize(
    "text",
    [
        "2025-02-29T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "2025-11-10T24:00:00Z",
        "2025-11-10T12:60:00Z",
        "2025-11-10T12:00:60Z",
        "2025-11-10T12:00:00.1234567891Z",
        "2025-11-10T12:00:00.Z",
        "2025-11-10T12:00:00+24:00",
        "1600-01-01T00:00:00Z",
        "2300-01-01T00:00:00Z",
        "10.11.2025 12:00:00",
        "1762776000",
        "2025-11-10T12:00:0éZ",
        "x",
    ],
)
def test_what_is_no_iso_time_is_refused(text: str) -> None:
    """Dates that do not exist, digits below a nanosecond, other formats."""
    nanos, problem = _iso(text)

    assert nanos is None
    assert "no ISO 8601 time" in problem


def test_a_time_without_zone_needs_the_zone_stated() -> None:
    """Without it the row is refused, and the message says how to mend it."""
    nanos, problem = _iso("2025-11-10T13:00:00")

    assert nanos is None
    assert 'zone = "UTC"' in problem
    assert (NOON, "") == _iso("2025-11-10T13:00:00", "Europe/Berlin")
    assert (NOON, "") == _iso("2025-11-10T12:00:00Z", "Europe/Berlin")


@pytest.mark.parametrize("text", ["2025-10-26T02:30:00", "2025-03-30T02:30:00"])
def test_a_local_time_that_is_twice_or_never_is_refused(text: str) -> None:
    """When the clocks are changed there is not one time that is meant."""
    nanos, problem = _iso(text, "Europe/Berlin")

    assert nanos is None
    assert "the clocks were changed" in problem


def test_columns_of_mixed_forms_are_read_row_by_row() -> None:
    """Lengths and forms may differ from row to row; one that is wrong spoils only itself."""
    texts = ["2025-11-10T12:00:00Z", "2025-11-10T12:00:00.25Z", "nonsense", None, "2025-11-10T13:00:00+01:00", ""]
    decoded = times_from_text(pl.Series(texts), "iso", None, ("",))

    assert [NOON, NOON + 250_000_000, None, None, NOON, None] == decoded.values.to_list()
    assert [2] == list(decoded.problems)


_MOMENTS = st.datetimes(datetime(1680, 1, 1), datetime(2260, 1, 1))  # noqa: DTZ001 - the zone is drawn beside
_OFFSETS = st.integers(-23 * 60, 23 * 60)


@given(_MOMENTS, _OFFSETS, st.integers(0, 999), st.sampled_from(["T", " "]))
@settings(max_examples=200, deadline=None)
def test_iso_times_against_python(moment: datetime, offset: int, nanos: int, separator: str) -> None:
    """Against `datetime`, which has no nanoseconds: those are added by hand."""
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=offset)))
    sign = "-" if offset < 0 else "+"
    text = (
        f"{moment:%Y-%m-%d}{separator}{moment:%H:%M:%S.%f}{nanos:03}{sign}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    ).rjust(35, "0")

    assert (((zoned - EPOCH) // timedelta(microseconds=1)) * 1000 + nanos, "") == _iso(text)


@given(_MOMENTS, st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"]))
@settings(max_examples=200, deadline=None)
def test_local_times_against_python(moment: datetime, zone: str) -> None:
    """Against `zoneinfo`, for local times that are there exactly once."""
    moment = moment.replace(microsecond=0, year=1950 + moment.year % 80, day=min(moment.day, 28))
    early, late = (moment.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    assume(early.utcoffset() == late.utcoffset())
    expected = (early.astimezone(UTC) - EPOCH) // timedelta(microseconds=1) * 1000

    assert (expected, "") == _iso(f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0"), zone)


@pytest.mark.parametrize(
    ("text", "unit", "nanos"),
    [
        ("1762795433.9717445", "s", 1_762_795_433_971_744_500),
        ("1762795433", "s", 1_762_795_433_000_000_000),
        ("-1.5", "s", -1_500_000_000),
        ("1.0000000010000", "s", 1_000_000_001),
        ("1e9", "s", 10**18),
        ("79200579.427", "ms", 79_200_579_427_000),
        ("1046.9128", "ms", 1_046_912_800),
        ("1.001", "us", 1_001),
        ("5", "ns", 5),
        ("5.0", "ns", 5),
    ],
)
def test_epoch_times_keep_every_digit(text: str, unit: str, nanos: int) -> None:
    """Whole and fractional, as long as the digits are whole nanoseconds."""
    decoded = times_from_text(pl.Series([text]), unit, None, ("",))

    assert ([nanos], {}) == (decoded.values.to_list(), decoded.problems)


@pytest.mark.parametrize(
    ("text", "unit", "why"),
    [
        ("1.0000000001", "s", "below a nanosecond"),
        ("5.5", "ns", "no whole number of nanoseconds"),
        ("99999999999", "s", "64-bit nanoseconds"),
        ("1e30", "s", "64-bit nanoseconds"),
        ("2025-11-10T12:00:00Z", "s", "is no time in s"),
        ("nan", "ms", "is no time in ms"),
    ],
)
def test_epoch_times_that_do_not_fit_are_refused(text: str, unit: str, why: str) -> None:
    """No digit that says something is dropped."""
    decoded = times_from_text(pl.Series([text]), unit, None, ("",))

    assert [None] == decoded.values.to_list()
    assert why in decoded.problems[0]


@given(st.decimals(-(10**12), 10**12, places=11), st.sampled_from(["s", "ms", "us", "ns"]))
@settings(max_examples=200, deadline=None)
def test_epoch_times_against_fractions(number: object, unit: str) -> None:
    """Against exact fractions: whole nanoseconds within 64 bits are read, all else is refused."""
    exact = Fraction(str(number)) * {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[unit]
    fits = exact.denominator == 1 and -(2**63) <= exact < 2**63
    decoded = times_from_text(pl.Series([str(number)]), unit, None, ("",))

    assert (int(exact) if fits else None) == decoded.values[0]
    assert fits is (0 not in decoded.problems)


def test_float_times_are_their_shortest_decimals() -> None:
    """The float of a fractional second says the digits it was written with."""
    decoded = times_from_typed(pl.Series([1762795433.9717445, 0.1, float("nan")]), "s", None)

    assert [1_762_795_433_971_744_500, 100_000_000, None] == decoded.values.to_list()
    assert [2] == list(decoded.problems)


def test_timestamps_of_any_unit_become_nanoseconds() -> None:
    """With a zone they are moments; a value that nanoseconds cannot hold is refused."""
    far = pl.Series([NOON // 10**6, 253_402_300_800_000]).cast(pl.Datetime("ms", "Asia/Tokyo"))
    decoded = times_from_typed(far, "iso", None)

    assert [NOON, None] == decoded.values.to_list()
    assert [1] == list(decoded.problems)


def test_timestamps_without_zone_need_the_zone_stated() -> None:
    """A column is refused as a whole, for its type says so."""
    naive = pl.Series([NOON + 3600 * 10**9]).cast(pl.Datetime("ns"))

    with pytest.raises(SourceError, match="without a zone"):
        times_from_typed(naive, "iso", None)
    assert [NOON] == times_from_typed(naive, "iso", "Europe/Berlin").values.to_list()


def test_numbers_need_their_unit_declared() -> None:
    """A column of numbers is no ISO text: whether they are seconds or milliseconds must be said."""
    with pytest.raises(SourceError, match=r"timestamp\(s\)"):
        times_from_typed(pl.Series([1]), "iso", None)


def test_a_zone_that_does_not_exist_is_refused() -> None:
    """The message shows how a zone is written."""
    with pytest.raises(SourceError, match="America/New_York"):
        check_zone("Mars/Olympus")


def test_a_time_in_another_form_is_told_how_to_be_declared() -> None:
    """The message names patterns, but not where only the digits are too many."""
    assert _iso("10.11.2025 12:00")[1].endswith('pattern, such as timestamp("%d.%m.%Y %H:%M:%S")')
    assert _iso("2025-11-10T12:00:00.1234567891Z")[1].endswith("digits below a nanosecond")
