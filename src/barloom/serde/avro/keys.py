"""The key fields of bars as Avro, written once for each key, and put into messages as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.serde.avro.pieces import Piece

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from barloom.engine.blocks import Keys
    from barloom.time.calendar import Booleans, Integers

__all__ = ["KeyMatrix"]

_WIDEST: Final = 96
_UNKNOWN: Final = -1


class KeyMatrix:
    """What `encode` makes of the fields of each key of one index, a row a key.

    Keys of more than `_WIDEST` bytes are kept beside it, so that a long one does not make the others wide.
    """

    def __init__(self, encode: Callable[[tuple[object, ...]], bytes]) -> None:
        self._encode = encode
        self._size: Integers = np.zeros(0, np.int64)
        self._data: NDArray[np.uint8] = np.zeros((0, 0), np.uint8)
        self._long: dict[int, bytes] = {}

    def piece(self, ids: Integers, keys: Keys) -> Piece:
        """The bytes of each of `ids`, which are numbers of `keys`; nothing for those that `put_long` puts there."""
        self._grow(len(keys))
        size = self._size[ids]
        if (size == _UNKNOWN).any():
            self._learn(np.unique(ids[size == _UNKNOWN]), keys)
            size = self._size[ids]
        width = self._data.shape[1]
        if len(size) and (size == width).all():
            return Piece(self._data[ids])
        used: Booleans = np.arange(width) < size[:, None]
        return Piece(self._data[ids], used)

    def put_long(self, ids: Integers, place: int, messages: list[bytes]) -> list[bytes]:
        """Complete the messages of long keys: theirs goes in at `place`."""
        if self._long:
            for row, number in enumerate(ids.tolist()):
                key = self._long.get(number)
                if key is not None:
                    messages[row] = messages[row][:place] + key + messages[row][place:]
        return messages

    def _grow(self, count: int) -> None:
        held = len(self._size)
        if count > held:
            room = max(count, 2 * held)
            self._size = np.concatenate([self._size, np.full(room - held, _UNKNOWN)])
            self._data = np.concatenate([self._data, np.zeros((room - held, self._data.shape[1]), np.uint8)])

    def _learn(self, fresh: Integers, keys: Keys) -> None:
        encoded = [self._encode(row) for row in keys.rows(fresh)]
        short = [key if len(key) <= _WIDEST else b"" for key in encoded]
        sizes = np.array([len(key) for key in short], np.int64)
        width = max(self._data.shape[1], int(sizes.max()))
        if width > self._data.shape[1]:
            self._data = np.pad(self._data, ((0, 0), (0, width - self._data.shape[1])))
        padded = b"".join(key.ljust(width, b"\0") for key in short)
        self._data[fresh] = np.frombuffer(padded, np.uint8).reshape(len(fresh), width)
        self._size[fresh] = sizes
        self._long |= {number: key for number, key in zip(fresh.tolist(), encoded, strict=True) if len(key) > _WIDEST}
