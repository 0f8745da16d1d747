"""How old the ticks are, beside how long a pipeline keeps what it works with.

Records carry the time of their ticks, also those of stores and of the topics between two timeframes, and Kafka deletes
them by that time. Ticks that are older than what is kept lose bars without a word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from barloom.errors import KsqlUnreachable
from barloom.ksqldb.compile.names import quoted
from barloom.ksqldb.compile.printer import print_duration
from barloom.time.instants import nanos_of, written
from barloom.time.timeframe import DAY, HOUR, MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.clock import Clock
    from barloom.ksqldb.compile.script import Script
    from barloom.ksqldb.server.client import KsqlClient

__all__ = ["Oldest", "age_told", "kept", "oldest_ticks", "too_old"]

_FROM_THE_BEGINNING: Final = {"auto.offset.reset": "earliest"}
_ROWS: Final = 100_000
"""After so many rows the partitions that have given none are taken to be empty."""


@dataclass(frozen=True, slots=True)
class Oldest:
    """The first tick of each partition that has any: the earliest of their event times, and where each one stands.

    An offset above nought means that Kafka has deleted what stood before it.
    """

    time: int | None = None
    offsets: Mapping[int, int] = field(default_factory=dict)

    @property
    def deleted(self) -> int:
        """How many offsets no longer have a record, in all partitions."""
        return sum(self.offsets.values())


def oldest_ticks(client: KsqlClient, script: Script, *, clock: Clock, seconds: float) -> Oldest:
    """Ask a server for the first tick of each partition, by the definition's own time field, for at most `seconds`.

    The stream of the ticks must be there; their topic may be empty.
    """
    source = script.of("source")
    stamp = quoted(source.timestamp_column or "")
    query = f"SELECT ROWPARTITION AS part, ROWOFFSET AS place, {stamp} AS stamp FROM {source.quoted_name} EMIT CHANGES;"  # noqa: S608 - names are quoted
    end = clock.monotonic() + seconds
    times: dict[int, int] = {}
    offsets: dict[int, int] = {}
    with client.push(query, _FROM_THE_BEGINNING, silence=seconds) as rows:
        try:
            for count, (part, place, time) in enumerate(rows):
                if isinstance(part, int) and isinstance(place, int) and isinstance(time, datetime):
                    times.setdefault(part, nanos_of(time))
                    offsets.setdefault(part, place)
                if len(times) == source.partitions or count == _ROWS or clock.monotonic() >= end:
                    break
        except KsqlUnreachable:  # silence: there are no more
            pass
    return Oldest(min(times.values(), default=None), offsets)


def kept(script: Script) -> int:
    """For how long (nanoseconds) all of a pipeline's stores, and the topics between its timeframes, keep a bar."""
    tables = [entity for entity in script.entities if entity.derived]
    return min(min(entity.retention or entity.retention_ms, entity.retention_ms) for entity in tables) * MILLISECOND


def age_told(topic: str, oldest: Oldest, now: int, long: int) -> str | None:
    """What is to be said where the ticks of a topic are older than what is kept for `long` nanoseconds; else none."""
    if oldest.time is None or now - oldest.time <= long:
        return None
    age, period = now - oldest.time, print_duration(long // MILLISECOND).lower()
    return (
        f"the oldest tick of topic {topic!r} is of {written(oldest.time)}, {age // DAY} days {age % DAY // HOUR} hours"
        f" ago, and work on a bar is kept for {period} from the bar's own time on: older bars may be lost or wrong"
    )


def too_old(script: Script, oldest: Oldest, now: int) -> str | None:
    """What is to be said where the ticks are older than what a pipeline keeps; none where they are not."""
    return age_told(script.of("source").topic, oldest, now, kept(script))
