"""Whether the brokers answer, and if not, since when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.errors import AccessRefused, BrokerError, LoginRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.clock import Clock
    from barloom.kafka.reader.ends import Asked, Ends
    from barloom.kafka.reader.feeds import Lane

__all__ = ["Contact"]

_EVERY: Final = 1.0
_SOON: Final = 0.05
_SILENCE: Final = 3.0


class Contact:
    """Asks for the ends of the lanes, every second or when somebody wants to know: being told is the contact."""

    def __init__(self, ends: Ends, lanes: Sequence[Lane], clock: Clock) -> None:
        self._ends = ends
        self._lanes = lanes
        self._clock = clock
        self._asked: Asked | None = None
        self._asked_at = clock.monotonic()
        self._heard_at = clock.monotonic()
        self._heard = clock.now()
        self.watermarks: dict[Lane, int] = {}

    @property
    def lost_since(self) -> int | None:
        """When the brokers were heard last (nanoseconds UTC), where that is longer ago than it should be."""
        return self._heard if self._clock.monotonic() - self._heard_at > _SILENCE else None

    def ask(self, *, soon: bool) -> bool:
        """Ask where it is time to; whether it was."""
        pause = _SOON if soon else _EVERY
        if self._asked is not None or self._clock.monotonic() - self._asked_at < pause:
            return False
        self._asked_at = self._clock.monotonic()
        self._asked = self._ends.ask(self._lanes)
        return True

    def hear(self) -> bool | None:
        """Whether the brokers have told the ends; none where there is nothing to hear yet. Raises where they refuse."""
        if self._asked is None or not self._asked.answered:
            return None
        asked, self._asked = self._asked, None
        try:
            self.watermarks = asked.result()
        except (AccessRefused, LoginRefused):
            raise
        except BrokerError:
            self._ends.look_around()
            return False
        self._heard, self._heard_at = self._clock.now(), self._clock.monotonic()
        return True
