"""A bad print is cancelled 18 s later: no row takes another back, and that is seen and written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def test_a_cancel_is_refused_where_everybody_sees_it(case: Callable[[str], Case]) -> None:
    """It is a `duplicate` in the side output, with its whole row; the print that it means still counts: high 99."""
    folder = case("corrections")
    folder.barloom("run d.toml --source a.csv --store s")

    assert [("duplicate", "A,2025-11-10T09:00:20Z,99,100,2,cancel")] == folder.rejected().select("reason", "raw").rows()
    assert "99.00" == folder.bars("1m")["high"][0]


def test_the_way_out_is_to_leave_them_out_before(case: Callable[[str], Case]) -> None:
    """By hand, without the cancelled print and its cancel: open 10, high 10, close 10, volume 100, count 1."""
    folder = case("corrections")
    rows = (folder.path / "a.csv").read_text(encoding="utf-8").splitlines()
    cancelled = {row.split(",")[4] for row in rows if row.endswith(",cancel")}
    kept = [row for row in rows if row.split(",")[4] not in cancelled]
    (folder.path / "clean.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    folder.barloom("run d.toml --source clean.csv --store s")

    found = folder.bars("1m").select("open", "high", "close", "volume", "count").row(0)
    assert ("10.00", "10.00", "10.00", "100.00", "1") == found


def test_asking_for_corrections_is_refused_by_name(case: Callable[[str], Case]) -> None:
    """Who declares which rows are cancels is told that none takes another back, and where it is written."""
    folder = case("corrections")
    with (folder.path / "d.toml").open("a", encoding="utf-8") as definition:
        definition.write("corrections = 'kind == \"cancel\"'\n")
    said = " ".join(folder.barloom("check d.toml", code=2).split())

    assert "no row takes another back" in said
    assert "'What barloom does not make' in docs/concepts.md" in said
