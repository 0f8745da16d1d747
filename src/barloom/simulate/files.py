"""Frames to a file of any format that barloom reads, one after the other."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Final, cast

import polars as pl
from polars.io.plugins import register_io_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["EXTENSIONS", "write_frames"]

EXTENSIONS: Final = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".parquet")
_ISO: Final = "%Y-%m-%dT%H:%M:%S%.6fZ"
_ROW_GROUP: Final = 100_000


def write_frames(frames: Iterable[pl.DataFrame], path: Path, on_progress: Callable[[int], None] | None = None) -> int:
    """Write frames of one schema to a file whose extension says how; the number of rows."""
    extension = next((each for each in reversed(EXTENSIONS) if path.name.lower().endswith(each)), None)
    if extension is None:
        message = f"{path}: ticks are written as one of {', '.join(EXTENSIONS)}"
        raise ValueError(message)
    counted = _Counted(frames, on_progress)
    if extension == ".parquet":
        _write_parquet(counted, path)
    elif extension.endswith(".gz"):
        # No name and no time in the header: the same ticks are the same file.
        with path.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
            _write_text(counted, cast("BinaryIO", packed), extension)
    else:
        with path.open("wb") as file:
            _write_text(counted, file, extension)
    return counted.rows


class _Counted:
    """Frames as they pass, their rows counted."""

    def __init__(self, frames: Iterable[pl.DataFrame], on_progress: Callable[[int], None] | None) -> None:
        self.rows = 0
        self._frames = frames
        self._on_progress = on_progress

    def __iter__(self) -> Iterator[pl.DataFrame]:
        for frame in self._frames:
            yield frame
            self.rows += frame.height
            if self._on_progress is not None:
                self._on_progress(self.rows)


def _write_text(frames: Iterable[pl.DataFrame], file: BinaryIO, extension: str) -> None:
    for number, frame in enumerate(frames):
        texts = frame.with_columns(pl.col(pl.Datetime).dt.strftime(_ISO), pl.col(pl.Decimal).cast(pl.String))
        if extension.startswith(".csv"):
            file.write(texts.write_csv(include_header=number == 0).encode())
        else:
            file.write(texts.write_ndjson().encode())


def _write_parquet(frames: Iterable[pl.DataFrame], path: Path) -> None:
    """Through a lazy frame fed by the frames, which Polars writes without holding all of them."""
    rest = iter(frames)
    first = next(rest)

    def produce(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        del with_columns, predicate, n_rows, batch_size
        yield first
        yield from rest

    lazy = register_io_source(produce, schema=first.schema)
    lazy.sink_parquet(path, row_group_size=_ROW_GROUP, maintain_order=True)
