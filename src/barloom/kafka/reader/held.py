"""What a copy of topics holds: the bars of some partitions in a backend, and what is known of them in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from barloom.engine.times.key_columns import KEY_TIME, entry_of, read_entry
from barloom.kafka.reader.closings import Whole
from barloom.store.backend import Family
from barloom.store.layout import Layout
from barloom.store.log.declared import readers_of
from barloom.store.log.writing import LogWriter
from barloom.store.stream_times import StreamTimes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from barloom.plan.barplan import BarPlan
    from barloom.serde.protocol import BarDecoder
    from barloom.store.backend import Backend
    from barloom.time.calendar import Calendar

__all__ = ["HeldBars"]


class HeldBars:
    """Each message value as it came, under the place of its bar.

    `open` are the places of live bars, `homes` says in which partition a key lives, `unreadable` counts the messages
    that were passed over. `numbering` is the log of finals, `readers` those who have declared how far they have read
    it, `whole` what all partitions have closed. With `whole` given as false only some partitions are held, with
    `tells_time` false no topic says where the stream stands.
    """

    def __init__(  # noqa: PLR0913 - what a reader knows of its topics
        self,
        plan: BarPlan,
        backend: Backend,
        decoder: BarDecoder,
        calendar: Calendar,
        held: Iterable[int],
        *,
        whole: bool = True,
        tells_time: bool = True,
    ) -> None:
        self.plan = plan
        self.backend = backend
        self.decoder = decoder
        self.calendar = calendar
        self.layout = Layout(plan)
        self.held = tuple(held)
        self.unreadable = 0
        self.readers = readers_of(backend.directory)
        self.whole = Whole(plan, self.held)
        self._all_held = whole
        self._unseen = StreamTimes(told=tells_time)
        self.load()

    def load(self) -> None:
        """See what stands in the backend.

        Finals are numbered as they come: the numbers are this copy's, and begin anew with it.
        """
        self.numbering = LogWriter(self.backend, len(self.plan.levels), used=False)
        self.open = {place for place, _ in self.backend.scan(Family.OPEN, b"", None)}
        self.homes = {key: int(value) for key, value in self.backend.scan(Family.LATEST, b"", None)}
        self._times = {
            int(name): msgspec.json.decode(value, type=StreamTimes)
            for name, value in self.backend.scan(Family.ENTRIES, b"", KEY_TIME)
        }

    def holds(self, key: bytes) -> bool:
        """Whether a key's bars would be here: with some of the partitions that is known only of keys seen in them."""
        return self._all_held or key in self.homes

    def times_of(self, key: bytes | None) -> StreamTimes:
        """Where the stream of a key stands; of a key never seen, which may come in any partition, the least of all."""
        home = None if key is None else self.homes.get(key)
        if home is not None:
            times = self._times.get(home, self._unseen)
        else:
            times = _least([self._times.get(partition, self._unseen) for partition in self.held])
        if key is None or not (self.plan.by_key and times.told):
            return times
        entry = self.backend.getter(Family.ENTRIES)(entry_of(self.layout.keys.decode(key)))
        return times.of_key(read_entry(entry))

    def times(self) -> Mapping[int, StreamTimes]:
        """Where each held partition stands."""
        return {partition: self._times.get(partition, self._unseen) for partition in self.held}

    def set_times(self, times: Mapping[int, StreamTimes]) -> None:
        """Where some partitions stand from now on."""
        self._times.update({partition: replace(told, keys={}) for partition, told in times.items()})


def _least(times: list[StreamTimes]) -> StreamTimes:
    """The earliest of each; none where one of them has none yet."""

    def least(name: str) -> int | None:
        found = [getattr(item, name) for item in times]
        return None if None in found else min(found, default=None)

    told = all(item.told for item in times)
    names = ("stream_time", "first", "max_event", "arrived_at", "complete_from", "clock")
    return replace(StreamTimes(told=told), **{name: least(name) for name in names})
