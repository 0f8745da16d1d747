"""Many messages at once as matrices of bytes.

Each column becomes a matrix with one row of bytes a value, and a mask of the bytes that are used where values are of
different lengths. Side by side they are the messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from barloom.time.calendar import Booleans

__all__ = ["Piece", "constant", "messages"]


class Piece(NamedTuple):
    """A matrix of bytes, a row a value (or one row for all), and which of them are used (none: all)."""

    data: NDArray[np.uint8]
    used: Booleans | None = None


def messages(pieces: Sequence[Piece], count: int) -> list[bytes]:
    """The pieces of each row, one behind the other."""
    width = sum(piece.data.shape[1] for piece in pieces)
    data = np.empty((count, width), np.uint8)
    used = None if all(piece.used is None for piece in pieces) else np.ones((count, width), np.bool_)
    place = 0
    for piece in pieces:
        end = place + piece.data.shape[1]
        data[:, place:end] = piece.data
        if used is not None and piece.used is not None:
            used[:, place:end] = piece.used
        place = end
    if used is None:
        whole: list[bytes] = data.view(f"V{width}").ravel().tolist() if width and count else [b""] * count
        return whole
    joined = data[used].tobytes()
    ends = np.cumsum(np.count_nonzero(used, axis=1)).tolist()
    return [joined[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def constant(data: bytes) -> Piece:
    """The same bytes in every row."""
    return Piece(np.array([list(data)], np.uint8))
