"""What most venues have in common, each of which says what is different."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.feed.protocol import Addresses, Channel, Limits, Ping

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["VenueBase"]


class VenueBase:
    """A venue with trades and quotes over one connection, and history by number.

    `websocket` and `rest` are other addresses than its own, such as those of a double.
    """

    name: str
    channels: Sequence[Channel] = (Channel.TRADES, Channel.QUOTES)
    addresses: Addresses
    limits: Limits = Limits()
    ping: Ping = Ping()
    together: bool = True
    has_history: bool = True
    by_time: bool = False
    finds_time: bool = True

    def __init__(self, *, websocket: str | None = None, rest: str | None = None) -> None:
        own = self.addresses
        self.addresses = Addresses((websocket or own.websocket).rstrip("/"), (rest or own.rest).rstrip("/"))
