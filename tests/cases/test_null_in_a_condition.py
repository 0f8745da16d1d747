"""Regular trades have an empty condition: what a filter on it does with them is said, and can be chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case

FILTER = """'cond != "I"'"""


def test_three_values_are_told_before_the_first_run(case: Callable[[str], Case]) -> None:
    """``null != "I"`` is not true, so one trade counts; `check` says which rows are left out, and how to have them."""
    folder = case("null-in-a-condition")
    said = " ".join(folder.barloom("check d.toml").split())
    folder.barloom("run d.toml --source a.csv --store s --at-end close")

    assert ["1"] == folder.bars("1m")["count"].to_list()
    assert 'where: rows without cond do not fulfil cond != "I"' in said
    assert 'write cond is null or cond != "I"' in said


@pytest.mark.parametrize("meant", ["""'cond is null or cond != "I"'""", """'coalesce(cond, "") != "I"'"""])
def test_what_is_meant_can_be_said(case: Callable[[str], Case], meant: str) -> None:
    """Odd lots are left out, regular trades count: open 1, close 5, volume 30, count 3; and nothing is told."""
    folder = case("null-in-a-condition")
    definition = folder.path / "d.toml"
    definition.write_text(definition.read_text(encoding="utf-8").replace(FILTER, meant), encoding="utf-8")
    folder.barloom("run d.toml --source a.csv --store s --at-end close")

    assert [("1.00", "5.00", "30.00", "3")] == folder.bars("1m").select("open", "close", "volume", "count").rows()
    assert "rows without cond" not in " ".join(folder.barloom("check d.toml").split())
