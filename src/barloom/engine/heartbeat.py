"""Live bars of quiet keys: at each new slot a synthetic one at the last price, until real data replaces it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.blocks import BarId
from barloom.engine.gaps import empty_values
from barloom.engine.groups import Groups
from barloom.engine.open_rows import OpenRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.blocks import BarBlock
    from barloom.engine.level import Level
    from barloom.engine.market import Market
    from barloom.engine.times.protocol import Reach
    from barloom.engine.times.stream_time import StreamTime
    from barloom.plan.barplan import Partial
    from barloom.time.calendar import Integers

__all__ = ["Heartbeat", "LastTicks"]

_ENDLESS = np.iinfo(np.int64).max - 1


class LastTicks:
    """The latest base bar of every key, by the event time of its last tick."""

    def __init__(self, partials: Sequence[Partial]) -> None:
        self._rows = OpenRows(partials)

    def observe(self, groups: Groups) -> None:
        """Take in base groups, sorted by key and start."""
        last = np.append(groups.key[1:] != groups.key[:-1], True)
        latest = groups.take(last)
        latest.start, latest.end = np.zeros(len(latest), np.int64), np.full(len(latest), _ENDLESS)
        rows = self._rows.find(latest.key, latest.start)
        held = np.flatnonzero(rows >= 0)
        newer = held[latest.close_time[held] >= self._rows.gather(rows[held]).close_time]
        if len(newer):
            self._rows.update(rows[newer], latest.take(newer))
        if len(held) < len(rows):
            self._rows.insert(latest.take(rows < 0))

    def all(self) -> Groups:
        """One row for every key that has ticked."""
        return self._rows.gather(self._rows.all())


class Heartbeat:
    """The beats of one level: at most one for each key and slot, only in session, only while the key is not dead."""

    def __init__(self, level: Level, market: Market, last: LastTicks) -> None:
        self._level = level
        self._market = market
        self._last = last
        self._beaten: dict[int, tuple[int, Integers]] = {}

    def beat(self, time: StreamTime) -> Groups | None:
        """The beats due where the stream stands: for the slot that holds that time, if it was not beaten yet."""
        now = self._moment(time)
        if not self._level.grid.knows(np.array([now]))[0]:
            return None
        slot = self._level.grid.round_to_slot(np.array([now]))
        start, end = int(slot.start[0]), int(slot.end[0])
        if not slot.inside[0] or start in self._beaten:
            return None
        latest = self._quiet(start)
        self._beaten[start] = (end, latest.key)
        if not len(latest):
            return None
        rows = len(latest)
        nothing = np.zeros(rows, np.int64)
        values = empty_values(self._level.partials, latest.values, rows, carry=True)
        slot_of_all = np.full(rows, start), np.full(rows, end)
        return Groups(latest.key, *slot_of_all, latest.close_time, latest.close_time, nothing, nothing, values)

    def _moment(self, time: StreamTime) -> int:
        """The time whose slot is beaten."""
        return time.now

    def _quiet(self, start: int) -> Groups:
        """The last ticks of the keys that are alive and have no bar in the slot."""
        latest = self._last.all()
        if not len(latest):
            return latest
        alive = self._market.calendar.advance(latest.close_time, self._level.plan.carry_limit + 1) > start
        slot = np.full(len(latest), start)
        absent = self._level.rows.find(latest.key, slot) < 0
        if self._level.floor:
            absent &= ~self._level.floor.hides(latest.key, slot)
        return latest.take(alive & absent)

    def settle(self, finals: BarBlock | None, reach: Reach, *, ending: bool) -> list[BarId]:
        """Beats to take back: of decided slots (`ending`: of all) that got no final."""
        retracted: list[BarId] = []
        for start in sorted(self._beaten):
            decided = self._take(start, reach, ending=ending)
            with_final = finals.key[finals.start == start] if finals is not None else decided[:0]
            empty = decided[~np.isin(decided, with_final)]
            if len(empty):
                retracted.append(BarId(self._level.position, empty, np.full(len(empty), start)))
        return retracted

    def _take(self, start: int, reach: Reach, *, ending: bool) -> Integers:
        """Of the keys that were beaten in a slot those for which it is decided; they are forgotten."""
        end, keys = self._beaten[start]
        if not ending and np.any(end > reach.of(keys)):
            return keys[:0]
        del self._beaten[start]
        return keys

    def drop_after(self, time: int) -> list[BarId]:
        """Forget the beats of slots that begin after `time`; what they were."""
        wrong = sorted(start for start in self._beaten if start > time)
        beaten = [(start, self._beaten.pop(start)[1]) for start in wrong]
        return [BarId(self._level.position, keys, np.full(len(keys), start)) for start, keys in beaten if len(keys)]

    def forget(self, key: Integers, start: Integers) -> None:
        """These slots were closed by another: there is nothing to take back any more."""
        for slot in self._beaten.keys() & set(start.tolist()):
            end, keys = self._beaten[slot]
            standing = keys[~np.isin(keys, key[start == slot])]
            self._beaten[slot] = (end, standing)
            if not len(standing):
                del self._beaten[slot]

    def restore(self, beats: Groups) -> None:
        """Know again which live bars are beats."""
        for start in np.unique(beats.start).tolist():
            here = beats.start == start
            _, known = self._beaten.get(start, (0, beats.key[:0]))
            self._beaten[start] = (int(beats.end[here][0]), np.union1d(known, beats.key[here]))
