"""Overrides of a running calendar: from the recorded stream time on, kept in the state, never for what has passed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

import barloom as bl
from barloom.embedded.compute import compute
from barloom.embedded.rebuild import rebuild
from barloom.engine.blocks import Snapshot, TickBatch
from barloom.engine.engine import Engine
from barloom.engine.market import OVERRIDES
from barloom.testing import FakeClock, FakeSessionCalendar
from waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from barloom.engine.blocks import Step

MONDAY = date(2025, 1, 6)
WEEK = FakeSessionCalendar.weekdays(MONDAY, date(2025, 1, 17), opens="09:30", closes="16:00")
CLOSURE = '[[closure]]\ndate = 2025-01-06\nhours = "1300-1600"\n'


class Trade(bl.Event):
    """A trade."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)


BARS = bl.from_(Trade).tumbling("1m").ohlcv(price="price").rollup("1h", "1d", "1w").named("bars")


def nanos(text: str) -> int:
    """A time on that Monday, or with a date, UTC, in nanoseconds."""
    text = text if "T" in text else f"{MONDAY}T{text}"
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * 10**9


def batch(first: int, *times: str) -> TickBatch:
    """Trades at times of that Monday."""
    at = [nanos(time) for time in times]
    price = pl.Series([Decimal(10)] * len(at), dtype=pl.Decimal(12, 2))
    frame = pl.DataFrame({"symbol": ["ACME"] * len(at), "at": at, "price": price})
    return TickBatch(frame, np.arange(first, first + len(at)))


def closed(step: Step) -> dict[str, list[tuple[int, int]]]:
    """Start and end of the finals of a step by timeframe."""
    return {
        str(BARS.plan.levels[block.level].timeframe): list(zip(block.start.tolist(), block.end.tolist(), strict=True))
        for block in step.finals
    }


def test_an_unscheduled_closure_ends_the_open_slots_early() -> None:
    """Told at 12:10 that the market closes at 13:00: the day ends then, and a print at 13:30 is out of session."""
    engine = Engine(BARS.plan, WEEK)
    engine.step(batch(0, "10:00:00", "12:10:00"))
    step = engine.override(CLOSURE)
    late = engine.step(batch(2, "12:59:00", "13:30:00"))
    next_day = engine.step(batch(4, "2025-01-07T09:30:00"))

    (note,) = step.notes
    assert "from 2025-01-06T12:10:00Z on" in note
    assert "1m 180 slots removed and 0 added from 2025-01-06T13:00:00Z on" in note
    assert "1d +[2025-01-06T09:30:00Z, 2025-01-06T13:00:00Z) -[2025-01-06T09:30:00Z, 2025-01-06T16:00:00Z)" in note
    assert [(nanos("09:30:00"), nanos("13:00:00"))] == closed(next_day)["1d"]
    assert late.rejected is not None
    assert {"accepted": 1, "out_of_session": 1} == late.counts


def test_a_restart_and_a_replay_decide_the_same() -> None:
    """The override is in the state; an engine that is given it from the beginning publishes the same day."""
    engine = Engine(BARS.plan, WEEK)
    first = engine.step(batch(0, "10:00:00", "12:10:00"))
    kept = engine.override(CLOSURE)
    entries = {**first.entries, **kept.entries}
    blocks = tuple(block for block in first.lives if block.level == 2)
    restarted = Engine(BARS.plan, WEEK)
    state = {name: value for name, value in entries.items() if value is not None}
    restarted.restore(Snapshot([("ACME",)], blocks, (), state))
    replayed = Engine(BARS.plan, WEEK)
    replayed.override(CLOSURE)
    replayed.step(batch(0, "10:00:00", "12:10:00"))

    days = [
        closed(one.step(batch(2, "12:59:00", "2025-01-07T09:30:00")))["1d"] for one in (engine, restarted, replayed)
    ]

    assert [[(nanos("09:30:00"), nanos("13:00:00"))]] * 3 == days


def test_what_has_passed_cannot_be_changed() -> None:
    """A closure that began before the stream time is refused, and the bars go on by the calendar in force."""
    engine = Engine(BARS.plan, WEEK)
    engine.step(batch(0, "10:00:00", "13:10:00"))

    with pytest.raises(bl.CalendarError, match="change later sessions only"):
        engine.override(CLOSURE)

    step = engine.step(batch(2, "15:59:00", "16:00:00", "2025-01-07T09:30:00"))
    assert [(nanos("09:30:00"), nanos("16:00:00"))] == closed(step)["1d"]
    assert {"accepted": 2, "out_of_session": 1} == step.counts


