"""A reader of topics at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["HeldPartition", "ReaderStatus"]


@dataclass(frozen=True, slots=True)
class HeldPartition:
    """One partition of a reader: where its stream stands (nanoseconds UTC), and how many messages are still to come."""

    partition: int
    stream_time: int | None
    behind: int


@dataclass(frozen=True, slots=True)
class ReaderStatus:
    """What a reader does.

    `state` holds since `since`. While it restores, `remaining` of `total` messages are to be read until it runs.
    `cut_off_since` is when the brokers were heard last, where they are silent; `unreadable` how many messages were no
    bars of this definition; `error` why it stopped; `fresh` why it did not go on from what it had on disk (empty: it
    did). Times are nanoseconds UTC.
    """

    state: str
    since: int
    path: Path
    definition: str
    partitions: tuple[HeldPartition, ...]
    remaining: int
    total: int
    cut_off_since: int | None
    unreadable: int
    keys: int
    size: int
    fresh: str
    error: str | None
