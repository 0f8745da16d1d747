"""The store of one definition: commits go in, bars and state come out."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from barloom.engine.blocks import Snapshot
from barloom.engine.market import OVERRIDES, calendar_of
from barloom.engine.times.key_columns import entry_of, read_entry
from barloom.errors import StoreError
from barloom.store.backend import Family
from barloom.store.changes import changes_of, place_of
from barloom.store.keys import after, decode_start
from barloom.store.layout import Layout
from barloom.store.log.declared import readers_of
from barloom.store.log.head import begin_epoch, head_version
from barloom.store.log.position import Position
from barloom.store.log.reading import FinalLog
from barloom.store.log.writing import LogWriter
from barloom.store.protocol import Restored
from barloom.store.retention import Pruner, kept_from
from barloom.store.rocksdb import RocksBackend
from barloom.store.scanning import BarKind, Scanner, Selection
from barloom.store.stream_times import StreamTimes
from barloom.store.totals import TOTALS, Totals
from barloom.store.writing import CommitWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import polars as pl

    from barloom.clock import Clock
    from barloom.plan.barplan import BarPlan
    from barloom.store.backend import Backend
    from barloom.store.log.reading import LogPart
    from barloom.store.protocol import Commit, SideRecord
    from barloom.store.values import StoredBar
    from barloom.time.calendar import Calendar

__all__ = ["BarStore", "StreamTimes"]


class BarStore:
    """Bars, state, positions and refused rows of one definition in a backend.

    Made by `open_store`, `open_for_reading` or `memory_store`. One writer at a time; any number of readers. An intact
    store at rest is as good as a running one (`state`), and what it answers is of now (`as_of` none).
    """

    def __init__(
        self, plan: BarPlan, backend: Backend, *, calendar: Calendar | None = None, clock: Clock | None = None
    ) -> None:
        self.plan = plan
        self.backend = backend
        self.layout = Layout(plan)
        self.scanner = Scanner(self.layout, backend, self._resolve)
        self._declared = calendar
        self._in_force: tuple[bytes | None, Calendar] | None = None
        self._getters = {family: backend.getter(family) for family in Family}
        self._writer: CommitWriter | None = None
        self._log_writer: LogWriter | None = None
        self.log = FinalLog(self.layout, backend, self._is_expired)
        self.readers = readers_of(backend.directory, clock)
        self._pruner: Pruner | None = None
        self.changes = changes_of(backend.directory)
        self._place = place_of(backend.directory)
        self._broken: Exception | None = None
        self.state = "RUNNING"
        self.as_of: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def calendar(self) -> Calendar:
        """The calendar of the definition."""
        return self._resolve()

    def _resolve(self) -> Calendar:
        """The calendar with the overrides in force, which a writer may change at any time."""
        overrides = self.value(Family.ENTRIES, OVERRIDES)
        if self._in_force is None or self._in_force[0] != overrides:
            from barloom.time.calendars import resolve  # noqa: PLC0415 - a store can be written without its calendar

            declared = self._declared if self._declared is not None else resolve(self.plan.calendar)
            self._in_force = (overrides, calendar_of(declared, overrides))
        return self._in_force[1]

    def commit(self, commit: Commit) -> None:
        """Write everything or nothing.

        Raises `StoreFull` when there is no room; then nothing of this commit is kept, everything before it is, and the
        store has to be opened again.
        """
        if self._broken is not None:
            raise self._broken
        log = self._numbering()
        if self._writer is None:
            self._writer = CommitWriter(self.layout, self.backend, log, self.totals(), self._next_side())
        try:
            self._writer.write(commit)
            self._pruning().after_commit(commit, self._writer.next_side)
        except StoreError as error:
            self._broken = error
            raise
        self.changes.happened()

    def _numbering(self) -> LogWriter:
        if self._log_writer is None:
            used = self.totals().commits > 0
            self._log_writer = LogWriter(self.backend, len(self.plan.levels), used=used)
        return self._log_writer

    def _pruning(self) -> Pruner:
        if self._pruner is None:
            self._pruner = Pruner(
                self.layout,
                self.backend,
                self.scanner,
                calendar=self._resolve,
                times_of=self.times_of,
                log=self._numbering(),
                readers=self.readers,
            )
        return self._pruner

    def _next_side(self) -> int:
        last = next(self.backend.scan(Family.REJECTED, b"", None, backwards=True), None)
        return 0 if last is None else decode_start(last[0]) + 1

    def restore(self) -> Restored | None:
        """The state after the last commit; none for a store that never had one. Reads the small families only."""
        if self.totals().commits == 0:
            return None
        keys: dict[bytes, int] = {}
        snapshot = Snapshot(
            open=self.scanner.state(Family.OPEN, keys),
            latest=self.scanner.state(Family.LATEST, keys),
            entries=dict(self.backend.scan(Family.ENTRIES, b"", None)),
            keys=[self.layout.keys.decode(key) for key in keys],
        )
        return Restored(snapshot, self.positions())

    def compact(self) -> None:
        """Remove finals beyond their retention and the oldest refused rows, and give back the space."""
        self._pruning().prune(self.times().stream_time, self._next_side())
        for family in Family:
            self.backend.compact(family)

    def positions(self) -> dict[str, bytes]:
        """How far each input was read."""
        return {name.decode(): value for name, value in self.backend.scan(Family.POSITIONS, b"", None)}

    def totals(self) -> Totals:
        """What was ever written."""
        data = self.value(Family.META, TOTALS)
        return Totals() if data is None else msgspec.json.decode(data, type=Totals)

    def times(self) -> StreamTimes:
        """Where the stream stands."""
        data = self.value(Family.ENTRIES, b"time")
        return StreamTimes() if data is None else msgspec.json.decode(data, type=StreamTimes)

    def times_of(self, key: bytes | None) -> StreamTimes:
        """Where the stream of a key stands: one for all keys, or its own."""
        times = self.times()
        if key is None or not self.plan.by_key:
            return times
        return times.of_key(read_entry(self.value(Family.ENTRIES, entry_of(self.layout.keys.decode(key)))))

    def holds(self, _key: bytes) -> bool:
        """Whether a key's bars would be here if there were any: always."""
        return True

    def version(self) -> bytes:
        """What tells one commit from the next. A scan sees what a writer committed as it ended, a look-up may not."""
        told = head_version(self.backend)
        if told is not None:
            return told
        found = self.backend.scan(Family.META, TOTALS, after(TOTALS))
        return next((data for name, data in found if name == TOTALS), b"")

    def values(self, level: int) -> Callable[[bytes, int, bytes, bool], StoredBar]:
        """What makes the values of one bar of a level from its encoded key, start, record and whether it is final."""
        from barloom.store.values import values_of  # noqa: PLC0415 - a writer needs no values of single bars

        return values_of(self.layout, self.calendar, level)

    def value(self, family: Family, name: bytes) -> bytes | None:
        """One stored value."""
        try:
            return self._getters[family](name)
        except Exception as error:
            raise self.backend.failure(error) from error

    def frames(  # noqa: PLR0913 - the sides of a range
        self,
        kind: BarKind,
        timeframe: str,
        key: tuple[object, ...] | None = None,
        *,
        from_: int | None = None,
        to: int | None = None,
        rows: int = 65_536,
    ) -> Iterator[pl.DataFrame]:
        """``final`` or ``live`` bars by key and start, as frames of at most `rows` bars.

        The columns are those of `barloom.engine.frames.bar_schema`. Of one key or all, whose slots begin from `from_`
        up to, not including, `to` (nanoseconds UTC).
        """
        encoded = None if key is None else self.layout.keys.encode(key)
        yield from self.scanner.frames(Selection(kind, self.plan.level_of(timeframe), encoded, from_, to), rows)

    def finals_after(
        self, position: Position | str | None, limit: int = 10_000, timeframes: Iterable[str] | None = None
    ) -> LogPart:
        """What became final, and which slots were closed, behind a position of the log, in the order of the commits.

        At most `limit` items, of some timeframes or all; none as a position begins with the first that is kept. The
        position of the answer is the one to go on from. Raises `PositionGone` where that cannot be without a hole.
        """
        levels = None if timeframes is None else [self.plan.level_of(timeframe) for timeframe in timeframes]
        return self.log.after(None if position is None else Position.of(position), limit, levels)

    def _is_expired(self, level: int, key: bytes, start: int) -> bool:
        """Whether a bar is older than those that are kept."""
        retention, reached = self.plan.levels[level].retention, self.times_of(key).stream_time
        if retention is None or reached is None:
            return False
        return start < kept_from(self.calendar.grid(self.plan.levels[level].timeframe), reached - retention)

    def replaced(self) -> bool:
        """Whether another store was put in the place of this one since it was opened, as a rebuild does."""
        return place_of(self.backend.directory) not in (None, self._place)

    def decided_to(self, level: int) -> int | None:
        """Up to where the slots of a level are closed for all keys (nanoseconds UTC); none where nothing is said."""
        head = self.log.head()
        return None if head is None else head.decided[level]

    def side_records(self) -> Iterator[SideRecord]:
        """The refused rows that are kept, oldest first."""
        return (record for _, record in self.scanner.side())

    def side(self) -> Iterator[Sequence[SideRecord]]:
        """The same in blocks, as they are stored: `RefusedRows` where many came together."""
        return self.scanner.side_blocks()

    def backup(self, path: str | Path) -> None:
        """Copy the store as of its last commit into a new directory; the writer may go on meanwhile.

        Its log is counted in an epoch of its own, since it may go on with other bars than this one. `StoreError` where
        something is there already.
        """
        self.backend.backup(path)
        with closing(RocksBackend(Path(path))) as copy:
            begin_epoch(copy, "copy")

    def close(self) -> None:
        """Release it for the next writer."""
        self.backend.close()
        self.changes.happened()
