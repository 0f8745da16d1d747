"""Frames into a file, chunk by chunk, which is there whole or not at all; or to standard output."""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import polars as pl
from polars.io.plugins import register_io_source

from barloom.read.written import text_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["FORMATS", "STDOUT", "format_of", "naming", "write_frames", "write_text"]

FORMATS: Final = {".csv": "csv", ".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}
STDOUT: Final = "-"
_OS_ERROR: Final = re.compile(r"\(os error (\d+)\)")


def format_of(out: str, asked: str | None) -> str:
    """``csv``, ``parquet`` or ``jsonl``: as asked, or by the file's name; standard output is CSV."""
    if asked is not None:
        return asked
    if out == STDOUT:
        return "csv"
    suffix = Path(out).suffix
    if suffix not in FORMATS:
        message = (
            f"{out}: the name does not say the format; end it in {', '.join(FORMATS)} or give --format "
            "(in Python form=…)"
        )
        raise ValueError(message)
    return FORMATS[suffix]


def write_frames(chunks: Iterable[pl.DataFrame], schema: pl.Schema, out: str, form: str) -> int:
    """Write frames of one schema one after the other and return their rows; memory holds one chunk."""
    rows = 0

    def counted() -> Iterator[pl.DataFrame]:
        nonlocal rows
        for chunk in chunks:
            rows += chunk.height
            yield chunk

    if form == "parquet":
        _write_parquet(counted(), schema, out)
    else:
        with _opened(out) as file:
            _write_text(counted(), schema, file, form)
    return rows


def _write_text(chunks: Iterable[pl.DataFrame], schema: pl.Schema, file: IO[bytes], form: str) -> None:
    columns = text_columns(schema, decimals=form == "jsonl")
    if form == "csv":
        file.write(pl.DataFrame(schema=schema).select(columns).write_csv().encode())
    for chunk in chunks:
        texts = chunk.select(columns)
        file.write((texts.write_csv(include_header=False) if form == "csv" else texts.write_ndjson()).encode())


def _write_parquet(chunks: Iterator[pl.DataFrame], schema: pl.Schema, out: str) -> None:
    if out == STDOUT:
        message = "Parquet cannot be written to standard output: give a file"
        raise ValueError(message)

    def scan(
        columns: list[str] | None, _predicate: pl.Expr | None, _rows: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        return chunks if columns is None else (chunk.select(columns) for chunk in chunks)

    with _replacing(Path(out)) as partial:
        register_io_source(scan, schema=schema).sink_parquet(partial, maintain_order=True)
        _settle(partial)


def write_text(text: str, out: str) -> None:
    """Write a text whole to a file or to standard output."""
    with _opened(out) as file:
        file.write(text.encode())


@contextmanager
def naming(path: Path, written: Path | None = None) -> Iterator[None]:
    """An error of the machine names the file that the user knows, `path`, also where another one is `written`.

    Polars gives some as text only, such as ``No space left on device (os error 28)``.
    """
    try:
        yield
    except OSError as error:
        if error.filename not in (None, str(written)) or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    except pl.exceptions.ComputeError as error:
        match = _OS_ERROR.search(str(error))
        if match is None:
            raise
        raise OSError(int(match[1]), os.strerror(int(match[1])), str(path)) from error


@contextmanager
def _opened(out: str) -> Iterator[IO[bytes]]:
    if out == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with _replacing(Path(out)) as partial:
        with partial.open("wb") as file:
            yield file
        _settle(partial)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; it takes the place of `path` when all went well, and goes away otherwise."""
    if path.is_dir():
        message = f"{path} is a directory; give a file in it"
        raise ValueError(message)
    if not path.parent.is_dir():
        message = f"{path}: there is no directory {str(path.parent)!r}"
        raise ValueError(message)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with naming(path, partial):
            yield partial
            partial.replace(path)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


def _settle(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
