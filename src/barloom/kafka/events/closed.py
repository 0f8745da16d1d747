"""Closed slots as messages: one for each range of a timeframe that a partition has closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np

from barloom.engine.blocks import ClosedSlots
from barloom.errors import SourceError
from barloom.time.timeframe import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from barloom.plan.barplan import BarPlan

__all__ = ["ClosedMessage", "ClosedRecord", "closed_records", "read_closed", "without_outdated"]

_MOST: Final = 4_096
"""Slots with bars in one message: about 100 KB."""


class ClosedMessage(msgspec.Struct, frozen=True, rename={"after": "from"}):
    """Slots of a timeframe that are decided for all keys of one partition of so many.

    They end after `after` and not after `to`, milliseconds since 1970; `slots` are the starts of those that have bars,
    each with how many keys have one. `reopened`: see `ClosedSlots`.
    """

    timeframe: str
    partition: int
    partitions: int
    after: int | None
    to: int
    slots: list[tuple[int, int]]
    reopened: bool = False
    v: int = 1

    def of(self, level: int) -> ClosedSlots:
        """The same as the engine told it."""
        starts, keys = (np.array([slot[place] for slot in self.slots], np.int64) for place in (0, 1))
        after = None if self.after is None else self.after * MILLISECOND
        return ClosedSlots(level, after, self.to * MILLISECOND, starts * MILLISECOND, keys, self.reopened)


class ClosedRecord(NamedTuple):
    """One message. Of a quiet range that grows each takes the place of the one before: they have one key."""

    key: bytes
    value: bytes


def closed_records(
    plan: BarPlan, partition: int, partitions: int, closed: Iterable[ClosedSlots], at: int
) -> Iterator[ClosedRecord]:
    """The messages of what a partition has closed as of `at`, which makes those of reopened slots unlike any other."""
    for number, item in enumerate(part for one in closed for part in _parts(one)):
        timeframe = str(plan.levels[item.level].timeframe)
        after = None if item.after is None else item.after // MILLISECOND
        slots = list(zip((item.starts // MILLISECOND).tolist(), item.keys.tolist(), strict=True))
        to = item.to // MILLISECOND
        value = ClosedMessage(timeframe, partition, partitions, after, to, slots, item.reopened)
        key = [timeframe, partition, after, *([at, number] if item.reopened else [])]
        yield ClosedRecord(msgspec.json.encode(key), msgspec.json.encode(value))


def without_outdated(closed: Iterable[ClosedSlots]) -> list[ClosedSlots]:
    """What was closed since it was published last; of a quiet range that has grown meanwhile only the whole."""
    found: dict[object, ClosedSlots] = {}
    for number, item in enumerate(closed):
        quiet = not len(item.starts) and not item.reopened
        name = (item.level, item.after) if quiet else number
        found.pop(name, None)
        found[name] = item
    return list(found.values())


def read_closed(value: bytes) -> ClosedMessage:
    """What a message tells; `SourceError` where it cannot be read."""
    try:
        return msgspec.json.decode(value, type=ClosedMessage)
    except msgspec.DecodeError as error:
        message = f"a message of the topic of closed slots cannot be read: {error}: {value[:60]!r}"
        raise SourceError(message) from None


def _parts(closed: ClosedSlots) -> Iterator[ClosedSlots]:
    """The range, cut where a slot begins so that no message is too large."""
    count = max(len(closed.starts), 1)
    for begin in range(0, count, _MOST):
        stop = begin + _MOST
        after = closed.after if begin == 0 else int(closed.starts[begin])
        to = closed.to if stop >= count else int(closed.starts[stop])
        starts, keys = closed.starts[begin:stop], closed.keys[begin:stop]
        reopened = closed.reopened
        yield ClosedSlots(
            closed.level, None if reopened else after, closed.to if reopened else to, starts, keys, reopened
        )
