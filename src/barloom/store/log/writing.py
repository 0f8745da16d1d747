"""The log as it is written: with each commit the numbers of its finals and of the slots that it has closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from barloom.store.backend import Family
from barloom.store.keys import decode_start, encode_start
from barloom.store.log.entries import ClosedEntry, FinalsEntry, Packed, decoded, encoded
from barloom.store.log.head import Head, put_head, read_head

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from barloom.engine.blocks import ClosedSlots
    from barloom.store.backend import Backend, Batch
    from barloom.store.log.declared import Readers
    from barloom.store.log.entries import Entry
    from barloom.time.calendar import Integers

__all__ = ["LogWriter", "place"]

MOST: Final = 16_384
"""How many finals stand in one entry, or slots in one marker."""


def place(level: int, number: int) -> bytes:
    """Where the entry stands whose last item has a number."""
    return bytes((level,)) + encode_start(number)


class LogWriter:
    """Numbers finals and closed slots. What is noted goes into a batch, and counts once `settle` was called.

    Each entry stands under its level and its last number, and says which number of its level came before: so a reader
    of one level reads no other, the entries of a level that is not kept go without those of others, and a reader beside
    a writer sees when something between two entries is not visible yet.
    """

    def __init__(self, backend: Backend, levels: int, *, used: bool) -> None:
        """`used`: something was committed before."""
        self._backend = backend
        self._stored = read_head(backend)
        self._head = self._stored or Head.new(levels, whole=not used)
        self._end, self._ends, self._gone = self._head.end, [*self._head.ends], [*self._head.gone]
        self._decided = [*self._head.decided]
        self._quiet: dict[int, ClosedEntry] = {}

    @property
    def end(self) -> int:
        """The number of the last item."""
        return self._end

    @property
    def epoch(self) -> str:
        """The epoch it is counted in."""
        return self._head.epoch

    def unread(self, readers: Readers, level: int) -> int | None:
        """The earliest start of a final that a declared reader has not read yet; none where all was read."""
        behind = readers.least(self.epoch)
        if behind is None:
            return None
        found = self._backend.scan(Family.LOG, place(level, behind + 1), place(level, self._end + 1))
        entries = (decoded(data) for _, data in found)
        return min((entry.starts.low for entry in entries if isinstance(entry, FinalsEntry)), default=None)

    def begin_epoch(self, why: str) -> None:
        """Count in a new epoch from here on."""
        self._head = self._head.in_epoch(why)

    def finals(self, batch: Batch, level: int, keys: Sequence[bytes], runs: Integers, starts: Integers) -> None:
        """Note finals: `keys`, encoded, each with a run of starts."""
        if len(starts) <= MOST:
            self._put(batch, level, len(starts), self._finals(level, keys, runs, starts))
            return
        ends = np.cumsum(runs)
        for begin in range(0, len(starts), MOST):
            stop = min(begin + MOST, len(starts))
            first, last = np.searchsorted(ends, (begin, stop - 1), "right").tolist()
            within = np.diff(np.concatenate([[begin], np.minimum(ends[first : last + 1], stop)]))
            entry = self._finals(level, keys[first : last + 1], within, starts[begin:stop])
            self._put(batch, level, stop - begin, entry)

    def _finals(self, level: int, keys: Sequence[bytes], runs: Integers, starts: Integers) -> FinalsEntry:
        return FinalsEntry(self._ends[level], self._end + 1, list(keys), Packed.of(runs), Packed.of(starts))

    def closed(self, batch: Batch, closed: ClosedSlots) -> None:
        """Note closed slots; a quiet range takes the place of the one that it goes on with."""
        level, before, again = closed.level, self._ends[closed.level], self._quiet.pop(closed.level, None)
        is_quiet = not len(closed.starts) and not closed.reopened
        if is_quiet and again is not None and (again.after, again.first) == (closed.after, before):
            batch.delete_all(Family.LOG, [place(level, before)])
            before = again.before
        starts = Packed.of(closed.starts) if len(closed.starts) else None
        keys = Packed.of(closed.keys) if len(closed.keys) else None
        entry = ClosedEntry(before, self._end + 1, closed.after, closed.to, starts, keys, closed.reopened)
        self._put(batch, level, 1, entry)
        self._decided[level] = closed.to
        if is_quiet:
            self._quiet[level] = entry

    def _put(self, batch: Batch, level: int, items: int, entry: Entry) -> None:
        self._end += items
        self._ends[level] = self._end
        batch.put(Family.LOG, place(level, self._end), encoded(entry))

    def settle(self, batch: Batch) -> None:
        """Note where the log stands then."""
        self._head = msgspec.structs.replace(
            self._head,
            commit=self._head.commit + 1,
            end=self._end,
            ends=[*self._ends],
            gone=[*self._gone],
            decided=[*self._decided],
        )
        put_head(batch, self._head, self._stored)
        self._stored = self._head

    def trim(self, batch: Batch, level: int, is_gone: Callable[[FinalsEntry, int], bool]) -> None:
        """Remove the first entries of a level, up to one with finals that are still there, and `settle`."""
        last = None
        for name, data in self._backend.scan(Family.LOG, place(level, self._gone[level]), place(level, self._end + 1)):
            entry = decoded(data)
            if isinstance(entry, FinalsEntry):
                if not is_gone(entry, level):
                    break
                last = decode_start(name)
        if last is not None:
            batch.delete_range(Family.LOG, place(level, 0), place(level, last + 1))
            self._gone[level] = last
            self.settle(batch)
