"""Feeds that are always late, as those that an exchange delays by 15 minutes: what the clock needs to work for them."""

from __future__ import annotations

from typing import Final

from barloom.plan.ladder import written
from barloom.time.timeframe import DAY, HOUR, MINUTE, SECOND

__all__ = ["fitting_live_within"]

_MARGIN: Final = 10
"""A tenth more than was seen."""


def fitting_live_within(age: int) -> str | None:
    """The setting with which the clock works though rows are that old (ns) when they come; none for plain history."""
    if age > DAY:
        return None
    wanted = age + age // _MARGIN
    unit = next(size for size in (HOUR, MINUTE, SECOND) if wanted >= size or size == SECOND)
    return f'live_within = "{written(-(-wanted // unit) * unit)}"'
