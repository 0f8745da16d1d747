"""Files that live as long as the program, for readers that take nothing else."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

_FOLDER = TemporaryDirectory(prefix="barloom-compare-")
_NUMBERS = count()


def file_of(data: bytes, suffix: str) -> Path:
    """A new file with this content."""
    path = room(suffix)
    path.write_bytes(data)
    return path


def room(suffix: str) -> Path:
    """A path at which nothing stands yet."""
    return Path(_FOLDER.name) / f"{next(_NUMBERS)}{suffix}"
