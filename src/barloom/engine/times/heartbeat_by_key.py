"""Heartbeats where every key has a time of its own: without rows only the clock brings a key into a new slot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.heartbeat import Heartbeat

if TYPE_CHECKING:
    from barloom.engine.groups import Groups
    from barloom.engine.times.protocol import Reach
    from barloom.engine.times.stream_time import StreamTime
    from barloom.time.calendar import Integers

__all__ = ["HeartbeatByKey"]


class HeartbeatByKey(Heartbeat):
    """Beats at the clock's slot, for keys that are not ahead of it; they are kept in order."""

    def _moment(self, time: StreamTime) -> int:
        return time.common

    def _quiet(self, start: int) -> Groups:
        latest = super()._quiet(start)
        end = self._level.grid.round_to_slot(np.array([start])).end[0]
        latest = latest.take(latest.close_time < end)
        return latest.take(np.argsort(latest.key))

    def _take(self, start: int, reach: Reach, *, ending: bool) -> Integers:
        end, keys = self._beaten[start]
        if ending or (reach.clock is not None and end <= reach.clock):
            del self._beaten[start]
            return keys
        moved = reach.moved[reach.of(reach.moved) >= end]
        place = np.searchsorted(keys, moved)
        known = place < len(keys)
        known[known] = keys[place[known]] == moved[known]
        place = place[known]
        if len(place):
            self._beaten[start] = (end, np.delete(keys, place))
        return keys[place]
