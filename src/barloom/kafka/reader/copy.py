"""A copy of topics of bars: what a `TimeBucket` reads over Kafka."""

from __future__ import annotations

from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.engine.frames import bar_schema
from barloom.kafka.reader.change import CLOSED_READ, Change
from barloom.kafka.reader.closings import ToldClosed
from barloom.kafka.reader.held import HeldBars
from barloom.kafka.reader.retention import Retention
from barloom.kafka.reader.values import message_values
from barloom.store.backend import Family
from barloom.store.changes import changes_of
from barloom.store.keys import after
from barloom.store.log.reading import FinalLog
from barloom.store.scanning import Scanner, Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from barloom.kafka.reader.arrivals import Arrivals
    from barloom.kafka.reader.feeds import Feeds
    from barloom.kafka.reader.values import MessageBar
    from barloom.plan.barplan import BarPlan
    from barloom.serde.protocol import BarDecoder
    from barloom.store.backend import Backend
    from barloom.store.layout import Layout
    from barloom.store.protocol import SideRecord
    from barloom.store.scanning import BarKind, Stored
    from barloom.store.stream_times import StreamTimes
    from barloom.time.calendar import Calendar

__all__ = ["MessageScanner", "TopicCopy"]

_KINDS: Final[tuple[BarKind, ...]] = ("final", "live")
_READ_AT_ONCE: Final = 1_000
_BEYOND_ALL: Final = b"\xff" * 64
_NOTHING: Final = MappingProxyType[int, ToldClosed]({})


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

    def frame(self, level: int, bars: Sequence[Stored], *, final: bool) -> pl.DataFrame:  # noqa: ARG002 - messages say it
        """Some bars of one level as a frame with the same columns, in their order."""
        if not bars:
            return pl.DataFrame(schema=bar_schema(self._layout.plan))
        return self._decoder.frame(level, [b""] * len(bars), [record for _, record in bars])


class TopicCopy(HeldBars):
    """The bars of the held partitions, filled from their topics.

    Everything that one poll brought is written as one batch, with the positions behind it. `state` and `as_of` are set
    by the reader that fills it.
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
        rejected: Callable[[], Iterator[SideRecord]] | None = None,
    ) -> None:
        super().__init__(plan, backend, decoder, calendar, held, whole=whole, tells_time=tells_time)
        self._rejected = rejected
        self.scanner = MessageScanner(self.layout, backend, lambda: calendar, decoder)
        self.state = "CREATED"
        self.as_of: int | None = None
        self._getters = {family: backend.getter(family) for family in Family}
        self.log = FinalLog(self.layout, backend, self._is_expired)
        self.changes = changes_of(backend.directory)
        self._retention = Retention(self, self.scanner, live_retention)
        self._version = 0

    def value(self, family: Family, name: bytes) -> bytes | None:
        """One stored value."""
        try:
            return self._getters[family](name)
        except Exception as error:
            raise self.backend.failure(error) from error

    def values(self, level: int) -> Callable[[bytes, int, bytes, bool], MessageBar]:
        """What makes the values of one bar of a level from its encoded key, start, record and whether it is final."""
        return message_values(self.plan, self.decoder, level)

    def side(self) -> Iterator[Sequence[SideRecord]]:
        """The refused rows that their topic holds now; none where no topic is known to."""
        found = iter(()) if self._rejected is None else self._rejected()
        return iter(lambda: list(islice(found, _READ_AT_ONCE)), [])

    def replaced(self) -> bool:
        """Never: its reader keeps it."""
        return False

    def decided_to(self, level: int) -> int | None:
        """Up to where the slots of a level are closed for all keys of all partitions; none where nothing is said."""
        head = self.log.head()
        return None if head is None else head.decided[level]

    def _is_expired(self, level: int, key: bytes, start: int) -> bool:
        """Whether a bar is older than those that are kept."""
        return self._retention.is_expired(level, key, start)

    def version(self) -> bytes:
        """What is another one after every change."""
        return str(self._version).encode()

    def begin(self) -> None:
        """What partitions have closed is going to be read anew."""
        head = self.log.head()
        told = [None] * len(self.plan.levels) if head is None else head.decided
        found = self.backend.scan(Family.META, CLOSED_READ, after(CLOSED_READ))
        self.whole.begin(told, {int(name.removeprefix(CLOSED_READ)): int(value) for name, value in found})

    def apply(
        self,
        feeds: Feeds,
        arrivals: Arrivals,
        times: Mapping[int, StreamTimes],
        at: int,
        closed: Mapping[int, ToldClosed] = _NOTHING,
    ) -> None:
        """Write what a poll brought, the stream times that hold from now on, what is closed, and the positions.

        All as of `at`.

        Raises `RegistryUnavailable` before anything has changed where messages cannot be decoded now.
        """
        change = Change(self)
        change.take(feeds, arrivals)
        change.close(closed)
        change.stand(times, arrivals.positions, at)
        self.backend.write(change.batch)
        change.settle()
        self.set_times(times)
        self._version += 1
        self._retention.prune()
        self.changes.happened()

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
        self.load()
        self._version += 1
        self.changes.happened()

    def close(self) -> None:
        """Release it."""
        self.state = "PENDING_SHUTDOWN"
        self.backend.close()
        self.changes.happened()
