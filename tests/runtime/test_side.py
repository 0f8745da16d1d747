"""A refused row is told the one thing that is wrong with it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

import barloom as bl


class Minute(bl.Event):
    """A bar of a minute as input."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    close: Decimal = bl.decimal(18, 2)


class Large(bl.Event):
    """Numbers whose product may leave 38 digits."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(38, 0)
    size: Decimal = bl.decimal(38, 0)
    fee: Decimal = bl.decimal(38, 0)


def bars(stamped: Any, calendar: str = "24x7") -> bl.Bars:  # noqa: ANN401 - one of two words
    """Five minutes of minutes."""
    based = bl.from_(Minute).bars("1m", stamped=stamped, calendar=calendar)
    return based.select(close=bl.last("close")).rollup("5m").named("bars")


def refused(declared: bl.Bars, *times: str) -> list[tuple[str, str]]:
    """Reason and message of input bars at these times."""
    rows = pl.DataFrame([{"symbol": "A", "at": time, "close": "1"} for time in times])
    return declared.compute(rows).rejected.select("reason", "message").rows()


@pytest.mark.parametrize(
    ("stamped", "time", "message"),
    [
        ("end", "12:00:59.999", "59.999000000Z is no end of a 1m slot; 2025-11-10T12:01:00Z is 1ms later"),
        ("end", "12:00:00.001", "00.001000000Z is no end of a 1m slot; 2025-11-10T12:00:00Z is 1ms earlier"),
        ("end", "12:00:30", "30Z is no end of a 1m slot; 2025-11-10T12:01:00Z is 30s later"),
        ("start", "12:00:59.999", "59.999000000Z is no start of a 1m slot; 2025-11-10T12:01:00Z is 1ms later"),
        ("start", "12:00:01", "01Z is no start of a 1m slot; 2025-11-10T12:00:00Z is 1s earlier"),
    ],
)
def test_an_input_bar_off_the_grid_is_told_the_nearest_boundary(stamped: str, time: str, message: str) -> None:
    """By how much it is off; of two equally near ones that of the slot which holds the time."""
    ((reason, said),) = refused(bars(stamped), f"2025-11-10T{time}Z")

    assert reason == "invalid"
    assert said == f"2025-11-10T12:00:{message}"


@pytest.mark.parametrize(
    ("stamped", "time", "boundary"),
    [
        ("end", "14:30:00.001", "14:31:00Z is 59999ms later"),
        ("start", "20:59:59.999", "20:59:00Z is 59999ms earlier"),
    ],
)
def test_no_boundary_is_named_where_no_slot_is(stamped: str, time: str, boundary: str) -> None:
    """At New York's open no slot ends, and at its close none begins, though these times are nearer."""
    ((reason, said),) = refused(bars(stamped, "XNYS"), f"2025-11-10T{time}Z")

    assert reason == "invalid"
    assert said.endswith(f" slot; 2025-11-10T{boundary}")


def test_a_product_that_leaves_38_digits_is_named() -> None:
    """Not the other one, which does not; and not a boundary, which ticks have none of."""
    declared = (
        bl.from_(Large)
        .tumbling("1m")
        .select(paid=bl.last(bl.col("price") * bl.col("fee")), turnover=bl.last(bl.col("price") * bl.col("size")))
        .named("bars")
    )
    row = {"symbol": "A", "at": "2025-11-10T12:00:00Z", "price": "1" + "0" * 20, "size": "1" + "0" * 18, "fee": "1"}
    computed = declared.compute(pl.DataFrame([row, row | {"size": "9" * 17}]))

    assert computed.rejected.select("reason", "message").rows() == [("invalid", "price * size leaves 38 digits")]
