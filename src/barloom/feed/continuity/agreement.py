"""Whether history is believed, which may lag behind the market."""

from __future__ import annotations

from typing import Final

__all__ = ["Agreement"]

_AGREED: Final = 2
"""How often history is to say the same until it is believed."""


class Agreement:
    """What history said of the latest number, of which times, and when.

    It is believed when it goes on saying the same and the connection was heard since it first did, over which anything
    later would have come. After a connection has begun it is asked once more: what was lost before only it knows.
    """

    def __init__(self) -> None:
        self._last: int | None = None
        self._said: list[tuple[int, float]] = []
        self._doubted = True

    def doubt(self) -> None:
        """A connection began or was lost."""
        self._doubted = True
        self._said.clear()

    def said(self, last: int | None, time: int, now: float, heard: float) -> int:
        """It says this number of this time; the connection was last `heard` then.

        Since when it has said so, often enough; 0 where it has not.
        """
        if last != self._last:
            self._last, self._said = last, []
        self._said.append((time, now))
        if len(self._said) < _AGREED + self._doubted:
            return 0
        self._doubted = False
        del self._said[:-_AGREED]
        since, then = self._said[0]
        return since if heard >= then else 0
