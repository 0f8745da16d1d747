"""Minutes of all hours, days of the regular ones, from one definition and one store."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def test_the_day_of_the_regular_hours_stands_beside_the_other(case: Callable[[str], Case]) -> None:
    """2025-11-26: open 100, high 101, low 100, close 101, volume 2 in regular hours; 90, 120, 90, 120, 4 in all."""
    both = case("regular-day-with-extended-hours")
    definition = (both.path / "d.toml").read_text(encoding="utf-8")
    (both.path / "d.toml").write_text(definition.replace('"1d"]', '"1d", "1d-regular"]'), encoding="utf-8")
    both.barloom("run d.toml --source a.csv --store s")

    columns = ("start", "end", "open", "high", "low", "close", "volume")
    regular = ("2025-11-26T14:30:00Z", "2025-11-26T21:00:00Z", "100.00", "101.00", "100.00", "101.00", "2.00")
    every = ("2025-11-26T09:00:00Z", "2025-11-27T01:00:00Z", "90.00", "120.00", "90.00", "120.00", "4.00")
    assert [regular] == both.bars("1d-regular").select(columns).rows()
    assert [every] == both.bars("1d").select(columns).rows()
    said = both.barloom("explain --store s --timeframe 1d-regular --key A 2025-11-26T14:30:00Z")
    assert "final, it will not change" in said
