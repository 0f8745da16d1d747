"""Stream time set back after a wrong stamp: what was published stays, and everything behind it is made as always."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from barloom.engine.blocks import Reason
from barloom.engine.floors import FLOORS, Published
from barloom.engine.frames import bar_frame
from barloom.kafka.state.changelog import TAGS
from barloom.kafka.state.replica import Replica
from barloom.plan.toml import read_toml
from barloom.store.backend import Family
from barloom.testing.log import Record
from barloom.testing.ticks import TickReader

if TYPE_CHECKING:
    from barloom.engine.blocks import BarBlock, Step, Values
    from barloom.engine.engine import Engine
    from barloom.kafka.state.changelog import ChangelogWriter

DEFINITION = """
[event]
key = "symbol"
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp"
price = "decimal(12, 2)"
[bars]
name = "bars"
base = "1s"
rollup = ["1m", "1h"]
ohlcv = { price = "price" }
"""
MINUTES = DEFINITION.replace('base = "1s"\nrollup = ["1m", "1h"]', 'base = "1m"\ngap = "carry"\nheartbeat = true')
ARRIVAL = 1_795_000_000_000_000_000
"""When everything arrives: long after it happened."""


def nanos(text: str) -> int:
    """A time of one day, UTC."""
    return int(datetime.fromisoformat(f"2025-11-10T{text}").replace(tzinfo=UTC).timestamp()) * 10**9


class Line:
    """One partition: an engine, and the changelog from which it is restored before every step."""

    def __init__(self, definition: str = DEFINITION) -> None:
        self.plan = read_toml(definition)
        self.names = [str(level.timeframe) for level in self.plan.levels]
        self.finals: list[tuple[str, str, str, int]] = []
        self.changelog: dict[bytes, bytes] = {}
        self._offset = 0
        self.engine, self._writer = self._restored()

    def _restored(self) -> tuple[Engine, ChangelogWriter]:
        replica = Replica(self.plan)
        replica.apply(list(self.changelog), list(self.changelog.values()))
        return replica.take_over()

    def _commit(self, step: Step) -> Step:
        for key, value in zip(*self._writer.changes(step, self.engine.keys), strict=True):
            if value is None:
                self.changelog.pop(key, None)
            else:
                self.changelog[key] = value
        for block in step.finals:
            self.finals += [(self.names[block.level], *bar) for bar in self.bars(block)]
        self.engine, self._writer = self._restored()
        return step

    def bars(self, block: BarBlock) -> list[tuple[str, str, int]]:
        """Key, start and ticks of each bar."""
        frame = bar_frame(self.plan, self.engine.calendar, self.engine.keys, block)
        starts = frame["start"].dt.strftime("%H:%M:%S").to_list()
        return list(zip(frame["symbol"].to_list(), starts, frame["count"].to_list(), strict=True))

    def tick(self, symbol: str, at: str, price: str = "1.00") -> Step:
        """One tick, and a restart behind it."""
        row = {"symbol": symbol, "at": f"2025-11-10T{at}Z", "price": price}
        batch, _ = TickReader(self.plan).read([Record("ticks", 0, self._offset, None, row, ARRIVAL)])
        self._offset += 1
        return self._commit(self.engine.step(batch))

    def set_back(self, to: str) -> Step:
        """To a time, with what was published so far."""
        last: dict[tuple[str, str], int] = {}
        for name, symbol, start, _ in self.finals:
            last[name, symbol] = max(nanos(start), last.get((name, symbol), 0))
        published = [
            Published(
                position,
                [(symbol,) for named, symbol in last if named == name],
                [start for (named, _), start in last.items() if named == name],
            )
            for position, name in enumerate(self.names)
        ]
        return self._commit(self.engine.set_back(nanos(to), published))

    def since(self, before: int) -> list[tuple[str, str, str, int]]:
        """The finals behind the first `before` ones, sorted."""
        return sorted(self.finals[before:])

    @property
    def has_floors(self) -> bool:
        """Whether the state holds floors."""
        return TAGS[Family.ENTRIES] + FLOORS in self.changelog


def rejected(line: Line, step: Step) -> list[tuple[Reason, int, set[str]]]:
    """Why, by how much, and in which timeframes rows are missing."""
    if step.rejected is None:
        return []
    columns = zip(step.rejected.reason.tolist(), step.rejected.by.tolist(), strict=True)
    return [
        (
            Reason(reason),
            by,
            {line.names[place] for place, missed in enumerate(step.rejected.missed) if _is_missed(missed, row)},
        )
        for row, (reason, by) in enumerate(columns)
    ]


def _is_missed(missed: Values, row: int) -> bool:
    return missed.valid is None or bool(missed.valid[row])


def pushed_ahead() -> Line:
    """ACME ticks at 10:00:10 and 10:30:15, once with a stamp of 12:00:00, then at 10:30:16, which is late."""
    line = Line()
    line.tick("ACME", "10:00:10")
    line.tick("ACME", "10:30:15")
    line.tick("ACME", "12:00:00", "99.00")
    assert [Reason.LATE] == [reason for reason, _, _ in rejected(line, line.tick("ACME", "10:30:16"))]
    return line


def test_open_slots_of_the_wrong_stamp_are_taken_back() -> None:
    """The three open bars of 12:00:00 disappear from the state and from the live bars; stream time is what was said."""
    line = pushed_ahead()
    step = line.set_back("10:30:15")

    assert nanos("10:30:15") == step.stream_time == line.engine.stream_time
    assert [(0, nanos("12:00:00")), (1, nanos("12:00:00")), (2, nanos("12:00:00"))] == [
        (gone.level, int(gone.start[0])) for gone in step.retracted
    ]
    assert 0 == line.engine.open_slots
    assert line.has_floors


def test_a_slot_below_the_floor_takes_no_tick_and_above_it_all_is_as_always() -> None:
    """Published are 1s 10:30:15, 1m 10:30 and 1h 10:00. A tick is late for those, and in the bars of the others."""
    line = pushed_ahead()
    line.set_back("10:30:15")
    before = len(line.finals)
    for at, missed in (
        ("10:30:15", {"1s", "1m", "1h"}),
        ("10:30:20", {"1m", "1h"}),
        ("10:31:05", {"1h"}),
        ("11:00:01", None),
        ("11:01:02", None),
        ("12:00:05", None),
    ):
        step = line.tick("ACME", at)
        assert ([] if missed is None else [(Reason.LATE, 0, missed)]) == rejected(line, step), at

    assert [
        *(("1h", "ACME", "11:00:00", 2),),
        *(("1m", "ACME", start, 1) for start in ("10:31:00", "11:00:00", "11:01:00")),
        *(("1s", "ACME", start, 1) for start in ("10:30:20", "10:31:05", "11:00:01", "11:01:02")),
    ] == line.since(before)
    assert len(line.finals) == len({final[:3] for final in line.finals})


def test_floors_end_where_stream_time_has_passed_them() -> None:
    """The last floor is 11:00, the end of the published hour; at 11:00:00 it is gone from the state."""
    line = pushed_ahead()
    line.set_back("10:30:15")
    line.tick("ACME", "10:59:59")
    held = line.has_floors
    line.tick("ACME", "11:00:00")

    assert (True, False) == (held, line.has_floors)


def test_a_key_without_finals_behind_the_new_time_has_no_floor() -> None:
    """ZINC had no tick yet: its slots of 10:30:15, 10:30 and 10:00 were never published, and are made now."""
    line = pushed_ahead()
    line.set_back("10:30:15")
    before = len(line.finals)
    step = line.tick("ZINC", "10:30:15")
    line.tick("ZINC", "12:00:00")

    assert [] == rejected(line, step)
    assert [
        ("1h", "ZINC", "10:00:00", 1),
        ("1m", "ZINC", "10:30:00", 1),
        ("1s", "ZINC", "10:30:15", 1),
    ] == line.since(before)


def test_how_late_counts_from_the_last_published_slot() -> None:
    """Published up to 10:30:16; a tick of 10:30:10, whose second ended at 10:30:11, is 5 s behind that."""
    line = pushed_ahead()
    line.set_back("10:30:05")

    assert [(Reason.LATE, 5 * 10**9, {"1s", "1m", "1h"})] == rejected(line, line.tick("ACME", "10:30:10"))


def test_an_hour_that_stays_open_has_one_minute_less() -> None:
    """The stamp was 10:45:00: minute and second of it are dropped and made again, the hour keeps its number of minutes.

    Minutes with ticks are 10:00, 10:30, 10:45. The price of the wrong tick stays in the hour.
    """
    line = Line()
    line.tick("ACME", "10:00:10")
    line.tick("ACME", "10:30:15")
    line.tick("ACME", "10:45:00", "99.00")
    line.set_back("10:30:15")
    before = len(line.finals)
    line.tick("ACME", "10:45:05")
    block = next(block for block in line.tick("ACME", "11:00:00").finals if block.level == 2)
    hour = bar_frame(line.plan, line.engine.calendar, line.engine.keys, block).row(0, named=True)

    assert [("1h", "ACME", "10:00:00", 4), ("1m", "ACME", "10:45:00", 1), ("1s", "ACME", "10:45:05", 1)] == line.since(
        before
    )
    assert (3, "99.00") == (hour["filled"], str(hour["high"]))


def test_a_tick_that_misses_the_hour_misses_the_day_too() -> None:
    """The day is the fold of its hours: 10:00 with 2 ticks as published, the wrong one, and what comes after 11:00."""
    line = Line(DEFINITION.replace('"1h"]', '"1h", "1d"]'))
    line.tick("ACME", "10:00:10")
    line.tick("ACME", "10:30:15")
    line.tick("ACME", "12:00:00")
    line.set_back("10:30:15")
    step = line.tick("ACME", "10:31:05")
    line.tick("ACME", "11:00:01")
    (day,) = [block for block in line.engine.open_bars() if block.level == line.names.index("1d")]

    assert [(Reason.LATE, 0, {"1h", "1d"})] == rejected(line, step)
    assert (4, 2) == (int(day.revision[0]), int(day.filled[0]))


def test_gaps_below_the_floor_are_not_filled_again() -> None:
    """10:01 to 10:04 were carried when the wrong stamp came; set back to 10:02 the next one is 10:05."""
    line = Line(MINUTES)
    line.tick("ACME", "10:00:30")
    line.tick("ACME", "10:05:00")
    carried = len(line.finals)
    line.set_back("10:02:30")
    line.tick("ACME", "10:06:10")
    line.tick("ACME", "10:08:00")

    assert [("1m", "ACME", f"10:0{minute}:00", int(minute == 0)) for minute in range(5)] == line.finals[:carried]
    assert [("1m", "ACME", f"10:0{minute}:00", int(minute == 6)) for minute in (5, 6, 7)] == line.finals[carried:]


def test_no_beat_takes_the_place_of_a_published_final() -> None:
    """ACME is quiet at 10:02, which was published; at 10:05 it beats again."""
    line = Line(MINUTES)
    line.tick("ACME", "10:00:30")
    line.tick("ACME", "10:05:00")
    line.set_back("10:02:30")
    beats = {
        at: [bar for block in line.tick("ZINC", at).lives if block.synthetic.any() for bar in line.bars(block)]
        for at in ("10:02:40", "10:04:59", "10:05:01")
    }

    assert {"10:02:40": [], "10:04:59": [], "10:05:01": [("ACME", "10:05:00", 0)]} == beats


@pytest.mark.parametrize("to", ["10:30:15", "09:00:00"])
def test_set_back_twice_changes_no_final(to: str) -> None:
    """Once more, to the same time or an earlier one: what stands in the topics stays the only final of its slot."""
    line = pushed_ahead()
    line.set_back("10:30:15")
    line.tick("ACME", "10:31:05")
    line.tick("ACME", "13:00:00")
    line.set_back(to)
    for at in ("09:00:01", "10:00:10", "10:30:15", "10:31:05", "10:31:30", "11:10:00", "12:00:00", "13:00:01"):
        line.tick("ACME", at)

    assert len(line.finals) == len({final[:3] for final in line.finals})
    for name in line.names:
        starts = [start for named, _, start, _ in line.finals if named == name]
        assert sorted(starts) == starts
