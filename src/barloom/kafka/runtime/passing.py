"""Headers that are handed through: of each key those of its latest tick, as far as the definition names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec
import numpy as np

from barloom.engine.blocks import Reason
from barloom.kafka.state.changelog import HEADERS, Change
from barloom.store.keys import KeyCodec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.engine.blocks import Keys, Rejected, Step
    from barloom.kafka.runtime.fetched import Record
    from barloom.kafka.runtime.polling import Polled
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Booleans, Integers

__all__ = ["Headers", "PassedHeaders"]

Headers: TypeAlias = "tuple[tuple[str, bytes | None], ...]"

_STORED = msgspec.msgpack.Decoder(type=list[tuple[str, bytes | None]])


class PassedHeaders:
    """What the bars of one partition carry; `held` is what its changelog has, by encoded key."""

    def __init__(self, plan: BarPlan, held: Mapping[bytes, bytes]) -> None:
        self._plan = plan
        self._names = frozenset(plan.pass_headers)
        self._codec = KeyCodec(plan.event)
        self._of = {self._codec.decode(key): tuple(_STORED.decode(value)) for key, value in held.items()}

    def take(self, polled: Polled, step: Step) -> list[Change]:
        """Take note of the ticks of a poll that were not refused; what changes in the changelog."""
        taken = np.ones(len(polled.ticks), np.bool_)
        if step.rejected is not None:
            taken[step.rejected.row[self._refused(step.rejected)]] = False
        rows = np.flatnonzero(taken)
        keys = polled.ticks.frame.select(self._plan.event.key)[rows].rows()
        latest = dict(zip(keys, rows.tolist(), strict=True))  # of each key the last row
        changes = []
        for key, row in latest.items():
            headers = self.named(polled.messages[polled.index[row]])
            if headers != self._of.get(key, ()):
                self._of[key] = headers
                changes.append(Change(HEADERS + self._codec.encode(key), msgspec.msgpack.encode(headers)))
        return changes

    def of(self, ids: Integers, keys: Keys) -> list[Headers]:
        """What bars of these keys carry."""
        return [self._of.get(key, ()) for key in keys.rows(ids)]

    def of_rows(self, polled: Polled, rows: Integers) -> list[Headers]:
        """What ticks came with, by their rows."""
        return [self.named(polled.messages[place]) for place in polled.index[rows].tolist()]

    def named(self, message: Record) -> Headers:
        """The headers of a message that are handed through, in their order."""
        return tuple((name, value) for name, value in message.headers() or () if name in self._names)

    def _refused(self, rejected: Rejected) -> Booleans:
        """Which of the rejected rows are in no bar at all: a late one may be missing in some only."""
        missing = np.ones(len(rejected), np.bool_)
        for position in self._plan.published:
            valid = rejected.missed[position].valid
            missing &= True if valid is None else valid
        refused: Booleans = missing | (rejected.reason != Reason.LATE)
        return refused
