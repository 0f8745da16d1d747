"""Input files: which there are behind a path or pattern, and how each is opened."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import polars as pl

from barloom.errors import SourceError
from barloom.source.files.bytestream import open_gzip, open_plain
from barloom.source.files.directories import files_below
from barloom.source.files.unpacking import PACKED, open_packed
from barloom.source.files.ziparchive import open_zip, zip_entries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barloom.source.files.bytestream import ByteStream
    from barloom.source.files.ziparchive import ZipEntry

__all__ = ["FRAME", "FrameInput", "Input", "InputFile", "find_inputs"]

FRAME: Final = "frame"
"""Under this name the position in a frame stands."""

_FORMATS: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "ipc",
    ".feather": "ipc",
    ".ipc": "ipc",
}
_TYPED: Final = {"parquet": (b"PAR1", "Parquet"), "ipc": (b"ARROW1", "Arrow IPC")}
"""Formats of typed columns: how such files begin and end, and what they are called."""

_NAMES: Final = ("csv", "jsonl", "parquet", "ipc")
_SUPPORTED: Final = (
    ".csv .tsv .txt .jsonl .ndjson .json (each also .gz .zst .bz2 .xz), .parquet .pq, .arrow .feather .ipc, and .zip "
    "with CSV or JSON lines inside"
)


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file of rows, or one member of a zip archive.

    `key` is what its position is stored under: the absolute path. `name` is how messages call it. `cut`: it is the last
    member that is left of an archive. `named` are fields that its name gives: with others the same content is another
    input. `below` is the directory that was named, where it is one of the files in it.
    """

    key: str
    name: str
    path: Path
    format: str
    suffix: str
    compression: str = ""
    entry: ZipEntry | None = None
    cut: bool = False
    named: tuple[tuple[str, str], ...] = ()
    below: Path | None = None

    @property
    def typed(self) -> bool:
        """Whether its columns have types, so that it is read by rows and not by bytes."""
        return self.format in _TYPED

    @property
    def broken(self) -> str:
        """What a file of typed columns is that cannot be read, as far as its first and last bytes tell."""
        magic, kind = _TYPED[self.format]
        with self.path.open("rb") as file:
            head = file.read(len(magic))
            file.seek(max(self.size() - len(magic), 0))
            tail = file.read()
        if head != magic:
            return f"no {kind} file" if head else "empty"
        return "damaged" if tail == magic and self.size() > len(magic) else "cut short"

    @property
    def offset(self) -> int:
        """Where its archive holds it."""
        return 0 if self.entry is None else self.entry.offset

    def open(self) -> ByteStream:
        """Its content as a stream of bytes."""
        if self.entry is not None:
            return open_zip(self.path, self.entry, cut=self.cut)
        if not self.compression:
            return open_plain(self.path)
        return open_gzip(self.path) if self.compression == "gzip" else open_packed(self.path, self.compression)

    def scan(self) -> pl.LazyFrame:
        """The rows of a file of typed columns."""
        return pl.scan_parquet(self.path, glob=False) if self.format == "parquet" else _scan_ipc(self.path)

    def size(self) -> int:
        """Bytes on disk."""
        return self.path.stat().st_size

    def place(self) -> tuple[int, int, str]:
        """Where on the disk its content is, whatever links lead there."""
        found = self.path.stat()
        return found.st_dev, found.st_ino, "" if self.entry is None else self.entry.name


@dataclass(frozen=True, slots=True)
class FrameInput:
    """A Polars frame of rows."""

    frame: pl.DataFrame | pl.LazyFrame
    key: str = FRAME
    name: str = "the frame"
    format: str = "frame"
    broken: str = "a frame that Polars cannot compute"

    def size(self) -> int:
        """Rows, where they are known before they are computed."""
        return self.frame.height if isinstance(self.frame, pl.DataFrame) else 0

    def scan(self) -> pl.LazyFrame:
        """Its rows."""
        return self.frame.lazy()


Input: TypeAlias = InputFile | FrameInput
"""What `FileSource` reads."""


