"""Timeframes as the charting library calls them: its resolutions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from barloom.time.timeframe import Timeframe

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["multipliers", "resolution_of", "resolutions_of", "timeframe_of"]

_LETTERS: Final = {"s": "S", "d": "D", "w": "W", "mo": "M"}
_MINUTES: Final = {"m": 1, "h": 60}
_WRITTEN: Final = re.compile(r"(\d*)([SDWM]?)")


def resolution_of(timeframe: Timeframe) -> str | None:
    """``60`` for an hour, ``1S``, ``1D``; none for what the library has no name for (milliseconds, regular hours)."""
    if timeframe.regular:
        return None
    if timeframe.unit in _MINUTES:
        return str(timeframe.count * _MINUTES[timeframe.unit])
    letter = _LETTERS.get(timeframe.unit)
    return None if letter is None else f"{timeframe.count}{letter}"


def resolutions_of(timeframes: Iterable[str]) -> dict[str, str]:
    """The timeframe of each resolution, in the order of the timeframes."""
    named = ((resolution_of(Timeframe.parse(name)), name) for name in timeframes)
    return {resolution: name for resolution, name in named if resolution is not None}


def timeframe_of(resolution: str, timeframes: Iterable[str]) -> str | None:
    """The timeframe that a resolution means; ``D`` is ``1D``. None where there is none of them."""
    match = _WRITTEN.fullmatch(resolution.upper())
    if match is None or not resolution:
        return None
    return resolutions_of(timeframes).get(f"{match[1] or '1'}{match[2]}")


def multipliers(resolutions: Iterable[str], letter: str) -> list[str]:
    """The numbers of the resolutions with a letter; of minutes there is none."""
    matches = [match for text in resolutions if (match := _WRITTEN.fullmatch(text))]
    return [match[1] for match in matches if match[2] == letter]
