"""What has been taken in already, where every key has a time of its own: its marks expire by that."""

from __future__ import annotations

from collections import defaultdict
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Final

from barloom.engine.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from barloom.engine.seen import Mark, Pair
    from barloom.engine.times.key_times import KeyTimes

__all__ = ["SeenByKey"]

_SLACK: Final = 1024


class SeenByKey(Seen):
    """Marks by key and moment: those of the keys that rows have moved are looked at, and those that the clock ends.

    An entry of the state goes with the last of its marks.
    """

    def __init__(self, times: KeyTimes) -> None:
        super().__init__(times)
        self._key_times = times
        self._of_key: defaultdict[int, dict[int, list[Pair]]] = defaultdict(dict)
        self._moments: list[tuple[int, int]] = []
        self._home: dict[Pair, bytes] = {}
        self._left: dict[bytes, int] = {}

    def _mark(self, pair: Pair, mark: Mark) -> None:
        self._marks[pair] = mark
        self._fresh.append(pair)
        held = self._of_key[pair[0]]
        if mark.expires not in held:
            held[mark.expires] = []
            heappush(self._moments, (mark.expires, pair[0]))
        held[mark.expires].append(pair)

    def _forget(self) -> list[bytes]:
        """Forget the marks that have expired; gives the entries of which none is left."""
        gone: list[bytes] = []
        times = self._key_times
        for key, now in zip(times.moved.tolist(), times.of(times.moved).tolist(), strict=True):
            for moment in [moment for moment in self._of_key.get(key, ()) if moment <= now]:
                gone += self._expire(key, moment)
        while times.clock_moved and self._moments and self._moments[0][0] <= times.time.common:
            moment, key = heappop(self._moments)
            gone += self._expire(key, moment)
        if len(self._moments) > 2 * len(self._marks) + _SLACK:
            self._moments = [(moment, key) for key, held in self._of_key.items() for moment in held]
            heapify(self._moments)
        return gone

    def _expire(self, key: int, moment: int) -> Iterable[bytes]:
        """The marks of a key that expire at a moment; gives the entries of which none is left."""
        held = self._of_key.get(key, {})
        for pair in held.pop(moment, ()):
            if (mark := self._marks.get(pair)) is not None and mark.expires == moment:
                del self._marks[pair]
                yield from self._leave(pair)
        if not held:
            self._of_key.pop(key, None)

    def _leave(self, pair: Pair) -> Iterable[bytes]:
        """A mark has left its entry; gives that where it was the last one."""
        name = self._home.pop(pair, None)
        if name is not None:
            self._left[name] -= 1
            if not self._left[name]:
                del self._left[name]
                yield name

    def _wrote(self, name: bytes, marks: Sequence[tuple[Pair, Mark]]) -> list[bytes]:
        gone = [left for pair, _ in marks for left in self._leave(pair)]
        self._left[name] = len(marks)
        self._home.update(dict.fromkeys((pair for pair, _ in marks), name))
        return gone
