"""Sale conditions are a list per trade: some trades do not count for the high, but for the volume all do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case

WANTED = """
[bars.select]
high = 'max(price) when not (cond contains any ("37", "52"))'
volume = "sum(size)"
"""


def written(folder: Case) -> None:
    """Let the definition say what is wanted."""
    definition = folder.path / "d.toml"
    kept = [
        "cond = 'list(\",\")'" if line.startswith("cond") else line
        for line in definition.read_text(encoding="utf-8").splitlines()
        if not line.startswith(("where", "ohlcv"))
    ]
    definition.write_text("\n".join(kept) + WANTED, encoding="utf-8")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_trades_count_for_what_their_conditions_allow(case: Callable[[str], Case], kind: str) -> None:
    """High 249.75 without 37 and 52, volume of all 251166, from a text with commas and from lists."""
    folder = case("conditions-as-a-list")
    written(folder)
    frame = pl.read_csv(folder.path / "a.csv", infer_schema=False)
    listed = frame.with_columns(pl.col("cond").str.split(","))
    if kind == "jsonl":
        listed.write_ndjson(folder.path / "a.jsonl")
    elif kind == "parquet":
        listed.write_parquet(folder.path / "a.parquet")
    folder.barloom(f"run d.toml --source a.{kind} --store s --at-end close")

    assert [("249.75", "251166.00")] == folder.bars("1m").select("high", "volume").rows()


def test_a_text_is_no_list_until_it_is_declared_one(case: Callable[[str], Case]) -> None:
    """``contains`` on plain text would find 37 in 137: it is refused, with the type to write."""
    said = " ".join(case("conditions-as-a-list").barloom("check d.toml", code=2).split())

    assert "cond is text, not a list" in said
    assert """cond = 'list(",")'""" in said


def test_one_of_several_values(case: Callable[[str], Case]) -> None:
    """``in`` takes its values in parentheses."""
    said = case("conditions-as-a-list").barloom("check in.toml")

    assert 'cond in ("I", "W")' in said
