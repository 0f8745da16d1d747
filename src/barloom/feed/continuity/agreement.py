"""Whether history is believed, which may lag behind the market."""

from __future__ import annotations

from typing import Final

__all__ = ["Agreement"]

_AGREED: Final = 2
"""How often history is to say the same until it is believed."""


class Agreement:
    """What history said of the latest number, over which connection.

    After a connection has begun it is asked once more: what was lost before is only known by it.
    """

    def __init__(self) -> None:
        self._last: int | None = None
        self._times: list[int] = []
        self._doubted = True

    def doubt(self) -> None:
        """A connection began or was lost."""
        self._doubted = True
        self._times.clear()

    def said(self, last: int | None, time: int) -> int:
        """Since when it has said that this is the latest number, often enough; 0 where it has not."""
        if last != self._last:
            self._last, self._times = last, []
        self._times.append(time)
        if len(self._times) < _AGREED + self._doubted:
            return 0
        self._doubted = False
        del self._times[:-_AGREED]
        return self._times[0]
