"""The running maximum of event time, by which several files are merged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.source.limits import ahead_of

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan
    from barloom.source.decode import Rows
    from barloom.time.calendar import Integers

__all__ = ["BEFORE_ALL", "running_highs"]

BEFORE_ALL: Final = -(2**63)
"""The running maximum before any row."""


def running_highs(rows: Rows, plan: BarPlan, high: int) -> Integers:
    """The largest event time up to and with each row. Refused rows and rows from the future do not move it."""
    highs = np.full(rows.count, BEFORE_ALL)
    times = rows.frame[plan.event.timestamp].to_numpy()
    limits = rows.limits if rows.arrivals is None else rows.arrivals
    if limits is not None:
        times = np.where(ahead_of(times, limits, plan.max_ahead), BEFORE_ALL, times)
    highs[rows.index] = times
    if rows.count:
        highs[0] = max(highs[0], high)
    return np.maximum.accumulate(highs)
