"""One wrong stamp of 2100 in a file: a condition on the time leaves it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def test_a_time_is_compared_with_a_written_one(case: Callable[[str], Case]) -> None:
    """Without the stamp the minutes are 1 and 3, then 4; nothing is late."""
    folder = case("no-bound-without-arrival")
    definition = folder.path / "w.toml"
    text = definition.read_text(encoding="utf-8")
    definition.write_text(text.replace('"at < 4102444800000"', "'at < \"2030-01-01\"'"), encoding="utf-8")
    folder.barloom("run w.toml --source a.csv --store s")

    assert [("1.00", "3.00"), ("4.00", "4.00")] == folder.bars("1m").select("open", "close").rows()
    assert 0 == folder.rejected().height


def test_a_number_beside_a_time_is_told_what_to_write(case: Callable[[str], Case]) -> None:
    """4102444800000 milliseconds are the beginning of 2100."""
    said = " ".join(case("no-bound-without-arrival").barloom("check w.toml", code=2).split())

    assert 'write the time as text: "2100-01-01T00:00:00Z"' in said
