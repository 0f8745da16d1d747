"""The texts of records as they stand in the input, for the rows that are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from barloom.time.calendar import Booleans, Integers

__all__ = ["BLANK", "as_texts", "blank_lines", "line_bounds", "texts_of_lines"]

BLANK: Final = b" \t\r"
"""What a line that is no record may consist of."""

_LINE_END: Final = ord("\n")
_FEW: Final = 16
"""So many times more lines than rows that are asked for: their lines are cut out one by one."""


def texts_of_lines(data: bytes, rows: Integers, blanks: bytes = BLANK) -> pl.Series:
    """Some of the lines of a text, each with a line end, without those that are blank, which `rows` do not count."""
    starts, ends = line_bounds(np.frombuffer(data, np.uint8))
    blank = blank_lines(data, starts, ends, blanks)
    kept = np.flatnonzero(~blank)[rows] if blank.any() else rows
    if len(rows) * _FEW <= len(starts):
        spans = zip(starts[kept].tolist(), ends[kept].tolist(), strict=True)
        return as_texts([data[start:end].removesuffix(b"\r") for start, end in spans])
    first, last = int(kept.min()), int(kept.max())
    lines = data[starts[first] : ends[last]].decode(errors="backslashreplace")
    texts = pl.Series([lines]).str.split("\n").explode().gather(kept - first)
    return texts.str.strip_suffix("\r") if b"\r" in data else texts


def as_texts(records: Sequence[bytes]) -> pl.Series:
    """Records as texts; what is no UTF-8 is shown with backslashes."""
    return pl.Series([record.decode(errors="backslashreplace") for record in records], dtype=pl.String)


def line_bounds(bytes_: NDArray[np.uint8]) -> tuple[Integers, Integers]:
    """Where lines begin, and where the line end of each stands."""
    ends = np.flatnonzero(bytes_ == _LINE_END)
    return np.concatenate([[0], ends + 1])[: len(ends)], ends


def blank_lines(data: bytes, starts: Integers, ends: Integers, blanks: bytes) -> Booleans:
    """Which lines consist of nothing but blanks."""
    blank = np.zeros(len(starts), np.bool_)
    first = np.frombuffer(data, np.uint8)[starts]
    likely = np.zeros(256, np.bool_)
    likely[list(blanks + b"\n")] = True
    for line in np.flatnonzero(likely[first]).tolist():
        blank[line] = not data[starts[line] : ends[line]].strip(blanks)
    return blank
