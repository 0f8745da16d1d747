"""What happens on the made-up market: when it trades, in what, at which price, and how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from barloom.simulate.dice import Dice

if TYPE_CHECKING:
    from barloom.time.calendar import Integers

__all__ = ["Trades", "Trading"]

_MICROSECOND: Final = 1_000
_QUARTER: Final = 4
# How fast a scene trades against the average, in percent of the mean wait: mostly steady, at times quiet or a burst.
_PACES: Final = np.array([100, 100, 100, 140, 100, 300, 10, 5])
_MEAN_PACE: Final = int(_PACES.mean())
_BURST: Final = 20
_UNIT: Final = 1000 * _MEAN_PACE
_LONG: Final = 10**12
_AT_ONCE: Final = 1 << 20
_LOTS: Final = np.array([1, 1, 1, 1, 2, 2, 3, 5, 5, 10, 10, 20, 25, 50, 100, 500])
_STEPS: Final = np.array([-3, -2, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3])
_LOWEST: Final = 1_000
_SPREAD_OF_BASES: Final = 2_000_000
_RANGE: Final = 20_000
_PRICE_PER_STEP: Final = 100_000
_QUIET_SHARE: Final = 5
_QUIET_WEIGHT: Final = 50


class Trades(NamedTuple):
    """Trades in time order: number, nanoseconds, number of the key, price in ticks of the grid, size in lots."""

    number: Integers
    time: Integers
    key: Integers
    price: Integers
    size: Integers


class Trading:
    """Trades one after the other, scene by scene: bursts are dominated by one key, a fifth of the keys is quiet."""

    SCENE: Final = 256
    """How many trades one has."""

    def __init__(self, seed: int, keys: int, mean_wait: int, start: int) -> None:
        self._keys = keys
        self._mean_wait = mean_wait
        self._time = start
        self._number = 0
        self._waits, self._scenes, self._picks, self._steps, self._sizes = (Dice(seed, each) for each in range(5))
        everyone = np.arange(keys)
        self._base = _LOWEST + _RANGE + Dice(seed, 5).below(_SPREAD_OF_BASES, everyone)
        self._walk = Dice(seed, 6).below(2 * _RANGE, everyone)
        quiet = (everyone % _QUIET_SHARE == _QUIET_SHARE - 1) & (keys >= _QUIET_SHARE)
        busy = 1_000_000 // (everyone + _QUARTER)
        self._weights = np.cumsum(np.where(quiet, np.maximum(busy // _QUIET_WEIGHT, 1), busy))

    def next(self, scenes: int) -> Trades:
        """The trades of some scenes."""
        number = self._number + np.arange(scenes * self.SCENE)
        scene = number // self.SCENE
        pace = _PACES[self._scenes.below(len(_PACES), scene)]
        lengths = self._lengths(number)
        # A long wait counts in whole units, since the product would leave 64 bits.
        long = self._mean_wait >= _LONG
        waits = lengths * (self._mean_wait // _UNIT) if long else lengths * self._mean_wait // _UNIT
        time = self._time + np.cumsum(np.maximum(waits, 1) // _MICROSECOND * _MICROSECOND)
        key = np.searchsorted(self._weights, self._picks.below(int(self._weights[-1]), number), "right")
        favourite = np.searchsorted(self._weights, self._picks.below(int(self._weights[-1]), -1 - scene), "right")
        key = np.where((pace <= _BURST) & (number % _QUARTER > 0), favourite, key)
        size = _LOTS[self._sizes.below(len(_LOTS), number)]
        trades = Trades(number, time, key, self._prices(key, number), size)
        self._time, self._number = int(time[-1]), int(number[-1]) + 1
        return trades

    def _lengths(self, number: Integers) -> Integers:
        """The time before each trade, in `_UNIT` parts of the mean."""
        lengths: Integers = self._waits.waits(number) * _PACES[self._scenes.below(len(_PACES), number // self.SCENE)]
        return lengths

    def fill(self, length: int, trades: int) -> None:
        """Trade at such a pace that so many trades fill a length of time."""
        total = 0
        for first in range(0, trades, _AT_ONCE):
            total += int(self._lengths(np.arange(first, min(first + _AT_ONCE, trades))).sum())
        self._mean_wait = max(length * _UNIT // max(total, 1), 1)

    def _prices(self, key: Integers, number: Integers) -> Integers:
        """A walk of each key, folded back at the ends of its range."""
        order = np.argsort(key, kind="stable")
        steps = (_STEPS[self._steps.below(len(_STEPS), number)] * (1 + self._base[key] // _PRICE_PER_STEP))[order]
        grouped = key[order]
        total = np.cumsum(steps)
        first = np.flatnonzero(np.diff(grouped, prepend=-1))
        before = np.repeat(total[first] - steps[first], np.diff(first, append=len(grouped)))
        walk = np.empty(len(key), np.int64)
        walk[order] = self._walk[grouped] + total - before
        last = np.append(first[1:], len(grouped)) - 1
        self._walk[grouped[last]] = walk[order[last]]
        place = walk % (2 * _RANGE)
        return self._base[key] + np.where(place < _RANGE, place, 2 * _RANGE - place) - _RANGE // 2
