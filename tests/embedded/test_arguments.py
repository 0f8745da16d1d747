"""Arguments of a run that make no sense are refused before anything is done."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import barloom as bl

if TYPE_CHECKING:
    from pathlib import Path


class Trade(bl.Event):
    """A trade."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)


BARS = bl.from_(Trade).tumbling("1m").ohlcv(price="price").named("bars")
ROWS = [{"symbol": "A", "at": "2025-01-06T10:00:00Z", "price": "1"}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_rows": 0}, "batch_rows=0"),
        ({"batch_rows": -1}, "at least 1"),
        ({"batch_rows": 2.5}, "whole number"),
        ({"live_interval": -1}, "live_interval=-1"),
        ({"at_end": "x"}, "'keep', 'close'"),
        ({"resume": "x"}, "'skip', 'new'"),
    ],
)
def test_a_run_refuses_nonsense(tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    """A `ValueError` says what the argument may be, and no store is made."""
    with pytest.raises(ValueError, match=message):
        bl.run(BARS, ROWS, tmp_path / "state", **arguments)

    assert not (tmp_path / "state").exists()


def test_compute_refuses_nonsense_and_reads_timeframes_as_written() -> None:
    """``60s`` is ``1m``; an unknown `at_end` is refused."""
    frame = pl.DataFrame(ROWS)

    assert 1 == BARS.compute(frame)["60s"].height
    with pytest.raises(ValueError, match="'keep', 'close'"):
        BARS.compute(frame, at_end="foo")  # type: ignore[arg-type]
