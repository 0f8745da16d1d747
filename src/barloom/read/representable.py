"""The times that a slot can begin at: those whose nanoseconds fit 64 bits, in whole years."""

from __future__ import annotations

from typing import Final

from barloom.time.instants import written

__all__ = ["slot_start"]

_FIRST: Final = -9_214_560_000_000_000_000  # 1678-01-01
_AFTER: Final = 9_214_646_400_000_000_000  # 2262-01-01
_WRITABLE: Final = range(-62_135_596_800_000_000_000, 253_402_300_800_000_000_000)


def slot_start(at: int) -> int:
    """The same time; `ValueError` where it lies outside of the years 1678 to 2261."""
    if _FIRST <= at < _AFTER:
        return at
    given = written(at) if at in _WRITABLE else f"{at} ns"
    message = f"{given} is outside 1678–2261, the years whose nanoseconds fit 64 bits"  # noqa: RUF001 - a range
    raise ValueError(message)
