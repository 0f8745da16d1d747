"""The hours after an early close follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case

BARS = [("2025-11-28T17:30:00Z", "2.00", "regular"), ("2025-11-28T18:00:00Z", "3.00", "post")]


def test_the_hours_after_an_early_close_begin_at_it(case: Callable[[str], Case]) -> None:
    """13:00 to 17:00 in New York: bars of phase post at 13:00 (close 3) and 16:00 (close 4)."""
    early = case("post-after-an-early-close")
    early.barloom("run d.toml --source a.csv --store s")

    expected = [*BARS, ("2025-11-28T21:00:00Z", "4.00", "post")]
    assert expected == early.bars("1h").select("start", "close", "phase").rows()
    assert 0 == len(early.rejected())


def test_an_override_may_state_other_hours(case: Callable[[str], Case]) -> None:
    """13:00 to 15:00: what is printed at 16:30 is out of session."""
    early = case("post-after-an-early-close")
    text = '[[change]]\ndate = 2025-11-28\nhours = "0930-1300"\npost = "1300-1500"\n'
    (early.path / "o.toml").write_text(text, encoding="utf-8")
    early.barloom("run d.toml --source a.csv --store s --overrides o.toml")

    assert BARS == early.bars("1h").select("start", "close", "phase").rows()
    assert ["2025-11-28T21:30:00.000000000Z"] == [time[:30] for time in early.rejected()["event_time"].to_list()]
