"""Putting dead letters back into the topics that they came from, each once.

A letter and its entry in the ledger are written in one transaction. The transactional id is the same for every replay
of an application: beginning one ends what a killed one left open and fences one that still runs, and only then the
ledger is read. So what the ledger holds was put back, and what it does not hold was not and will be by nobody else.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from barloom.errors import TopicMismatch
from barloom.kafka.cluster.clients import client_error, producer_config
from barloom.kafka.events.scan import partitions_of, scan
from barloom.kafka.letters.dead_letters import DeadLetter, raw
from barloom.kafka.letters.envelope import letters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from barloom.clock import Clock
    from barloom.kafka.config.settings import KafkaSettings
    from barloom.kafka.letters.envelope import Letter
    from barloom.plan.identity import Topics

__all__ = ["Replay", "replay", "select", "was_replayed"]

_RECORDS: Final = 500
_BYTES: Final = 4_000_000
"""What one transaction holds at most, so that it ends long before it times out."""

_CALL: Final = 5.0
_PATIENCE: Final = 60.0
"""Seconds that one call to the coordinator may take, and for which it is made again."""

_PAUSE: Final = 0.05
_RIGHTS: Final = (
    "WRITE of the topics that the letters came from, of the ledger, and of the transactional id <app>-replay"
)

Origin = tuple[str, int, int]


class _Entry(msgspec.Struct, frozen=True):
    """A line of the ledger: which message the letter held, so that a topic that was made anew is not mistaken."""

    topic: str
    partition: int
    offset: int
    at: int
    v: int = 1


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay did: letters put back, those that had been before, and records that are no dead letters."""

    replayed: int
    before: int
    foreign: int


def select(settings: KafkaSettings, names: Topics, meant: Callable[[Letter], bool]) -> Iterator[tuple[Letter, bool]]:
    """The letters that are meant, and whether each was put back before; writes nothing."""
    done = _ledger(settings, names.replayed)
    for found in letters(settings, names.dead_letter):
        if meant(found):
            yield found, done.get(_name(found)) == found.origin


def was_replayed(settings: KafkaSettings, names: Topics, found: Letter) -> bool:
    """Whether a letter was put back before."""
    return _ledger(settings, names.replayed).get(_name(found)) == found.origin


def replay(
    settings: KafkaSettings,
    names: Topics,
    meant: Callable[[Letter], bool],
    clock: Clock,
    *,
    progress: Callable[[int], None] | None = None,
) -> Replay:
    """Put back every letter that is meant and was not before; `progress` is told their number after each commit.

    Raises `TopicMismatch` where a topic is missing, `Fenced` where another replay has begun meanwhile (it goes on with
    what is left), and other `BrokerError`. What was committed until then stays, and a second call goes on behind it.
    """
    writing = _Writing(settings, names.replayed, clock)
    try:
        writing.begin()
        before = foreign = 0
        for found, done in select(settings, names, meant):
            if found.origin is None:
                foreign += 1
            elif done:
                before += 1
            elif writing.add(found, found.origin) and progress is not None:
                progress(writing.committed)
        writing.commit()
    finally:
        writing.close()
    return Replay(writing.committed, before, foreign)


class _Writing:
    """The transactions of one replay."""

    def __init__(self, settings: KafkaSettings, ledger: str, clock: Clock) -> None:
        from confluent_kafka import Producer  # noqa: PLC0415 - an extra

        self._settings = settings
        self._ledger = ledger
        self._clock = clock
        self._producer = Producer(producer_config(settings, f"{settings.app}-replay"))
        self._partitions: dict[str, int] = {}
        self._records = self._bytes = 0
        self.committed = 0

    def begin(self) -> None:
        """From here on no other replay of the application writes."""
        if not partitions_of(self._settings, {self._ledger}, "READ and WRITE"):
            message = f"there is no topic {self._ledger!r}\n    fix: make it with barloom topics apply"
            raise TopicMismatch(message)
        self._insist(lambda: self._producer.init_transactions(_CALL))

    def add(self, found: Letter, origin: Origin) -> bool:
        """Put one back; whether that ended a transaction."""
        self._check(found, origin)
        if not self._records:
            self._insist(self._producer.begin_transaction)
        topic, partition, offset = origin
        message = found.put_back()
        entry = msgspec.json.encode(_Entry(topic, partition, offset, self._clock.now()))
        self._send(topic, partition, message)
        self._send(self._ledger, 0, DeadLetter(_name(found).encode(), entry, []))
        self._records += 1
        self._bytes += found.size
        if self._records < _RECORDS and self._bytes < _BYTES:
            return False
        self.commit()
        return True

    def commit(self) -> None:
        """What was added is there for others, and in the ledger."""
        if self._records:
            self._insist(lambda: self._producer.commit_transaction(_CALL))
            self.committed += self._records
            self._records = self._bytes = 0

    def close(self) -> None:
        """Give up what was not committed."""
        from confluent_kafka import KafkaException  # noqa: PLC0415 - an extra

        if self._records:
            with suppress(KafkaException):  # the next replay aborts it as well
                self._producer.abort_transaction(_CALL)
        self._producer.purge()

    def _send(self, topic: str, partition: int, record: DeadLetter) -> None:
        producer = self._producer
        headers: list[tuple[str, str | bytes | None]] = [*record.headers]
        self._insist(lambda: producer.produce(topic, record.value, record.key, partition, headers=headers))
        producer.poll(0)

    def _insist(self, call: Callable[[], object]) -> None:
        """Ask again while the answer is that asking again may help."""
        from confluent_kafka import KafkaException  # noqa: PLC0415 - an extra

        until = self._clock.monotonic() + _PATIENCE
        while True:
            try:
                call()
            except KafkaException as error:
                if not error.args[0].retriable() or self._clock.monotonic() > until:
                    raise client_error(error, "putting dead letters back", _RIGHTS) from error
                self._clock.sleep(_PAUSE)
            else:
                return

    def _check(self, found: Letter, origin: Origin) -> None:
        topic, partition, _ = origin
        if topic not in self._partitions:
            self._partitions |= {topic: 0, **partitions_of(self._settings, {topic}, "WRITE")}
        if partition >= self._partitions[topic]:
            message = (
                f"letter {found.place} came from {topic}/{partition}, which is no longer there\n"
                f"    fix: make it again, or leave these letters out with --filter"
            )
            raise TopicMismatch(message)


def _name(found: Letter) -> str:
    return f"{found.home}/{found.place}"


def _ledger(settings: KafkaSettings, topic: str) -> dict[str, Origin]:
    """What was put back, by the letter's place: the message that it held."""
    return dict(_entries(settings, topic)) if partitions_of(settings, {topic}) else {}


def _entries(settings: KafkaSettings, topic: str) -> Iterator[tuple[str, Origin]]:
    for message in scan(settings, topic):
        key, value = raw(message.key()), raw(message.value())
        if key is not None and value is not None:
            entry = msgspec.json.decode(value, type=_Entry)
            yield key.decode(), (entry.topic, entry.partition, entry.offset)
