"""How far each key was published: a record for each in a compacted topic, written in one transaction with its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from barloom.errors import StoreFormat
from barloom.kafka.events.scan import scan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.kafka.config.settings import KafkaSettings

__all__ = ["Place", "Position", "place_key", "place_of", "positions_topic", "read_positions", "record_of"]

_FORMAT: Final = 1

Place: TypeAlias = tuple[tuple[str, object], ...]
"""Whose position it is: names and values, such as ``(("symbol", "BTC/USD"), ("venue", "kraken"))``, by name."""


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last number that was published, its event time (nanoseconds UTC), and by which publisher.

    `number` is none where rows have no numbers; `time` is then the largest event time.
    """

    time: int
    number: int | None = None
    by: str = ""
    v: int = _FORMAT


def place_of(fields: Mapping[str, object]) -> Place:
    """Whose position it is, by the names and values that tell."""
    return tuple(sorted(fields.items()))


def positions_topic(topic: str) -> str:
    """The topic of the positions in another."""
    return f"{topic}_positions"


def record_of(position: Position, by: str) -> bytes:
    """The value of its record, and who wrote it."""
    return msgspec.json.encode(msgspec.structs.replace(position, by=by))


def place_key(place: Place) -> bytes:
    """The key of its record."""
    return msgspec.json.encode(dict(place))


def read_positions(settings: KafkaSettings, topic: str) -> dict[Place, Position]:
    """What was committed. Raises `BrokerError` where the topic cannot be read, `StoreFormat` for no position in it."""
    found: dict[Place, Position] = {}
    for message in scan(settings, positions_topic(topic)):
        key, value = message.key(), message.value()
        try:
            place = place_of(msgspec.json.decode(key or b"", type=dict[str, object]))
            position = None if value is None else msgspec.json.decode(value, type=Position)
        except msgspec.MsgspecError as error:
            where = f"{message.topic()}[{message.partition()}] offset {message.offset()}"
            told = f"{where} is no position of a publisher ({error})\n    fix: name another topic, or delete this one"
            raise StoreFormat(told) from None
        if position is None:
            found.pop(place, None)
        elif position.v > _FORMAT:
            told = f"{positions_topic(topic)} was written by a newer barloom\n    fix: publish with that version"
            raise StoreFormat(told)
        else:
            found[place] = position
    return found
