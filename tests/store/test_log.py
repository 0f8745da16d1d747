"""The log of a store: what became final, and which slots were closed, in the order of the commits."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rocksdict import Options, Rdict

from barloom.clock import SystemClock
from barloom.engine.blocks import ClosedSlots
from barloom.errors import PositionGone
from barloom.store.backend import Family
from barloom.store.barstore import BarStore
from barloom.store.log.entries import Packed
from barloom.store.log.position import Position
from barloom.store.log.reading import LoggedClosed, LoggedFinal
from barloom.store.memory import MemoryBackend
from barloom.store.opening import FORMAT_KEY, memory_store, open_for_reading, open_store
from barloom.testing import FakeClock
from barloom.time.timeframe import DAY, MINUTE, SECOND
from properties.quick import quick
from store import bars

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from barloom.store.log.reading import LogItem

KEYS = bars.Keys(*((name,) for name in "ABCDE"))
LEVELS = (SECOND, MINUTE)


class Made(NamedTuple):
    """A commit: finals (key, slot) of each level, and up to where each level was closed, with bars in some slots."""

    finals: tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]
    closed: tuple[tuple[int, int, tuple[tuple[int, int], ...]], ...]


@pytest.fixture(params=["memory", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BarStore]:
    """A store to write to."""
    made = memory_store(bars.plan()) if request.param == "memory" else open_store(tmp_path / "state", bars.plan())
    with made:
        yield made


def slots(level: int, after: int | None, to: int, *bars_of: tuple[int, int], reopened: bool = False) -> ClosedSlots:
    """Closed slots by their numbers; `bars_of` are slots with bars, and how many keys have one."""
    columns = [np.array([item[place] for item in bars_of], np.int64) for place in (0, 1)]
    length = LEVELS[level]
    return ClosedSlots(
        level, None if after is None else after * length, to * length, columns[0] * length, columns[1], reopened
    )


def write(store: BarStore, *finals: tuple[int, int], level: int = 0, closed: tuple[ClosedSlots, ...] = ()) -> None:
    """Commit finals (key, slot) of one level."""
    blocks = (bars.block([(key, slot, 1, 1, slot + 1) for key, slot in finals], level=level),) if finals else ()
    store.commit(bars.commit(KEYS, finals=blocks, closed=closed))


def told(store: BarStore, items: list[LogItem]) -> list[tuple[object, ...]]:
    """Number, level, key and slot of finals, or the end of closed slots; each final has the record that is stored."""
    found: list[tuple[object, ...]] = []
    for item in items:
        length = LEVELS[item.level]
        if isinstance(item, LoggedFinal):
            stored = store.value(Family.FINAL, store.layout.bar_key(item.level, item.key, item.start))
            assert item.record == stored
            found.append((item.number, item.level, store.layout.keys.decode(item.key)[0], item.start // length))
        else:
            found.append((item.number, item.level, item.to // length))
    return found


def read(
    store: BarStore, position: Position | str | None = None, limit: int = 10_000, **which: object
) -> list[LogItem]:
    """All that is behind a position, asked for in parts."""
    items: list[LogItem] = []
    while True:
        part = store.finals_after(position, limit, **which)  # type: ignore[arg-type]
        assert len(part.items) <= limit
        items, position = items + part.items, part.position
        if not part.more:
            return items


def test_finals_are_numbered_commit_by_commit(store: BarStore) -> None:
    """Within a commit they are ordered by level, start and key; a commit without any takes no number."""
    write(store, (1, 7), (0, 7), (0, 6))
    write(store)
    write(store, (2, 0), level=1)

    assert [(1, 0, "A", 6), (2, 0, "A", 7), (3, 0, "B", 7), (4, 1, "C", 0)] == told(store, read(store))


def test_a_position_goes_on_behind_any_item(store: BarStore) -> None:
    """Every position, in parts of any size, gives exactly what comes behind it."""
    for slot in range(4):
        write(store, (0, slot), (1, slot), closed=(slots(0, slot - 1, slot, (slot, 2)),))
    whole = told(store, read(store))

    assert 12 == len(whole)
    for number in range(13):
        for limit in (1, 2, 5, 100):
            position = Position(store.log.head().epoch, number)  # type: ignore[union-attr]
            assert whole[number:] == told(store, read(store, str(position), limit))


def test_a_timeframe_alone_is_read_without_the_others(store: BarStore) -> None:
    """The numbers are those of the whole log; the position behind it all is the log's end."""
    write(store, (0, 1), (1, 1))
    write(store, (0, 0), level=1)
    write(store, (0, 2))

    assert [(3, 1, "A", 0)] == told(store, read(store, timeframes=["1m"]))
    assert [(1, 0, "A", 1), (2, 0, "B", 1), (4, 0, "A", 2)] == told(store, read(store, timeframes=["1s"]))
    assert 4 == store.finals_after(None, timeframes=["1m"]).position.number


