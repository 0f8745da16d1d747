"""Arrow IPC files, which Feather files of version 2 are, are read by rows with bounded memory, as Parquet files are."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from barloom.errors import SourceError
from source.reading import DAY, SECOND, plan, put, read

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 2000
FRAME = pl.DataFrame(
    {
        "symbol": [f"K{row % 3}" for row in range(COUNT)],
        "at": pl.Series([DAY + row * SECOND for row in range(COUNT)]).cast(pl.Datetime("ns", "UTC")),
        "price": pl.Series([Decimal(row) / 4 for row in range(COUNT)], dtype=pl.Decimal(18, 2)),
        "size": list(range(COUNT)),
    }
)
TICKS = [(f"K{row % 3}", DAY + row * SECOND, Decimal(row) / 4, row) for row in range(COUNT)]


@pytest.mark.parametrize("suffix", [".arrow", ".feather", ".ipc"])
@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
def test_read(tmp_path: Path, suffix: str, compression: str) -> None:
    """Exactly, however its columns are packed, and whatever it is called."""
    FRAME.write_ipc(tmp_path / f"a{suffix}", compression=compression)  # type: ignore[arg-type]  # one of its words

    assert TICKS == read(plan(), tmp_path / f"a{suffix}").rows


def test_the_format_may_be_stated(tmp_path: Path) -> None:
    """Where the name does not say it."""
    FRAME.write_ipc(tmp_path / "a.data")

    assert TICKS == read(plan(format="ipc"), tmp_path / "a.data").rows


def test_gone_on_with_from_every_position(tmp_path: Path) -> None:
    """Batches are continued behind any of them, and a file that has grown by rows is continued."""
    path = tmp_path / "a.arrow"
    FRAME.head(1500).write_ipc(path, record_batch_size=400)
    whole = read(plan(), path, rows=350)
    FRAME.write_ipc(path, record_batch_size=700)

    assert TICKS[:1500] == whole.rows
    for batch in whole.batches:
        assert TICKS[int(batch.positions["rows"]) :] == read(plan(), path, batch.positions).rows


def test_known_by_its_rows(tmp_path: Path) -> None:
    """What was read as Parquet is not read again as Arrow; a file whose rows have changed is refused."""
    FRAME.write_parquet(tmp_path / "a.parquet")
    first = read(plan(), tmp_path / "a.parquet")
    (tmp_path / "a.parquet").unlink()
    FRAME.write_ipc(tmp_path / "a.arrow")
    second = read(plan(), tmp_path / "a.arrow", first.positions)
    assert [] == second.rows
    assert any("goes on behind row 2,000" in note for note in second.notes)

    FRAME.with_columns(pl.col("size") + 1).write_ipc(tmp_path / "a.arrow")
    with pytest.raises(SourceError, match="no longer the file that was read before"):
        read(plan(), tmp_path / "a.arrow", second.positions)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"symbol,at\n", "no Arrow IPC file"), (b"ARROW1\0\0rest", "cut short")],
)
def test_what_is_no_arrow_file(tmp_path: Path, content: bytes, message: str) -> None:
    """As far as its first and last bytes tell."""
    with pytest.raises(SourceError, match=message):
        read(plan(), put(tmp_path / "a.arrow", content))


def test_arrow_under_the_name_of_text(tmp_path: Path) -> None:
    """The message says how to name it."""
    FRAME.write_ipc(tmp_path / "a.csv")

    with pytest.raises(SourceError, match=r"is not text but Arrow IPC: name it \.arrow"):
        read(plan(), tmp_path / "a.csv")
