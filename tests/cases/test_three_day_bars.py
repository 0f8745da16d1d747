"""Bars of several days, counted from a date that the definition declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def test_without_a_date_the_message_says_where_it_is_declared(case: Callable[[str], Case]) -> None:
    """And what it suggests passes."""
    days = case("three-day-bars")
    told = days.barloom("check d.toml", code=2)
    assert "'3d' has no anchor" in told
    assert 'calendar = "24x7?anchor_date=2025-01-06"' in told

    definition = (days.path / "d.toml").read_text(encoding="utf-8")
    declared = definition.replace('base = "1h"', 'base = "1h"\ncalendar = "24x7?anchor_date=2025-01-06"')
    declared = declared.replace('"3d"]', '"2d", "3d", "10d", "2w"]')
    (days.path / "d.toml").write_text(declared, encoding="utf-8")
    assert "is in order" in days.barloom("check d.toml")


def test_three_days_begin_with_the_declared_date(case: Callable[[str], Case]) -> None:
    """From 6 January 2025 on: the 6th to the 8th, the 9th to the 11th."""
    days = case("three-day-bars")
    definition = (days.path / "d.toml").read_text(encoding="utf-8")
    declared = definition.replace('base = "1h"', 'base = "1h"\ncalendar = "24x7?anchor_date=2025-01-06"')
    (days.path / "d.toml").write_text(declared, encoding="utf-8")
    rows = "".join(f"A,2025-01-{day:02d}T12:00:00Z,{day},1\n" for day in range(6, 13))
    (days.path / "a.csv").write_text(f"symbol,at,price,size\n{rows}", encoding="utf-8")
    days.barloom("run d.toml --source a.csv --store s")

    assert [
        ("2025-01-06T00:00:00Z", "2025-01-09T00:00:00Z", "6.00", "8.00", "3", "3"),
        ("2025-01-09T00:00:00Z", "2025-01-12T00:00:00Z", "9.00", "11.00", "3", "3"),
    ] == days.bars("3d").select("start", "end", "open", "close", "slots", "expected_slots").rows()
