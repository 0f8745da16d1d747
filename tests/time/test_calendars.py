"""Calendars by name."""

from __future__ import annotations

import pytest

from barloom.errors import CalendarError
from barloom.time.calendars import names, resolve


@pytest.mark.parametrize("name", names())
def test_a_calendar_is_called_what_it_was_asked_for(name: str) -> None:
    """The name in a definition is the calendar's own."""

    assert name == resolve(name).name


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        *dict.fromkeys(("24/7", "24X7", " 24x7 ", "24x6", "always"), "24x7").items(),
        ("fx", "24x5-fx"),
        ("xnys", "XNYS"),
        ("XNY", "XNYS"),
        ("NYSE", "XNYS"),
        ("xetra", "XETR"),
    ],
)
def test_a_near_name_is_suggested(name: str, meant: str) -> None:
    """An unknown name is answered with the nearest there is, by spelling or by what it is called elsewhere."""

    with pytest.raises(CalendarError, match=f"did you mean '{meant}'"):
        resolve(name)


def test_an_unknown_name_lists_the_known() -> None:
    """Where nothing is near, what there is is told."""

    with pytest.raises(CalendarError) as refused:
        resolve("Q")
    expected = (
        "there is no calendar 'Q'; known: 24x5-fx, 24x7, XASX, XBOM, XETR, XHKG, XLON, XNAS, XNYS, XPAR, XSES, XSHG, "
        "XTKS, XTSE, 24x7@ZONE and template:{…}"
    )
    assert expected == str(refused.value)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("24x7@Europe/Lndon", "no time zone 'Europe/Lndon'; did you mean 'Europe/London'"),
        ("24x7@tokyo", "did you mean 'Asia/Tokyo'"),
        ("24x7@../x", r"no time zone '\.\./x'"),
        ("24x7?anchor=clock", "24x7 has no open and no break"),
        ("XTKS?ancor=clock", "no option 'ancor'; did you mean 'anchor'"),
        ("XTKS?anchor=close", "anchor is 'close'; write open or clock"),
        ("XTKS?break=span&break=span", "says break twice"),
        ("template:{", "holds no JSON object"),
        ("template:[1]", "holds no JSON object"),
    ],
)
def test_what_makes_no_sense_behind_a_name_is_refused(name: str, why: str) -> None:
    """Zones, options and templates in a calendar's name are checked, with the nearest that there is."""

    with pytest.raises(CalendarError, match=why):
        resolve(name)


def test_a_name_has_one_canonical_form() -> None:
    """Options are sorted, defaults left out: equal calendars have equal names."""

    assert "XTKS?anchor=clock&break=span" == resolve("XTKS?break=span&anchor=clock").name
    assert "XTKS" == resolve("XTKS?break=split&extended=false&anchor=open").name
