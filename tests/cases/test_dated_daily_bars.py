"""Daily bars with a date, as every vendor has them, into weeks of an exchange calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


@pytest.mark.parametrize("zone", ["", 'zone = "America/New_York"', 'zone = "UTC"'])
def test_a_date_is_that_trading_dates_session(case: Callable[[str], Case], zone: str) -> None:
    """The week of the 3rd is whole with its Friday: five sessions of five, whatever zone is stated."""
    daily = case("dated-daily-bars")
    daily.sh(f"sed -i '/^input/a stamped = \"date\"' d.toml; sed -i 's|^zone.*|{zone}|' d.toml")
    daily.barloom("run d.toml --source a.csv --store s")

    (week,) = daily.bars("1w").rows(named=True)
    assert ("2025-11-03", "3.00", "8.00", "50.00") == (week["start"][:10], week["open"], week["close"], week["volume"])
    assert ("5", "5") == (week["slots"], week["expected_slots"])
    assert [] == daily.rejected().rows()
