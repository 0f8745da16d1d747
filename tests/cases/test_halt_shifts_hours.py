"""A halt of five minutes does not move the hours of the rest of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def test_hours_stay_where_they_were(case: Callable[[str], Case]) -> None:
    """10:00-10:05 is a closure: 14:30Z (close 2, count 2) and 15:30Z (close 5, count 2), as on every chart."""
    halt = case("halt-shifts-hours")
    halt.barloom("run d.toml --source a.csv --store s --overrides o.toml")
    hours = halt.bars("1h")

    assert [
        ("2025-11-25T14:30:00Z", "2025-11-25T15:30:00Z", "2.00", "2"),
        ("2025-11-25T15:30:00Z", "2025-11-25T16:30:00Z", "5.00", "2"),
    ] == hours.select("start", "end", "close", "count").rows()
    assert ["55", "60"] == hours["expected_slots"].to_list()


def test_a_closure_may_begin_the_slots_anew(case: Callable[[str], Case]) -> None:
    """With ``break = "split"`` in the closure the next hour begins at 10:05."""
    halt = case("halt-shifts-hours")
    with (halt.path / "o.toml").open("a", encoding="utf-8") as file:
        file.write('\nbreak = "split"\n')
    halt.barloom("run d.toml --source a.csv --store s --overrides o.toml")

    assert ["2025-11-25T14:30:00Z", "2025-11-25T15:05:00Z"] == halt.bars("1h")["start"].to_list()
