"""Times in exported columns, read by other tools."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case

TIMES = ("start", "end", "open_time", "close_time")


def test_one_column_has_one_form_of_time(case: Callable[[str], Case]) -> None:
    """In CSV, JSON lines and of every timeframe: as many characters in all rows, and Polars and pandas read them."""
    mixed = case("mixed-time-texts")
    mixed.sh("echo 'rollup = [\"1s\", \"1m\"]' > more; sed -i '/^base/r more' d.toml")
    mixed.barloom("run d.toml --source a.csv --store s --at-end close")

    for timeframe in ("100ms", "1s", "1m"):
        texts = mixed.bars(timeframe)
        assert texts.height
        for name in TIMES:
            assert 1 == texts[name].str.len_chars().n_unique()
        path = mixed.path / f"bars-s-{timeframe}.csv"
        parsed = pl.read_csv(path, try_parse_dates=True)
        assert all(isinstance(parsed[name].dtype, pl.Datetime) for name in TIMES)
        lines = mixed.barloom(f"export --store s --timeframe {timeframe} --format jsonl --out -").splitlines()
        for name in TIMES:
            assert texts[name].to_list() == [json.loads(line)[name] for line in lines]
    starts = ["2025-11-02T00:30:00.000000000Z", "2025-11-02T00:30:00.100000000Z", "2025-11-02T00:30:01.000000000Z"]
    assert starts == mixed.bars("100ms")["start"].to_list()
    assert ["2025-11-02T00:30:00Z", "2025-11-02T00:30:01Z"] == mixed.bars("1s")["start"].to_list()


def test_pandas_reads_them(case: Callable[[str], Case]) -> None:
    """``parse_dates`` gives times, where pandas is there."""
    pd = pytest.importorskip("pandas")
    mixed = case("mixed-time-texts")
    mixed.barloom("run d.toml --source a.csv --store s --at-end close")
    mixed.bars("100ms")

    frame = pd.read_csv(mixed.path / "bars-s-100ms.csv", parse_dates=list(TIMES))
    assert all(str(frame[name].dtype).startswith("datetime64") for name in TIMES)
