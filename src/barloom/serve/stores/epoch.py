"""The epoch of a store: what becomes another one where its bars are made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barloom.read.readable import Readable

__all__ = ["epoch_of"]


def epoch_of(store: Readable) -> str | None:
    """That of its log of finals; none where it has no log, so that no answer may be kept for good."""
    head = store.log.head()
    return None if head is None else head.epoch
