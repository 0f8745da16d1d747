"""A store says what it is: nothing else is written into, and nothing else is read as one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rocksdict import Options, Rdict

from barloom.errors import StoreError, StoreFormat, StoreLocked, StoreMismatch
from barloom.store.backend import Family
from barloom.store.opening import FORMAT, FORMAT_KEY, is_store, open_for_reading, open_store
from barloom.time.timeframe import DAY, SECOND
from store import bars

if TYPE_CHECKING:
    from pathlib import Path


def relabel(path: Path, number: int) -> None:
    """Give a store another format number."""
    with open_store(path, bars.plan()) as store:
        batch = store.backend.batch()
        batch.put(Family.META, b"format", str(number).encode())
        store.backend.write(batch)


def test_a_foreign_directory_is_refused_and_left_alone(tmp_path: Path) -> None:
    """A directory that holds anything else is named in the message and not touched."""
    (tmp_path / "holiday.jpg").write_bytes(b"picture")

    with pytest.raises(StoreFormat, match=r"is not a store: it holds 'holiday\.jpg'; name an empty or new directory"):
        open_store(tmp_path, bars.plan())
    assert ["holiday.jpg"] == [item.name for item in tmp_path.iterdir()]


def test_a_file_is_not_a_store(tmp_path: Path) -> None:
    """A store is a directory."""
    place = tmp_path / "state"
    place.write_text("")

    with pytest.raises(StoreFormat, match="is a file"):
        open_store(place, bars.plan())


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    """Another program's RocksDB is not written into."""
    options = Options(raw_mode=True)
    options.create_if_missing(True)  # noqa: FBT003
    options.create_missing_column_families(True)  # noqa: FBT003
    Rdict(str(tmp_path / "db"), options, column_families={"blocks": options}).close()

    with pytest.raises(StoreFormat, match="holds a database of something else"):
        open_store(tmp_path / "db", bars.plan())
    with pytest.raises(StoreFormat, match="is not a store"):
        open_for_reading(tmp_path / "db")


def test_what_a_crash_leaves_while_a_store_is_made_is_no_obstacle(tmp_path: Path) -> None:
    """A writer that was killed while it made the store left a few files; the next one makes it anew."""
    for name in ("LOCK", "LOG", "IDENTITY", "MANIFEST-000001", "000001.dbtmp"):
        (tmp_path / name).write_bytes(b"")

    with open_store(tmp_path, bars.plan()) as store:
        assert store.restore() is None


def test_reading_asks_for_a_store(tmp_path: Path) -> None:
    """Opening for reading never makes anything."""
    with pytest.raises(StoreFormat, match="is not a store"):
        open_for_reading(tmp_path / "missing")
    assert not (tmp_path / "missing").exists()
    assert not is_store(tmp_path)


def test_another_definition_is_refused_with_what_differs(tmp_path: Path) -> None:
    """Bars of another definition are not mixed in; the message says what changed and what to do."""
    open_store(tmp_path, bars.plan()).close()

    with pytest.raises(StoreMismatch) as refused:
        open_store(tmp_path, bars.plan(delay=5 * SECOND))
    assert "timeframe 1s was base, delay 2s" in str(refused.value)
    assert "is base, delay 5s" in str(refused.value)
    assert "barloom rebuild" in str(refused.value)


def test_what_makes_no_other_bars_may_change(tmp_path: Path) -> None:
    """Retention is taken over by the store, which keeps its bars."""
    open_store(tmp_path, bars.plan()).close()
    shorter = bars.plan(retention=DAY)
    open_store(tmp_path, shorter).close()

    with open_for_reading(tmp_path) as store:
        assert replace(store.plan, source=shorter.source) == shorter


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    """A second writer is told so; the first is not disturbed."""
    with open_store(tmp_path, bars.plan()) as first:
        with pytest.raises(StoreLocked, match="open in another writer"):
            open_store(tmp_path, bars.plan())
        first.commit(bars.commit(bars.Keys(), positions={"a": b"1"}))

    with open_store(tmp_path, bars.plan()) as second:
        assert second.positions() == {"a": b"1"}


@pytest.mark.parametrize(("number", "message"), [(FORMAT + 1, "newer"), (0, "older format 0")])
def test_another_format_is_refused(tmp_path: Path, number: int, message: str) -> None:
    """A store of another format is never misread, neither by writers nor by readers."""
    relabel(tmp_path, number)

    with pytest.raises(StoreFormat, match=message):
        open_store(tmp_path, bars.plan())
    with pytest.raises(StoreFormat, match=message):
        open_for_reading(tmp_path)


@pytest.mark.parametrize("number", [1, 2])
def test_the_format_before_is_read_and_becomes_this_one(tmp_path: Path, number: int) -> None:
    """Readers take a store of formats 1 and 2 as it is; its next writer marks it as one older versions cannot read."""
    relabel(tmp_path, number)

    open_for_reading(tmp_path).close()
    with open_store(tmp_path, bars.plan()) as store:
        assert str(FORMAT).encode() == store.value(Family.META, FORMAT_KEY)


def test_a_damaged_store_says_so(tmp_path: Path) -> None:
    """A store whose files were cut is refused with what to do."""
    with open_store(tmp_path, bars.plan()) as store:
        store.commit(bars.commit(bars.Keys(("A",)), finals=(bars.block([(0, 1, 1, 1, 1)]),)))
    for manifest in tmp_path.glob("MANIFEST-*"):
        manifest.write_bytes(manifest.read_bytes()[:20])

    with pytest.raises(StoreFormat, match="is damaged"):
        open_store(tmp_path, bars.plan())


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A directory below a file cannot be made."""
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="cannot be made"):
        open_store(tmp_path / "file" / "state", bars.plan())


def test_a_store_goes_on_under_another_clock(tmp_path: Path) -> None:
    """When the clock helps may change; a fingerprint that an older version wrote counted it, and is no obstacle."""
    made = replace(bars.plan(), live_within=5 * SECOND)
    with open_store(tmp_path / "s", made) as store:
        batch = store.backend.batch()
        batch.put(Family.META, b"fingerprint", b"as it was counted once")
        store.backend.write(batch)
    for other in (made, replace(made, live_within=17 * 60 * SECOND), replace(made, clock_after=SECOND)):
        open_store(tmp_path / "s", other).close()
        with open_for_reading(tmp_path / "s") as store:
            assert other == store.plan
    with pytest.raises(StoreMismatch, match="max_ahead was 10s, is 1s"):
        open_store(tmp_path / "s", replace(made, max_ahead=SECOND))
