"""Files as publishers write them: each has a definition in the examples, and `barloom init` finds one that works."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

import barloom as bl
from barloom.cli import main
from layouts.files import LAYOUTS

if TYPE_CHECKING:
    from layouts.files import Layout

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "layouts"
BARS = ("binance-spot-klines", "binance-futures-klines", "metatrader-bars")
"""Layouts of bars, of which the five minutes are made."""

MINUTES = [("100.25", "101.50", "100.25", "101.50"), ("100.75", "100.75", "100.75", "100.75")]
FIVE = [("100.25", "101.50", "100.25", "100.75")]


def made(definition: Path, file: Path, layout: Layout, store: Path) -> pl.DataFrame:
    """The bars of a layout's key."""
    report = bl.load(definition).run(str(file), store, at_end="close")
    assert {} == report.rejected
    timeframe = "5m" if layout.name in BARS else "1m"
    out = store.parent / "bars.csv"
    assert main(["export", "--store", str(store), "--timeframe", timeframe, "--out", str(out)]) == 0
    return pl.read_csv(out, infer_schema=False).filter(pl.col("symbol") == layout.key)


def check(bars: pl.DataFrame, layout: Layout) -> None:
    """The prices that were written by hand, at the time that the layout's zone gives, and the volume."""
    expected = FIVE if layout.name in BARS else MINUTES
    prices = bars.select(pl.col("open", "high", "low", "close").cast(pl.Decimal(38, 2)).cast(pl.String))

    assert expected == prices.rows()
    assert layout.start == bars["start"][0]
    if layout.volume is not None:
        assert float(bars["volume"][0]) == float(layout.volume) + (layout.name in BARS)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda each: each.name)
def test_an_example_reads_its_layout(layout: Layout, tmp_path: Path) -> None:
    """The definition in the examples makes the bars that were worked out by hand, and refuses no row."""
    file = tmp_path / layout.file
    layout.write(file)

    check(made(EXAMPLES / f"{layout.name}.toml", file, layout, tmp_path / "state"), layout)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda each: each.name)
def test_init_finds_a_definition(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`barloom init` writes one that `check` passes and that makes the bars that were worked out by hand."""
    monkeypatch.chdir(tmp_path)
    layout.write(tmp_path / layout.file)

    assert main(["init", layout.file]) == 0
    assert main(["check", "bars.toml"]) == 0
    check(made(tmp_path / "bars.toml", tmp_path / layout.file, layout, tmp_path / "state"), layout)


def test_a_definition_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`init` leaves what is there, unless it is told otherwise."""
    out, file = tmp_path / "bars.toml", tmp_path / "XBTUSD.csv"
    file.write_text("1762768801.25,100.25,2\n1762768830,101.5,3\n")
    out.write_text("mine")

    assert main(["init", str(file), "--out", str(out)]) == 2
    assert "mine" == out.read_text()
    assert "--force" in capsys.readouterr().err
    assert main(["init", str(file), "--out", str(out), "--force"]) == 0
    assert "timestamp(s)" in out.read_text()


def test_columns_that_nobody_knows_are_asked_for(tmp_path: Path) -> None:
    """A file without a header, of no known layout, needs names, and the message shows how to give them."""
    file = tmp_path / "ACME.csv"
    file.write_text("a,1762768801,b,100.25\na,1762768830,b,101.5\n")

    with pytest.raises(bl.SourceError, match=r"no header.*--names time,price,size,c4"):
        bl.init(file)
    assert 'names = ["kind", "time", "note", "price"]' in bl.init(file, names=["kind", "time", "note", "price"])


def test_a_day_that_comes_before_its_month_is_told_by_the_rows(tmp_path: Path) -> None:
    """A pattern has to read every row: the 13th can be no month."""
    file = tmp_path / "ACME.csv"
    file.write_text("when,price\n01/02/2025 10:00,1.5\n13/02/2025 10:00,1.6\n")

    assert "%d/%m/%Y %H:%M" in bl.init(file)
