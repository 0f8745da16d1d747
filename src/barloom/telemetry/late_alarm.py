"""An alarm for when the share of late rows jumps: a feed stalls, a clock is wrong, a delay is too short."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.clock import Clock

__all__ = ["LateAlarm", "LateWindow"]

Key = tuple[object, ...]

ENOUGH: Final = 100
"""Rows without which a share says nothing: the window goes on until it has as many."""

_NAMED: Final = 5
_KEPT: Final = 1000
"""Keys that are counted in a window; with more of them those with the fewest late rows are dropped."""


@dataclass(frozen=True, slots=True)
class LateWindow:
    """A window that has ended.

    `share` is late rows by rows and `before` that of the window before it (0 for the first), `keys` those with the most
    late rows and how many they had. `alarm` is on while the share is above the limit; `changed` in the window where it
    was raised or cleared.
    """

    partition: int
    rows: int
    late: int
    share: float
    before: float
    keys: Mapping[Key, int]
    alarm: bool
    changed: bool

    @property
    def text(self) -> str:
        """What an operator reads."""
        shares = f"{self.share:.1%} of {self.rows:,} rows were late, {self.before:.1%} before"
        if not self.alarm:
            return f"{shares}: as it should be again"
        named = ", ".join(f"{'/'.join(map(str, key))} ({late:,})" for key, late in self.keys.items())
        return f"{shares}; most of them: {named}" if named else shares


@dataclass(slots=True)
class _Open:
    began: float
    rows: int = 0
    late: int = 0
    keys: Counter[Key] = field(default_factory=Counter)
    before: float = 0.0
    alarm: bool = False


class LateAlarm:
    """Watches the share of late rows by partition, in windows of `window` seconds; above `limit` it is raised, once."""

    def __init__(self, limit: float, clock: Clock, *, window: float = 60.0) -> None:
        self._limit = limit
        self._clock = clock
        self._window = window
        self._open: dict[int, _Open] = {}

    def add(self, partition: int, rows: int, late: int, keys: Mapping[Key, int]) -> LateWindow | None:
        """Count what a commit brought; `keys` are the late rows by key. The window, where this one ends it."""
        now = self._clock.monotonic()
        window = self._open.setdefault(partition, _Open(now))
        window.rows += rows
        window.late += late
        window.keys.update(keys)
        if len(window.keys) > _KEPT:
            window.keys = Counter(dict(window.keys.most_common(_KEPT // 2)))
        if now - window.began < self._window or window.rows < ENOUGH:
            return None
        return self._close(partition, window, now)

    def forget(self, partition: int) -> None:
        """The partition is another instance's now."""
        self._open.pop(partition, None)

    def _close(self, partition: int, window: _Open, now: float) -> LateWindow:
        share = window.late / window.rows
        alarm = share > self._limit
        self._open[partition] = _Open(now, before=share, alarm=alarm)
        return LateWindow(
            partition=partition,
            rows=window.rows,
            late=window.late,
            share=share,
            before=window.before,
            keys=dict(window.keys.most_common(_NAMED)),
            alarm=alarm,
            changed=alarm is not window.alarm,
        )
