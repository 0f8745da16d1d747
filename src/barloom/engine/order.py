"""Sorting by the numbers of keys, which are small."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from barloom.time.calendar import Integers

__all__ = ["stable_order"]

_SHORT: Final = 1 << 16


def stable_order(ids: Integers) -> Integers:
    """Positions that sort small non-negative numbers, equals in their present order.

    numpy sorts 16-bit integers by radix, several times faster than wider ones; larger numbers take two such passes.
    """
    largest = int(ids.max(initial=0))
    if largest < _SHORT:
        return np.argsort(ids.astype(np.uint16), kind="stable")
    if largest >= _SHORT * _SHORT:
        return np.argsort(ids, kind="stable")
    low = np.argsort((ids & (_SHORT - 1)).astype(np.uint16), kind="stable")
    return low[np.argsort((ids[low] >> 16).astype(np.uint16), kind="stable")]
