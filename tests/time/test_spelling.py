"""A length written as elsewhere is refused, and what was meant is named."""

from __future__ import annotations

import pytest

from barloom.time.spelling import meant
from barloom.time.timeframe import Timeframe, parse_duration


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("1W", ["1w"]),
        ("1H", ["1h"]),
        ("1Min", ["1m"]),
        ("1D", ["1d"]),
        ("5T", ["5m"]),
        ("60min", ["60m"]),
        ("1hour", ["1h"]),
        ("5 minutes", ["5m"]),
        ("5-minute", ["5m"]),
        ("30 sec.", ["30s"]),
        ("D", ["1d"]),
        ("daily", ["1d"]),
        ("W-MON", ["1w"]),
        ("Q", ["3mo"]),
        ("2QE", ["6mo"]),
        ("1Y", ["12mo"]),
        ("M15", ["15m"]),
        ("H4", ["4h"]),
        ("MN1", ["1mo"]),
        ("PT5M", ["5m"]),
        ("P1M", ["1mo"]),
        ("PT1H30M", ["90m"]),
        ("1.5h", ["90m"]),
        ("0.5s", ["500ms"]),
        ("1 hour 30 minutes", ["90m"]),
        ("1M", ["1m", "1mo"]),
        ("100MS", ["100ms", "100mo"]),
        ("60", ["60s", "60m"]),
        ("1B", []),
        ("0.0001s", []),
        ("1 month 2 days", []),
        ("-1m", []),
        ("hello", []),
        ("", []),
    ],
)
def test_what_may_be_meant(text: str, ways: list[str]) -> None:
    """As pandas, MetaTrader, TradingView, Binance, ISO 8601 and people write lengths."""
    assert ways == list(meant(text))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("1M", "did you mean '1m' or '1mo'?"),
        ("60min", "did you mean '1h' (60m)?"),
        ("15M", "did you mean '15m'?"),
        ("60", "did you mean '1m' (60s) or '1h' (60m)?"),
        ("24 hours", "write '1d'"),
        ("2D", "did you mean '2d'?"),
        ("1B", "write a number and"),
    ],
)
def test_a_timeframe_names_only_what_has_an_anchor(text: str, hint: str) -> None:
    """Fifteen months have none; a day of 24 hours has its own answer."""
    with pytest.raises(ValueError, match=r"timeframe|anchor") as refused:
        Timeframe.parse(text)

    assert hint in str(refused.value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2 seconds", "did you mean '2s'?"),
        ("1.5s", "did you mean '1500ms'?"),
        ("5", "did you mean '5s' or '5m'?"),
        ("1M", "did you mean '1m'?"),
        ("1 month", "write days, such as '31d'"),
        ("soon", "write a number and ms, s, m, h, d or w"),
    ],
)
def test_a_duration_names_what_was_meant(text: str, hint: str) -> None:
    """A month is no elapsed time."""
    with pytest.raises(ValueError, match=r"duration|length") as refused:
        parse_duration(text)

    assert hint in str(refused.value)


@pytest.mark.parametrize("written", [60, None, True, ["1s"]])
def test_a_timeframe_that_is_no_text_is_refused(written: object) -> None:
    """With its value; a number is asked for its unit."""
    with pytest.raises(TypeError, match="is not a timeframe; ") as refused:
        Timeframe.parse(written)  # type: ignore[arg-type]

    assert ("did you mean '1m' (60s) or '1h' (60m)?" in str(refused.value)) == (written == 60)
