"""The epoch of a store: what becomes another one where its bars are made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.store.backend import Family

if TYPE_CHECKING:
    from barloom.read.readable import Readable

__all__ = ["epoch_of"]

_EPOCH: Final = b"epoch"


def epoch_of(store: Readable) -> str | None:
    """What a store says of its epoch; none where it says nothing, so that no answer may be kept for good."""
    said = store.value(Family.META, _EPOCH)
    return None if said is None else said.decode(errors="replace")
