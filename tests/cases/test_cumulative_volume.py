"""A feed gives the day's volume so far: a bar's volume is the growth since the last tick before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


@pytest.mark.parametrize("runs", [1, 2], ids=["in one run", "continued"])
def test_a_bar_has_what_came_since_the_bar_before(case: Callable[[str], Case], runs: int) -> None:
    """By hand: 30, then 155 - 130 = 25; the next day begins at 0, so that 40 are 40. A restart changes nothing."""
    folder = case("cumulative-volume")
    definition = folder.path / "d.toml"
    text = definition.read_text(encoding="utf-8").replace("last(total) - first(total)", "delta(total)")
    definition.write_text(text, encoding="utf-8")
    lines = (folder.path / "a.csv").read_text(encoding="utf-8").splitlines()
    lines += ["A,2025-11-11T09:00:00Z,1,1,10", "A,2025-11-11T09:00:09Z,1,1,40", "A,2025-11-11T09:01:00Z,1,1,40"]
    for run in range(runs):
        part = lines if run == runs - 1 else lines[:3]
        (folder.path / "a.csv").write_text("\n".join(part) + "\n", encoding="utf-8")
        folder.barloom("run d.toml --source a.csv --store s")

    assert ["30", "25", "40"] == [f"{float(volume):g}" for volume in folder.bars("1m")["volume"]]
