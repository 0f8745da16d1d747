"""Bars are compared with published ones by value, whatever the file looks like."""

from __future__ import annotations

import gzip
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from barloom.errors import SourceError
from barloom.read.verify.comparison import BarName, Comparison, Difference, comparable, compare
from barloom.read.verify.published import read_published
from barloom.read.verify.tables import Written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MINUTE = 60_000_000_000
NOON = 1_762_776_000 * 1_000_000_000


def ours(closes: Sequence[str | None], *, synthetic: Sequence[int] = ()) -> pl.DataFrame:
    """Bars of one key, a minute each from noon on."""
    decimals = [None if close is None else Decimal(close) for close in closes]
    return pl.DataFrame(
        {
            "symbol": ["X"] * len(closes),
            "start": pl.Series([NOON + at * MINUTE for at in range(len(closes))]).cast(pl.Datetime("ns", "UTC")),
            "close": pl.Series(decimals, dtype=pl.Decimal(18, 4)),
            "synthetic": [at in synthetic for at in range(len(closes))],
        }
    )


def compared(  # noqa: PLR0913 - the parts of one question
    path: Path,
    bars: pl.DataFrame,
    *,
    columns: Sequence[str] = ("close",),
    skip: bool = False,
    zero: Sequence[str] = (),
    limit: int = 10,
) -> Comparison:
    """The comparison of some bars with a file."""
    published = read_published(path, ["symbol"], {})
    chunks = [comparable(part, published.keys, columns) for part in (bars[:1], bars[1:])]
    return compare(chunks, Comparison(published, columns, skip, limit), empty_where_zero=zero)


def test_numbers_are_compared_by_value_not_by_spelling(tmp_path: Path) -> None:
    """``1.5``, ``1.50``, ``+1.5`` and ``15e-1`` are one number."""
    path = tmp_path / "published.csv"
    path.write_text(
        "symbol,start,close\nX,2025-11-10T12:00:00Z,1.50\nX,2025-11-10T12:01:00Z,15e-1\nX,2025-11-10T12:02:00Z,+2\n"
        "X,2025-11-10T12:03:00Z,-0.0\n"
    )

    result = compared(path, ours(["1.5", "1.5000", "2", "0"]))

    assert (4, 0, 0, 0) == (result.equal, result.different, result.missing, result.extra)


def test_a_difference_in_the_last_digit_is_shown_with_both_values(tmp_path: Path) -> None:
    """Nothing is rounded before comparing."""
    path = tmp_path / "published.csv"
    path.write_text("symbol,start,close\nX,2025-11-10T12:00:00Z,1.5001\nX,2025-11-10T12:01:00Z,\n")

    result = compared(path, ours(["1.5", None]))

    assert [Difference(BarName(("X",), NOON), "close", "1.5", "1.5001")] == result.differences
    assert (1, 1) == (result.equal, result.different)


def test_missing_and_extra_bars_are_told_apart(tmp_path: Path) -> None:
    """A published bar that we lack is missing; a bar of ours that was not published is extra."""
    path = tmp_path / "published.csv"
    path.write_text("symbol,start,close\nX,2025-11-10T12:01:00Z,2\nX,2025-11-10T12:05:00Z,6\n")

    result = compared(path, ours(["1", "2"]))

    assert [BarName(("X",), NOON + 5 * MINUTE)] == result.missing_bars
    assert [BarName(("X",), NOON)] == result.extra_bars
    assert (1, NOON, NOON + MINUTE) == (result.equal, result.first, result.last)


def test_synthetic_bars_are_left_out_on_both_sides(tmp_path: Path) -> None:
    """With ``skip``, our synthetic bars and published bars with zero counts and sums do not count."""
    path = tmp_path / "published.csv"
    path.write_text(
        "symbol,start,close,count\nX,2025-11-10T12:00:00Z,1,3\nX,2025-11-10T12:01:00Z,9,0\nX,2025-11-10T12:05:00Z,9,0\n"
    )
    bars = ours(["1", "1"], synthetic=[1]).with_columns(count=pl.Series([3, 0]))

    result = compared(path, bars, columns=["close", "count"], skip=True, zero=["count"])

    assert (1, 0, 0, 0) == (result.equal, result.different, result.missing, result.extra)


def test_only_the_first_differences_are_kept(tmp_path: Path) -> None:
    """All are counted, `limit` bars are shown."""
    rows = "".join(f"X,2025-11-10T12:{at:02}:00Z,9\n" for at in range(5))
    path = tmp_path / "published.csv"
    path.write_text("symbol,start,close\n" + rows)

    result = compared(path, ours(["1"] * 5), limit=2)

    assert (5, 2) == (result.different, len(result.differences))


