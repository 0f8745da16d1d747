"""What the double of one venue's protocol has to say."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from barloom.testing.venues.history import History
    from barloom.testing.venues.trades import MarketTrade

__all__ = ["Best", "Exchange", "Form", "Listener", "Reply", "best_of", "dumps", "grouped", "stamp"]


class Form(NamedTuple):
    """What a connection has asked for: a channel of a symbol, and how its messages are wrapped."""

    channel: str
    symbol: str
    wrap: str = ""


@dataclass(slots=True)
class Listener:
    """One connection, as far as a protocol is concerned: where it connected to, and what it is subscribed to."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    forms: dict[Form, None] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    identity: str = "a4d3ae55"

    def take(self, form: Form) -> None:
        """It is subscribed to this from now on."""
        self.forms[form] = None
        self.left.discard(form.symbol)

    def drop(self, form: Form) -> None:
        """It is no more."""
        if self.forms.pop(form, 0) is None:
            self.left.add(form.symbol)


class Reply(NamedTuple):
    """An answer over HTTP."""

    status: int
    body: str
    headers: tuple[tuple[str, str], ...] = ()


class Best(NamedTuple):
    """Best bid and ask around a trade."""

    bid: str
    bid_size: str
    ask: str
    ask_size: str


class Exchange(ABC):
    """One venue's protocol, both roads: pure, from the published trades to texts."""

    name: ClassVar[str]
    grid: ClassVar[int]
    """The precision of its times, in nanoseconds."""
    batch: ClassVar[int] = 1
    """How many trades it may put into one message."""
    quiet: ClassVar[bool] = False
    """Whether it sends heartbeats only while it has nothing else to say."""
    pings: ClassVar[float | None] = None
    """How often, in seconds, it sends ping frames that have to be answered."""
    told: ClassVar[tuple[str, ...]]
    """The channels that tell trades: who has asked for one listens to its symbol."""
    example: ClassVar[tuple[str, ...]]

    @abstractmethod
    def writes(self, symbol: str) -> bool:
        """Whether the venue writes symbols like that."""

    @abstractmethod
    def connected(self, listener: Listener, history: History, now: int) -> list[str] | None:
        """What is said first on a new connection; none where nothing listens at that path."""

    @abstractmethod
    def hear(self, listener: Listener, text: str, history: History, now: int) -> list[str]:
        """What is answered to a client's message."""

    def beat(self, listener: Listener, history: History, now: int) -> list[str]:  # noqa: ARG002 - some say nothing
        """What is said every second."""
        return []

    @abstractmethod
    def trades(self, form: Form, trades: Sequence[MarketTrade]) -> Iterator[str]:
        """Messages about trades of a form's symbol, one after the other."""

    def closing(self, listener: Listener, now: int) -> list[str]:  # noqa: ARG002 - some say nothing
        """What is said before the venue closes a connection of its own will."""
        return []

    def delisted(self, listener: Listener, symbol: str) -> list[str]:  # noqa: ARG002 - some say nothing
        """What is said when a symbol is traded no more."""
        return []

    @abstractmethod
    def rest(self, path: str, query: Mapping[str, str], history: History, now: int) -> Reply:
        """The answer to a request."""

    @abstractmethod
    def too_many(self, status: int) -> Reply:
        """The answer to one request too many."""

    @abstractmethod
    def failed(self, status: int) -> Reply:
        """The answer of a server in trouble."""

    @abstractmethod
    def rows(self, body: Any) -> list[Any] | None:  # noqa: ANN401 - JSON
        """The list of trades within an answer, to be changed in place; none where it has none."""


def dumps(value: object) -> str:
    """JSON as venues write it."""
    return json.dumps(value, separators=(",", ":"))


def stamp(time: int) -> str:
    """A time as text with microseconds."""
    seconds, rest = divmod(time, 1_000_000_000)
    return f"{_second(seconds)}.{rest // 1_000:06}Z"


@lru_cache(64)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def best_of(trade: MarketTrade) -> Best:
    """The best bid and ask when a trade happened: it took one side's price, the other is a cent away."""
    price, cent = Decimal(trade.price), Decimal("0.01")
    if trade.side == "buy":
        return Best(str(price - cent), "1.50000000", trade.price, trade.size)
    return Best(trade.price, trade.size, str(price + cent), "1.50000000")


def grouped(trades: Iterable[MarketTrade], most: int) -> Iterator[list[MarketTrade]]:
    """Trades in groups of at most so many."""
    group: list[MarketTrade] = []
    for trade in trades:
        group.append(trade)
        if len(group) == most:
            yield group
            group = []
    if group:
        yield group
