"""Reading dead letters: what each holds, where its message came from, and which of them are meant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from barloom.kafka.events.scan import record_at, scan
from barloom.kafka.letters.dead_letters import (
    ERROR,
    FIRST_SEEN,
    ITEMS,
    LAST_SEEN,
    OFFSET,
    PARTITION,
    REPLAYED_FROM,
    TIMESTAMP,
    TOPIC,
    TRIES,
    DeadLetter,
    original_headers,
    own_headers,
    raw,
)
from barloom.time.instants import nanos_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.kafka.letters.dead_letters import Headers, Message

__all__ = ["Letter", "letter", "letters", "read_letter"]


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter: its place in the topic of dead letters, the message as it was, and barloom's marks as text."""

    home: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    marks: Mapping[str, str]

    @property
    def place(self) -> str:
        """How a person names it: ``2/17`` is offset 17 of partition 2."""
        return f"{self.partition}/{self.offset}"

    @property
    def origin(self) -> tuple[str, int, int] | None:
        """Topic, partition and offset of the message; none where the record is no dead letter of barloom."""
        topic, partition, offset = (self.marks.get(name, "") for name in (TOPIC, PARTITION, OFFSET))
        if not topic or not partition.isdecimal() or not offset.isdecimal():
            return None
        return topic, int(partition), int(offset)

    @property
    def error(self) -> str:
        """Why it could not be read."""
        return self.marks.get(ERROR, "")

    @property
    def items(self) -> str | None:
        """Which items of a message of several could not be read; none where the whole message is meant."""
        return self.marks.get(ITEMS)

    @property
    def stamped(self) -> str | None:
        """The message's own time stamp, as ISO 8601."""
        return self.marks.get(TIMESTAMP)

    @property
    def first_seen(self) -> str:
        """When it failed first, as ISO 8601."""
        return self.marks.get(FIRST_SEEN, "")

    @property
    def last_seen(self) -> str:
        """When it failed last, as ISO 8601."""
        return self.marks.get(LAST_SEEN, "")

    @property
    def last_seen_at(self) -> int | None:
        """The same in nanoseconds UTC, down to the microsecond; none where it is not known."""
        try:
            return nanos_of(datetime.fromisoformat(self.last_seen))
        except ValueError:
            return None

    @property
    def tries(self) -> int:
        """How often it failed."""
        text = self.marks.get(TRIES, "")
        return int(text) if text.isdecimal() else 0

    @property
    def size(self) -> int:
        """Bytes of key and value."""
        return len(self.key or b"") + len(self.value or b"")

    def put_back(self) -> DeadLetter:
        """The message for its own topic again: as it was, with where it is replayed from and its history."""
        kept = {REPLAYED_FROM: f"{self.home}/{self.place}", FIRST_SEEN: self.first_seen, TRIES: str(self.tries)}
        if ITEMS in self.marks:
            kept[ITEMS] = self.marks[ITEMS]
        added: Headers = [(name, text.encode()) for name, text in kept.items()]
        return DeadLetter(self.key, self.value, self.headers + added)


def letters(settings: KafkaSettings, topic: str) -> Iterator[Letter]:
    """All dead letters of a topic; those that come meanwhile are not waited for."""
    return map(letter, scan(settings, topic))


def read_letter(settings: KafkaSettings, topic: str, partition: int, offset: int) -> Letter | None:
    """One dead letter; none where there is none at that place, or no longer."""
    found = record_at(settings, topic, partition, offset)
    return None if found is None else letter(found)


def letter(message: Message) -> Letter:
    """A record of the topic of dead letters, read."""
    return Letter(
        home=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        key=raw(message.key()),
        value=raw(message.value()),
        headers=original_headers(message),
        marks=own_headers(message),
    )
