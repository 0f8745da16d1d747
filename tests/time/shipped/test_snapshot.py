"""Snapshots of exchange calendars: written, read, damaged, outdated, and compared with other sources."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Any

import numpy as np
import pytest

from barloom.errors import CalendarError, MissingExtra
from barloom.time.calendars import resolve
from barloom.time.sessions import SessionCalendar
from barloom.time.shipped.build import EXCHANGES, build_snapshot
from barloom.time.shipped.snapshot import exchange_names, load_snapshot, parse_snapshot, write_snapshot
from barloom.time.timeframe import Timeframe

SHIPPED = files("barloom.time").joinpath("exchanges")
REQUIRED = {
    *("XNYS", "XNAS", "XTSE", "XLON", "XETR", "XPAR"),
    *("XTKS", "XHKG", "XSHG", "XASX", "XSES", "XBOM"),
}


def text_of(name: str) -> str:
    """A shipped snapshot's text."""
    return SHIPPED.joinpath(f"{name}.calendar").read_text("utf-8")


def test_the_promised_exchanges_are_shipped() -> None:
    """Every one with where it comes from; all together are small."""

    assert REQUIRED <= set(exchange_names())
    assert set(exchange_names()) == set(EXCHANGES)
    assert sum(len(text_of(name)) for name in exchange_names()) < 1_500_000
    for name in exchange_names():
        made = load_snapshot(name).provenance
        assert made.made_by.startswith("exchange_calendars ")
        assert all((made.tz_data, date.fromisoformat(made.made_at)))


@pytest.mark.parametrize("name", exchange_names())
def test_a_snapshot_is_written_as_it_was_read(name: str) -> None:
    """Text and object are the same thing."""

    assert text_of(name) == write_snapshot(parse_snapshot(text_of(name), name))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("format 1", "format 0", "has format 0, this version of barloom reads format 1; install barloom anew"),
        ("barloom exchange calendar, format 1", "<html>", "is damaged: it does not begin with"),
        ("2025-11-28 0930-1300", "2025-11-28 0930-1600", "is damaged: its checksum does not fit"),
        ("2025-11-27 closed\n", "", "is damaged: its checksum does not fit"),
        ("valid-until: 2027", "valid-until: 2028", "is damaged: its checksum does not fit"),
        ("zone: America/New_York\n", "", "is damaged: its header has no 'zone'"),
        ("made-by: ", "made by ", "is damaged: "),
    ],
)
def test_a_damaged_or_outdated_snapshot_is_refused(old: str, new: str, why: str) -> None:
    """The error names the file, what is wrong and how to mend it."""
    assert old in text_of("XNYS")

    with pytest.raises(CalendarError, match=rf"the calendar XNYS\.calendar {why}.*barloom calendar build"):
        parse_snapshot(text_of("XNYS").replace(old, new, 1), "XNYS.calendar")


def test_a_snapshot_of_other_bytes_is_refused() -> None:
    """A file that is no text, or only a part of one, is damaged."""
    for content in (b"\xff\xfe\x00", text_of("XNYS").encode()[:-20], b""):
        with pytest.raises(CalendarError, match="is damaged"):
            parse_snapshot(content, "XNYS.calendar")


@pytest.mark.parametrize(("name", "last"), [("XSES", "2026-12-31"), ("XNYS", "2027-12-31")])
def test_a_calendar_ends_where_its_source_does(name: str, last: str) -> None:
    """A week that runs past the horizon is refused with its name, date and level; days and minutes go on to it."""
    calendar = resolve(name)
    assert isinstance(calendar, SessionCalendar)
    session = next(calendar.sessions(date.fromisoformat(last), date.fromisoformat(last)))
    opens = np.array([int(session.segments[0][0].timestamp()) * 10**9])
    midday = int(datetime.fromisoformat(f"{last}T12:00:00+00:00").timestamp()) * 10**9

    for timeframe in ("1m", "1h", "1d"):
        assert [True] == calendar.grid(Timeframe.parse(timeframe)).round_to_slot(opens).inside.tolist()
    with pytest.raises(CalendarError, match=rf"'{name}' does not hold the whole 1w slot .*\({last}\)"):
        calendar.grid(Timeframe.parse("1w")).round_to_slot(opens)
    with pytest.raises(CalendarError, match=rf"'{name}' ends before .* knows the trading dates .* to {last} .* of 1h"):
        calendar.grid(Timeframe.parse("1h")).round_to_slot(opens + 4 * 24 * 3600 * 10**9)
    assert [0, 60, -1] == [calendar.days_left(midday - days * 24 * 3600 * 10**9) for days in (0, 60, -1)]


@pytest.mark.needs("exchange_calendars")
@pytest.mark.parametrize("name", ["XTKS", "XHKG"])
def test_a_snapshot_can_be_made_again(name: str) -> None:
    """The builder makes what is shipped, from the same package on the same day."""
    made = load_snapshot(name).provenance
    now = int(datetime.fromisoformat(made.made_at).replace(tzinfo=UTC).timestamp()) * 10**9

    built = build_snapshot(name, now)

    if built.provenance == made:
        assert text_of(name) == write_snapshot(built)
    assert built.pattern.since == load_snapshot(name).pattern.since


