"""Candles that are sent again as they grow, without a mark when they are finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def test_the_last_state_before_the_next_candle_counts(case: Callable[[str], Case]) -> None:
    """Three states of 09:00, of which the last has a volume of 9, and one of 09:01."""
    growing = case("forming-candles-last-wins")
    growing.sh("sed -i '/^input/a keep = \"last\"' d.toml")
    growing.barloom("run d.toml --source a.csv --store s")

    columns = ("start", "high", "close", "volume")
    assert [("2025-11-10T09:00:00Z", "3.00", "3.00", "10.00")] == growing.bars("5m").select(columns).rows()
    assert ["9.00", "1.00"] == growing.bars("1m")["volume"].to_list()
    assert [] == growing.rejected().rows()
