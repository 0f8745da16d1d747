"""`init`: the text of a definition for files that nobody has described yet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from barloom.source.guess.draft import drafted

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["init"]


def init(
    files: str | Path | Sequence[str | Path],
    *,
    names: Sequence[str] = (),
    zone: str | None = None,
    delimiter: str | None = None,
) -> str:
    """Guess a definition from the beginning of files, and give its TOML with the reason of each guess beside it.

    `files` are a path, a pattern, a directory, or several of them, packed or not. `names` are those of the columns
    where a file has no header and is of no layout that is known; `zone` is that of times that are written without one.
    Nothing is written. Raises `SourceError` where the files cannot be read, or hold no time or no price.

    ::

        Path("bars.toml").write_text(bl.init("BTCUSDT-trades-2025-01-01.csv"))
    """
    paths = [files] if isinstance(files, str | Path) else list(files)
    return drafted(paths, names, zone=zone, delimiter=delimiter)
