"""The messages of one poll, joined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.serde.avro.walk import PADDING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from barloom.source.decoded import Problems
    from barloom.time.calendar import Booleans, Integers

__all__ = ["FRAME", "Poll", "Values"]

FRAME: Final = 5
"""Bytes before an Avro body in Confluent's framing: a zero, and the number of the schema."""

_ID_BYTES: Final = 4
_WORD: Final = 8


class Values(list["bytes | None"]):
    """Values of messages that came in pieces, each of which was joined at once."""

    def __init__(self) -> None:
        super().__init__()
        self._joined: list[bytes] = []

    def add(self, values: list[bytes | None]) -> None:
        """More of them."""
        self += values
        self._joined.append(_joined(values))

    def padded(self) -> bytes:
        """All of them, and what `Poll` needs behind them."""
        return b"".join([*self._joined, bytes(PADDING)])


@dataclass(frozen=True, slots=True)
class Poll:
    """Messages as they came and joined: `start` and `end` of each in `data`."""

    values: pl.Series
    data: NDArray[np.uint8]
    start: Integers
    end: Integers
    missing: Booleans

    @property
    def count(self) -> int:
        """How many messages there are."""
        return len(self.start)

    @property
    def words(self) -> NDArray[np.uint64]:
        """The eight bytes from each place of `data` on; the first of them is the lowest."""
        return np.ndarray((len(self.data) - _WORD + 1,), "<u8", self.data, strides=(1,))

    def numbers(self) -> Integers:
        """The number of each message's schema, where it is framed."""
        words = np.ndarray((len(self.data) - _ID_BYTES,), ">u4", self.data, strides=(1,))
        return words[self.start + 1].astype(np.int64)

    def framed(self, refused: Problems, *, single: bool) -> list[tuple[int, Integers]]:
        """Which messages have which schema, by its number (`single`: all the same); others are `refused`."""
        size = self.end - self.start
        short = (size < FRAME) & ~self.missing
        other = (self.data[self.start] != 0) & (size >= FRAME)
        for row in np.flatnonzero(short).tolist():
            refused[row] = f"the message has {size[row]} bytes, too few for the number of a schema"
        for row in np.flatnonzero(other).tolist():
            first = self.data[self.start[row]]
            refused[row] = f"the message begins with the byte {first}, not with a zero and the number of a schema"
        rows = np.flatnonzero((size >= FRAME) & ~other)
        numbers = self.numbers()[rows]
        if single or not len(rows) or (numbers == numbers[0]).all():
            return [(int(numbers[0]) if len(rows) else 0, rows)]
        return [(int(number), rows[numbers == number]) for number in np.unique(numbers)]

    @classmethod
    def of(cls, given: Sequence[bytes | None]) -> Poll:
        """Take messages; those without a value stand there as empty."""
        values = pl.Series(given, dtype=pl.Binary)
        missing = np.zeros(len(values), np.bool_)
        if values.null_count():
            missing = values.is_null().to_numpy()
            values = values.fill_null(b"")
        padded = given.padded() if isinstance(given, Values) else _joined([*given, bytes(PADDING)])
        data = np.frombuffer(padded, np.uint8)
        end = np.cumsum(values.bin.size().to_numpy().astype(np.int64))
        return cls(values, data, np.concatenate([np.zeros(1, np.int64), end[:-1]])[: len(end)], end, missing)


def _joined(values: Sequence[bytes | None]) -> bytes:
    try:
        return b"".join(values)  # type: ignore[arg-type]  # mostly all are there
    except TypeError:
        return b"".join(value or b"" for value in values)
