"""A row of a file without times of arrival may not be stamped after the time at which it was first read."""

from __future__ import annotations

import gzip
import random
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

import barloom as bl
from barloom.embedded.rebuild import rebuild
from barloom.embedded.run import run
from barloom.errors import DefinitionError
from barloom.plan.barplan import InputKind
from barloom.runtime.setting_back import set_back
from barloom.source.open import open_source
from barloom.store.opening import open_for_reading
from barloom.testing import FakeClock
from source.reading import DAY, SECOND, collect, csv_of, iso, plan, put

if TYPE_CHECKING:
    from pathlib import Path

    from barloom.plan.barplan import BarPlan
    from barloom.runtime.report import RunReport


class Quote(bl.Event):
    """A tick with no time of arrival."""

    symbol: str = bl.key()
    at: int = bl.timestamp(unit="ms")
    price: int


def _bars() -> BarPlan:
    return bl.from_(Quote).tumbling("1s").select(first=bl.first("price"), n=bl.count()).rollup("1m").named("b").plan


def _file(path: Path, seconds: list[float]) -> Path:
    rows = [f"A,{DAY // 1_000_000 + round(second * 1000)},{number}\n" for number, second in enumerate(seconds)]
    return put(path, "symbol,at,price\n" + "".join(rows))


def _at(second: float) -> FakeClock:
    return FakeClock(DAY + round(second * SECOND))


def _finals(store: Path) -> list[tuple[object, ...]]:
    with open_for_reading(store) as held:
        return [row for frame in held.frames("final", "1s") for row in frame.rows()]


def _future(store: Path) -> list[int]:
    with open_for_reading(store) as held:
        return [record.row for record in held.side_records() if record.reason == "future"]


def _limit_told(report: RunReport) -> list[str]:
    return [note for note in report.notes if "first read" in note]


@pytest.mark.parametrize("order", ["row", "time"])
def test_a_row_may_be_ten_seconds_ahead(tmp_path: Path, order: str) -> None:
    """By exactly `max_ahead` it counts, by a millisecond more it is refused; its message says ahead of what."""
    rows = [("A", iso(second), "1.50", 1) for second in (1, 110, 110.001, 5)]
    path = put(tmp_path / "a.csv", csv_of(rows))
    reading = collect(open_source(plan(order=order), path, clock=_at(100)).open({}, 10))
    batch = reading.batches[0].ticks
    report = run(_bars(), _file(tmp_path / "b.csv", [1, 110, 110.001, 112]), tmp_path / "s", clock=_at(100))

    assert batch.limits is not None
    assert [DAY + 100 * SECOND] * 4 == batch.limits.tolist()
    assert [3, 4] == _future(tmp_path / "s")
    assert DAY + 110 * SECOND == report.stream_time_ns
    assert "(2025-01-01T00:01:40Z)" in _limit_told(report)[0]
    with open_for_reading(tmp_path / "s") as held:
        assert "10.001 s after it was first read" in next(iter(held.side_records())).message


def test_where_rows_say_when_they_arrived_that_decides(tmp_path: Path) -> None:
    """Then there is no limit."""
    path = put(tmp_path / "a.csv", f"symbol,at,price,size,got\nA,{iso(900)},1,1,{iso(899)}\n")
    reading = collect(open_source(plan(arrival="got"), path, clock=_at(100)).open({}, 10))

    assert reading.batches[0].ticks.limits is None


def test_frames_have_no_limit() -> None:
    """Whoever computes bars of a frame says what is in it; `compute` reads no clock."""
    frame = pl.DataFrame({"symbol": ["A", "A"], "at": [4_102_444_800_000, 4_102_444_802_000], "price": [1, 2]})

    assert 0 == bl.from_(Quote).tumbling("1s").select(n=bl.count()).named("b").compute(frame).rejected.height


@pytest.mark.parametrize("order", ["row", "time"])
def test_a_run_that_goes_on_judges_as_the_first_would_have(tmp_path: Path, order: str) -> None:
    """The file is as it was, so its rows were all there: however late the rest is taken, the first limit holds."""
    bars, path = plan(order=order), put(tmp_path / "a.csv", csv_of([("A", iso(s), "1", 1) for s in range(0, 300, 10)]))
    batch = next(iter(open_source(bars, path, clock=_at(100)).open({}, 7)))
    rest = collect(open_source(bars, path, clock=_at(10_000)).open(batch.positions, 7))

    limits = [each.ticks.limits for each in rest.batches if each.ticks.limits is not None]
    assert 24 == sum(map(len, limits))
    assert {DAY + 100 * SECOND} == {limit for each in limits for limit in each.tolist()}


def test_rows_that_came_later_have_their_own_limit(tmp_path: Path) -> None:
    """A file that grows is judged row by row; a run behind it takes nothing for future that was written meanwhile."""
    path = _file(tmp_path / "a.csv", [1, 2, 50])
    run(_bars(), path, tmp_path / "s", clock=_at(20))
    _file(path, [1, 2, 50, 60, 300])
    run(_bars(), path, tmp_path / "s", clock=_at(100))

    assert [3, 5] == _future(tmp_path / "s")


