"""A feed that fills a gap loses nothing; a quiet market is closed by the clock where nothing can be on its way."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import barloom as bl
from barloom.source.feeds.feed import FeedSource
from barloom.source.feeds.stdin import StandardInput
from catalogue.market import MINUTE, SECOND, Tick, at, tick
from embedded.scripted_feed import Now, Quiet, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from barloom.source.protocol import SourceBatch

OPEN = at("2025-01-06T10:00")


def bars(base: str = "1s", delay: str = "2s", *, after: str | None = None, live_within: str | None = None) -> bl.Bars:
    """One-second bars and five minutes, and a clock."""
    query = bl.from_(Tick).tumbling(base, delay=delay).ohlcv(price="price", size="size").rollup("5m")
    return query.clock(after=after, live_within=live_within).named("bars")


def live(first: int, last: int) -> list[object]:
    """A tick a second, from one second after the open to another, each received when it happens."""
    return [step for second in range(first, last) for step in (Now(OPEN + second * SECOND), trade(second))]


def trade(second: float) -> dict[str, Any]:
    """A tick that many seconds after the open."""
    return tick(OPEN + timedelta(seconds=second), 10)


def gap(first: int, last: int) -> list[object]:
    """What happened while nobody listened, in order."""
    return [trade(second) for second in range(first, last)]


def one_each(last: int) -> list[tuple[datetime, int]]:
    """A bar of one tick for every second before that one."""
    return [(OPEN + second * SECOND, 1) for second in range(last)]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Bars of a second, two seconds of delay."""
    return Stage(bars(), tmp_path / "store")


@pytest.mark.parametrize("down", [10, 40, 75, 3600])
def test_a_restarted_feed_fills_its_gap_first(stage: Stage, down: int) -> None:
    """It connects, which takes a while, and gives what happened meanwhile in order: no row is late."""
    back = 60 + down
    stage.run(*live(0, 60))
    stage.run(Quiet(OPEN + (back + 1) * SECOND), *gap(60, back), *live(back, back + 10))

    assert [] == stage.rejected()
    assert one_each(back + 7) == stage.finals("1s")  # the last tick came at back + 9, two seconds are the delay


@pytest.mark.parametrize("down", [10, 75])
def test_a_gap_may_come_in_pages(stage: Stage, down: int) -> None:
    """Between pages it waits: a feed that says that it is behind is waited for, then the clock goes on."""
    back, half = 60 + down, 60 + down // 2
    stage.run(*live(0, 60))
    stage.run(
        bl.BEHIND,
        Quiet(OPEN + back * SECOND),
        *gap(60, half),
        Quiet(OPEN + (back + 5) * SECOND),
        *gap(half, back + 6),
        bl.CAUGHT_UP,
        Quiet(OPEN + (back + 8) * SECOND),
    )

    assert [] == stage.rejected()
    # Its last tick, of back + 5, came when it happened; three seconds later stream time is back + 8.
    assert one_each(back + 6) == stage.finals("1s")


def test_a_source_that_is_caught_up_goes_on_at_once(stage: Stage) -> None:
    """A restart in a quiet market: the restored clock closes what is open, without any row of the new run."""
    stage.run(*live(0, 60))
    assert one_each(57) == stage.finals("1s")
    stage.run(bl.CAUGHT_UP, Quiet(OPEN + 90 * SECOND))

    assert one_each(60) == stage.finals("1s")


def test_a_source_that_says_nothing_needs_a_row_of_its_own(stage: Stage) -> None:
    """Until then the restored clock rests; afterwards it goes on by that row's arrival."""
    stage.run(*live(0, 60))
    stage.run(Quiet(OPEN + 90 * SECOND))
    assert one_each(57) == stage.finals("1s")
    stage.run(Quiet(OPEN + 95 * SECOND), trade(94), Quiet(OPEN + 98 * SECOND))

    # At 98 stream time is 97, as the tick came a second after it happened.
    assert [*one_each(60), (OPEN + 94 * SECOND, 1)] == stage.finals("1s")


def test_a_refused_row_is_no_row(stage: Stage) -> None:
    """A late row and one from the future say nothing about what is still to come."""
    stage.run(*live(0, 60))
    stage.run(trade(1), trade(9000), Quiet(OPEN + 90 * SECOND), *gap(60, 91))

    assert ["late", "future"] == [record.reason for record in stage.rejected()]
    assert one_each(88) == stage.finals("1s")


def test_the_last_row_has_to_be_recent(tmp_path: Path) -> None:
    """Rows that overlap with the earlier run do not move stream time, but tell that the feed is far behind."""
    stage = Stage(bars("1m", "0s", live_within="10s"), tmp_path / "store")
    stage.run(*live(0, 50))
    stage.run(
        Now(OPEN + 90 * SECOND),
        trade(40),
        Quiet(OPEN + 95 * SECOND),
        *gap(50, 95),
        Quiet(OPEN + 96 * SECOND),
        *live(96, 121),
    )

    assert [] == stage.rejected()
    assert [(OPEN, 61), (OPEN + MINUTE, 59)] == stage.finals("1m")


