"""The running maximum of event time, by which several files are merged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

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
    if rows.arrivals is not None:
        latest = np.minimum(rows.arrivals, np.iinfo(np.int64).max - plan.max_ahead) + plan.max_ahead
        times = np.where(times > latest, BEFORE_ALL, times)
    highs[rows.index] = times
    if rows.count:
        highs[0] = max(highs[0], high)
    return np.maximum.accumulate(highs)
