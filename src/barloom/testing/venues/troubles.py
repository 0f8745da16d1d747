"""What can go wrong at a venue: one small value each, put together in a `Script`.

`at` says when: after so many trades since the opening (of all symbols), or a written duration of market time after it.
`first` counts REST requests from 1. `misses` trades pass while nobody hears them; in a market that goes as fast as it
can the next one then waits until somebody listens again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = [
    "ClockSkew",
    "Delisted",
    "Disconnect",
    "Duplicates",
    "Forgotten",
    "HistoryLag",
    "Hole",
    "Life",
    "LostTail",
    "Maintenance",
    "OddAnswers",
    "OutOfOrder",
    "RestDown",
    "Restarted",
    "ServerErrors",
    "Silence",
    "SlowAnswers",
    "TooMany",
    "Trouble",
    "WrongJson",
]

Moment: TypeAlias = int | str


@dataclass(frozen=True, slots=True)
class Disconnect:
    """All connections are cut; with `mid_message` in the middle of one, without a word, else closed in good order."""

    at: Moment
    misses: int = 10
    mid_message: bool = True


@dataclass(frozen=True, slots=True)
class Silence:
    """All connections stay open and say nothing more: no trade, no heartbeat, no pong. New ones are served."""

    at: Moment
    misses: int = 10


@dataclass(frozen=True, slots=True)
class Duplicates:
    """The `count` trades before are sent again."""

    at: Moment
    count: int = 5


@dataclass(frozen=True, slots=True)
class OutOfOrder:
    """The next `count` trades are sent in another order."""

    at: Moment
    count: int = 5


@dataclass(frozen=True, slots=True)
class Hole:
    """The next `count` trades (of `symbol`, where one is named) are never sent; history has them."""

    at: Moment
    count: int = 5
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class LostTail:
    """The `count` trades before are never sent, and then the market is quiet for `quiet` seconds (real ones).

    `at` none: before the end of the market. History has them.
    """

    at: Moment | None = None
    count: int = 3
    quiet: float = 0.0


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The next `count` trades (of `symbol`) are not in history; with `live` they are sent, else nobody sees them."""

    at: Moment
    count: int = 2
    symbol: str | None = None
    live: bool = False


@dataclass(frozen=True, slots=True)
class Restarted:
    """A symbol's numbers begin anew at `number`; the market pauses for `pause` of its time before."""

    at: Moment
    symbol: str
    number: int = 1
    pause: str = "5s"


@dataclass(frozen=True, slots=True)
class Delisted:
    """A symbol is traded no more, and unknown from then on."""

    at: Moment
    symbol: str


@dataclass(frozen=True, slots=True)
class WrongJson:
    """`text` is sent between two trades, to every connection."""

    at: Moment
    text: str = '{"channel":"trade","data":[{"price":'
    count: int = 1


@dataclass(frozen=True, slots=True)
class Maintenance:
    """The venue says so where it can, closes all connections, refuses the next `refusals`, and REST likewise."""

    at: Moment
    refusals: int = 2
    misses: int = 10


@dataclass(frozen=True, slots=True)
class Life:
    """No connection lives longer: the cut after 24 hours. After `trades` sent over it, or real `seconds`."""

    trades: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """The venue's clock goes wrong by that much (``"3s"``, ``"-3s"``), against the right one of the double."""

    by: str = "3s"


@dataclass(frozen=True, slots=True)
class TooMany:
    """Requests are refused: 429, or 418 after that, with ``Retry-After`` in seconds."""

    first: int = 1
    count: int = 2
    status: Literal[429, 418] = 429
    retry_after: int = 0


@dataclass(frozen=True, slots=True)
class ServerErrors:
    """Requests are answered with a server's error."""

    first: int = 1
    count: int = 2
    status: int = 503


@dataclass(frozen=True, slots=True)
class RestDown:
    """Requests get no answer, the connection breaks; `count` none: for ever."""

    first: int = 1
    count: int | None = 3


@dataclass(frozen=True, slots=True)
class SlowAnswers:
    """Requests are answered `seconds` later."""

    first: int = 1
    count: int = 2
    seconds: float = 0.05


@dataclass(frozen=True, slots=True)
class OddAnswers:
    """Answers with trades are not to be trusted.

    ``"short"`` lacks the later half of them, ``"gappy"`` some in the middle, ``"empty"`` has none, ``"shuffled"`` has
    another order, ``"doubled"`` some twice, ``"broken"`` is half of its text.
    """

    first: int = 1
    count: int = 2
    kind: Literal["short", "gappy", "empty", "shuffled", "doubled", "broken"] = "short"


@dataclass(frozen=True, slots=True)
class HistoryLag:
    """In the answers to these requests history does not have the latest `trades` of each symbol yet."""

    first: int = 1
    count: int = 3
    trades: int = 3


Trouble: TypeAlias = (
    ClockSkew
    | Delisted
    | Disconnect
    | Duplicates
    | Forgotten
    | HistoryLag
    | Hole
    | Life
    | LostTail
    | Maintenance
    | OddAnswers
    | OutOfOrder
    | RestDown
    | Restarted
    | ServerErrors
    | Silence
    | SlowAnswers
    | TooMany
    | WrongJson
)
