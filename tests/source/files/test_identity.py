"""A file is known by what is in it: whatever it is called, however it is packed, wherever it stands."""

from __future__ import annotations

import gzip
import os
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl
import pytest

from barloom.errors import SourceReplaced
from barloom.source.files import chain, contents, scanned, textfile
from barloom.source.open import open_source
from source.reading import Reading, csv_of, iso, plan, put, read, until_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

ROWS = [("A", iso(row), f"{row}.50", row) for row in range(300)]
OTHERS = [("B", iso(row), f"{row}.50", row) for row in range(300)]
SIZE = 3


@pytest.fixture(params=["large blocks", "small blocks"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contents of less than one block, and of many."""
    if request.param == "small blocks":
        for module in (chain, contents, textfile):
            monkeypatch.setattr(module, "BLOCK_BYTES", 256)
        monkeypatch.setattr(scanned, "_BLOCK_ROWS", 32)
        for module in (contents, textfile):
            monkeypatch.setattr(module, "HEAD_BYTES", 100)


def _csv(path: Path, rows: list[Any]) -> Path:
    return put(path, csv_of(rows))


def _gzip(path: Path, rows: list[Any]) -> Path:
    return put(path, gzip.compress(csv_of(rows).encode()))


def _zip(path: Path, rows: list[Any]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.csv", csv_of(rows))
    return path


def _parquet(path: Path, rows: list[Any], **how: str | int) -> Path:
    pl.DataFrame(rows, schema=["symbol", "at", "price", "size"], orient="row").write_parquet(path, **how)
    return path


def _sizes(reading: Reading) -> list[int]:
    """Which of the rows were read."""
    return [row[SIZE] for row in reading.rows]


OTHER_NAMES = [
    pytest.param("b.csv", _csv, id="renamed"),
    pytest.param("a.csv.gz", _gzip, id="packed"),
    pytest.param("a.zip", _zip, id="archived"),
    pytest.param("deep/er/a.csv", _csv, id="moved"),
]


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("order", ["row", "time"])
@pytest.mark.parametrize(("name", "write"), OTHER_NAMES)
def test_content_under_another_name_is_continued(
    tmp_path: Path, name: str, write: Callable[..., Path], order: str
) -> None:
    """Of what was read nothing is read again; what it has grown by is, and the report says whose content it is."""
    bars, path = plan(order=order), _csv(tmp_path / "a.csv", ROWS[:120])
    first = read(bars, path)
    path.unlink()
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    same = read(bars, write(tmp_path / name, ROWS[:120]), first.positions)
    grown = read(bars, write(tmp_path / name, ROWS), same.positions)

    assert (list(range(120)), [], list(range(120, 300))) == (_sizes(first), _sizes(same), _sizes(grown))
    assert list(range(120, 300)) == grown.offsets
    assert [f"holds what was read as {path}: it goes on behind row 120" in note for note in same.notes] == [True]
    assert [] == grown.notes


@pytest.mark.usefixtures("blocks")
def test_grown_and_packed_at_once(tmp_path: Path) -> None:
    """Also where both happened between two runs."""
    path = _csv(tmp_path / "a.csv", ROWS[:120])
    first = read(plan(), path)
    path.unlink()

    assert list(range(120, 300)) == _sizes(read(plan(), _gzip(tmp_path / "a.csv.gz", ROWS), first.positions))


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("link", [os.symlink, os.link])
@pytest.mark.parametrize("name", ["a0.csv", "z.csv"])
def test_a_link_is_no_second_file(tmp_path: Path, link: Callable[..., None], name: str) -> None:
    """In the run that reads the file, in one that finds the link beside it, and where the link alone is left."""
    path = _csv(tmp_path / "a.csv", ROWS[:120])
    alone = read(plan(), path)
    link(path, tmp_path / name)
    together = read(plan(), str(tmp_path / "*.csv"))
    beside = read(plan(), str(tmp_path / "*.csv"), alone.positions)
    only = read(plan(), tmp_path / name, alone.positions)

    assert (list(range(120)), [], []) == (_sizes(together), _sizes(beside), _sizes(only))
    assert "under another name: it is read once" in together.notes[0]


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize(("name", "write"), OTHER_NAMES)
def test_a_copy_beside_it_is_passed_over(tmp_path: Path, name: str, write: Callable[..., Path]) -> None:
    """Whether both are found at once or one after the other; and remembered when the first is gone."""
    path = _csv(tmp_path / "a.csv", ROWS[:120])
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    copy = write(tmp_path / name, ROWS[:120])
    together = read(plan(), [path, copy])
    again = read(plan(), [path, copy], together.positions)
    later = read(plan(), [path, copy], read(plan(), path).positions)
    path.unlink()
    alone = read(plan(), copy, together.positions)

    assert (list(range(120)), [], [], []) == (_sizes(together), _sizes(again), _sizes(later), _sizes(alone))
    assert "holds nothing that" in together.notes[0]
    assert "holds nothing that" in later.notes[0]


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("first", ["a", "b"])
def test_of_two_that_grow_alike_the_longer_is_read(tmp_path: Path, first: str) -> None:
    """An older copy holds the beginning only, whichever name comes first and whichever was known."""
    older, newer = _csv(tmp_path / "a.csv", ROWS[:50]), _csv(tmp_path / "b.csv", ROWS[:200])
    together = read(plan(), [older, newer])
    one = read(plan(), older if first == "a" else newer)
    both = read(plan(), [older, newer], one.positions)
    _csv(older, ROWS[:250])
    _csv(newer, ROWS)
    grown = read(plan(), [older, newer], both.positions)

    assert list(range(200)) == sorted(_sizes(together))
    assert list(range(200)) == sorted(_sizes(one) + _sizes(both))
    assert list(range(200, 300)) == sorted(_sizes(grown))


@pytest.mark.usefixtures("blocks")
def test_log_rotation(tmp_path: Path) -> None:
    """What moved on is continued there, and the file that took its place is new."""
    path = _csv(tmp_path / "log.csv", ROWS[:100])
    first = read(plan(), str(tmp_path / "*.csv"))
    _csv(tmp_path / "log-1.csv", ROWS[:120])
    _csv(path, OTHERS[:30])
    second = read(plan(), str(tmp_path / "*.csv"), first.positions)
    shutil.move(tmp_path / "log-1.csv", tmp_path / "log-2.csv")
    shutil.move(path, tmp_path / "log-1.csv")
    _csv(path, OTHERS[100:110])
    third = read(plan(), str(tmp_path / "*.csv"), second.positions)

    assert sorted([*OTHERS[:30], *ROWS[100:120]]) == sorted(
        (row[0], ROWS[row[SIZE]][1], f"{row[2]}", row[SIZE]) for row in second.rows
    )
    assert {f"{tmp_path}/log-1.csv", str(path)} == {origin.name for origin in second.origins}
    assert list(range(100, 110)) == _sizes(third)
    assert any("log.csv is new" in note for note in second.notes)


@pytest.mark.usefixtures("blocks")
def test_names_may_be_swapped(tmp_path: Path) -> None:
    """Each goes on where its own content ends."""
    one, two = _csv(tmp_path / "a.csv", ROWS[:100]), _csv(tmp_path / "b.csv", OTHERS[:50])
    first = read(plan(), [one, two])
    _csv(one, OTHERS[:60])
    _csv(two, ROWS[:110])
    second = read(plan(), [one, two], first.positions)

    assert {("B", size) for size in range(50, 60)} | {("A", size) for size in range(100, 110)} == {
        (row[0], row[SIZE]) for row in second.rows
    }
    assert 20 == len(second.rows)


@pytest.mark.usefixtures("blocks")
def test_the_files_own_content_comes_first(tmp_path: Path) -> None:
    """A copy beside it takes nothing away from it."""
    path = _csv(tmp_path / "m.csv", ROWS[:100])
    first = read(plan(), path)
    _csv(tmp_path / "a.csv", ROWS[:100])
    _csv(path, ROWS[:150])
    second = read(plan(), str(tmp_path / "*.csv"), first.positions)

    assert [(f"{path}", size) for size in range(100, 150)] == [
        (origin.name, row[SIZE]) for origin, row in zip(second.origins, second.rows, strict=True)
    ]


@pytest.mark.usefixtures("blocks")
def test_two_candidates_are_refused(tmp_path: Path) -> None:
    """Both are named; nothing is read."""
    path = _csv(tmp_path / "a.csv", ROWS[:100])
    first = read(plan(), path)
    path.unlink()
    _csv(tmp_path / "b.csv", ROWS[:120])
    _csv(tmp_path / "c.csv", [*ROWS[:100], *OTHERS[100:120]])

    with pytest.raises(SourceReplaced, match=r"b\.csv and .*c\.csv both begin with what was read as .*a\.csv"):
        read(plan(), str(tmp_path / "*.csv"), first.positions)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("rows", [OTHERS[:100], ROWS[:50], OTHERS[:3]])
def test_content_that_is_nowhere_stays_an_error(tmp_path: Path, rows: list[Any]) -> None:
    """A file that stands where another was is no new file by itself; the message names the ways on."""
    path = _csv(tmp_path / "a.csv", ROWS[:100])
    first = read(plan(), path)
    _csv(path, rows)
    _csv(tmp_path / "b.csv", OTHERS[200:210])

    with pytest.raises(SourceReplaced, match=r"no longer the file that was read before.*moved to.*barloom rebuild"):
        read(plan(), str(tmp_path / "*.csv"), first.positions)


@pytest.mark.usefixtures("blocks")
def test_files_that_merely_begin_alike_are_two(tmp_path: Path) -> None:
    """At once, one after the other, and when the first is gone."""
    one, two = _csv(tmp_path / "a.csv", ROWS[:100]), _csv(tmp_path / "b.csv", [*ROWS[:60], *OTHERS[60:90]])
    first = read(plan(), one)
    second = read(plan(), [one, two], first.positions)
    together = read(plan(), [one, two])
    one.unlink()
    alone = read(plan(), two, first.positions)

    assert (190, 90, 90) == (len(together.rows), len(second.rows), len(alone.rows))


@pytest.mark.parametrize("text", ["", "\n", "symbol,at,price,size\n", "symbol,at,price,size"])
def test_a_file_without_rows_identifies_nothing(tmp_path: Path, text: str) -> None:
    """It may become any file, and files that follow it are no copies of it."""
    put(tmp_path / "a.csv", text)
    put(tmp_path / "b.csv", text)
    _csv(tmp_path / "c.csv", ROWS[:10])
    first = read(plan(), str(tmp_path / "*.csv"))
    (tmp_path / "a.csv").unlink()
    _csv(tmp_path / "b.csv", OTHERS[:10])
    put(tmp_path / "d.csv", "size,price,at,symbol\n1,1.50,2025-01-02T00:00:00Z,C\n")
    second = read(plan(), str(tmp_path / "*.csv"), first.positions)

    assert not any("holds" in note for note in first.notes)
    assert (10, 11) == (len(first.rows), len(second.rows))


def test_another_header_may_follow_a_header_alone(tmp_path: Path) -> None:
    """Nothing was read under it."""
    path = put(tmp_path / "a.csv", "symbol,at,price,size\n")
    _csv(tmp_path / "b.csv", ROWS[:10])
    first = read(plan(), str(tmp_path / "*.csv"))
    put(path, "at,symbol,price,size\n2025-01-02T00:00:00Z,C,1.50,1\n")

    assert 1 == len(read(plan(), str(tmp_path / "*.csv"), first.positions).rows)


def test_a_gzip_file_that_is_being_written_may_be_renamed(tmp_path: Path) -> None:
    """Its last member is not finished: what can be read is, and continued where the whole file stands."""
    packed = gzip.compress(csv_of(ROWS).encode(), 1)
    path = put(tmp_path / "a.csv.gz", packed[: len(packed) // 2])
    reading, error = until_error(open_source(plan(), path).open({}, 50))
    path.unlink()
    put(tmp_path / "b.csv.gz", packed)

    assert "cut short" in str(error)
    assert 0 < len(reading.rows) < 300
    assert list(range(300)) == _sizes(reading) + _sizes(read(plan(), tmp_path / "b.csv.gz", reading.positions))


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("how", [{"compression": "gzip"}, {"row_group_size": 7}, {"compression": "uncompressed"}])
def test_parquet_goes_by_its_rows(tmp_path: Path, how: dict[str, str | int]) -> None:
    """Written anew it is the same file, at its place, under another name, and beside itself."""
    path = _parquet(tmp_path / "a.parquet", ROWS[:120])
    first = read(plan(), path, rows=50)
    _parquet(path, ROWS[:150], **how)
    second = read(plan(), path, first.positions)
    path.unlink()
    moved = _parquet(tmp_path / "b.parquet", ROWS[:200], **how)
    third = read(plan(), moved, second.positions)
    copy = _parquet(tmp_path / "c.parquet", ROWS[:200])
    fourth = read(plan(), [moved, copy], third.positions)

    assert [120, 30, 50, 0] == [len(each.rows) for each in (first, second, third, fourth)]


@pytest.mark.usefixtures("blocks")
def test_a_change_anywhere_in_parquet_is_seen(tmp_path: Path) -> None:
    """Not only among the first rows."""
    path = _parquet(tmp_path / "a.parquet", ROWS)
    first = read(plan(), path)
    _parquet(path, [*ROWS[:290], *OTHERS[290:]])

    with pytest.raises(SourceReplaced, match="before data row 301 has changed"):
        read(plan(), path, first.positions)


@pytest.mark.usefixtures("blocks")
def test_a_copy_interrupted_in_the_middle_is_not_forgotten(tmp_path: Path) -> None:
    """A copy counts as read as far as its main was: where reading stopped before, the rest is still to be read."""
    path, copy = _csv(tmp_path / "a.csv", ROWS[:100]), _gzip(tmp_path / "b.csv.gz", ROWS[:100])
    batch = next(iter(open_source(plan(), [path, copy]).open({}, 40)))
    path.unlink()
    rest = read(plan(), copy, batch.positions)

    assert list(range(100)) == batch.ticks.frame["size"].to_list() + _sizes(rest)


OLD_FIELDS = (
    "rows",
    "byte",
    "skip",
    "head",
    "head_length",
    "tail",
    "tail_length",
    "high",
    "size",
    "pending",
    "unended",
)


def _as_before(positions: Mapping[str, bytes]) -> dict[str, bytes]:
    """Positions as version 0.1 wrote them."""
    old = {}
    for key, data in positions.items():
        found = msgspec.json.decode(data)
        kept = found if isinstance(found, int) else {name: found[name] for name in OLD_FIELDS if name in found}
        old[key] = msgspec.json.encode(kept)
    return old


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize(
    ("name", "write"), [("a.csv", _csv), ("a.csv.gz", _gzip), ("a.zip", _zip), ("a.parquet", _parquet)]
)
def test_positions_of_version_0_1(tmp_path: Path, name: str, write: Callable[..., Path]) -> None:
    """They are checked the old way once, kept in the new form, and then know the file wherever it stands."""
    path = write(tmp_path / name, ROWS[:120])
    old = _as_before(read(plan(), path).positions)
    unchanged = read(plan(), path, old)
    grown = read(plan(), write(path, ROWS[:150]), old)
    other = tmp_path / f"other-{name}"
    shutil.move(write(path, ROWS), other)

    assert ([], list(range(120, 150))) == (_sizes(unchanged), _sizes(grown))
    assert b"content" in unchanged.positions[next(key for key in old if key.startswith("/"))]
    assert list(range(120, 300)) == _sizes(read(plan(), other, unchanged.positions))
    assert list(range(120, 300)) == _sizes(read(plan(), other, old))


@pytest.mark.usefixtures("blocks")
def test_a_rename_in_the_middle_of_sorting(tmp_path: Path) -> None:
    """The rows that were being sorted together go on in the order they had, under their new names."""
    bars = plan(order="time")
    one, two = _csv(tmp_path / "a.csv", ROWS[:50]), _csv(tmp_path / "b.csv", OTHERS[:50])
    whole = read(bars, [one, two]).rows
    batch = next(iter(open_source(bars, [one, two]).open({}, 33)))
    shutil.move(one, tmp_path / "z.csv")
    rest = read(bars, [two, tmp_path / "z.csv"], batch.positions)

    assert whole == batch.ticks.frame.rows() + rest.rows
