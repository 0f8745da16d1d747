"""Minutes of a vendor that leaves out those without trades."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def test_the_gap_policy_of_the_base_fills_the_holes(case: Callable[[str], Case]) -> None:
    """All six minutes are there, the missing ones flat at the close before them, without volume."""
    vendor = case("fill-missing-input-bars")
    vendor.barloom("run d.toml --source a.csv --store s")

    columns = ("start", "open", "high", "low", "close", "volume", "synthetic")
    flat = [("09:01", "1.00", "true"), ("09:02", "1.00", "true"), ("09:04", "2.00", "true")]
    whole = [("09:00", "1.00", "false"), ("09:03", "2.00", "false"), ("09:05", "2.00", "false")]
    expected = [
        (f"2025-11-10T{start}:00Z", price, price, price, price, "0.00" if made == "true" else "5.00", made)
        for start, price, made in sorted(flat + whole)
    ]
    assert expected == vendor.bars("1m").select(columns).rows()


def test_what_is_filled_in_counts_for_no_coarser_bar(case: Callable[[str], Case]) -> None:
    """The five minutes have the volume of two; they are whole, since three are known to be empty."""
    vendor = case("fill-missing-input-bars")
    vendor.barloom("run d.toml --source a.csv --store s")

    columns = ("open", "close", "volume", "slots", "filled", "expected_slots")
    assert [("1.00", "2.00", "10.00", "5", "2", "5")] == vendor.bars("5m").select(columns).rows()
