"""Calendars by name."""

from __future__ import annotations

import pytest

from barloom.errors import CalendarError
from barloom.time.calendars import names, resolve


@pytest.mark.parametrize("name", names())
def test_a_calendar_is_called_what_it_was_asked_for(name: str) -> None:
    """The name in a definition is the calendar's own."""

    assert name == resolve(name).name


@pytest.mark.parametrize("name", ["24/7", "24X7", " 24x7 ", "24x6", "always"])
def test_a_near_name_is_suggested(name: str) -> None:
    """An unknown name is answered with the nearest there is."""

    with pytest.raises(CalendarError, match="did you mean '24x7'"):
        resolve(name)


def test_an_unknown_name_lists_the_known() -> None:
    """Where nothing is near, what there is is told."""

    with pytest.raises(CalendarError) as refused:
        resolve("XNYS")
    assert "there is no calendar 'XNYS'; known: 24x7" == str(refused.value)