def test_the_same_content_again_is_no_change() -> None:
    """Told twice, applied once; a calendar without sessions has nothing to override."""
    engine = Engine(BARS.plan, WEEK)
    engine.override(CLOSURE)

    assert () == engine.override("# the same, written otherwise\n" + CLOSURE).notes
    with pytest.raises(bl.CalendarError, match="no sessions that could be overridden"):
        Engine(BARS.plan).override(CLOSURE)


HALT = '[[closure]]\ndate = 2025-01-06\nhours = "1000-1005"\n'
BY_01 = b'[[null,"{\\"closure\\":[{\\"date\\":\\"2025-01-06\\",\\"hours\\":\\"1000-1005\\"}]}"]]'
"""The entry of a state that barloom 0.1 left, with the same halt."""


def hours_closed(engine: Engine, first: int, *times: str) -> list[tuple[int, int]]:
    """Trades at times of that Monday; the hours that close by them."""
    return closed(engine.step(batch(first, *times))).get("1h", [])


def test_a_halt_moves_no_slot_after_it() -> None:
    """Hours of 09:30 and 10:30 over a halt from 10:00 to 10:05, in which nothing is in session."""
    engine = Engine(BARS.plan, WEEK)
    engine.override(HALT)

    assert [] == hours_closed(engine, 0, "09:59:00", "10:02:00", "10:07:00")
    assert [(nanos("09:30:00"), nanos("10:30:00"))] == hours_closed(engine, 3, "10:31:00")
    assert [(nanos("10:30:00"), nanos("11:30:00"))] == hours_closed(engine, 4, "11:31:00")


def test_a_halt_may_begin_the_slots_anew() -> None:
    """With ``break = "split"`` the hour ends at 10:00, and the next ones begin at 10:05."""
    engine = Engine(BARS.plan, WEEK)
    engine.override(HALT + 'break = "split"\n')

    hours = hours_closed(engine, 0, "09:59:00", "10:02:00", "10:07:00", "11:06:00")

    assert [(nanos("09:30:00"), nanos("10:00:00")), (nanos("10:05:00"), nanos("11:05:00"))] == hours


def test_a_closure_that_an_older_version_applied_stays_as_it_was() -> None:
    """A store of 0.1 has bars from 10:05: with the same file its slots go on so, and with more in the file, too.

    That it shall be otherwise is asked too late, and refused.
    """
    engine = Engine(BARS.plan, WEEK)
    engine.step(batch(0, "09:59:00"))
    engine.override(HALT + 'break = "split"\n')
    old = engine.step(batch(1, "10:07:00"))
    state = {name: value for name, value in old.entries.items() if value is not None}
    restarted = Engine(BARS.plan, WEEK)
    restarted.restore(Snapshot([("ACME",)], (), (), state | {OVERRIDES: BY_01}))

    assert () == restarted.override(HALT).notes
    with pytest.raises(bl.CalendarError, match=r"the change begins at 2025-01-06T10:05:00Z.* or rebuild"):
        restarted.override(HALT + 'break = "span"\n')
    more = HALT + "[[remove]]\ndate = 2025-01-09\n"
    assert 1 == len(restarted.override(more).notes)
    assert () == restarted.override(more).notes
    assert [(nanos("11:05:00"), nanos("12:05:00"))] == hours_closed(restarted, 2, "11:06:00", "12:06:00")[-1:]


def test_a_run_applies_its_override_file(tmp_path: Path) -> None:
    """`run(overrides=…)` closes XNYS early on a day; readers and the next run, without the file, know it, too."""
    (tmp_path / "closures.toml").write_text('[[change]]\ndate = 2025-01-06\nhours = "0930-1200"\n')
    bars = bl.from_(Trade).tumbling("1m", calendar="XNYS").ohlcv(price="price").rollup("1d").named("bars")
    ticks = tmp_path / "ticks.csv"
    ticks.write_text("symbol,at,price\nACME,2025-01-06T15:00:00Z,1\nACME,2025-01-06T16:59:00Z,2\n")
    bl.run(bars, ticks, tmp_path / "state", overrides=tmp_path / "closures.toml")
    with ticks.open("a") as file:
        file.write("ACME,2025-01-06T17:00:00Z,3\nACME,2025-01-07T15:00:00Z,4\n")
    report = bl.run(bars, ticks, tmp_path / "state")
    bucket = bl.TimeBucket.open(tmp_path / "state", "1d")
    (day,) = [bar for bar in bucket.latest("ACME", 5) if bar.final]

    assert {"out_of_session": 1} == report.rejected
    assert datetime.fromisoformat("2025-01-06T17:00:00+00:00") == day.end
    assert [3] == compute(bars.plan, pl.read_csv(ticks), at_end="keep")["1d"]["count"].to_list()


