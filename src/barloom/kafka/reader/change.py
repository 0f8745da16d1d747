"""What arrived as one batch: finals beat live bars in whatever order they come, tombstones take live bars back."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
from msgspec.structs import replace

from barloom.engine.times.key_columns import written_entry
from barloom.errors import SourceError
from barloom.store.backend import Family
from barloom.store.keys import decode_starts, encode_starts
from barloom.telemetry.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.kafka.reader.arrivals import Arrivals, Column
    from barloom.kafka.reader.closings import ToldClosed
    from barloom.kafka.reader.feeds import Feeds, Lane, Told
    from barloom.kafka.reader.held import HeldBars
    from barloom.store.stream_times import StreamTimes

__all__ = ["CLOSED_READ", "READ_AT", "Change"]

CLOSED_READ = b"closed/"
"""How the names begin under which stands up to where what a partition has closed was taken in."""

READ_AT = b"read at"
"""When a copy was last written: nanoseconds as text."""

_LOG = get_logger("barloom.kafka.reader")


class _Bar(NamedTuple):
    place: bytes
    record: bytes
    final: bool


class Change:
    """One batch in the making; `settle` tells the copy of it once it is written."""

    def __init__(self, copy: HeldBars) -> None:
        self._copy = copy
        self._final = copy.backend.getter(Family.FINAL)
        self.batch = copy.backend.batch()
        self._finals: dict[bytes, bytes] = {}
        self._lives: dict[bytes, bytes] = {}
        self._gone: set[bytes] = set()
        self._homes: dict[bytes, int] = {}
        self._encoded: dict[tuple[object, ...], bytes] = {}
        self._unreadable = 0

    def take(self, feeds: Feeds, arrivals: Arrivals) -> None:
        """Note the bars, finals first."""
        told = {lane: feeds.bars[lane.topic] for lane in arrivals.bars}
        for lane in sorted(told, key=lambda lane: told[lane].kind):
            self._take(lane, told[lane], arrivals.bars[lane])
        self._number()
        self.batch.put_all(Family.FINAL, list(self._finals), list(self._finals.values()))
        self.batch.put_all(Family.OPEN, list(self._lives), list(self._lives.values()))
        self.batch.delete_all(Family.OPEN, list(self._gone))
        self.batch.put_all(Family.LATEST, list(self._homes), [str(home).encode() for home in self._homes.values()])

    def _number(self) -> None:
        """Number the finals that were not here before, also as the last state of a live bar."""
        fresh = sorted(place for place in self._finals if self._final(place) is None)
        for level, places in groupby(fresh, key=itemgetter(0)):
            of_level, key_of = list(places), self._copy.layout.key_of
            keys = [(key, len(list(run))) for key, run in groupby(map(key_of, of_level))]
            runs = np.array([count for _, count in keys], np.int64)
            self._copy.numbering.finals(self.batch, level, [key for key, _ in keys], runs, decode_starts(of_level))

    def close(self, told: Mapping[int, ToldClosed]) -> None:
        """Note what is closed by now, behind the finals of its slots."""
        whole = self._copy.whole
        for partition, items in told.items():
            for closed in whole.take(partition, items):
                self._copy.numbering.closed(self.batch, closed)
            self.batch.put(Family.META, CLOSED_READ + str(partition).encode(), str(whole.taken[partition]).encode())

    def stand(self, times: Mapping[int, StreamTimes], positions: Mapping[Lane, int], at: int) -> None:
        """Note how far all has come."""
        self.batch.put_all(
            Family.ENTRIES,
            [str(partition).encode() for partition in times],
            [msgspec.json.encode(replace(item, keys={})) for item in times.values()],
        )
        keys = {name: time for told in times.values() for name, time in told.keys.items()}
        self.batch.put_all(
            Family.ENTRIES, [name.encode() for name in keys], [written_entry(time) for time in keys.values()]
        )
        self.batch.put_all(
            Family.POSITIONS,
            [str(lane).encode() for lane in positions],
            [str(offset).encode() for offset in positions.values()],
        )
        self.batch.put(Family.META, READ_AT, str(at).encode())
        self._copy.numbering.settle(self.batch)

    def settle(self) -> None:
        """Let the copy know what was written."""
        copy = self._copy
        copy.open.difference_update(self._gone)
        copy.open.update(self._lives)
        copy.homes.update(self._homes)
        copy.unreadable += self._unreadable

    def _take(self, lane: Lane, told: Told, column: Column) -> None:
        latest = dict(zip(column.keys, column.values, strict=True))
        values = {key: value for key, value in latest.items() if value is not None}
        found = self._bars(lane, told, list(values), list(values.values()))
        if told.kind == "final":
            for bar in found:
                self._put_final(bar)
            return
        for bar in found:
            self._put_live(bar)
        for key, value in latest.items():
            if value is None:
                self._take_back(lane, told, key)

    def _put_final(self, bar: _Bar) -> None:
        self._finals[bar.place] = bar.record
        if bar.place in self._copy.open:
            self._gone.add(bar.place)

    def _put_live(self, bar: _Bar) -> None:
        """A live bar of a slot that has its final is old; one that says to be final is the final."""
        if bar.place in self._finals or self._final(bar.place) is not None:
            return
        if bar.final:
            self._put_final(bar)
        else:
            self._lives[bar.place] = bar.record

    def _take_back(self, lane: Lane, told: Told, key: bytes) -> None:
        try:
            row, start = self._copy.decoder.place(key)
        except SourceError as error:
            self._pass_over(lane, error)
            return
        place = self._copy.layout.bar_key(told.level, self._encode(row), start)
        if place in self._copy.open:
            self._gone.add(place)

    def _bars(self, lane: Lane, told: Told, keys: Sequence[bytes], values: Sequence[bytes]) -> list[_Bar]:
        """The bars of messages; what cannot be read is passed over, counted and told."""
        if not values:
            return []
        try:
            return self._decoded(lane, told, keys, values)
        except SourceError as error:
            if len(values) == 1:
                self._pass_over(lane, error)
                return []
        half = len(values) // 2
        first = self._bars(lane, told, keys[:half], values[:half])
        return first + self._bars(lane, told, keys[half:], values[half:])

    def _decoded(self, lane: Lane, told: Told, keys: Sequence[bytes], values: Sequence[bytes]) -> list[_Bar]:
        kept = self._copy.decoder.kept(keys, values, final=told.kind == "final")
        frame = self._copy.decoder.frame(told.level, keys, kept)
        tag = self._copy.layout.prefix(told.level)
        rows = frame.select(self._copy.plan.event.key).rows()
        starts = encode_starts(frame["start"].to_physical().to_numpy().astype(np.int64))
        encoded = [self._encode(row) for row in rows]
        self._learn(lane, encoded)
        places = [tag + key + start for key, start in zip(encoded, starts, strict=True)]
        bars = zip(places, kept, frame["final"].to_list(), strict=True)
        return [_Bar(*bar) for bar in bars]

    def _encode(self, row: tuple[object, ...]) -> bytes:
        key = self._encoded.get(row)
        if key is None:
            key = self._encoded[row] = self._copy.layout.keys.encode(row)
        return key

    def _learn(self, lane: Lane, keys: Sequence[bytes]) -> None:
        """Remember in which partition a key lives."""
        homes = self._copy.homes
        for key in set(keys):
            if key not in homes:
                self._homes[key] = lane.partition

    def _pass_over(self, lane: Lane, error: SourceError) -> None:
        self._unreadable += 1
        _LOG.warning("message passed over", topic=lane.topic, partition=lane.partition, error=str(error))