@pytest.mark.needs("exchange_calendars")
def test_an_exchange_that_the_package_does_not_know_is_refused() -> None:
    """The error lists those that are shipped."""

    with pytest.raises(CalendarError, match="knows no exchange 'XXXX'; shipped are: XASX, XBOM"):
        build_snapshot("XXXX", 0)


def test_without_the_package_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making snapshots is an optional part."""
    monkeypatch.setitem(__import__("sys").modules, "exchange_calendars", None)

    with pytest.raises(MissingExtra, match=r"barloom\[calendars\]"):
        build_snapshot("XNYS", 0)


FIRST, LAST = date(2012, 4, 1), date(2026, 6, 30)

DISAGREEMENTS: dict[str, tuple[str, set[str], set[str]]] = {
    # ours: (theirs, sessions that only we have, sessions that only they have)
    "XNYS": ("NYSE", set(), set()),
    "XNAS": ("NASDAQ", set(), set()),
    "XTSE": ("TSX", set(), set()),
    "XLON": ("LSE", set(), set()),
    "XTKS": ("JPX", set(), set()),
    # Typhoons closed the exchange on 2020-10-13, 2021-10-13 and 2024-09-06; 2021-04-06 was Ching Ming Festival.
    "XHKG": ("HKEX", set(), {"2020-10-13", "2021-04-06", "2021-10-13", "2024-09-06"}),
    "XSHG": ("SSE", set(), set()),
    "XASX": ("ASX", set(), set()),
    # 2020-07-31 was a session, 2020-05-25 was Id-ul-Fitr, and Muharram 2013 is on the day after. They have none of the
    # sessions of Saturdays and Sundays, and not all of the evenings of Diwali.
    "XBOM": (
        "BSE",
        {
            *("2013-11-15", "2020-07-31", "2024-01-20", "2025-02-01"),
            *("2014-03-22", "2015-02-28", "2020-02-01", "2024-03-02", "2024-05-18", "2026-02-01"),
            *(
                "2016-10-30",
                "2019-10-27",
                "2020-11-14",
                "2021-11-04",
                "2022-10-24",
                "2023-11-12",
                "2024-11-01",
                "2025-10-21",
            ),
        },
        {"2013-11-14", "2020-05-25"},
    ),
}

DIWALI_AS_ANY_DAY = {"2012-11-13", "2014-10-23", "2015-11-11", "2017-10-19", "2018-11-07"}
"""They have the whole day, we have the hour of Muhurat trading."""


def published_elsewhere(name: str) -> dict[str, list[tuple[int, int]]]:
    """The sessions of pandas_market_calendars, in seconds since the epoch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas_market_calendars  # noqa: PLC0415 - slow, and optional

        schedule: Any = pandas_market_calendars.get_calendar(name).schedule(str(FIRST), str(LAST))
    sessions = {}
    for day, row in schedule.iterrows():
        opens, closes = int(row.market_open.timestamp()), int(row.market_close.timestamp())
        pause = row.get("break_start")
        if pause is None or pause != pause or row.break_end >= row.market_close:  # noqa: PLR0124 - not a time
            sessions[str(day.date())] = [(opens, closes)]
        else:
            edges = int(pause.timestamp()), int(row.break_end.timestamp())
            sessions[str(day.date())] = [(opens, edges[0]), (edges[1], closes)]
    return sessions


def shipped(name: str) -> dict[str, list[tuple[int, int]]]:
    """Our sessions, in seconds since the epoch, and the dates that close early."""
    calendar = resolve(name)
    assert isinstance(calendar, SessionCalendar)
    return {
        str(item.date): [(int(opens.timestamp()), int(closes.timestamp())) for opens, closes in item.segments]
        for item in calendar.sessions(FIRST, LAST)
    }


def early_dates(name: str) -> set[str]:
    """The dates on which we close early."""
    calendar = resolve(name)
    assert isinstance(calendar, SessionCalendar)
    return {str(item.date) for item in calendar.sessions(FIRST, LAST) if item.early_close}


@pytest.mark.needs("pandas_market_calendars")
@pytest.mark.parametrize("name", DISAGREEMENTS)
def test_another_source_agrees_but_for_what_is_known(name: str) -> None:
    """Every date and hour on which pandas_market_calendars says something else is listed, with the reason."""
    other, only_ours, only_theirs = DISAGREEMENTS[name]
    ours, theirs = shipped(name), published_elsewhere(other)

    different = {day for day in ours.keys() & theirs.keys() if ours[day] != theirs[day]}

    assert only_ours == ours.keys() - theirs.keys()
    assert only_theirs == theirs.keys() - ours.keys()
    if name == "XHKG":  # it has no half days
        assert early_dates(name) & theirs.keys() == different
    elif name == "XBOM":
        assert different == DIWALI_AS_ANY_DAY
    elif name == "XASX":  # it counts the closing auction from 16:00 to 16:10
        assert all([(opens, closes + 600) for opens, closes in ours[day]] == theirs[day] for day in different)
    else:
        assert set() == different
