"""When the share of late rows is worth an alarm."""

from __future__ import annotations

from barloom.telemetry.late_alarm import LateAlarm, LateWindow
from barloom.testing import FakeClock

EUR, USD = ("OANDA", "EUR"), ("OANDA", "USD")


def minutes(alarm: LateAlarm, clock: FakeClock, *late: int, rows: int = 1000) -> list[LateWindow]:
    """One window after the other, each with so many late rows of EUR."""
    ended = []
    for number in late:
        alarm.add(0, 0, 0, {})
        clock.sleep(60)
        window = alarm.add(0, rows, number, {EUR: number} if number else {})
        assert window is not None
        ended.append(window)
    return ended


def test_it_is_raised_once_when_the_share_jumps_and_cleared_once() -> None:
    """10 in 1,000 is the limit of 1 % and quiet; 11 raises it, staying above changes nothing, 10 clears it."""
    clock = FakeClock()
    windows = minutes(LateAlarm(0.01, clock), clock, 0, 10, 11, 500, 10, 0)

    assert [False, False, True, True, False, False] == [window.alarm for window in windows]
    assert [False, False, True, False, True, False] == [window.changed for window in windows]
    assert [0.0, 0.0, 0.01, 0.011, 0.5, 0.01] == [window.before for window in windows]


def test_it_names_the_keys_with_the_most_late_rows() -> None:
    """Counts of all commits of a window are added up; the largest come first."""
    clock = FakeClock()
    alarm = LateAlarm(0.01, clock)
    alarm.add(0, 500, 30, {EUR: 10, USD: 20})
    alarm.add(0, 400, 15, {EUR: 15})
    clock.sleep(60)

    window = alarm.add(0, 100, 5, {("X", str(n)): 1 for n in range(5)})

    assert window is not None
    assert [(EUR, 25), (USD, 20)] == list(window.keys.items())[:2]
    assert 5 == len(window.keys)
    assert "5.0% of 1,000 rows were late, 0.0% before; most of them: OANDA/EUR (25), OANDA/USD (20)" in window.text


def test_a_few_rows_say_nothing() -> None:
    """One late row of two is no jump: a window lasts until it has a hundred rows."""
    clock = FakeClock()
    alarm = LateAlarm(0.01, clock)
    alarm.add(0, 0, 0, {})
    clock.sleep(60)
    few = alarm.add(0, 2, 1, {EUR: 1})
    clock.sleep(600)
    enough = alarm.add(0, 98, 0, {})

    assert few is None
    assert enough is not None
    assert (100, 1, 0.01, False) == (enough.rows, enough.late, enough.share, enough.alarm)


def test_partitions_are_watched_apart_and_forgotten_when_given_away() -> None:
    """The rows of one do not dilute those of another, and a partition that comes back begins anew."""
    clock = FakeClock()
    alarm = LateAlarm(0.01, clock)
    alarm.add(0, 1000, 900, {EUR: 900})
    alarm.add(1, 1000, 0, {})
    alarm.forget(0)
    clock.sleep(60)

    other = alarm.add(1, 1, 0, {})
    back = alarm.add(0, 1000, 0, {})

    assert other is not None
    assert 0 == other.late
    assert back is None


def test_memory_does_not_grow_with_the_late_keys() -> None:
    """With very many late keys those with the most late rows are still found."""
    clock = FakeClock()
    alarm = LateAlarm(0.01, clock)
    for n in range(5000):
        alarm.add(0, 1, 1, {("K", n): 1})
        alarm.add(0, 1, 1, {EUR: 1})
    clock.sleep(60)
    window = alarm.add(0, 0, 0, {})

    assert window is not None
    assert (EUR, 5000) == next(iter(window.keys.items()))
