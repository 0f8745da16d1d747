"""Rows that could not be read but for their key, time and numbers, for an engine that looks for holes in these."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from barloom.engine.blocks import Unread

if TYPE_CHECKING:
    from barloom.time.calendar import Integers

__all__ = ["unread_of"]


def unread_of(known: pl.DataFrame | None, numbers: int, after: Integers) -> Unread | None:
    """Those of refused rows, of which so much is `known`, that have all of it; `numbers` are its last columns.

    `after` says behind how many good rows each stands. None where nothing is known, or there are no numbers.
    """
    if known is None or not numbers or not known.height:
        return None
    whole = known.select(pl.all_horizontal(pl.all().is_not_null())).to_series()
    return Unread(after[whole.to_numpy()], known.filter(whole)) if whole.any() else None
