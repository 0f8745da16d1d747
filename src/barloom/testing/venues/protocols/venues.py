"""Which protocols there are."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from barloom.testing.venues.protocols.binance import Binance, BinanceFutures
from barloom.testing.venues.protocols.coinbase import Coinbase
from barloom.testing.venues.protocols.kraken import Kraken
from barloom.testing.venues.protocols.okx import Okx

if TYPE_CHECKING:
    from barloom.testing.venues.protocols.exchange import Exchange

__all__ = ["VENUES", "exchange_of"]

_EXCHANGES: Final = {kind.name: kind for kind in (Binance, BinanceFutures, Coinbase, Kraken, Okx)}

VENUES: Final = tuple(_EXCHANGES)
"""The names of venues that have a double."""


def exchange_of(venue: str) -> Exchange:
    """The protocol of a venue. Raises `ValueError` for one that has no double."""
    if venue not in _EXCHANGES:
        near = get_close_matches(venue, VENUES, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        message = f"there is no double of a venue {venue!r}{hint} There are: {', '.join(VENUES)}"
        raise ValueError(message)
    return _EXCHANGES[venue]()
