"""The running maximum of event time, by which several files are merged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.source.files.limits import ahead_of

if TYPE_CHECKING:
    from barloom.source.decode import Decoder, Rows
    from barloom.time.calendar import Integers

__all__ = ["BEFORE_ALL", "running_highs"]

BEFORE_ALL: Final = -(2**63)
"""The running maximum before any row."""


def running_highs(rows: Rows, decoder: Decoder, high: int) -> Integers:
    """The largest event time up to and with each row, by the rows that count for stream time."""
    plan = decoder.plan
    highs = np.full(rows.count, BEFORE_ALL)
    times = np.where(decoder.counting.of(rows.frame), rows.frame[plan.event.timestamp].to_numpy(), BEFORE_ALL)
    limits = rows.limits if rows.arrivals is None else rows.arrivals
    if limits is not None:
        times = np.where(ahead_of(times, limits, plan.max_ahead), BEFORE_ALL, times)
    highs[rows.index] = times
    if rows.count:
        highs[0] = max(highs[0], high)
    return np.maximum.accumulate(highs)
