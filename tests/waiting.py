"""How tests wait: for a condition, and much longer than it takes, since the machine may be busy with other things."""

from __future__ import annotations

from time import monotonic, sleep
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PATIENCE", "until"]

PATIENCE: Final = 240.0
"""Seconds after which what a test waits for will not come any more: only a test that fails waits so long."""


def until(true: Callable[[], bool], what: str = "what was waited for", pause: float = 0.05) -> None:
    """Wait for something to be so."""
    end = monotonic() + PATIENCE
    while not true():
        assert monotonic() < end, f"{what} did not come in {PATIENCE:.0f} s"
        sleep(pause)
