"""What is known of the numbers of keys, in columns: of most keys they are one run and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from barloom.engine.holes.numbers import Epoch, KeyNumbers, Run
from barloom.engine.times.stream_time import BEGINNING, NEVER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from barloom.engine.keys import KeyIndex
    from barloom.plan.barplan import Sequence
    from barloom.time.calendar import Booleans, Integers

__all__ = ["NUMBERS", "NumberTable"]

NUMBERS: Final = b"number/"
"""How the entries of the state begin that hold one run of a key's numbers; the key's fields follow as JSON."""

FIRST, LAST, BEGIN, END, LARGEST, MARK, STATE = range(7)
_COLUMNS: Final = 7
_BYTES: Final = 8 * _COLUMNS
_BLANK: Final = (0, 0, NEVER, BEGINNING, BEGINNING, BEGINNING, 0)
_CAPACITY: Final = 64
_KNOWN: Final = 1
_ORIGINAL: Final = 2
_encode: Final = msgspec.json.Encoder().encode


class NumberTable:
    """One row a key: its run, the largest event time, up to when it was marked as complete, and flags.

    `marked`: some key was marked.
    """

    def __init__(self) -> None:
        self._columns: Integers = _blank(_CAPACITY)
        self._changed: list[Integers] = []
        self._names: list[bytes] = []
        self.marked = False

    def get(self, column: int, key: Integers) -> Integers:
        """A column of some keys."""
        self._know(key)
        found: Integers = self._columns[column, key]
        return found

    def set(self, column: int, key: Integers, values: Integers) -> None:
        """Set a column of some keys, each given once."""
        self._know(key)
        self._columns[column, key] = values

    def known(self, key: Integers) -> Booleans:
        """Of which keys a run is held."""
        return (self.get(STATE, key) & _KNOWN).astype(np.bool_)

    def original(self, key: Integers) -> Booleans:
        """Which keys count from their beginning."""
        return (self.get(STATE, key) & _ORIGINAL).astype(np.bool_)

    def begin(self, key: Integers, first: Integers, time: Integers) -> None:
        """Hold the first run of keys."""
        for column, values in ((FIRST, first), (BEGIN, time), (STATE, np.full(len(key), _KNOWN | _ORIGINAL))):
            self.set(column, key, values)

    def extend(self, key: Integers, last: Integers, time: Integers, largest: Integers) -> None:
        """Runs go on."""
        self.set(LAST, key, last)
        self.set(END, key, time)
        self.set(LARGEST, key, np.maximum(self.get(LARGEST, key), largest))
        self.touch(key)

    def touch(self, key: Integers) -> None:
        """Keys have changed."""
        if len(key):
            self._changed.append(key)

    def mark(self, key: Integers, time: Integers) -> None:
        """Up to when keys, each given once or often, are complete."""
        self._know(key)
        self.marked |= bool(len(key))
        np.maximum.at(self._columns[MARK], key, time)
        self.touch(key)

    def lift(self, key: int, sequence: Sequence) -> KeyNumbers:
        """A key's numbers as they are held here."""
        self._know(np.array([key]))
        first, last, begin, end, largest, _, state = self._columns[:, key].tolist()
        runs = [Run(first, last, begin, end)] if state & _KNOWN else []
        numbers = KeyNumbers(sequence, Epoch(runs), largest)
        numbers.original = not state or bool(state & _ORIGINAL)
        return numbers

    def lower(self, key: int, numbers: KeyNumbers) -> None:
        """Hold a key's numbers, which are one run, here again."""
        run = numbers.now.runs[0]
        state = _KNOWN | (_ORIGINAL if numbers.original else 0)
        mark = int(self._columns[MARK, key])
        self._columns[:, key] = (run.first, run.last, run.begin, run.end, numbers.largest, mark, state)

    def drop(self, key: int) -> None:
        """A key's numbers are held elsewhere; its mark is kept."""
        self._columns[[BEGIN, STATE], key] = NEVER, 0

    def set_back(self, to: int) -> None:
        """No time lies beyond."""
        times = self._columns[BEGIN : MARK + 1]
        beyond = (times > to) & (times != NEVER)
        times[beyond] = to
        beyond = beyond.any(axis=0)
        self.touch(np.flatnonzero(beyond))

    def settle(self, keys: KeyIndex) -> Iterator[tuple[bytes, bytes]]:
        """The entries of the state of the keys that have changed since the last time."""
        if not self._changed:
            return iter(())
        key = self._changed[0] if len(self._changed) == 1 else np.unique(np.concatenate(self._changed))
        self._changed = []
        content = np.ascontiguousarray(self._columns[:, key].T, "<i8").tobytes()
        values = [content[place : place + _BYTES] for place in range(0, len(content), _BYTES)]
        known = len(self._names)
        if known < len(keys):
            self._names += [NUMBERS + _encode(row) for row in keys.rows(np.arange(known, len(keys)))]
        names = self._names
        return zip([names[one] for one in key.tolist()], values, strict=True)

    def load(self, entries: Mapping[bytes, bytes], keys: KeyIndex) -> None:
        """From the state."""
        found = [(name, value) for name, value in entries.items() if name.startswith(NUMBERS)]
        if found:
            names = (msgspec.json.decode(name[len(NUMBERS) :], type=list[str | int]) for name, _ in found)
            ids = keys.ids_of([tuple(name) for name in names])
            self._know(ids)
            content = np.frombuffer(b"".join(value for _, value in found), "<i8")
            self._columns[:, ids] = content.reshape(len(found), _COLUMNS).T
            self.marked = bool((self._columns[MARK] > BEGINNING).any())

    def _know(self, key: Integers) -> None:
        needed, held = int(key.max(initial=-1)) + 1, self._columns.shape[1]
        if needed > held:
            grown = _blank(max(needed, held * 5 // 4))
            grown[:, :held] = self._columns
            self._columns = grown


def _blank(keys: int) -> Integers:
    return np.repeat(np.array(_BLANK, np.int64)[:, np.newaxis], keys, axis=1)