def find_inputs(paths: Iterable[str | Path], declared: str | None) -> list[InputFile]:
    """The files that paths and patterns name: in the order given, those of a pattern sorted by name, none twice.

    A directory stands for all files below it of a known kind, in natural order.
    `declared` is the format stated in the definition; without it the extension tells. Raises `SourceError` where there
    is nothing, or something that cannot be read.
    """
    if declared is not None and declared not in _NAMES:
        message = f"[source] format {declared!r} is unknown; write one of {', '.join(map(repr, _NAMES))}"
        raise SourceError(message)
    found: dict[str, InputFile] = {}
    for given in paths:
        below = Path(given) if Path(given).is_dir() else None
        for path in _expand(str(given)) if below is None else files_below(below, _is_known):
            for file in _inputs_of(_checked(path), declared):
                found.setdefault(file.key, replace(file, below=below))
    return list(found.values())


def _scan_ipc(path: Path) -> pl.LazyFrame:
    return pl.scan_ipc(path, glob=False)


def _suffixes(path: Path) -> tuple[str, str]:
    """The ending that tells the format, and how the file is packed."""
    packing = PACKED.get(path.suffix.lower(), "")
    return (Path(path.stem).suffix if packing else path.suffix).lower(), packing


def _is_known(path: Path) -> bool:
    """Whether the name of a file says that it can be read."""
    return path.suffix.lower() == ".zip" or _suffixes(path)[0] in _FORMATS


def _expand(given: str) -> list[Path]:
    if Path(given).exists() or not glob.has_magic(given):
        return [Path(given)]
    matches = sorted(glob.glob(given, recursive=True))  # noqa: PTH207 - the pattern may be absolute
    files = [Path(match) for match in matches if Path(match).is_file()]
    if not files:
        message = (
            f"no file matches {given!r} (in {Path.cwd()}); check the pattern, and quote it so that the shell leaves it"
        )
        raise SourceError(message)
    return files


def _checked(path: Path) -> Path:
    if any("\ud800" <= letter <= "\udfff" for letter in str(path)):
        message = f"the name of {path} is not UTF-8 text, so that its position cannot be stored; rename it"
        raise SourceError(message)
    if path.is_dir():
        message = f"{path} is a directory in a pattern; name it alone, or its files, such as '{path}/*.csv'"
        raise SourceError(message)
    if not path.exists():
        near = _neighbour(path)
        message = f"{path} does not exist{near}"
        raise SourceError(message)
    if not os.access(path, os.R_OK):
        message = f"{path} may not be read: the permission is missing"
        raise SourceError(message)
    return path


def _neighbour(path: Path) -> str:
    from barloom.source.columns import did_you_mean  # noqa: PLC0415

    return did_you_mean(path.name, (each.name for each in path.parent.iterdir())) if path.parent.is_dir() else ""


def _inputs_of(path: Path, declared: str | None) -> list[InputFile]:
    key = os.path.abspath(path)  # noqa: PTH100 - a symbolic link stays the file it is named as
    if path.suffix.lower() == ".zip":
        return _members(path, key, declared)
    suffix, packing = _suffixes(path)
    kind = declared or _FORMATS.get(suffix)
    if kind is None:
        message = (
            f"{path}: the extension {path.suffix!r} says no format; supported are {_SUPPORTED}, "
            'or state format = "csv" (jsonl, parquet, ipc) under [source]'
        )
        raise SourceError(message)
    if packing and kind in _TYPED:
        message = f"{path}: {_TYPED[kind][1]} is compressed inside; unpack the file"
        raise SourceError(message)
    return [InputFile(key, str(path), path, kind, suffix, packing)]


def _members(path: Path, key: str, declared: str | None) -> list[InputFile]:
    entries, cut = zip_entries(path)
    files = []
    for entry in sorted(entries, key=lambda each: each.name):
        suffix = Path(entry.name).suffix.lower()
        kind = declared or _FORMATS.get(suffix)
        if kind in ("csv", "jsonl") and not entry.name.startswith("__MACOSX/"):
            name = f"{path}!{entry.name}"
            files.append(InputFile(f"{key}!{entry.name}", name, path, kind, suffix, "zip", entry))
    if files and cut:
        last = max(range(len(files)), key=lambda number: files[number].offset)
        files[last] = replace(files[last], cut=True)
    if not files:
        held = ", ".join(entry.name for entry in entries[:5]) or "nothing"
        message = f"{path} holds no CSV or JSON lines (it holds {held})"
        raise SourceError(message)
    return files
