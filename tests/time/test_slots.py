"""Slots as users ask for them: single times, numpy columns and polars Series."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import polars as pl
import pytest

from barloom.time.sessions import calendar_of_sessions
from barloom.time.slots import InstantSlot, Slot, expected_slots, round_to_slot, slots_between

NOON = datetime(2025, 11, 10, 12, tzinfo=UTC)
NOON_NS = 1_762_776_000_000_000_000
MINUTE = 60 * 10**9
MORNING = calendar_of_sessions(
    [(date(2025, 11, 10), [(NOON - timedelta(hours=3), NOON + timedelta(minutes=30))])],
    known_to=NOON + timedelta(hours=9),
)


def test_a_datetime_is_answered_by_datetimes_in_utc() -> None:
    """A zone is understood, the answer is in UTC."""
    tokyo = timezone(timedelta(hours=9))

    slot = round_to_slot(datetime(2025, 11, 10, 21, 4, 59, 999_999, tzinfo=tokyo), "5m")

    assert Slot(NOON, NOON + timedelta(minutes=5)) == slot


def test_an_integer_is_answered_by_integers() -> None:
    """Nanoseconds stay nanoseconds, Python's or numpy's."""
    slot = InstantSlot(NOON_NS, NOON_NS + 5 * MINUTE)

    assert slot == round_to_slot(NOON_NS + 5 * MINUTE - 1, "5m")
    assert slot == round_to_slot(np.int64(NOON_NS), "5m")


def test_a_column_is_answered_by_columns() -> None:
    """Arrays of int64 or of datetime64 give int64 columns."""
    times = np.array([NOON_NS + 1, NOON_NS - 1])

    assert [NOON_NS, NOON_NS - MINUTE] == round_to_slot(times, "1m").start.tolist()
    assert [NOON_NS, NOON_NS - MINUTE] == round_to_slot(times.astype("datetime64[ns]"), "1m").start.tolist()


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_a_series_is_answered_by_a_frame(unit: str) -> None:
    """Null stays null, and what is outside the session is null."""
    series = pl.Series([NOON, None, NOON + timedelta(hours=8)]).cast(pl.Datetime(unit, "UTC"))

    frame = round_to_slot(series, "1h", MORNING)

    half_past = NOON + timedelta(minutes=30)
    expected = pl.DataFrame(
        {"start": [NOON, None, None], "end": [half_past, None, None]},
        schema=dict.fromkeys(("start", "end"), pl.Datetime("ns", "UTC")),
    )
    assert expected.equals(frame)
    assert expected.schema == frame.schema


def test_a_series_of_integers_counts_nanoseconds() -> None:
    """Integers mean the same in a Series as alone."""

    assert [NOON] == round_to_slot(pl.Series([NOON_NS + 7]), "1d").get_column("start").dt.offset_by("12h").to_list()


def test_outside_the_session_a_single_time_has_no_slot() -> None:
    """None is the answer for a time out of session."""

    assert round_to_slot(NOON + timedelta(minutes=30), "1d", MORNING) is None


def test_a_time_without_a_zone_is_refused() -> None:
    """Nobody knows which instant it is."""
    naive = NOON.replace(tzinfo=None)

    with pytest.raises(ValueError, match="has no time zone; write one"):
        round_to_slot(naive, "1m")
    with pytest.raises(ValueError, match="replace_time_zone"):
        round_to_slot(pl.Series([naive]), "1m")
    with pytest.raises(ValueError, match="times are float64"):
        round_to_slot(np.array([1.0]), "1m")


def test_expected_slots_of_one_parent() -> None:
    """A half day has fewer children."""

    assert 60 == expected_slots("1h", "1m", NOON)
    assert 210 == expected_slots("1d", "1m", NOON - timedelta(hours=3), MORNING)
    assert 4 == expected_slots("1d", "1h", NOON - timedelta(hours=3), MORNING)
    assert 1 == expected_slots("1h", "1h", NOON)
    assert [31, 30] == expected_slots("1mo", "1d", np.array(["2025-10-01", "2025-11-01"], "datetime64[ns]")).tolist()


def test_expected_slots_of_what_is_no_parent_are_refused() -> None:
    """A start off the grid, or children that do not tile, is an error and not a number."""

    with pytest.raises(
        ValueError, match="no 1h slot begins at 2025-11-10T12:01:00Z; its slot begins at 2025-11-10T12:00:00Z"
    ):
        expected_slots("1h", "1m", NOON + timedelta(minutes=1))
    with pytest.raises(ValueError, match="1w slots do not tile 1mo slots"):
        expected_slots("1mo", "1w", datetime(2025, 11, 1, tzinfo=UTC))


def test_slots_between_two_times() -> None:
    """All slots that begin in a half-open range, in order."""
    starts, ends = slots_between(NOON - timedelta(minutes=90), NOON + timedelta(minutes=1), "1h", MORNING)

    assert [NOON_NS - 60 * MINUTE, NOON_NS] == starts.tolist()
    assert [NOON_NS, NOON_NS + 30 * MINUTE] == ends.tolist()
    assert 0 == len(slots_between(NOON, NOON, "1h")[0])
