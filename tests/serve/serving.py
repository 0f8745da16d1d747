"""A real server on loopback for tests, a market on an exchange to serve, and what a bar looks like in JSON."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import httpx
import polars as pl

import barloom as bl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from barloom.read.bar import Bar

__all__ = ["HALF_DAY", "KEYS", "NEW_YORK", "Trade", "make_market", "serving", "told"]


class Trade(bl.Event):
    """A trade of a symbol at a broker, with texts that an address has to escape."""

    broker: str = bl.key()
    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(18, 3)
    size: Decimal = bl.decimal(18, 2)


NEW_YORK: Final = (
    bl.from_(Trade)
    .tumbling("1s", delay="2s", calendar="XNYS")
    .ohlcv(price="price", size="size")
    .rollup("1m", "1h", "1d", "1w", "1mo")
    .named("trades")
)
KEYS: Final = (("A", "BTC/USD"), ("A", "ÄÖ, &=?#"), ("B\\", "x"))
HALF_DAY: Final = "2025-11-28"
"""The day after Thanksgiving: New York closes at 13:00."""

_TICKS: Final = (
    ("2025-11-26T14:30:00.250Z", "100.100", "1.00"),
    ("2025-11-26T14:30:00.750Z", "100.300", "2.50"),
    ("2025-11-26T14:31:30Z", "99.900", "1.00"),
    ("2025-11-26T20:59:59Z", "101.000", "0.05"),
    ("2025-11-28T14:30:00Z", "102.000", "3.00"),
    ("2025-11-28T17:59:59Z", "102.123", "1.00"),
    ("2025-12-01T14:30:05Z", "103.000", "1.00"),
    ("2025-12-01T14:30:04Z", "103.100", "1.00"),
    ("2025-12-01T14:30:20Z", "103.200", "1.00"),
    ("2025-12-01T14:30:01Z", "50.000", "1.00"),
)
"""Three days around Thanksgiving 2025, the last of them open; the last trade comes too late."""


def make_market(path: Path) -> Path:
    """A store with these trades of every key, from an hour later on for the second, at other prices for the third."""
    rows = [
        {"broker": key[0], "symbol": key[1], "at": at, "price": price, "size": size}
        for at, price, size in _TICKS
        for key in KEYS
    ]
    NEW_YORK.run(pl.DataFrame(rows), path)
    return path


@contextmanager
def serving(
    stores: Mapping[str, Any],
    *,
    headers: Mapping[str, str] | None = None,
    **settings: Any,  # noqa: ANN401 - those of `bl.serve.app`
) -> Iterator[httpx.Client]:
    """A client of a server that serves stores, on a free port."""
    served = bl.serve.app(stores, **settings)
    try:
        with (
            bl.serve.listen(served, "127.0.0.1:0") as endpoint,
            httpx.Client(base_url=endpoint.url, trust_env=False, headers=headers, timeout=60) as client,
        ):
            yield client
    finally:
        served.close()


def told(bar: Bar) -> dict[str, object]:
    """A bar as JSON has to say it: every digit of its decimals, its times in UTC, those of ticks to the nanosecond."""
    held = bar.as_dict()
    return {name: _text(held, name) for name in held if not name.endswith("_ns")}


def _text(held: dict[str, Any], name: str) -> object:
    value = held[name]
    if name in ("open_time", "close_time") and value is not None:
        nanos = held[f"{name}_ns"]
        return f"{value:%Y-%m-%dT%H:%M:%S}.{nanos % 10**9:09}Z"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return str(value) if isinstance(value, Decimal | date) else value
