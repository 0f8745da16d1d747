"""How far a feed was published: records of a compacted topic, written in one transaction with its rows.

What a source goes on from stands there by its own names (``"feed kraken:BTC/USD"``), the last number of each key by the
key's fields (``{"symbol":"BTC/USD"}``) where a source does not know how to go on.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from barloom.errors import StoreFormat
from barloom.kafka.events.scan import scan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from confluent_kafka import Message

    from barloom.kafka.config.settings import KafkaSettings

__all__ = ["Numbered", "Place", "Positions", "positions_topic", "read_positions", "records_of"]

_FORMAT: Final = 1

Place: TypeAlias = tuple[object, ...]
"""The key fields of a key."""


class Numbered(msgspec.Struct, frozen=True):
    """Where a key stands: its last number (none: its rows have none), and its largest event time in nanoseconds."""

    number: int | None
    time: int


@dataclass(slots=True)
class Positions:
    """What a source goes on from, by its own names, and where each key stands."""

    held: dict[str, bytes] = field(default_factory=dict)
    keys: dict[Place, Numbered] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.held or self.keys)

    def update(self, other: Positions) -> None:
        """Those that moved."""
        self.held.update(other.held)
        self.keys.update(other.keys)

    def behind(self, before: Positions) -> Positions:
        """Those that differ from earlier ones."""
        held = {name: at for name, at in self.held.items() if before.held.get(name) != at}
        return Positions(held, {place: at for place, at in self.keys.items() if before.keys.get(place) != at})


class _Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value in the topic: a position as text, or else in base 64; or a number with its time; and who wrote it."""

    by: str
    at: str | None = None
    raw: str | None = None
    number: int | None = None
    time: int | None = None
    v: int = _FORMAT


def positions_topic(topic: str) -> str:
    """The topic of the positions in another."""
    return f"{topic}_positions"


def records_of(positions: Positions, names: Iterable[str], by: str) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of records; `names` are the key fields, and `by` the publisher."""
    fields = list(names)
    for name, held in positions.held.items():
        yield msgspec.json.encode(name), msgspec.json.encode(_held(held, by))
    for place, at in positions.keys.items():
        key = msgspec.json.encode(dict(zip(fields, place, strict=True)))
        yield key, msgspec.json.encode(_Record(by, number=at.number, time=at.time))


def _held(held: bytes, by: str) -> _Record:
    try:
        return _Record(by, at=held.decode())
    except UnicodeDecodeError:
        return _Record(by, raw=b64encode(held).decode())


def read_positions(settings: KafkaSettings, topic: str, names: Iterable[str]) -> Positions:
    """What was committed; `names` are the key fields.

    Raises `BrokerError` where the topic cannot be read, and `StoreFormat` for what is no position in it.
    """
    found, fields = Positions(), list(names)
    for message in scan(settings, positions_topic(topic)):
        try:
            _take(message, fields, found)
        except (msgspec.MsgspecError, ValueError) as error:
            where = f"{message.topic()}[{message.partition()}] offset {message.offset()}"
            told = f"{where} is no position of a publisher ({error})\n    fix: publish into another topic, or delete it"
            raise StoreFormat(told) from None
    return found


def _take(message: Message, fields: list[str], found: Positions) -> None:
    name: str | dict[str, object] = msgspec.json.decode(message.key() or b"", type=str | dict[str, object])
    value = message.value()
    record = None if value is None else msgspec.json.decode(value, type=_Record)
    if record is not None and record.v > _FORMAT:
        told = f"{message.topic()} was written by a newer barloom\n    fix: publish with that version"
        raise StoreFormat(told)
    if isinstance(name, str):
        found.held.pop(name, None)
        if record is not None:
            found.held[name] = b64decode(record.raw) if record.raw is not None else (record.at or "").encode()
    elif name.keys() == set(fields):
        place = tuple(name[each] for each in fields)
        found.keys.pop(place, None)
        if record is not None and record.time is not None:
            found.keys[place] = Numbered(record.number, record.time)
