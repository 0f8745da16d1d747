"""Sessions that took place although the usual source of calendars does not know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def test_bombay_is_open_on_its_special_days(case: Callable[[str], Case]) -> None:
    """The evening of Diwali 2024, two sessions on a Saturday, and the Sunday of the budget of 2026."""
    bombay = case("exchange-calendars-miss-sessions")
    shown = " ".join(bombay.sh((bombay.path / "cmd.sh").read_text(encoding="utf-8")).stdout.split())

    assert "2024-11-01 Fri 18:00-19:00 12:30-13:30 60" in shown
    assert "2024-03-02 Sat 09:15-10:00, 11:30-12:30 03:45-04:30, 06:00-07:00 105" in shown
    assert "2026-02-01 Sun 09:15-15:30 03:45-10:00 375" in shown
