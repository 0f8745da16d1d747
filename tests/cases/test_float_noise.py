"""Numbers that went through a float somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def test_places_are_rounded_where_the_field_says_so(case: Callable[[str], Case]) -> None:
    """1.1 and 0.30000000000000004 are 1.10 and 0.30, the sizes 0.00 and 1; the report counts what was rounded."""
    noise = case("float-noise")
    noise.sh('sed "s/decimal(18, 2)/decimal(18, 2, round=half-even)/" d.toml > r.toml')
    told = noise.barloom("run r.toml --source a.csv --store r --at-end close")

    (bar,) = noise.bars("1m", "r").select("open", "high", "low", "close", "volume", "count").rows()
    assert ("1.10", "1.10", "0.30", "0.30", "1.00", "2") == bar
    assert "price 1, size 1" in told


def test_without_that_they_are_refused(case: Callable[[str], Case]) -> None:
    """Never rounded without a word."""
    noise = case("float-noise")
    noise.barloom("run d.toml --source a.csv --store s", code=13)

    assert 2 == noise.rejected().height
