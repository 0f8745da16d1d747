"""Calendars against answer files: sessions from the exchanges' published hours, slots and counts made by hand."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from barloom.time.calendars import resolve
from barloom.time.slots import expected_slots, round_to_slot

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def answers(name: str) -> list[dict[str, str]]:
    """The rows of an answer file."""
    with (Path(__file__).parent / "answers" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def named(row: dict[str, str]) -> str:
    """A row as the name of its test."""
    return " ".join([*row.values()][:3])


def at(text: str) -> datetime:
    """An ISO time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ns(time: datetime) -> int:
    """Nanoseconds since the epoch."""
    return (time - EPOCH) // timedelta(microseconds=1) * 1000


@pytest.mark.parametrize("row", answers("sessions"), ids=named)
def test_sessions_are_those_that_the_exchange_published(row: dict[str, str]) -> None:
    """Holidays, half days, lunch breaks, clock changes and unscheduled closures, with the session time they leave."""
    day = date.fromisoformat(row["date"])
    expected = [tuple(at(edge) for edge in part.split("/")) for part in row["segments"].split()]

    sessions = [*resolve(row["calendar"]).sessions(day, day)]

    segments = [edges for session in sessions for edges in session.segments]
    assert expected == segments
    assert int(row["minutes"]) == sum((closes - opens) // timedelta(minutes=1) for opens, closes in segments)
    assert (row["early_close"] == "yes") == any(session.early_close for session in sessions)


@pytest.mark.parametrize("row", answers("counts"), ids=named)
def test_parents_know_how_many_children_they_have(row: dict[str, str]) -> None:
    """`expected_slots` is exact, and a day, week or month begins and ends with its sessions."""
    start, end = at(row["start"]), at(row["end"])

    assert (start, end) == round_to_slot(start, row["parent"], row["calendar"])
    assert int(row["count"]) == expected_slots(row["parent"], row["child"], ns(start), row["calendar"])


@pytest.mark.parametrize("row", answers("slots"), ids=named)
def test_slots_of_a_day_are_those_written_down(row: dict[str, str]) -> None:
    """Every slot of a session, in local time: its anchor, what it is cut at, and how it goes through the break."""
    calendar, day, zone = resolve(row["calendar"]), date.fromisoformat(row["date"]), ZoneInfo(row["zone"])
    session = next(calendar.sessions(day, day))
    minutes = np.arange(ns(session.segments[0][0]), ns(session.segments[-1][1]), 60 * 10**9)

    start, end, inside = round_to_slot(minutes, row["timeframe"], calendar)

    slots = dict(zip(start[inside].tolist(), end[inside].tolist(), strict=True))
    local = [
        "-".join((EPOCH + timedelta(microseconds=edge // 1000)).astimezone(zone).strftime("%H:%M") for edge in slot)
        for slot in slots.items()
    ]
    assert row["slots"].split() == local
    assert len(local) == expected_slots("1d", row["timeframe"], session.segments[0][0], calendar)