def test_numbering_goes_on_after_a_restart(tmp_path: Path) -> None:
    """Another writer counts on in the same epoch."""
    with open_store(tmp_path, bars.plan()) as store:
        write(store, (0, 1))
        epoch = store.log.head().epoch  # type: ignore[union-attr]
    with open_store(tmp_path, bars.plan()) as store:
        write(store, (0, 2), (0, 3))

        assert [(2, 0, "A", 2), (3, 0, "A", 3)] == told(store, read(store, Position(epoch, 1)))


def test_closed_slots_stand_behind_the_finals_of_their_commit(store: BarStore) -> None:
    """Whoever reads a marker has read every final of the slots that it closes."""
    write(store, (0, 1), (1, 1), closed=(slots(0, 0, 2, (1, 2)), slots(1, None, 0)))

    items = read(store)
    assert [(1, 0, "A", 1), (2, 0, "B", 1), (3, 0, 2), (4, 1, 0)] == told(store, items)
    assert LoggedClosed(3, 0, 0, 2 * SECOND, ((SECOND, 2),), reopened=False) == items[2]
    assert LoggedClosed(4, 1, None, 0, (), reopened=False) == items[3]


def test_a_quiet_range_stands_once(store: BarStore) -> None:
    """A range without bars that goes on takes the place of the one before, for whoever has read that too."""
    write(store, (0, 1), closed=(slots(0, 0, 2, (1, 1)),))
    positions = []
    for to in range(3, 9):
        write(store, closed=(slots(0, 2, to),))
        positions.append(store.log.end())
    write(store, (0, 9), closed=(slots(0, 8, 10, (9, 1)),))

    assert [(1, 0, "A", 1), (2, 0, 2), (8, 0, 8), (9, 0, "A", 9), (10, 0, 10)] == told(store, read(store))
    for position in positions[:-1]:
        assert [(8, 0, 8), (9, 0, "A", 9), (10, 0, 10)] == told(store, read(store, position))
    assert [(9, 0, "A", 9), (10, 0, 10)] == told(store, read(store, positions[-1]))


FINALS = st.lists(st.tuples(st.integers(0, 4), st.integers(-3, 40)), unique=True, max_size=12).map(tuple)
COMMITS = st.lists(st.tuples(FINALS, FINALS, st.sampled_from(["", "closed", "quiet"])), max_size=8)