@pytest.mark.parametrize("seed", range(6))
def test_a_rebuild_judges_each_row_as_it_was_judged(tmp_path: Path, seed: int) -> None:
    """However the file grew, and whatever it is called since; the expectation is row by row by the clock of its run."""
    dice = random.Random(seed)
    path, store, seconds, expected = tmp_path / "a.csv", tmp_path / "s", [], []
    for number in range(5):
        now = 100 * (number + 1)
        more = [now + dice.choice([-50, -20, -1, 5, 10, 11, 95, 150, 400]) for _ in range(dice.randint(0, 6))]
        expected += [len(seconds) + place + 1 for place, second in enumerate(more) if second > now + 10]
        seconds += more
        if seconds:
            run(_bars(), _file(path, seconds), store, clock=_at(now), batch_rows=dice.randint(1, 4))
    before = _finals(store)
    packed = put(tmp_path / "renamed.csv.gz", gzip.compress(path.read_bytes()))
    path.unlink()
    for _ in range(2):
        report = rebuild(_bars(), packed, store, clock=_at(90_000), batch_rows=3)

        assert expected == _future(store)
        assert before == _finals(store)
        assert len(_limit_told(report)) == 1


def test_the_row_that_moved_time_is_named(tmp_path: Path) -> None:
    """Where many rows are late behind one wrong stamp, the report says which: file, row, stamp."""
    seconds = [*range(50), 5000, *range(50, 400), 5001]
    path = _file(tmp_path / "a.csv", seconds)
    for rows in (7, 100_000):
        report = run(_bars(), path, tmp_path / f"s{rows}", clock=_at(90_000), batch_rows=rows)

        told = [note for note in report.notes if "moved time" in note]
        assert len(told) == 1
        assert f"350 of the late rows came after row 51 of {path} had" in told[0]
        assert "2025-01-01T01:23:20Z" in told[0]


def test_a_store_is_set_back(tmp_path: Path) -> None:
    """Published finals stay; ticks after them make bars again; asking changes nothing."""
    bars, path, store = _bars(), _file(tmp_path / "a.csv", [1, 2, 5000]), tmp_path / "s"
    run(bars, path, store, clock=_at(90_000))
    asked = set_back(bars, store, DAY + 3 * SECOND, really=False)
    done = set_back(bars, store, DAY + 3 * SECOND, really=True)
    _file(path, [1, 2, 5000, 2.5, 3, 4, 5])
    report = run(bars, path, store, clock=_at(90_000))

    assert asked == done
    assert (DAY + 5000 * SECOND, DAY + 3 * SECOND) == (done.before, done.after)
    assert {"late": 1} == report.rejected
    assert [DAY + second * SECOND for second in (1, 2, 3, 4)] == [start for row in _starts(store) for start in row]


def _starts(store: Path) -> list[list[int]]:
    with open_for_reading(store) as held:
        return [frame["start"].dt.epoch("ns").to_list() for frame in held.frames("final", "1s")]


def test_a_store_is_not_set_back_to_where_it_has_not_been(tmp_path: Path) -> None:
    """Nor one of which bars are the input."""
    bars, store = _bars(), tmp_path / "s"
    run(bars, _file(tmp_path / "a.csv", [1, 2]), store, clock=_at(90_000))

    with pytest.raises(ValueError, match="which is not after"):
        set_back(bars, store, DAY + 3 * SECOND, really=True)
    with pytest.raises(DefinitionError, match="where bars are the input"):
        set_back(_input_bars(), store, DAY, really=True)


def _input_bars() -> BarPlan:

    return replace(_bars(), input=InputKind.BARS)


def _written(folder: Path, form: str, seconds: list[float]) -> Path:
    """The same rows in a container of its own kind."""
    text = _file(folder / "a.csv", seconds).read_text()
    if form == "zip":
        with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", text)
    elif form == "parquet":
        pl.read_csv(text.encode()).write_parquet(folder / "a.parquet")
    return folder / f"a.{form}"


@pytest.mark.parametrize("form", ["csv", "zip", "parquet"])
@pytest.mark.parametrize("batch_rows", [1, 100])
def test_the_limit_is_that_of_every_kind_of_file(tmp_path: Path, form: str, batch_rows: int) -> None:
    """A stamp far ahead moves nothing, and a rebuild much later refuses the same rows, though by then they are past."""
    path = _written(tmp_path, form, [1, 2, 4_000, 3, 110, 110.001])
    report = run(_bars(), path, tmp_path / "s", clock=_at(100), batch_rows=batch_rows)

    assert [3, 6] == _future(tmp_path / "s")
    assert {"future": 2} == report.rejected
    assert DAY + 110 * SECOND == report.stream_time_ns
    rebuild(_bars(), path, tmp_path / "s", clock=_at(90_000), batch_rows=batch_rows)
    assert [3, 6] == _future(tmp_path / "s")


@pytest.mark.parametrize("form", ["csv", "zip", "parquet"])
def test_bars_as_input_have_the_limit_too(tmp_path: Path, form: str) -> None:
    """A bar that is stamped hours ahead would close the parents of all others: it is refused, and they are whole."""
    minutes = [60.0, 120, 7_200, 180, 240, 300]
    rolled = bl.from_(Quote).bars("1m", stamped="end").select(last=bl.last("price"), n=bl.count()).rollup("5m")
    bars, path = rolled.named("b").plan, _written(tmp_path, form, minutes)
    report = run(bars, path, tmp_path / "s", clock=_at(300))

    assert [3] == _future(tmp_path / "s")
    assert {"future": 1} == report.rejected
    assert DAY + 300 * SECOND == report.stream_time_ns
    assert {"5m": 1} == report.bars  # all five of its children have come
