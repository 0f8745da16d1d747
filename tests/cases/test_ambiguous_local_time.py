"""Local times of the night in which the clocks are set back: 01:00 to 02:00 comes twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case

HOURS = {
    "earlier": ["04:59", "05:05", "05:30", "05:59", "07:30"],
    "later": ["04:59", "06:05", "06:30", "06:59", "07:30"],
    "order": ["04:59", "05:30", "05:59", "06:05", "07:30"],
}
"""In UTC, of 00:59, 01:30, 01:59, 01:05 (after the step back) and 02:30 in New York."""


@pytest.mark.parametrize("rule", HOURS)
def test_the_declared_one(case: Callable[[str], Case], rule: str) -> None:
    """The earlier, the later, or what the order of the rows says: every row has its minute."""
    night = case("ambiguous-local-time")
    night.sh(f"""sed 's/^zone.*/&\\nambiguous = "{rule}"/' d.toml > rule.toml""")
    night.barloom("run rule.toml --source a.csv --store s --at-end close")

    late = night.rejected()["event_time"].str.slice(11, 5).to_list() if rule != "order" else []
    assert HOURS[rule] == sorted([*night.bars("1m")["start"].str.slice(11, 5), *late])


def test_refused_without_a_word(case: Callable[[str], Case]) -> None:
    """As long as nothing is declared; the message says what can be."""
    night = case("ambiguous-local-time")
    night.barloom("run d.toml --source a.csv --store s --at-end close")

    assert ["04:59", "07:30"] == night.bars("1m")["start"].str.slice(11, 5).to_list()
    assert 3 == night.rejected()["message"].str.contains('ambiguous = "earlier", "later" or "order"').sum()