def test_what_was_recorded_with_its_arrival_is_no_live_feed(tmp_path: Path) -> None:
    """An arrival that rows say themselves may be old; the rows are as recent as they are when they come."""
    query = bl.from_(Tick).tumbling("1s", delay="2s").ohlcv(price="price", size="size").rollup("5m")
    stage = Stage(query.source(arrival="received").named("bars"), tmp_path / "store")
    rows = [{**trade(second), "received": OPEN + second * SECOND} for second in range(20)]
    day = timedelta(days=1)
    stage.run(Now(OPEN + day), *rows[:10], Quiet(OPEN + day + 5 * SECOND), *rows[10:])

    assert [] == stage.rejected()
    assert one_each(17) == stage.finals("1s")


def test_a_line_that_breaks_says_so(stage: Stage) -> None:
    """Away for 6 s within one run, then the backlog in order: nothing is late, and the clock goes on afterwards."""
    stage.run(
        *live(0, 30),
        bl.BEHIND,
        Quiet(OPEN + 35 * SECOND),
        *gap(30, 36),
        Quiet(OPEN + 38 * SECOND),
        *gap(36, 39),
        bl.CAUGHT_UP,
        Quiet(OPEN + 50 * SECOND),
    )

    assert [] == stage.rejected()
    assert one_each(39) == stage.finals("1s")


def broken_line() -> list[object]:
    """The same line, which says nothing."""
    return [*live(0, 30), Quiet(OPEN + 35 * SECOND), *gap(30, 36)]