@pytest.mark.parametrize(
    "written",
    [
        "1762776000",
        "1762776000.0",
        "1762776000000",
        "1762776000000000",
        "1762776000000000000",
        "2025-11-10 12:00:00",
        "2025-11-10T13:00:00+01:00",
        "2025-11-10T12:00:00.000000000Z",
        "2025-11-10T12:00Z",
    ],
)
def test_times_of_published_bars_may_be_iso_or_epoch(tmp_path: Path, written: str) -> None:
    """Epoch numbers tell their unit by their digits; a time without a zone is UTC, and that is said."""
    path = tmp_path / "published.csv"
    path.write_text(f"start,close\n{written},1\n")

    published = read_published(path, ["symbol"], {})

    assert [NOON] == published.frame["start"].to_list()
    assert (" " in written) == bool(published.notes)


def test_json_lines_and_parquet_keep_every_digit(tmp_path: Path) -> None:
    """A JSON number is taken as written, a Parquet float as its shortest decimal."""
    lines, parquet = tmp_path / "published.jsonl", tmp_path / "published.parquet"
    lines.write_text('{"start": "2025-11-10T12:00:00Z", "close": 0.1000000000000000055511151231257827}\n')
    pl.DataFrame({"start": pl.Series([NOON // 1000]).cast(pl.Datetime("us", "UTC")), "close": [0.1]}).write_parquet(
        parquet
    )

    assert ["0.1000000000000000055511151231257827"] == read_published(lines, [], {}).frame["close"].to_list()
    assert [(NOON, "0.1")] == read_published(parquet, [], {}).frame.rows()


def test_columns_can_be_renamed(tmp_path: Path) -> None:
    """``--rename ours=theirs`` reads their column under our name, also where they use our name for something else."""
    path = tmp_path / "published.csv"
    path.write_text("time,close,last\n1762776000,no,1\n")

    published = read_published(path, [], {"start": "time", "close": "last"})

    assert [(NOON, "1")] == published.frame.rows()


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("time,close\n1,2\n", ValueError, "no column 'start'"),
        ("start,close\nnoon,2\n", SourceError, "'noon' is not a time"),
        ("start,close\n1762776000,2\n1762776000,3\n", SourceError, "more than once"),
    ],
)
def test_a_file_that_cannot_be_compared_is_refused(
    tmp_path: Path, text: str, error: type[Exception], says: str
) -> None:
    """Each with what is wrong."""
    path = tmp_path / "published.csv"
    path.write_text(text)

    with pytest.raises(error, match=says):
        read_published(path, ["symbol"], {})


def test_published_bars_are_read_as_a_run_reads(tmp_path: Path) -> None:
    """Without a header, packed or in an archive, with times of a zone or by a pattern: noon of Berlin is 11:00 UTC."""
    text = "A;10.11.2025 12:00;1,50\n".replace(",", ".")
    iso = text.replace("10.11.2025 12:00", "2025-11-10 12:00:00")
    (tmp_path / "p.csv.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("inside.csv", iso)
    by_pattern = Written(("symbol", "start", "close"), ";", "Europe/Berlin", "%d.%m.%Y %H:%M")
    by_zone = Written(("symbol", "start", "close"), ";", "Europe/Berlin")

    for name, written in (("p.csv.gz", by_pattern), ("z.zip", by_zone)):
        found = read_published(tmp_path / name, ["symbol"], {}, written)
        assert [("A", NOON - 3_600_000_000_000, "1.5")] == found.frame.rows()
    with pytest.raises(SourceError, match="is no time of the years"):
        read_published(tmp_path / "z.zip", ["symbol"], {}, by_pattern)


def test_a_list_of_objects_is_read_as_lines_are(tmp_path: Path) -> None:
    """Numbers stay as they are written, whatever stands within a text; lists of no known layout need names."""
    row = '{{"symbol": "X", "start": "2025-11-10T12:0{}:00Z", "close": 1.50, "note": "a\u2028b"}}'
    rows = [row.format(minute) for minute in range(2)]
    whole, lines, lists = (tmp_path / name for name in ("whole.json", "lines.jsonl", "lists.json"))
    whole.write_text(f"[{', '.join(rows)}]", encoding="utf-8")
    lines.write_text("\n".join(rows), encoding="utf-8")
    lists.write_text('[[1762776000, "1.5"]]')

    for path in (whole, lines):
        assert 2 == compared(path, ours(["1.5", "1.5"])).equal
    with pytest.raises(SourceError, match="Name them: --names start,open"):
        read_published(lists, ["symbol"], {})


def test_how_times_are_written_is_asked_for_in_earnest(tmp_path: Path) -> None:
    """A pattern has to be one; a zone says nothing about numbers since 1970."""
    path = tmp_path / "published.csv"
    path.write_text("symbol,start,close\nX,1762776000,1.5\n")

    with pytest.raises(ValueError, match="--pattern nonsense: "):
        read_published(path, ["symbol"], {}, Written(pattern="nonsense"))
    assert [NOON] == read_published(path, ["symbol"], {}, Written(zone="Europe/Berlin")).frame["start"].to_list()
