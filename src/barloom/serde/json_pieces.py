"""Columns as JSON text, many rows at once: whole numbers, exact decimals in quotes, the times of slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.serde.pieces import Piece, constant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from barloom.engine.blocks import Numbers
    from barloom.time.calendar import Booleans, Integers

__all__ = ["decimals", "flags", "integers", "of_few", "or_null"]

_CHUNK: Final = 4
_BASE: Final = 10**_CHUNK
_CHUNKS: Final = 5
"""Five times four digits are more than 64 bits have."""
_FOUR_DIGITS: Final = (
    np.array([list(f"{number:04d}".encode()) for number in range(_BASE)], np.uint8).view(np.uint32).ravel()
)
_POWERS: Final = np.array([10**power for power in range(20)], np.uint64)
_MINUS, _POINT, _QUOTE = b"-", b".", b'"'


def integers(numbers: Integers) -> list[Piece]:
    """Whole numbers."""
    negative = numbers < 0
    digits = _digits(np.abs(numbers).view(np.uint64), 1)
    return [Piece(_row(_MINUS, len(numbers)), negative[:, None]), digits] if negative.any() else [digits]


def decimals(numbers: Numbers, scale: int) -> list[Piece]:
    """Scaled integers as decimals with all their digits, in quotes."""
    if numbers.dtype == object:
        return [constant(_QUOTE), _spelled([_written(number, scale) for number in numbers.tolist()]), constant(_QUOTE)]
    negative = numbers < 0
    digits = _digits(np.abs(numbers).view(np.uint64), scale + 1)
    split = digits.data.shape[1] - scale
    before = Piece(digits.data[:, :split], None if digits.used is None else digits.used[:, :split])
    sign = [Piece(_row(_MINUS, len(numbers)), negative[:, None])] if negative.any() else []
    behind = [constant(_POINT), Piece(digits.data[:, split:])] if scale else []
    return [constant(_QUOTE), *sign, before, *behind, constant(_QUOTE)]


def flags(values: Booleans) -> list[Piece]:
    """``true`` and ``false``."""
    return [of_few(values.astype(np.int64), lambda value: b"true" if value else b"false")]


def of_few(values: Integers, write: Callable[[int], bytes]) -> Piece:
    """Values of which many are equal: each is written once."""
    known, place = np.unique(values, return_inverse=True)
    piece = _spelled([write(value) for value in known.tolist()])
    return Piece(piece.data[place], None if piece.used is None else piece.used[place])


def or_null(pieces: Sequence[Piece], valid: Booleans | None) -> list[Piece]:
    """The pieces where there is a value, ``null`` where there is none (`valid` none: there is one everywhere)."""
    if valid is None or valid.all():
        return list(pieces)
    there = valid[:, None]
    shown = [
        Piece(each.data, np.broadcast_to(there if each.used is None else there & each.used, _shape(each, valid)))
        for each in pieces
    ]
    return [*shown, Piece(_row(b"null", len(valid)), np.broadcast_to(~there, (len(valid), 4)))]


def _shape(piece: Piece, valid: Booleans) -> tuple[int, int]:
    return len(valid), piece.data.shape[1]


def _row(text: bytes, count: int) -> NDArray[np.uint8]:
    return np.broadcast_to(np.frombuffer(text, np.uint8), (count, len(text)))


def _digits(numbers: NDArray[np.uint64], least: int) -> Piece:
    """As many digits as a number has, and at least so many."""
    chunks = np.empty((len(numbers), _CHUNKS), np.uint32)
    left = numbers
    for place in reversed(range(_CHUNKS)):
        rest = left // np.uint64(_BASE)
        chunks[:, place] = _FOUR_DIGITS[(left - rest * np.uint64(_BASE)).astype(np.intp)]
        left = rest
    size = np.maximum(np.searchsorted(_POWERS, numbers, side="right"), least)
    width = int(size.max(initial=least))
    data = chunks.view(np.uint8)[:, _CHUNKS * _CHUNK - width :]
    if int(size.min(initial=width)) == width:
        return Piece(data)
    return Piece(data, np.arange(width, 0, -1) <= size[:, None])


def _spelled(texts: Sequence[bytes]) -> Piece:
    size = np.array([len(text) for text in texts], np.int64)
    width = int(size.max(initial=0))
    data = np.frombuffer(b"".join(text.ljust(width) for text in texts), np.uint8).reshape(len(texts), width)
    return Piece(data, None if (size == width).all() else np.arange(width) < size[:, None])


def _written(number: int, scale: int) -> bytes:
    digits = f"{abs(number):0{scale + 1}d}"
    text = f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits
    return f"{'-' if number < 0 else ''}{text}".encode()
