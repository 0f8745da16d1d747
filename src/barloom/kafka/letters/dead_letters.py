"""Dead letters: messages that could not be read, as they were, with where they came from and why they are here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from barloom.time.instants import written
from barloom.time.timeframe import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["DeadLetter", "Headers", "Message", "dead_letter", "original_headers", "own_headers", "raw"]

Headers = list[tuple[str, bytes | None]]

TOPIC: Final = "barloom.topic"
PARTITION: Final = "barloom.partition"
OFFSET: Final = "barloom.offset"
TIMESTAMP: Final = "barloom.timestamp"
ERROR: Final = "barloom.error"
FIRST_SEEN: Final = "barloom.first-seen"
LAST_SEEN: Final = "barloom.last-seen"
TRIES: Final = "barloom.tries"
REPLAYED_FROM: Final = "barloom.replayed-from"
ITEMS: Final = "barloom.items"
"""Which items of a message of several could not be read, from 1 on (``2,5-7``): only these are here for."""

OWN: Final = frozenset({TOPIC, PARTITION, OFFSET, TIMESTAMP, ERROR, FIRST_SEEN, LAST_SEEN, TRIES, REPLAYED_FROM, ITEMS})
"""Headers that barloom adds; all others are the producer's."""

_LONGEST_ERROR: Final = 1000


class Message(Protocol):
    """What of a consumed message is kept, as confluent_kafka gives it."""

    def topic(self) -> str | None:
        """Where it came from."""
        ...

    def partition(self) -> int | None:
        """Its partition."""
        ...

    def offset(self) -> int | None:
        """Its place in the partition."""
        ...

    def timestamp(self) -> tuple[int, int]:
        """The kind of its time stamp (0: none) and milliseconds since the epoch."""
        ...

    def key(self) -> str | bytes | None:
        """Its key, not decoded."""
        ...

    def value(self) -> str | bytes | None:
        """Its value, not decoded."""
        ...

    def headers(self) -> Mapping[str, str | bytes | None] | Sequence[tuple[str, str | bytes | None]] | None:
        """Its headers, in order; a name may occur twice (the client's types also know of a mapping, for sending)."""
        ...


class DeadLetter(NamedTuple):
    """A record for the topic of dead letters."""

    key: bytes | None
    value: bytes | None
    headers: Headers


def dead_letter(message: Message, error: str, now: int, items: str = "") -> DeadLetter:
    """What is written for a message that failed at `now` (nanoseconds UTC): key, value and headers as they were.

    `items` are those of several that failed; empty for the whole message. The headers ``barloom.…`` are added as text.
    A message that was replayed and failed again keeps its first-seen time, and its tries count on.
    """
    before = original_headers(message)
    marks = own_headers(message)
    if REPLAYED_FROM not in marks:
        marks = {}  # a stranger's: only a replay has a history
    at = written(now)
    kind, stamp = message.timestamp()
    told = {
        TOPIC: str(message.topic()),
        PARTITION: str(message.partition()),
        OFFSET: str(message.offset()),
        TIMESTAMP: written(stamp * MILLISECOND) if kind else None,
        ERROR: error[:_LONGEST_ERROR],
        FIRST_SEEN: marks.get(FIRST_SEEN, at),
        LAST_SEEN: at,
        TRIES: str(_tries(marks) + 1),
        REPLAYED_FROM: marks.get(REPLAYED_FROM),
        ITEMS: items or marks.get(ITEMS),
    }
    added: Headers = [(name, text.encode()) for name, text in told.items() if text is not None]
    return DeadLetter(raw(message.key()), raw(message.value()), before + added)


def original_headers(message: Message) -> Headers:
    """The headers of a message without those that barloom added."""
    return [(name, raw(value)) for name, value in _pairs(message) if name not in OWN]


def own_headers(message: Message) -> dict[str, str]:
    """What barloom noted in the headers of a message, by name."""
    found = ((name, raw(value)) for name, value in _pairs(message) if name in OWN)
    return {name: value.decode(errors="replace") for name, value in found if value is not None}


def _pairs(message: Message) -> Iterable[tuple[str, str | bytes | None]]:
    found = message.headers() or ()
    return found.items() if isinstance(found, Mapping) else found


def _tries(marks: dict[str, str]) -> int:
    """How often a message failed before."""
    text = marks.get(TRIES, "")
    return int(text) if text.isascii() and text.isdigit() else 0


def raw(value: str | bytes | None) -> bytes | None:
    """Bytes as they were on the wire, whatever the client library makes of them."""
    return value.encode() if isinstance(value, str) else value
