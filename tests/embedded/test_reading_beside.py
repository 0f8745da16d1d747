"""A reader beside a writer sees what is there, also after the writer has gone."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

import barloom as bl
from barloom.embedded.pipeline import Pipeline
from barloom.source.open import frame_source
from barloom.store.opening import open_store

if TYPE_CHECKING:
    from pathlib import Path


class Trade(bl.Event):
    """A trade."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)


BARS = bl.from_(Trade).tumbling("1m").ohlcv(price="price").named("bars")


def feed(pipeline: Pipeline, second: int) -> None:
    """One trade of the first minute."""
    frame = pl.DataFrame({"symbol": ["A"], "at": [f"2025-01-06T10:00:{second:02}Z"], "price": ["1"]})
    for batch in frame_source(BARS.plan, frame).open({}, 10):
        pipeline.take(batch)


def test_look_ups_stay_fresh_when_the_writer_has_closed(tmp_path: Path) -> None:
    """A live bar that was seen while the writer ran, and grew before it closed, is read as it stands."""
    with open_store(tmp_path / "state", BARS.plan) as store:
        pipeline = Pipeline(BARS.plan, store)
        feed(pipeline, 1)
        bucket = bl.TimeBucket.open(tmp_path / "state", "1m")
        bucket.refresh()
        before = bucket.get("A", "2025-01-06T10:00:00Z")
        feed(pipeline, 2)
    bucket.refresh()
    after = bucket.get("A", "2025-01-06T10:00:00Z")

    assert isinstance(before, bl.Found)
    assert isinstance(after, bl.Found)
    assert (1, 2) == (before.bar.revision, after.bar.revision)