@quick(60)
@given(COMMITS, st.integers(1, 7), st.sets(st.integers(0, 8)))
def test_any_commits_are_read_back_from_any_place(
    commits: list[tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...], str]],
    limit: int,
    restarts: set[int],
) -> None:
    """Finals come once each, sorted within a commit, and as they are stored; with writers that restart in between."""
    backend = MemoryBackend()
    store = BarStore(bars.plan(), backend)
    expected: list[tuple[object, ...]] = []
    seen: set[tuple[int, int, int]] = set()
    number = 0
    for place, (*finals, closed) in enumerate(commits):
        if place in restarts:
            store = BarStore(bars.plan(), backend)
        blocks = []
        for level, chosen in enumerate(finals):
            fresh = [(slot, key) for key, slot in chosen if (level, key, slot) not in seen]
            seen |= {(level, key, slot) for slot, key in fresh}
            if fresh:
                blocks.append(bars.block([(key, slot, 1, 1, 1) for slot, key in fresh], level=level))
            for slot, key in sorted(fresh):
                number += 1
                expected.append((number, level, "ABCDE"[key], slot))
        ranges = () if not closed else (slots(0, place, place + 1, *([(place, 3)] if closed == "closed" else [])),)
        store.commit(bars.commit(KEYS, finals=tuple(blocks), closed=ranges))
        if closed:
            number += 1
            expected.append((number, 0, place + 1))

    assert expected == told(store, read(store, limit=limit))
    for behind in range(number + 1):
        position = Position(store.log.head().epoch, behind) if commits else None  # type: ignore[union-attr]
        assert expected[behind:] == told(store, read(store, position, limit))


