"""One stamp of the year 2100 in a file that says no arrival."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def _exported(folder: Case, what: str) -> pl.DataFrame:
    folder.barloom(f"export --store s {what} --out out.csv")
    return pl.read_csv(folder.path / "out.csv", infer_schema=False)


def test_it_is_future_and_moves_nothing(case: Callable[[str], Case]) -> None:
    """The other rows make their bars, the report names the limit, and the store's time can be seen and set back."""
    folder = case("no-bound-without-arrival")

    said = folder.barloom("run d.toml --source a.csv --store s")
    bars = _exported(folder, "--timeframe 1m").select("start", "open", "close", "count").rows()

    assert [("2025-01-01T00:00:00Z", "1.00", "3.00", "2"), ("2025-01-01T00:01:00Z", "4.00", "4.00", "1")] == [
        (start.replace(".000000000", ""), *rest) for start, *rest in bars
    ]
    assert ["future"] == _exported(folder, "--rejected")["reason"].to_list()
    assert "none may be stamped more than 10 s after it was first read" in said
    assert "2025-01-01T00:02:00.1" in folder.barloom("stream-time show d.toml --store s")
    assert "--yes" in folder.barloom("stream-time set-back d.toml --store s --to 2025-01-01T00:01:30Z")
    assert "Set back." in folder.barloom("stream-time set-back d.toml --store s --to 2025-01-01T00:01:30Z --yes")
    assert "2025-01-01T00:01:30Z" in folder.barloom("stream-time show --store s")
