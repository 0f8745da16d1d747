"""A copy of topics of bars: what a `TimeBucket` reads over Kafka."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from barloom.read.kafka.change import Change
from barloom.read.kafka.retention import Retention
from barloom.read.kafka.values import message_values
from barloom.store.backend import Family
from barloom.store.barstore import StreamTimes
from barloom.store.layout import Layout
from barloom.store.scanning import Scanner, Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import polars as pl

    from barloom.plan.barplan import BarPlan
    from barloom.read.kafka.arrivals import Arrivals
    from barloom.read.kafka.feeds import Feeds
    from barloom.read.kafka.values import MessageBar
    from barloom.serde.protocol import BarDecoder
    from barloom.store.backend import Backend
    from barloom.store.scanning import BarKind
    from barloom.time.calendar import Calendar

__all__ = ["MessageScanner", "TopicCopy"]

_KINDS: Final[tuple[BarKind, ...]] = ("final", "live")
_BEYOND_ALL: Final = b"\xff" * 64


class MessageScanner(Scanner):
    """Ranges of bars that stand as their messages."""

    def __init__(self, layout: Layout, backend: Backend, calendar: Callable[[], Calendar], decoder: BarDecoder) -> None:
        super().__init__(layout, backend, calendar)
        self._decoder = decoder

    def frames(self, selection: Selection, rows: int = 65_536) -> Iterator[pl.DataFrame]:
        """The selected bars with `barloom.engine.frames.bar_schema`, at most `rows` a frame."""
        found = self.places(selection)
        while chunk := [place.record for place in islice(found, rows)]:
            yield self._decoder.frame(selection.level, [b""] * len(chunk), chunk)


class TopicCopy:
    """The bars of the held partitions, each message value as it came under the place of its bar.

    Everything that one poll brought is written as one batch, with the positions behind it. `state` and `as_of` are set
    by the reader that fills it. With `tells_time` false no topic says where the stream stands.
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
        live_retention: int | None = None,
        tells_time: bool = True,
    ) -> None:
        self.plan = plan
        self.backend = backend
        self.calendar = calendar
        self.layout = Layout(plan)
        self.scanner = MessageScanner(self.layout, backend, lambda: calendar, decoder)
        self.state = "CREATED"
        self.as_of: int | None = None
        self.decoder = decoder
        self.held = tuple(held)
        self._whole = whole
        self._unseen = StreamTimes(told=tells_time)
        self._getters = {family: backend.getter(family) for family in Family}
        self._retention = Retention(self, live_retention)
        self._version = 0
        self.unreadable = 0
        self._load()

    def _load(self) -> None:
        """What has to be known of what stands there."""
        self.open = {place for place, _ in self.backend.scan(Family.OPEN, b"", None)}
        self.homes = {key: int(value) for key, value in self.backend.scan(Family.LATEST, b"", None)}
        self._times = {
            int(name): msgspec.json.decode(value, type=StreamTimes)
            for name, value in self.backend.scan(Family.ENTRIES, b"", None)
        }

    def holds(self, key: bytes) -> bool:
        """Whether a key's bars would be here: with some of the partitions that is known only of keys seen in them."""
        return self._whole or key in self.homes

    def times_of(self, key: bytes | None) -> StreamTimes:
        """Where the stream of a key stands; of a key never seen, which may come in any partition, the least of all."""
        home = None if key is None else self.homes.get(key)
        if home is not None:
            return self._times.get(home, self._unseen)
        return _least([self._times.get(partition, self._unseen) for partition in self.held])

    def times(self) -> Mapping[int, StreamTimes]:
        """Where each held partition stands."""
        return {partition: self._times.get(partition, self._unseen) for partition in self.held}

    def value(self, family: Family, name: bytes) -> bytes | None:
        """One stored value."""
        try:
            return self._getters[family](name)
        except Exception as error:
            raise self.backend.failure(error) from error

    def values(self, level: int) -> Callable[[bytes, int, bytes, bool], MessageBar]:
        """What makes the values of one bar of a level from its encoded key, start, record and whether it is final."""
        return message_values(self.plan, self.decoder, level)

    def version(self) -> bytes:
        """What is another one after every change."""
        return str(self._version).encode()

    def apply(self, feeds: Feeds, arrivals: Arrivals, times: Mapping[int, StreamTimes], at: int) -> None:
        """Write what a poll brought, the stream times that hold from now on, and the positions, as of `at`.

        Raises `RegistryUnavailable` before anything has changed where messages cannot be decoded now.
        """
        change = Change(self)
        change.take(feeds, arrivals)
        change.stand(times, arrivals.positions, at)
        self.backend.write(change.batch)
        change.settle()
        self._times.update(times)
        self._version += 1
        self._retention.prune()

    def warm(self) -> None:
        """Decode some of the bars that are here, so that look-ups need not wait for their schemas."""
        for level in self.plan.published:
            for kind in _KINDS:
                for backwards in (False, True):
                    place = next(self.scanner.places(Selection(kind, level), backwards=backwards), None)
                    if place is not None:
                        self.decoder.one(level, b"", place.record)

    def forget(self, families: Iterable[Family]) -> None:
        """Remove all of some families, to read it anew."""
        batch = self.backend.batch()
        for family in families:
            batch.delete_range(family, b"", _BEYOND_ALL)
        self.backend.write(batch)
        self._load()
        self._version += 1

    def close(self) -> None:
        """Release it."""
        self.state = "PENDING_SHUTDOWN"
        self.backend.close()


def _least(times: list[StreamTimes]) -> StreamTimes:
    """The earliest of each; none where one of them has none yet."""

    def least(name: str) -> int | None:
        found = [getattr(item, name) for item in times]
        return None if None in found else min(found, default=None)

    told = all(item.told for item in times)
    names = ("stream_time", "first", "max_event", "arrived_at", "complete_from")
    return StreamTimes(**{name: least(name) for name in names}, told=told)
