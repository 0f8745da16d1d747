"""The places of many bars at once, from the numbers that an engine gives its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from barloom.store.keys import START_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from barloom.time.calendar import Integers

__all__ = ["Places"]

_SIGN_BIT: Final = 0x80


class Places:
    """The encoded keys of one engine by number. Those of equal width stand in one table, so that numpy joins them."""

    def __init__(self) -> None:
        self._encoded: list[bytes] = []
        self._width = np.empty(0, dtype=np.int64)
        self._row = np.empty(0, dtype=np.int64)
        self._tables: dict[int, NDArray[np.void]] = {}

    def __len__(self) -> int:
        return len(self._encoded)

    def add(self, encoded: Sequence[bytes]) -> None:
        """Take in the keys with the next numbers."""
        width = np.array([len(key) for key in encoded], dtype=np.int64)
        row = np.empty(len(encoded), dtype=np.int64)
        for each in np.unique(width).tolist():
            known = self._tables.get(each, np.empty(0, dtype=f"V{each}"))
            new = np.flatnonzero(width == each)
            row[new] = np.arange(len(known), len(known) + len(new))
            joined = b"".join([encoded[number] for number in new.tolist()])
            self._tables[each] = np.concatenate([known, np.frombuffer(joined, dtype=known.dtype)])
        self._encoded += encoded
        self._width = np.concatenate([self._width, width])
        self._row = np.concatenate([self._row, row])

    def of_keys(self, tag: bytes, key: Integers) -> list[bytes]:
        """`tag` and encoded key, for each key number."""
        return [tag + self._encoded[number] for number in key.tolist()]

    def of_bars(self, tag: bytes, key: Integers, start: Integers) -> list[bytes]:
        """`tag`, encoded key and start, for each key number and start."""
        width = self._width[key]
        found = np.empty(len(key), dtype=object)
        for each in np.unique(width).tolist():
            chosen = np.flatnonzero(width == each)
            found[chosen] = self._of_width(each, tag, key[chosen], start[chosen])
        places: list[bytes] = found.tolist()
        return places

    def _of_width(self, width: int, tag: bytes, key: Integers, start: Integers) -> NDArray[Any]:
        parts = [("tag", f"V{len(tag)}"), ("key", f"V{width}"), ("start", ">i8")]
        joined = np.empty(len(key), dtype=parts)
        joined["tag"] = np.void(tag)
        joined["key"] = self._tables[width][self._row[key]]
        joined["start"] = start
        whole = joined.view(np.uint8).reshape(len(key), joined.itemsize)
        whole[:, -START_BYTES] ^= _SIGN_BIT  # as in `encode_start`: negative times come first
        return joined.view(f"V{joined.itemsize}").astype(object)
