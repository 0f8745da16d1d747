"""Times, durations and counts are written and read one way."""

from __future__ import annotations

import pytest

from barloom.cli.formats import UsageError, count, duration, instant, plural

NOON = 1_762_776_000 * 1_000_000_000
SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (0, "0s"),
        (250_000_000, "250ms"),
        (90 * SECOND, "1m 30s"),
        (3600 * SECOND, "1h"),
        (86_400 * SECOND, "1d"),
        (8 * 86_400 * SECOND + 3 * SECOND, "1w 1d"),
        (-2 * SECOND, "-2s"),
    ],
)
def test_durations_have_their_two_largest_units(nanos: int, text: str) -> None:
    """A person wants the size, not every digit."""
    assert text == duration(nanos)


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("2025-11-10T12:00:00Z", NOON),
        ("2025-11-10T13:00:00+01:00", NOON),
        ("2025-11-10 12:00Z", NOON),
        ("2025-11-10T12:00:00.000000001Z", NOON + 1),
        ("2025-11-10T12:00:00.5Z", NOON + SECOND // 2),
        ("2025-11-10", NOON - 12 * 3600 * SECOND),
    ],
)
def test_times_are_read_to_the_nanosecond(text: str, nanos: int) -> None:
    """A date is its midnight in UTC."""
    assert nanos == instant(text, "--from")


@pytest.mark.parametrize(
    ("text", "says"),
    [("noon", "is not a time"), ("2025-11-10T12:00:00", "no time zone"), ("2025-13-10", "not a time: month")],
)
def test_times_that_leave_a_doubt_are_refused(text: str, says: str) -> None:
    """With the option's name and how to write it."""
    with pytest.raises(UsageError, match=f"--from: .*{says}"):
        instant(text, "--from")


def test_counts_are_grouped_and_agree_with_their_noun() -> None:
    """``1 tick``, ``1,234 ticks``."""
    assert ["1,234", "1 tick", "1,234 ticks"] == [count(1234), plural(1, "tick"), plural(1234, "tick")]