@quick(100)
@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1), st.sampled_from([1, 60, SECOND]))
def test_packed_integers_are_what_they_were(numbers: list[int], step: int) -> None:
    """Whatever their range and their common step."""
    for given_numbers in (numbers, [number // step * step for number in numbers if -(1 << 62) < number < 1 << 62]):
        if given_numbers:
            assert given_numbers == Packed.of(np.array(given_numbers, np.int64)).numbers().tolist()


def test_large_commits_are_cut(store: BarStore) -> None:
    """A commit of more finals than fit an entry is read back whole, each key in slot order."""
    many = [(key, slot) for key in range(5) for slot in range(4_000)]
    write(store, *many)

    found = told(store, read(store, limit=3_000))
    assert list(range(1, 20_001)) == [item[0] for item in found]
    for name in "ABCDE":
        assert list(range(4_000)) == [item[3] for item in found if item[2] == name]


def test_what_a_read_costs_does_not_go_with_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a position a store of many keys is asked as often as one of few."""
    asked = []
    for many in (5, 2_000):
        names = bars.Keys(*((f"K{number}",) for number in range(many)))
        with memory_store(bars.plan()) as store:
            store.commit(bars.commit(names, finals=(bars.block([(key, 1, 1, 1, 1) for key in range(many)]),)))
            position = store.log.end()
            store.commit(bars.commit(names, finals=(bars.block([(3, 2, 1, 1, 1)]),)))
            calls = []
            scan = store.backend.scan

            def counted(*arguments: object, scan: object = scan, calls: list[object] = calls, **how: object) -> object:
                found = list(scan(*arguments, **how))  # type: ignore[operator]
                calls.extend(found)
                return iter(found)

            monkeypatch.setattr(store.backend, "scan", counted)
            assert 1 == len(store.finals_after(position).items)
            asked.append(len(calls))

    assert asked[0] == asked[1]


# Epochs


def test_a_position_of_another_store_is_refused(store: BarStore) -> None:
    """A store that was made anew is another epoch; the error says where to go on."""
    write(store, (0, 1))

    with pytest.raises(PositionGone, match=r"the store is another one since \(it was made anew") as refused:
        store.finals_after("0123456789ab-0")
    assert str(store.log.end()) == refused.value.end


def test_a_set_back_begins_an_epoch_that_goes_on(store: BarStore) -> None:
    """The old position is refused, and the error names the one in the new epoch behind which the same finals come."""
    write(store, (0, 1))
    old = store.log.end()
    write(store, (0, 2))
    back = bars.commit(KEYS)
    store.commit(type(back)(back.step, back.keys, begins="set-back"))

    with pytest.raises(PositionGone, match="stream time was set back since") as refused:
        store.finals_after(old)
    assert refused.value.goes_on is not None
    assert [(2, 0, "A", 2)] == told(store, read(store, refused.value.goes_on))


def test_a_copy_counts_in_an_epoch_of_its_own(tmp_path: Path) -> None:
    """A backup that is gone on with may have other finals under the same numbers."""
    with open_store(tmp_path / "state", bars.plan()) as store:
        write(store, (0, 1))
        store.backup(tmp_path / "copy")
        old = store.log.end()

    with open_store(tmp_path / "copy", bars.plan()) as copy:
        assert [(1, 0, "A", 1)] == told(copy, read(copy))
        with pytest.raises(PositionGone, match="it is a copy"):
            copy.finals_after(old)


def test_a_position_beyond_the_end_is_refused(store: BarStore) -> None:
    """As where a store was put back to an earlier state by hand."""
    write(store, (0, 1))

    with pytest.raises(PositionGone, match="the log ends before it"):
        store.finals_after(Position(store.log.end().epoch, 7))  # type: ignore[union-attr]


def test_a_text_that_is_no_position_is_refused(store: BarStore) -> None:
    """It says what one looks like."""
    with pytest.raises(ValueError, match="'17' is no position of a log; one looks like"):
        store.finals_after("17")


def test_a_store_of_an_older_version_gets_its_log_from_now_on(tmp_path: Path) -> None:
    """Its finals are there; the log begins with the next commit, and says that it is not whole."""
    with open_store(tmp_path, bars.plan()) as store:
        write(store, (0, 1))
    make_old(tmp_path)

    with open_for_reading(tmp_path) as old:
        assert (None, []) == (old.log.head(), old.finals_after(None).items)
        assert 1 == old.totals().finals["0"]
        with pytest.raises(PositionGone, match="nothing was committed since stores have one"):
            old.finals_after("0123456789ab-0")
    with open_store(tmp_path, bars.plan()) as store:
        write(store, (0, 2))
        assert [(1, 0, "A", 2)] == told(store, read(store))
        assert not store.log.head().whole  # type: ignore[union-attr]


def make_old(path: Path) -> None:
    """Take from a store what the version before did not write."""
    options = Options(raw_mode=True)
    families = dict.fromkeys(Rdict.list_cf(str(path), options), options)
    database = Rdict(str(path), options, column_families=families)
    database.drop_column_family(Family.LOG.value)
    meta = database.get_column_family(Family.META.value)
    meta.put(FORMAT_KEY, b"2")
    del meta
    database.close()


# Retention


def old_and_new(store: BarStore, at: int) -> None:
    """Commit a final at a second, with stream time there."""
    store.commit(bars.commit(KEYS, at=at, finals=(bars.block([(0, at - 3, 1, 1, 1)]),)))


def kept(clock: FakeClock | None = None) -> BarStore:
    """A store in memory whose seconds are kept for a day."""
    return BarStore(bars.plan(retention=DAY), MemoryBackend(), clock=clock or SystemClock())


def test_what_is_older_than_kept_is_gone_and_said_so() -> None:
    """A position behind which finals were removed is refused; the timeframe that keeps all goes on."""
    with kept() as store:
        old_and_new(store, 100)
        begin = Position(store.log.end().epoch, 0)  # type: ignore[union-attr]
        write(store, (0, 1), level=1)
        for day in range(1, 4):
            old_and_new(store, 100 + day * 86_400)

        with pytest.raises(PositionGone, match="older than those that are kept"):
            store.finals_after(begin)
        assert [(2, 1, "A", 1)] == told(store, read(store, begin, timeframes=["1m"]))
        assert [(5, 0, "A", 97 + 3 * 86_400)] == told(store, read(store, Position(begin.epoch, 4), timeframes=["1s"]))
        assert store.log.head().gone[0] in (1, 3)  # type: ignore[union-attr]


def test_the_log_does_not_outlive_its_bars() -> None:
    """Of a thousand days of which one is kept, the log keeps entries of a few."""
    with kept() as store:
        for day in range(1_000):
            old_and_new(store, 100 + day * 86_400)

        entries = list(store.backend.scan(Family.LOG, b"", None))
        assert len(entries) < 5


def test_retention_waits_for_a_declared_reader() -> None:
    """What a named reader has not read yet stays, until it has read on, or its declaration has expired."""
    clock = FakeClock(0)
    with kept(clock) as store:
        old_and_new(store, 100)
        begin = Position(store.log.end().epoch, 0)  # type: ignore[union-attr]
        store.readers.declare("sink", begin, 7 * DAY)
        for day in range(1, 5):
            old_and_new(store, 100 + day * 86_400)

        assert [100 + day * 86_400 - 3 for day in range(5)] == [item[3] for item in told(store, read(store, begin))]

        store.readers.declare("sink", Position(begin.epoch, 3), 7 * DAY)
        old_and_new(store, 100 + 5 * 86_400)
        with pytest.raises(PositionGone):
            store.finals_after(begin)
        assert 3 == len(read(store, Position(begin.epoch, 3)))

        clock.move("8d")
        old_and_new(store, 100 + 6 * 86_400)
        old_and_new(store, 100 + 7 * 86_400)
        with pytest.raises(PositionGone):
            store.finals_after(Position(begin.epoch, 3))
        assert [] == store.readers.all()


def test_readers_in_other_processes_declare_beside_the_store(tmp_path: Path) -> None:
    """A reader that only reads the store declares itself; its writer sees that, and a copy does not take it over."""
    with open_store(tmp_path / "state", bars.plan()) as store:
        write(store, (0, 1))
        with open_for_reading(tmp_path / "state") as reader:
            declared = reader.readers.declare("desk.eu", reader.log.end(), DAY)  # type: ignore[arg-type]
            assert [declared] == store.readers.all()
            store.backup(tmp_path / "copy")
            reader.readers.forget("desk.eu")
        assert [] == store.readers.all()
    with open_for_reading(tmp_path / "copy") as copy:
        assert [] == copy.readers.all()


def test_a_reader_has_a_name_that_files_can_have(store: BarStore) -> None:
    """Nothing is written outside of the store."""
    write(store, (0, 1))

    with pytest.raises(ValueError, match="cannot name a reader"):
        store.readers.declare("../x", store.log.end(), DAY)  # type: ignore[arg-type]


# Beside a writer


def test_a_reader_beside_a_writer_misses_nothing(tmp_path: Path) -> None:
    """Whatever it has seen already, each refresh shows what was committed since, in order; also after a compaction."""
    with open_store(tmp_path / "state", bars.plan()) as store, open_for_reading(tmp_path / "state") as reader:
        position, found = None, []
        for slot in range(60):
            write(store, (slot % 5, slot), closed=(slots(0, slot - 1, slot, (slot, 1)),))
            if slot % 20 == 19:
                store.compact()
            if slot % 3 == 0:
                reader.backend.refresh()
                part = reader.finals_after(position)
                found, position = found + told(reader, part.items), part.position
        reader.backend.refresh()
        found += told(reader, read(reader, position))

        assert found == told(store, read(store))


def test_an_entry_that_is_not_visible_yet_holds_back_what_is_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a reader sees a later entry before an earlier one, or a marker before its final, it waits for both."""
    with open_store(tmp_path / "state", bars.plan()) as store:
        write(store, (0, 1))
        write(store, (0, 0), level=1)
        write(store, (0, 2))
        scan, hidden = store.backend.scan, {1}

        def later(family: Family, *arguments: object, **how: object) -> Iterator[tuple[bytes, bytes]]:
            for number, item in enumerate(scan(family, *arguments, **how), 1):  # type: ignore[arg-type]
                if family is not Family.LOG or number not in hidden:
                    yield item

        monkeypatch.setattr(store.backend, "scan", later)
        assert [] == store.finals_after(None).items
        assert 0 == store.finals_after(None).position.number

        hidden.clear()
        assert 3 == len(store.finals_after(None).items)


def test_a_rebuilt_store_has_a_log_of_its_own(tmp_path: Path) -> None:
    """Positions in the store that stood there before are refused."""
    with open_store(tmp_path / "state", bars.plan()) as store:
        write(store, (0, 1))
        old = store.log.end()
    shutil.rmtree(tmp_path / "state")
    with open_store(tmp_path / "state", bars.plan()) as store:
        write(store, (0, 1))

        with pytest.raises(PositionGone):
            store.finals_after(old)
