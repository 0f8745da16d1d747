"""What a publisher did, and how it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from barloom.kafka.publish.positions import Positions

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PublishReport", "PublishStatus"]


@dataclass(slots=True)
class PublishReport:
    """What a publisher did.

    `rows` and `marks` were written and committed, in so many `transactions`; `before` are rows that had been published
    before and were passed over, `refused` those that the definition cannot hold, by what is wrong with them.
    `takeovers` says how often it became the one that publishes, `positions` where it left what it has published, `feed`
    what live feeds say of each symbol, and `notes` what the user should know.
    """

    rows: int = 0
    marks: int = 0
    before: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    transactions: int = 0
    takeovers: int = 0
    positions: Positions = field(default_factory=Positions)
    feed: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class PublishStatus:
    """How a publisher is: its totals so far, its state (``STANDBY``, ``TAKING OVER`` or ``RUNNING``), and seconds.

    `waits_for` says why its feed is not ready.
    """

    report: PublishReport
    state: str
    seconds: float
    waits_for: str | None = None
