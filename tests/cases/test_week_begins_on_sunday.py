"""A market that trades from Sunday to Thursday has its own weeks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def test_a_week_may_begin_on_sunday(case: Callable[[str], Case]) -> None:
    """Sunday 2 to Thursday 6 November: open 1, close 5, volume 5; 9 to 13 November: open 6, close 10."""
    week = case("week-begins-on-sunday")
    definition = (week.path / "d.toml").read_text(encoding="utf-8")
    declared = definition.replace('days = "Sun-Thu" }', 'days = "Sun-Thu", week = "sunday" }')
    (week.path / "d.toml").write_text(declared, encoding="utf-8")
    week.barloom("run d.toml --source a.csv --store s")

    columns = ("start", "end", "open", "close", "volume", "trading_date", "slots", "expected_slots")
    assert [
        ("2025-11-02T07:00:00Z", "2025-11-06T12:00:00Z", "1.00", "5.00", "5.00", "2025-11-02", "5", "5"),
        ("2025-11-09T07:00:00Z", "2025-11-13T12:00:00Z", "6.00", "10.00", "5.00", "2025-11-09", "5", "5"),
    ] == week.bars("1w").select(columns).rows()