def test_a_content_that_cannot_be_applied_is_noted_and_the_bars_go_on(tmp_path: Path) -> None:
    """The file changes while the run reads: a closure that has passed is told in the report, and nothing stops."""
    file = tmp_path / "closures.toml"
    file.write_text("[[remove]]\ndate = 2025-01-08\n")
    bars = bl.from_(Trade).tumbling("1m", calendar="XNYS").ohlcv(price="price").rollup("1d").named("bars")

    taken: list[int] = []

    def rows() -> Iterator[dict[str, str]]:
        yield {"symbol": "ACME", "at": "2025-01-06T18:00:00Z", "price": "1"}
        until(lambda: 1 in taken)
        file.write_text('[[closure]]\ndate = 2025-01-06\nhours = "1000-1100"\n# too late for that day\n')
        yield {"symbol": "ACME", "at": "2025-01-07T15:00:00Z", "price": "2"}
        until(lambda: 2 in taken)
        yield {"symbol": "ACME", "at": "2025-01-08T15:00:00Z", "price": "3"}
        yield {"symbol": "ACME", "at": "2025-01-10T15:00:00Z", "price": "4"}

    report = bl.run(
        bars,
        rows(),
        tmp_path / "state",
        overrides=file,
        live_interval=0.05,
        on_progress=lambda progress: taken.append(progress.ticks),
    )

    assert {"out_of_session": 1} == report.rejected
    assert 2 == report.bars["1d"]  # the 6th and the 7th, by the tick of the 10th: no 8th, the 9th a holiday
    assert any("was not applied" in note and "change later sessions only" in note for note in report.notes)


def test_a_rebuild_takes_over_the_overrides_of_the_old_store(tmp_path: Path) -> None:
    """Without the file, the days that were closed before stay closed."""
    file = tmp_path / "closures.toml"
    file.write_text("[[remove]]\ndate = 2025-01-07\n")
    bars = bl.from_(Trade).tumbling("1m", calendar="XNYS").ohlcv(price="price").rollup("1d").named("bars")
    ticks = tmp_path / "ticks.csv"
    days = ("06", "07", "08")
    ticks.write_text("symbol,at,price\n" + "".join(f"ACME,2025-01-{day}T15:00:00Z,1\n" for day in days))
    bl.run(bars, ticks, tmp_path / "state", overrides=file)
    report = rebuild(bars, ticks, tmp_path / "state")

    assert {"out_of_session": 1} == report.rejected


def test_a_week_that_could_not_be_known_is_not_made_of_its_rest(tmp_path: Path) -> None:
    """Its first days were left out; where the calendar reaches further later, the next week is the first."""
    bars = bl.from_(Trade).tumbling("1m", calendar="XSHG").ohlcv(price="price").rollup("1d", "1w").named("bars")
    ticks = tmp_path / "ticks.csv"
    ticks.write_text("symbol,at,price\nACME,2026-12-28T02:00:00Z,1\n")
    more = tmp_path / "more.toml"
    days = "".join(f'[[add]]\ndate = 2027-01-{day:02}\nhours = "0930-1500"\n' for day in (4, 11))
    more.write_text(f"valid_until = 2027-01-17\n{days}")
    clock = FakeClock(1_802_000_000_000_000_000)  # after all that is read
    stopped = bl.run(bars, ticks, tmp_path / "state", clock=clock)
    with ticks.open("a") as file:
        file.write("ACME,2026-12-31T02:00:00Z,2\nACME,2027-01-04T02:00:00Z,3\nACME,2027-01-11T02:00:00Z,4\n")
    bl.run(bars, ticks, tmp_path / "state", overrides=more, clock=clock)
    bucket = bl.TimeBucket.open(tmp_path / "state", "1w")

    assert any(note.startswith("1w stops") for note in stopped.notes)
    assert [date(2027, 1, 4)] == [bar.trading_date for bar in bucket.latest("ACME", 9) if bar.final]
