"""How a copy of topics stays bounded: what its topics would no longer hold is removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.store.backend import Family
from barloom.store.keys import encode_start
from barloom.store.log.reading import finals_of
from barloom.store.retention import kept_from

if TYPE_CHECKING:
    from barloom.kafka.reader.held import HeldBars
    from barloom.store.backend import Batch
    from barloom.store.log.entries import FinalsEntry
    from barloom.store.scanning import Scanner

__all__ = ["Retention"]

_SHARE: Final = 4


class Retention:
    """Removes finals beyond the retention of their timeframe, and live bars beyond that of the live topics.

    Each key's bars age by the stream time of its own partition, so that a quiet partition keeps nothing of the others.
    Looks again after every quarter of the shortest retention.
    """

    def __init__(self, copy: HeldBars, scanner: Scanner, live: int | None) -> None:
        levels = enumerate(copy.plan.levels)
        self._copy = copy
        self._scanner = scanner
        self._finals = {number: level.retention for number, level in levels if level.retention is not None}
        self._live = live
        spans = [*self._finals.values(), *([] if live is None else [live])]
        self._pause = min(spans, default=0) // _SHARE
        self._pruned_at: int | None = None

    def prune(self) -> None:
        """Remove what is due."""
        reached = max(
            (item.stream_time for item in self._copy.times().values() if item.stream_time is not None), default=None
        )
        if reached is None or not self._pause:
            return
        if self._pruned_at is not None and reached - self._pruned_at < self._pause:
            return
        self._pruned_at = reached
        batch = self._copy.backend.batch()
        for level, retention in self._finals.items():
            self._remove_finals(batch, level, retention)
        gone = [] if self._live is None else self._old_lives(self._live)
        batch.delete_all(Family.OPEN, gone)
        self._copy.backend.write(batch)
        self._copy.open.difference_update(gone)

    def _remove_finals(self, batch: Batch, level: int, retention: int) -> None:
        layout = self._copy.layout
        unread = self._copy.numbering.unread(self._copy.readers, level)
        for key in self._scanner.keys_in(Family.FINAL, level):
            before = self._kept_from(level, key, retention)
            if before is not None:
                prefix, until = layout.prefix(level, key), before if unread is None else min(before, unread)
                batch.delete_range(Family.FINAL, prefix, prefix + encode_start(until))
        self._copy.numbering.trim(batch, level, self._is_gone)

    def is_expired(self, level: int, key: bytes, start: int) -> bool:
        """Whether a final is older than those that are kept."""
        retention = self._finals.get(level)
        before = None if retention is None else self._kept_from(level, key, retention)
        return before is not None and start < before

    def _is_gone(self, entry: FinalsEntry, level: int) -> bool:
        """Whether all the bars of an entry of the log are removed: those of now will be so when it is next asked."""
        is_there, place = self._copy.backend.getter(Family.FINAL), self._copy.layout.bar_key
        return all(is_there(place(level, key, start)) is None for _, key, start in finals_of(entry))

    def _old_lives(self, retention: int) -> list[bytes]:
        layout = self._copy.layout
        found: list[bytes] = []
        for place in self._copy.open:
            before = self._kept_from(place[0], layout.key_of(place), retention)
            if before is not None and layout.start_of(place) < before:
                found.append(place)
        return found

    def _kept_from(self, level: int, key: bytes, retention: int) -> int | None:
        """Where the bars of a key begin that are kept; none where its stream has no time yet."""
        reached = self._copy.times_of(key).stream_time
        if reached is None:
            return None
        grid = self._copy.calendar.grid(self._copy.plan.levels[level].timeframe)
        return kept_from(grid, reached - retention)
