"""A split of 4:1 on 2025-11-11: there is no table of factors, but a factor that comes with each tick works."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def test_a_factor_by_tick_adjusts(case: Callable[[str], Case]) -> None:
    """By hand, with 0.25 before the split: week of 11-10 open 100, high 100, close 100, volume 8."""
    folder = case("splits")
    definition = folder.path / "d.toml"
    text = definition.read_text(encoding="utf-8").replace(
        'size = "decimal(18, 2)"', 'size = "decimal(18, 2)"\nf = "decimal(6, 4)"'
    )
    ohlcv = 'ohlcv = { price = "price * f", size = "size * g" }'
    text = text.replace('f = "decimal(6, 4)"', 'f = "decimal(6, 4)"\ng = "int"')
    definition.write_text(text.replace('ohlcv = { price = "price", size = "size" }', ohlcv), encoding="utf-8")
    lines = (folder.path / "a.csv").read_text(encoding="utf-8").splitlines()
    factors = ["f,g", "0.25,4", "1,1", "1,1"]
    (folder.path / "b.csv").write_text("\n".join(map(",".join, zip(lines, factors, strict=True))), encoding="utf-8")
    folder.barloom("run d.toml --source b.csv --store s --at-end close")

    found = folder.bars("1w").select("open", "high", "close", "volume").row(0)
    assert [100, 100, 100, 8] == [float(value) for value in found]


def test_a_table_of_factors_is_refused_by_name(case: Callable[[str], Case]) -> None:
    """Who declares one is told the way out, and where it is written."""
    folder = case("splits")
    with (folder.path / "d.toml").open("a", encoding="utf-8") as definition:
        definition.write('splits = { "2025-11-11" = 4 }\n')
    said = " ".join(folder.barloom("check d.toml", code=2).split())

    assert "give the factor as a field and write price * factor" in said
    assert "'What barloom does not make' in docs/concepts.md" in said
