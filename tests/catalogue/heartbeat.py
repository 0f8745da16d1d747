"""Cases about heartbeats: the live bars of quiet keys."""

# ruff: noqa: N802 - the tests have the catalogue's names

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from barloom.testing import FakeSessionCalendar
from catalogue.market import HOUR, MINUTE, SECOND, at, nanos, ohlcv, prices, starts, tick, ticks_to_bars
from catalogue.sessions import cut
from exchanges import new_york, sessions, tokyo

if TYPE_CHECKING:
    import polars as pl

    from barloom import Bars
    from barloom.time.calendar import Calendar
    from catalogue.market import Group


def pass_time(driver: Group, until: str, step: timedelta) -> None:
    """Let the clock go on in small steps, as it does."""
    while driver.clock.now() < nanos(at(until)):
        driver.move_clock(min(step // SECOND * 1_000_000_000, nanos(at(until)) - driver.clock.now()))


def beats(driver: Group, timeframe: str) -> pl.DataFrame:
    """Every synthetic state that a live bar had."""
    history = driver.live_history(timeframe)
    return history.filter(history["synthetic"])


class HeartbeatCases:
    """A quiet key in session gets a live synthetic bar at each new slot."""

    def open(self, bars: Bars, *, calendar: Calendar | None = None) -> Group:
        """Start the bars on this back end."""
        raise NotImplementedError

    def test_HB_Idempotent_UpsertSameSlotOnce(self) -> None:
        """Several beats in a slot leave one live row; a real bar replaces it, a late beat never replaces a real bar."""
        driver = self.open(ticks_to_bars("1m", heartbeat=True))
        driver.feed(tick("2025-01-06T10:00:10", 10, 5))
        pass_time(driver, "2025-01-06T10:01:20", 5 * SECOND)
        (row,) = driver.lives("1m").filter(start=at("2025-01-06T10:01")).rows(named=True)
        assert (*prices(10, 10, 10, 10, 0), True, False, 0) == (
            *ohlcv(row),
            row["synthetic"],
            row["final"],
            row["revision"],
        )

        driver.feed(tick("2025-01-06T10:01:20", 12, 3))
        pass_time(driver, "2025-01-06T10:01:55", 5 * SECOND)
        (row,) = driver.lives("1m").filter(start=at("2025-01-06T10:01")).rows(named=True)
        assert (*prices(12, 12, 12, 12, 3), False, 1) == (*ohlcv(row), row["synthetic"], row["revision"])

        pass_time(driver, "2025-01-06T10:03:10", 5 * SECOND)
        # 10:02 was beaten and closed empty (gap omit), so its live row was taken back.
        assert [at(f"2025-01-06T10:0{minute}") for minute in (0, 1, 3)] == sorted(starts(driver.lives("1m")))
        assert [at(f"2025-01-06T10:0{minute}") for minute in (0, 1)] == starts(driver.finals("1m"))

    def test_HB_AsksNothing_OfDeadKeys(self) -> None:
        """A key whose last tick lies further back than `carry_limit` of session time is beaten for no more."""
        driver = self.open(ticks_to_bars("1h", heartbeat=True, carry_limit="2h"))
        driver.feed(tick("2025-01-06T10:00:00", 10))
        pass_time(driver, "2025-01-06T16:30:00", HOUR // 2)

        assert [at("2025-01-06T11:00"), at("2025-01-06T12:00")] == starts(beats(driver, "1h"))


class HeartbeatHoursCases:
    """Outside of the session nothing is expected of a key."""

    def open(self, bars: Bars, *, calendar: Calendar | None = None) -> Group:
        """Start the bars on this back end."""
        raise NotImplementedError

    def test_HB_SessionFilter_BlocksOutsideSession(self) -> None:
        """No beat outside the session: none in the lunch break, after the close, after a half day, on a holiday."""
        calendar = FakeSessionCalendar.weekdays(
            date(2024, 7, 1),
            date(2024, 7, 5),
            opens="09:30",
            closes="16:00",
            pause=("12:00", "13:00"),
            half_days={date(2024, 7, 2): "11:00"},
            holidays=[date(2024, 7, 3)],
        )
        driver = self.open(ticks_to_bars("30m", heartbeat=True, carry_limit="1w"), calendar=calendar)
        driver.feed(tick("2024-07-01T09:30:10", 10))
        pass_time(driver, "2024-07-04T09:40:00", 10 * MINUTE)

        monday = ["10:00", "10:30", "11:00", "11:30", "13:00", "13:30", "14:00", "14:30", "15:00", "15:30"]
        expected = [
            *(at(f"2024-07-01T{time}") for time in monday),
            *(at(f"2024-07-02T{time}") for time in ["09:30", "10:00", "10:30"]),
            at("2024-07-04T09:30"),
        ]
        assert expected == starts(beats(driver, "30m"))

    def test_HB_SessionFilter_BlocksOutsideSession_OnExchanges(self) -> None:
        """Tokyo's lunch breaks, long weekend and longer day; New York's Thanksgiving and the half day after it."""
        for calendar, days, until in (
            ("XTKS", sessions(tokyo, date(2024, 11, 1), date(2024, 11, 5)), "2024-11-05T09:00:00"),
            ("XNYS", sessions(new_york, date(2025, 11, 26), date(2025, 11, 28)), "2025-11-29T03:00:00"),
        ):
            driver = self.open(ticks_to_bars("30m", heartbeat=True, calendar=calendar))
            slots = [slot for segments in days.values() for slot in cut(segments, HOUR / 2)]
            driver.feed(tick(slots[0][0] + 10 * SECOND, 10))
            pass_time(driver, until, 15 * MINUTE)

            assert [start for start, _ in slots[1:]] == starts(beats(driver, "30m")), calendar
            assert {"XTKS": 10 + 11, "XNYS": 13 + 7}[calendar] == len(slots)
