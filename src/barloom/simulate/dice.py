"""Random numbers that are the same on every machine and with every version of numpy.

Each is a function of (seed, purpose, number of the throw) by the mixing step of SplitMix64 (Steele, Lea, Flood: Fast
splittable pseudorandom number generators, OOPSLA 2014).
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from barloom.time.calendar import Booleans, Integers

__all__ = ["Dice"]

_WEYL: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)
_PARTS: Final = 1 << 20
_STEPS: Final = 1024
# Quantiles of the exponential distribution with mean 1000, as whole numbers so that no rounding of a logarithm shows.
_WAITS: Final = np.array([round(-1000 * log(1 - (step + 0.5) / _STEPS)) for step in range(_STEPS)], np.int64)


class Dice:
    """Throws for one purpose; `numbers` say which throws, so that any range can be thrown by itself."""

    def __init__(self, seed: int, purpose: int) -> None:
        start = _mix(np.array([seed % (1 << 64)], np.uint64) ^ _mix(np.array([purpose + 1], np.uint64) * _WEYL))
        self._start = start[0]

    def throw(self, numbers: Integers) -> NDArray[np.uint64]:
        """64 random bits for each."""
        return _mix(self._start + (numbers.astype(np.uint64) + np.uint64(1)) * _WEYL)

    def below(self, limit: int, numbers: Integers) -> Integers:
        """Whole numbers from 0 up to, but without, a limit (below 2^31)."""
        high = self.throw(numbers) >> np.uint64(33)
        return ((high * np.uint64(limit)) >> np.uint64(31)).astype(np.int64)

    def between(self, low: int, high: int, numbers: Integers) -> Integers:
        """Whole numbers from `low` up to, but without, `high`, in steps of a 2^31st of the range."""
        part = (self.throw(numbers) >> np.uint64(33)).astype(np.int64)
        width = high - low
        return low + (width >> 31) * part + (((width & ((1 << 31) - 1)) * part) >> 31)

    def chance(self, share: float, numbers: Integers) -> Booleans:
        """True for about that share of the throws."""
        hit: Booleans = self.below(_PARTS, numbers) < round(share * _PARTS)
        return hit

    def waits(self, numbers: Integers) -> Integers:
        """Waiting times of a memoryless process, in thousandths of their mean."""
        return _WAITS[self.below(_STEPS, numbers)]


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        values = (values ^ (values >> np.uint64(30))) * _MIX_1
        values = (values ^ (values >> np.uint64(27))) * _MIX_2
        return values ^ (values >> np.uint64(31))
