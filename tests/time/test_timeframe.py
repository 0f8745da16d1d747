"""How timeframes and durations are written."""

from __future__ import annotations

import pytest

from barloom.time.timeframe import DAY, HOUR, MINUTE, SECOND, Timeframe, parse_duration


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1ms", "1ms"),
        ("100ms", "100ms"),
        ("1000ms", "1s"),
        ("1500ms", "1500ms"),
        ("60s", "1m"),
        ("60m", "1h"),
        ("65m", "65m"),
        ("90m", "90m"),
        (" 5 m ", "5m"),
        ("23h", "23h"),
        ("1d", "1d"),
        ("1w", "1w"),
        ("12mo", "12mo"),
        ("3d", "3d"),
        ("7 d", "7d"),
        ("2w", "2w"),
        ("1d-regular", "1d-regular"),
        ("3mo-regular", "3mo-regular"),
    ],
)
def test_equal_lengths_are_written_equally(text: str, written: str) -> None:
    """A timeframe has one name, in the largest unit that holds it whole."""

    assert written == str(Timeframe.parse(text))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("24h", "'1d'"),
        ("1440m", "'1d'"),
        ("168h", "'1w'"),
        ("36h", "'23h'"),
        ("48h", "'1d'"),
        ("1000d", "at most '92d', or months"),
        ("53w", "at most '13w', or months"),
        ("1h-regular", "write '1h'"),
        ("1d-extended", "such as '5m'"),
        ("5mo", "1, 2, 3, 4, 6 or 12"),
        ("1y", "'12mo'"),
        ("0s", "longer than zero"),
        ("5 minutes", "such as '5m'"),
        ("1.5h", "such as '5m'"),
        ("-1m", "such as '5m'"),
        ("", "such as '5m'"),
    ],
)
def test_a_length_without_an_anchor_is_refused_with_a_hint(text: str, hint: str) -> None:
    """What has no anchor, or is no length, names what could be written instead."""

    with pytest.raises(ValueError, match=r"timeframe|anchor|longer than a quarter|below a day") as refused:
        Timeframe.parse(text)
    assert hint in str(refused.value)


@pytest.mark.parametrize(
    ("parent", "child", "tiles"),
    [
        ("1m", "1s", True),
        ("1m", "7s", False),
        ("65m", "5m", True),
        ("1h", "7m", False),
        ("1d", "65m", True),
        ("1d", "7s", True),
        ("1w", "1d", True),
        ("1mo", "1d", True),
        ("1mo", "1w", False),
        ("1w", "4h", True),
        ("3mo", "1mo", True),
        ("3mo", "2mo", False),
        ("12mo", "1w", False),
        ("1m", "1m", False),
        ("1s", "1m", False),
        ("3d", "1d", True),
        ("6d", "3d", True),
        ("3d", "2d", False),
        ("3d", "65m", True),
        ("1w", "7d", False),
        ("2w", "2d", False),
        ("2w", "1w", True),
        ("4w", "2w", True),
        ("1mo", "3d", False),
        ("1mo", "2w", False),
        ("1d-regular", "1h", True),
        ("1d", "1d-regular", False),
        ("1w-regular", "1d", False),
        ("1w-regular", "1d-regular", True),
        ("1w", "1d-regular", False),
        ("12mo-regular", "1mo-regular", True),
    ],
)
def test_a_parent_is_a_whole_multiple_under_the_same_anchor(parent: str, child: str, *, tiles: bool) -> None:
    """Which slots tile which is decided by rule, for all dates and calendars."""

    assert tiles == Timeframe.parse(parent).is_multiple_of(Timeframe.parse(child))


def test_timeframes_sort_from_fine_to_coarse() -> None:
    """`order` sorts by length, whatever the unit."""
    names = ["1mo", "1ms", "10d", "1d-regular", "1d", "90m", "1w", "1h", "12mo", "2w", "61s"]

    in_order = [str(item) for item in sorted(map(Timeframe.parse, names), key=lambda item: item.order)]

    assert ["1ms", "61s", "1h", "90m", "1d", "1d-regular", "1w", "10d", "2w", "1mo", "12mo"] == in_order


@pytest.mark.parametrize(
    ("text", "nanos"),
    [("0s", 0), ("250ms", SECOND // 4), ("2s", 2 * SECOND), ("5m", 5 * MINUTE), ("24h", 24 * HOUR), ("1w", 7 * DAY)],
)
def test_a_duration_is_elapsed_time(text: str, nanos: int) -> None:
    """A duration counts nanoseconds; its days have 24 hours."""

    assert nanos == parse_duration(text)


def test_a_duration_without_a_unit_is_refused() -> None:
    """A bare number says nothing."""

    with pytest.raises(ValueError, match="such as '2s'"):
        parse_duration("2")
