"""What a venue is asked: how to subscribe, what its messages say, and how to fetch what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "Addresses",
    "Answer",
    "Channel",
    "History",
    "Limits",
    "Message",
    "Notice",
    "Ping",
    "Quote",
    "Refusal",
    "Request",
    "Tail",
    "Trade",
    "Venue",
]


class Channel(StrEnum):
    """What is subscribed to."""

    TRADES = "trades"
    QUOTES = "quotes"


class Trade(NamedTuple):
    """One message's trade: `first` to `last` are the venue's numbers that it stands for (equal for a single trade).

    `time` is the venue's event time in nanoseconds, cut to the precision that both of its roads have. `price` and
    `size` are the digits as the venue wrote them. `side` is the taker's: ``"buy"`` or ``"sell"``.
    """

    symbol: str
    first: int | None
    last: int | None
    time: int
    price: str
    size: str
    side: str | None


class Quote(NamedTuple):
    """Best bid and ask; `time` is none where the venue does not say when (then it is the time of receipt)."""

    symbol: str
    time: int | None
    bid: str
    bid_size: str
    ask: str
    ask_size: str


class Tail(NamedTuple):
    """The venue says: at `time`, by its own clock, `last` was the symbol's latest number (none: it had no trade)."""

    symbol: str
    last: int | None
    time: int


class Refusal(NamedTuple):
    """The venue will not serve a symbol (unknown, delisted); none: what it said concerns no symbol."""

    symbol: str | None
    message: str


class Notice(NamedTuple):
    """What a person should know, such as maintenance; with `reconnect` the connection is of no more use."""

    message: str
    reconnect: bool = False


Message: TypeAlias = Trade | Quote | Tail | Refusal | Notice


class Request(NamedTuple):
    """A GET: the path (with its leading slash) below the venue's `rest` address, its parameters, and its weight."""

    path: str
    params: Mapping[str, str]
    weight: int = 1


class Answer(NamedTuple):
    """What a request was answered with: status 200, or another that the venue gives a meaning to."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class History(NamedTuple):
    """Trades of a symbol, by number; `beyond`: whether the venue has, or may have, later ones than these."""

    trades: Sequence[Trade]
    beyond: bool


class Ping(NamedTuple):
    """How a connection is kept alive and its death noticed.

    Every `every` seconds `text` is sent, or a ping frame where there is none; `silence` seconds without any message or
    pong say that the connection is dead.
    """

    every: float = 20.0
    text: str | None = None
    silence: float = 30.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a venue allows.

    `life` is after how many seconds it cuts a connection, `weight` how much of requests' weight it takes in `window`
    seconds, `messages` how many messages a second may be sent to it over one connection.
    """

    symbols: int = 100
    messages: float = 5.0
    life: float | None = None
    weight: int = 10
    window: float = 1.0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a venue is reached: `websocket` without its path, `rest` likewise."""

    websocket: str
    rest: str


class Venue(Protocol):
    """One venue, pure: it makes texts and reads them, and does no input or output itself.

    `name` is what ``--feed name:symbol`` says. `by_time`: history goes by time and not by number, so that it is fetched
    with an overlap and known numbers are dropped.
    """

    name: str
    channels: Sequence[Channel]
    addresses: Addresses
    limits: Limits
    ping: Ping
    by_time: bool

    def symbol(self, written: str) -> str:
        """A symbol in the venue's way of writing. Raises `ValueError` saying how to write it."""
        ...

    def connect(self, symbols: Sequence[str], channels: Sequence[Channel]) -> str:
        """The path (and query) to connect to below `addresses.websocket`."""
        ...

    def subscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> Sequence[str]:
        """The texts that ask for symbols, of a new connection or of one that stands."""
        ...

    def unsubscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> Sequence[str]:
        """The texts that ask for them no more."""
        ...

    def read(self, text: str | bytes) -> Sequence[Message]:
        """What a message says; nothing for those that say nothing of interest. Raises `ValueError` where it is none."""
        ...

    def history(self, symbol: str, after: int | None, time: int, limit: int = ...) -> Request:
        """Ask for trades with larger numbers than `after`, whose time is `time` (nanoseconds).

        `after` none: those from `time` on.
        """
        ...

    def read_history(self, symbol: str, asked: Request, answer: Answer) -> History:
        """Its answer. Raises `ValueError` where it is none; `LookupError` where the symbol is not known there."""
        ...

    def latest(self, symbol: str) -> Request:
        """Ask for the latest trade."""
        ...

    def read_latest(self, symbol: str, answer: Answer) -> tuple[Tail, Sequence[Trade]]:
        """Its answer, with the trades that came in it.

        The time of the tail is the venue's clock where it says it (the HTTP header ``Date``, cut to its second, where
        nothing better is there).
        """
        ...
