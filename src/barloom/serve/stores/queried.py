"""Bars that are asked of another server each time: the live tables of ksqlDB."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar

import polars as pl

from barloom.engine.frames import bar_schema
from barloom.serve.stores.key_text import KeyText
from barloom.serve.stores.served import NotKept, Page, gathered
from barloom.store.stream_times import StreamTimes
from barloom.time.calendars import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from barloom.plan.barplan import BarPlan
    from barloom.read.answers import Found, NotFound
    from barloom.read.arguments import KeyLike, Moment
    from barloom.read.bar import Bar
    from barloom.read.explain import Explanation
    from barloom.read.frames import Part
    from barloom.read.gaps import Gap
    from barloom.read.status import Status
    from barloom.serve.stores.served import Kind, Wanted
    from barloom.store.protocol import SideRecord
    from barloom.time.calendar import Calendar

__all__ = ["QueriedBars", "QueriedBucket"]

B = TypeVar("B", bound="Bar")


class QueriedBucket(Protocol):
    """What is asked of a bucket beyond this machine: of a `TimeBucket` what needs no store."""

    def get(self, key: KeyLike | None = None, start: Moment | None = None) -> Found[Bar] | NotFound:
        """One bar, or why there is none."""
        ...

    def range(self, key: KeyLike | None = None, from_: Moment | None = None, to: Moment | None = None) -> Iterator[Bar]:
        """The bars of a key in slot order."""
        ...

    def latest(self, key: KeyLike | None = None, n: int = 1) -> list[Bar]:
        """The newest bars of a key in slot order."""
        ...

    def close(self) -> None:
        """Release its connections."""
        ...


class QueriedBars:
    """Bars of a pipeline of ksqlDB, by timeframe; what it does not keep of a bar is null."""

    kind: Kind = "ksqldb"
    quick = False
    state = "RUNNING"
    as_of: int | None = None
    epoch: str | None = None

    def __init__(self, plan: BarPlan, buckets: Mapping[str, QueriedBucket]) -> None:
        self.plan = plan
        self._buckets = buckets
        self.texts = KeyText(plan.event)

    @property
    def calendar(self) -> Calendar:
        """The calendar of the definition."""
        return resolve(self.plan.calendar)

    def timeframes(self) -> list[str]:
        """Those that ksqlDB has tables of."""
        return list(self._buckets)

    def _bucket(self, timeframe: str) -> QueriedBucket:
        if timeframe not in self._buckets:
            message = f"ksqlDB has no bars of {timeframe!r}; it has {', '.join(self._buckets)}"
            raise ValueError(message)
        return self._buckets[timeframe]

    def get(self, timeframe: str, key: tuple[object, ...], start: int) -> Found[Bar] | NotFound:
        """One pull query."""
        return self._bucket(timeframe).get(key, start)

    def page(self, wanted: Wanted) -> Page:
        """One pull query a key, sometimes a few."""
        bucket = self._bucket(wanted.timeframe)
        bars, onwards = gathered(wanted, lambda part: self._picked(bucket, part), lambda bar: bar.start_ns)
        return Page(self._frame(bars), onwards)

    def _picked(self, bucket: QueriedBucket, part: Part) -> list[Bar]:
        key = self.texts.codec.decode(part.key)
        if part.backwards and part.most is not None and part.first is part.last is None:
            return bucket.latest(key, part.most)[::-1]
        found = bucket.range(key, part.first, part.last)
        if part.backwards:
            return list(deque(found, maxlen=part.most))[::-1]
        return list(islice(found, part.most))

    def _frame(self, bars: list[Bar]) -> pl.DataFrame:
        """With the columns that every frame of bars has."""
        schema = bar_schema(self.plan)
        held = [bar.as_dict() for bar in bars]
        counted = {name: [row.get(f"{name}_ns", row.get(name)) for row in held] for name in schema}
        stored = {name: pl.Int64() if isinstance(kind, pl.Datetime) else kind for name, kind in schema.items()}
        return pl.DataFrame(counted, schema=stored).cast(schema)

    def keys(self, timeframe: str, first: bytes) -> Iterator[bytes]:  # noqa: ARG002 - as others
        """A table can be asked for keys, and does not list them."""
        message = "ksqlDB does not list its keys: name those that are wanted"
        raise NotKept(message)

    def decided_to(self, timeframe: str, key: bytes) -> None:
        """Nobody tells the stream time of ksqlDB."""

    def explain(self, timeframe: str, key: tuple[object, ...], start: int) -> Explanation:  # noqa: ARG002 - as others
        """Nobody tells the stream time of ksqlDB."""
        message = "ksqlDB does not say where its stream stands, so that there is nothing to explain a bar by"
        raise NotKept(message)

    def rejected(self, first: int) -> Iterator[tuple[int, SideRecord]]:  # noqa: ARG002 - as others
        """KsqlDB drops what it does not use."""
        message = "ksqlDB drops late ticks and keeps no record of them"
        raise NotKept(message)

    def gaps(self, key: tuple[object, ...] | None) -> list[Gap]:  # noqa: ARG002 - as others
        """Definitions with a sequence are refused there."""
        message = "ksqlDB does not follow the numbers of rows, so that nobody knows what is missing"
        raise NotKept(message)

    def times(self) -> StreamTimes:
        """Not told."""
        return StreamTimes(told=False)

    def status(self) -> Status:
        """Ask the server: `barloom ksql status`."""
        message = "a pipeline of ksqlDB has a status of its own kind: see barloom ksql status"
        raise NotKept(message)

    def close(self) -> None:
        """Close its connections."""
        for bucket in self._buckets.values():
            bucket.close()
