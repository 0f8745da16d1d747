"""The venues that are known by name, a module for each."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from barloom.feed.protocol import Venue

__all__ = ["VENUES", "venue"]

_HOMES: Final = {
    "binance": ("binance", "Binance"),
    "binance-futures": ("binance_futures", "BinanceFutures"),
    "coinbase": ("coinbase", "Coinbase"),
    "kraken": ("kraken", "Kraken"),
    "okx": ("okx", "Okx"),
}

VENUES: Final = tuple(_HOMES)
"""Their names."""


def venue(name: str, *, websocket: str | None = None, rest: str | None = None) -> Venue:
    """A venue by its name, at other addresses than its own where they are given. Raises `ValueError` for others."""
    if name not in _HOMES:
        from barloom.plan.suggest import did_you_mean  # noqa: PLC0415 - only on the way to an error

        message = f"there is no venue {name!r}: {did_you_mean(name, VENUES)}"
        raise ValueError(message)
    module, kind = _HOMES[name]
    found: Venue = getattr(import_module(f"{__name__}.{module}"), kind)(websocket=websocket, rest=rest)
    return found
