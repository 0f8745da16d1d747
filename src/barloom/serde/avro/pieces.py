"""Columns to Avro, many rows at once.

Each column becomes a matrix with one row of bytes a value, and a mask of the bytes that are used where values are of
different lengths. Side by side they are the messages. What a value is written as depends on the value alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from barloom.engine.blocks import Numbers
    from barloom.time.calendar import Booleans, Integers

__all__ = ["Piece", "booleans", "choices", "constant", "decimals", "longs", "messages", "optional", "texts", "varint"]

_SEVEN: Final = 7
_CONTINUED: Final = 0x80
_WORD: Final = 8
_LOW_MASK: Final = (1 << 64) - 1


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


def choices(options: Sequence[bytes], chosen: Integers) -> Piece:
    """In each row one of a few."""
    width = max(map(len, options))
    table = np.array([list(option.ljust(width, b"\0")) for option in options], np.uint8).reshape(len(options), width)
    size = np.array([len(option) for option in options])
    if (size == width).all():
        return Piece(table[chosen])
    return Piece(table[chosen], np.arange(width) < size[chosen, None])


def booleans(flags: Booleans) -> Piece:
    """One byte a flag."""
    return Piece(flags.astype(np.uint8).reshape(-1, 1))


def longs(numbers: Integers) -> Piece:
    """Zigzag numbers of as many bytes as they need."""
    raw = (numbers.astype(np.int64) << 1 ^ numbers.astype(np.int64) >> 63).view(np.uint64)
    width = max(-(-int(raw.max(initial=0)).bit_length() // _SEVEN), 1)
    data = np.empty((len(raw), width), np.uint8)
    for place in range(width):
        data[:, place] = raw >> np.uint64(_SEVEN * place)
    data[:, :-1] |= _CONTINUED
    data[:, -1] &= _CONTINUED - 1
    if width == 1 or int(raw.min(initial=2**64 - 1)) >> (_SEVEN * (width - 1)):
        return Piece(data)
    used = np.ones((len(raw), width), np.bool_)
    for place in range(1, width):
        on = raw >= np.uint64(1 << (_SEVEN * place))
        used[:, place] = on
        data[~on, place - 1] &= _CONTINUED - 1
    return Piece(data, used)


def decimals(numbers: Numbers) -> Piece:
    """A length and big-endian two's complement: the fewest bytes up to eight, or sixteen."""
    if numbers.dtype != object:
        return _small_decimals(numbers)
    high = (numbers >> 64).astype(np.int64)
    low = (numbers & _LOW_MASK).astype(np.uint64)
    small = _small_decimals(low.view(np.int64))
    wide = high != low.view(np.int64) >> 63
    count, width = len(numbers), small.data.shape[1] - 1
    data = np.empty((count, 1 + 2 * _WORD), np.uint8)
    data[:, 0] = np.where(wide, 2 * 2 * _WORD, small.data[:, 0])
    data[:, 1 : 1 + _WORD] = _big_endian(high)
    data[:, 1 + _WORD :] = _big_endian(low.view(np.int64))
    used = np.zeros(data.shape, np.bool_)
    used[:, 0] = True
    used[:, data.shape[1] - width :] = True if small.used is None else small.used[:, 1:]
    used[wide] = True
    return Piece(data, used)


def _small_decimals(numbers: Integers) -> Piece:
    magnitude = numbers ^ numbers >> 63
    width = int(magnitude.max(initial=0)).bit_length() // _WORD + 1
    size = np.ones(len(numbers), np.uint8)
    for place in range(1, width):
        size += magnitude >= 1 << (_WORD * place - 1)
    data = np.empty((len(numbers), 1 + width), np.uint8)
    data[:, 0] = size << 1
    data[:, 1:] = _big_endian(numbers)[:, _WORD - width :]
    if width == 1 or int(size.min(initial=_WORD)) == width:
        return Piece(data)
    used = np.ones(data.shape, np.bool_)
    for place in range(1, width):
        used[:, place] = size > width - place
    return Piece(data, used)


def _big_endian(numbers: Integers) -> NDArray[np.uint8]:
    return np.ascontiguousarray(numbers.astype(">i8")).view(np.uint8).reshape(-1, _WORD)


def texts(values: pl.Series) -> Piece:
    """A length and the bytes of texts; as wide as the longest."""
    spans = values.cast(pl.Binary)
    size = spans.bin.size().to_numpy().astype(np.int64)
    width = int(size.max(initial=0))
    used = np.arange(width) < size[:, None]
    data = np.zeros((len(size), width), np.uint8)
    data[used] = np.frombuffer(b"".join(spans.to_list()), np.uint8)
    return _side_by_side(longs(size), Piece(data, used))


def optional(piece: Piece, valid: Booleans | None) -> Piece:
    """A union of null and something: a byte that tells which, and what is there."""
    count, width = piece.data.shape
    data = np.empty((count, 1 + width), np.uint8)
    data[:, 0] = 2 if valid is None else valid << 1
    data[:, 1:] = piece.data
    if valid is None and piece.used is None:
        return Piece(data)
    used = np.ones(data.shape, np.bool_)
    used[:, 1:] = True if piece.used is None else piece.used
    if valid is not None:
        used[:, 1:] &= valid[:, None]
    return Piece(data, used)


def _side_by_side(left: Piece, right: Piece) -> Piece:
    both = [np.ones(piece.data.shape, np.bool_) if piece.used is None else piece.used for piece in (left, right)]
    return Piece(np.hstack([left.data, right.data]), np.hstack(both))


def varint(number: int) -> bytes:
    """One zigzag number."""
    raw = number << 1 if number >= 0 else (-number << 1) - 1
    written = bytearray()
    while raw >= _CONTINUED:
        written.append(raw & (_CONTINUED - 1) | _CONTINUED)
        raw >>= _SEVEN
    written.append(raw)
    return bytes(written)
