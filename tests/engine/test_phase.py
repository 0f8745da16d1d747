"""Bars of a calendar with extended hours say which part of the trading day their slot lies in."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

import barloom as bl
from barloom.engine.frames import bar_schema

if TYPE_CHECKING:
    from pathlib import Path

HOURS = {"zone": "America/New_York", "hours": "0930-1600", "pre": "0400-0930", "post": "1600-2000"}


class Trade(bl.Event):
    """A trade."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)


TIMES = ("2025-11-26T14:29:00Z", "2025-11-26T14:30:00Z", "2025-11-26T20:59:00Z", "2025-11-26T21:00:00Z")
"""The last minute before the open at 09:30 in New York, the first after it, the last before 16:00, and the next."""


def ticks() -> pl.DataFrame:
    """One a time."""
    return pl.DataFrame({"symbol": "ACME", "at": TIMES, "price": "10.00"})


def bars(*, extended: bool) -> bl.Bars:
    """Minutes, hours and days."""
    calendar = {**HOURS, "extended": extended}
    return bl.from_(Trade).tumbling("1m", calendar=calendar).ohlcv(price="price").rollup("1h", "1d").named("trades")


def test_the_phase_is_that_of_the_slots_start() -> None:
    """Slots end where a phase does, so a bar lies in one; a day is regular."""
    result = bars(extended=True).compute(ticks())

    assert ["pre", "regular", "regular", "post"] == result["1m"]["phase"].to_list()
    assert ["pre", "regular", "regular", "post"] == result["1h"]["phase"].to_list()
    assert [("regular", 4)] == result["1d"].select("phase", "count").rows()
    assert bar_schema(bars(extended=True).plan) == result["1m"].schema


def test_without_extended_hours_there_is_no_phase() -> None:
    """The column is absent, and ticks outside of the regular hours are refused."""
    result = bars(extended=False).compute(ticks())

    assert "phase" not in result["1m"].columns
    assert 2 == result["1m"].height
    assert ["out_of_session"] * 2 == result.rejected["reason"].to_list()


def test_a_bar_that_is_read_has_it_too(tmp_path: Path) -> None:
    """Also as a declared attribute, which is checked against the definition."""

    class Minute(bl.Bar):
        phase: str

    bl.run(bars(extended=True), ticks(), tmp_path / "state", at_end="close")
    with bl.TimeBucket.open(tmp_path / "state", "1m", bar=Minute) as bucket:
        found = bucket.latest("ACME", 4)
    bl.run(bars(extended=False), ticks(), tmp_path / "plain", at_end="close")

    assert ["pre", "regular", "regular", "post"] == [bar.phase for bar in found]
    assert "phase" in found[0].as_dict()
    with pytest.raises(bl.DefinitionError, match="the bars have no 'phase'"):
        bl.TimeBucket.open(tmp_path / "plain", "1m", bar=Minute)


def test_phase_is_a_taken_name() -> None:
    """A column of one's own cannot be called that."""
    query = bl.from_(Trade).tumbling("1m").select(phase=bl.last("price"))

    with pytest.raises(bl.DefinitionError, match="phase"):
        query.named("trades")
