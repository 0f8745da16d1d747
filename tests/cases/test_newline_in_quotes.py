"""A quoted CSV field with a line break in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def test_it_is_one_record(case: Callable[[str], Case]) -> None:
    """The row of the key with the break is one tick; no bar has a key that the file does not have."""
    newline = case("newline-in-quotes")
    report = newline.barloom("run d.toml --source a.csv --store s --at-end close")
    bars = newline.bars("1m")

    assert "Read 2 ticks" in report
    assert [("l1\nl2", "1.10", "1"), ("A", "1.00", "1")] == bars.sort("start").select("symbol", "close", "count").rows()
    assert [] == newline.rejected().rows()
