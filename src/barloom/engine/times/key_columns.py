"""What is kept of the time of each key, in columns by key number, so that a step costs the keys it touches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np

from barloom.engine.times.stream_time import BEGINNING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.engine.keys import KeyIndex
    from barloom.time.calendar import Integers

__all__ = [
    "COMPLETE_FROM",
    "EVENT",
    "FIRST",
    "GIVEN",
    "KEY_TIME",
    "KeyColumns",
    "KeyTime",
    "entry_of",
    "key_of",
    "read_entry",
    "written_entry",
]

KEY_TIME: Final = b"key/"
"""How the entries of the state begin that hold where one key stands; the key's fields follow as JSON."""

EVENT, GIVEN, FIRST, COMPLETE_FROM = range(4)
_NUMBER: Final = 4
_BYTES: Final = 8 * _NUMBER
_UNKNOWN: Final = np.array([BEGINNING] * _NUMBER, "<i8").tobytes()
_FIRST_CAPACITY: Final = 64
_encode: Final = msgspec.json.Encoder().encode


class KeyTime(NamedTuple):
    """Where one key stands, in the order of the columns; none is what is not known.

    `event` is the largest event time of its rows that count, `given` until when all its rows are said to have come,
    `first` the event time of its first accepted row, `complete_from` since when its rows are said to be there.
    """

    event: int | None = None
    given: int | None = None
    first: int | None = None
    complete_from: int | None = None


class KeyColumns:
    """One column for each member of `KeyTime`; `BEGINNING` where nothing is known.

    Another column is another member: an entry that is shorter, since it was written before, does not know it.
    """

    def __init__(self) -> None:
        self._columns: Integers = np.full((_NUMBER, _FIRST_CAPACITY), BEGINNING)
        self._changed: list[Integers] = []

    def get(self, column: int, key: Integers) -> Integers:
        """A column of some keys."""
        self._know(key)
        found: Integers = self._columns[column, key]
        return found

    def whole(self, column: int) -> Integers:
        """A column of all keys; it is not to be changed."""
        found: Integers = self._columns[column]
        return found

    def set(self, column: int, key: Integers, values: Integers) -> None:
        """Set a column of some keys, each given once."""
        self._know(key)
        self._columns[column, key] = values
        if len(key):
            self._changed.append(key)

    def having(self, column: int, beyond: int = BEGINNING) -> Integers:
        """The keys whose value lies beyond a time."""
        return np.flatnonzero(self._columns[column] > beyond)

    def settle(self, keys: KeyIndex) -> Iterator[tuple[bytes, bytes]]:
        """The entries of the state of the keys that have changed since the last time."""
        if not self._changed:
            return iter(())
        key = self._changed[0] if len(self._changed) == 1 else np.unique(np.concatenate(self._changed))
        self._changed = []
        content = np.ascontiguousarray(self._columns[:, key].T, "<i8").tobytes()
        values = [content[place : place + _BYTES] for place in range(0, len(content), _BYTES)]
        return zip([KEY_TIME + name for name in map(_encode, keys.rows(key))], values, strict=True)

    def load(self, entries: Mapping[bytes, bytes], keys: KeyIndex) -> None:
        """From the state."""
        found = [(name, value) for name, value in entries.items() if name.startswith(KEY_TIME)]
        if found:
            ids = keys.ids_of([key_of(name) for name, _ in found])
            self._know(ids)
            content = np.frombuffer(b"".join(_whole(value) for _, value in found), "<i8")
            self._columns[:, ids] = content.reshape(len(found), _NUMBER).T

    def _know(self, key: Integers) -> None:
        needed, held = int(key.max(initial=-1)) + 1, self._columns.shape[1]
        if needed > held:
            grown = np.full((_NUMBER, max(needed, held * 5 // 4)), BEGINNING)
            grown[:, :held] = self._columns
            self._columns = grown


def entry_of(key: Sequence[object]) -> bytes:
    """The name of the entry of the state that holds where a key stands."""
    return KEY_TIME + _encode(key)


def written_entry(time: KeyTime) -> bytes:
    """The entry of a key."""
    return np.array([BEGINNING if part is None else part for part in time], "<i8").tobytes()


def key_of(name: bytes) -> tuple[object, ...]:
    """The key that the entry of this name is of."""
    return tuple(msgspec.json.decode(name[len(KEY_TIME) :], type=list[str | int]))


def _whole(value: bytes) -> bytes:
    return value[:_BYTES] + _UNKNOWN[len(value) :]


def read_entry(value: bytes | None) -> KeyTime:
    """What the entry of a key tells; of a key without one nothing."""
    times = np.frombuffer(_whole(value or b""), "<i8").tolist()
    return KeyTime(*(None if time == BEGINNING else time for time in times))