def test_a_line_that_breaks_in_silence_is_late_by_the_clock(stage: Stage) -> None:
    """Each late row says that it was the clock, and by how much it missed it: at 35 s, slots to 33 are decided."""
    report = stage.run(*broken_line())

    assert 1 == sum(note.startswith("3 rows were late by the clock alone") for note in report.notes)
    assert [30, 31, 32] == [(record.event_time or 0) // 10**9 % 60 for record in stage.rejected()]
    assert [2 * 10**9, 10**9, 0] == [record.by for record in stage.rejected()]
    assert {True} == {record.by_clock for record in stage.rejected()}
    assert "came 2.000 s after its slot was decided by the clock; missing in 1s, 5m" == stage.rejected()[0].message


def test_rows_that_only_the_clock_made_late_are_in_time_order(tmp_path: Path) -> None:
    """The report does not blame their order, as it does where many rows are late by others."""
    stage = Stage(bars("1s", "0s"), tmp_path / "store")
    report = stage.run(*live(0, 30), Quiet(OPEN + 160 * SECOND), *gap(30, 160))

    assert {"late": 130} == report.rejected
    assert ["130 rows were late by the clock alone"] == [note[:37] for note in report.notes if " late" in note]


@pytest.mark.parametrize(("after", "late"), [("2s", [30]), ("3s", []), ("30s", [])])
def test_the_clock_may_be_told_to_lag(tmp_path: Path, after: str, late: list[int]) -> None:
    """A stall of delay + after loses nothing: at 35 s the clock stands at 33 or before, and has decided less."""
    stage = Stage(bars(after=after), tmp_path / "store")
    stage.run(*broken_line())

    assert late == [(record.event_time or 0) // 10**9 % 60 for record in stage.rejected()]


def test_a_lagging_clock_closes_a_quiet_market_all_the_same(tmp_path: Path) -> None:
    """That much later, to the nanosecond; events close slots as before."""
    stage = Stage(bars(after="30s"), tmp_path / "store")
    due = OPEN + (10 + 2 + 30) * SECOND  # the last slot ends at 10
    script: list[object] = [*live(0, 10), Quiet(due - timedelta(microseconds=1))]
    found: list[list[tuple[datetime, int]]] = []

    def feed() -> Iterator[Any]:
        yield from stage.play(script)
        found.append(stage.finals("1s"))
        stage.wait(due)
        found.append(stage.finals("1s"))

    stage.read(feed())
    assert [one_each(9), one_each(10)] == found


def test_a_late_row_names_the_event_that_closed_its_slot(stage: Stage) -> None:
    """Where events have decided it as well, it was not the clock: it would be late without it."""
    stage.run(*live(0, 30), Quiet(OPEN + 32 * SECOND), trade(26), trade(27), trade(40), trade(37))

    # 26 was decided at 29, by the last tick; 27 at 30, by the clock; 37 at 40, by the tick of 40.
    assert [(26, False), (27, True), (37, False)] == [
        ((record.event_time or 0) // 10**9 % 60, record.by_clock) for record in stage.rejected()
    ]
    assert "came 3.000 s after its slot was decided; missing in 1s, 5m" == stage.rejected()[0].message


def test_a_feed_that_stays_behind_is_told(stage: Stage) -> None:
    """The clock closes nothing until it says that it caught up, whatever its rows are; the report names the word."""
    report = stage.run(*live(0, 10), bl.BEHIND, *live(10, 20), Quiet(OPEN + 60 * SECOND))

    assert one_each(17) == stage.finals("1s")
    assert 1 == sum("it may give bl.CAUGHT_UP when its gap is filled" in note for note in report.notes)


def test_a_feed_that_caught_up_at_last_is_not_told_to_be_behind(stage: Stage) -> None:
    """Its word may come behind its last row, when nobody waits any more."""
    report = stage.run(*live(0, 10), bl.BEHIND, *live(10, 20), Quiet(OPEN + 60 * SECOND), *live(60, 61), bl.CAUGHT_UP)

    assert [] == [note for note in report.notes if "behind" in note]


class Line:
    """A feed that knows how it is, and does not say it between its rows."""

    def __init__(self, stage: Stage, script: Sequence[object], *, caught_up: bool) -> None:
        self.caught_up: bool | None = caught_up
        self._stage = stage
        self._script = script

    def __iter__(self) -> Iterator[Any]:
        return self._stage.play(self._script)


@pytest.mark.parametrize(("caught_up", "last"), [(True, 60), (False, 57)])
def test_an_iterable_may_have_the_word(stage: Stage, caught_up: bool, last: int) -> None:  # noqa: FBT001 - a parameter
    """Its `caught_up` is what it would say between its rows."""
    stage.run(*live(0, 60))
    stage.read(Line(stage, [Quiet(OPEN + 90 * SECOND)], caught_up=caught_up))

    assert one_each(last) == stage.finals("1s")


class Wavering(FeedSource):
    """Says that it caught up only right after it was asked for rows."""

    word = False

    @property
    def caught_up(self) -> bool | None:
        """Its word, for once."""
        said, self.word = self.word, False
        return said

    def follow(self, positions: Mapping[str, bytes], batch_rows: int, interval: float) -> Iterator[SourceBatch | None]:
        """As any feed."""
        for batch in super().follow(positions, batch_rows, interval):
            self.word = True
            yield batch


def test_the_word_holds_for_what_was_asked_after_it(stage: Stage) -> None:
    """What a source gives between being asked for rows and saying that it caught up has not been looked for."""
    stage.run(*live(0, 60))
    stage.read(Wavering(bars().plan, stage.play([Quiet(OPEN + 90 * SECOND)]), clock=stage.clock))

    assert one_each(57) == stage.finals("1s")


def test_a_method_is_no_word(stage: Stage) -> None:
    """It would be true always."""
    line = Line(stage, [Quiet(OPEN)], caught_up=True)
    line.caught_up = lambda: True  # type: ignore[assignment]

    with pytest.raises(bl.SourceError, match="a property, no method"):
        stage.read(line)


class Pipe:
    """A stream of text that comes as the script says."""

    def __init__(self, stage: Stage, script: Sequence[object]) -> None:
        self._parts = stage.play(script)

    def fileno(self) -> int:
        """None."""
        raise io.UnsupportedOperation

    def read(self, _: int) -> bytes:
        """The next part."""
        return next(self._parts, b"")


def test_standard_input_fills_its_gap_first(stage: Stage) -> None:
    """It can say nothing of itself, so its rows tell."""

    def lines(first: int, last: int) -> bytes:
        return b"".join(b"EURUSD,%s,10,1\n" % trade(s)["at"].isoformat().encode() for s in range(first, last))

    stage.run(*live(0, 60))
    parts = [b"symbol,at,price,size\n", Quiet(OPEN + 100 * SECOND), lines(60, 101), Quiet(OPEN + 103 * SECOND)]
    plan = bars().plan
    stage.read(StandardInput(plan, Pipe(stage, parts), clock=stage.clock))  # type: ignore[arg-type]

    assert [] == stage.rejected()
    assert one_each(101) == stage.finals("1s")


def test_a_delayed_feed_is_told_what_to_set(tmp_path: Path) -> None:
    """Fifteen minutes late by contract, the clock is off; the report names what was seen, and a setting that works."""

    def delayed(live_within: str) -> tuple[bl.RunReport, Stage]:
        stage = Stage(bars(live_within=live_within), tmp_path / live_within)
        late = OPEN + 15 * MINUTE
        rows = [step for second in range(10) for step in (Now(late + second * SECOND), trade(second))]
        return stage.run(*rows, Quiet(late + 30 * SECOND)), stage

    report, stage = delayed("1m")
    told = "the latest row was 15m old when it came, more than live_within (1m), so that the clock closes no quiet slot"
    assert [f'{told}: if the feed is always so late, set live_within = "17m"'] == [
        note for note in report.notes if "live_within" in note
    ]
    assert one_each(7) == stage.finals("1s")
    report, stage = delayed("17m")
    assert [] == [note for note in report.notes if "live_within" in note]
    assert one_each(10) == stage.finals("1s")
