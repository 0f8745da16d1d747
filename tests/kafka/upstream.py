"""An upstream that never stops: ticks out of order, late, twice, and in transactions of which some are aborted."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import KafkaException, Producer

if TYPE_CHECKING:
    from collections.abc import Callable

Encoded = tuple[bytes, bytes]
"""Key and value of a message."""

_KEYS: Final = 40
_LATE: Final = 0.02
_TWICE: Final = 0.05
_ABORTED: Final = 0.3
_LONG: Final = 60.0


class Upstream:
    """Two producers of one topic, each in its thread: one writes at once, the other in transactions.

    What was written in the end is read from the topic; nobody here keeps a list.
    """

    def __init__(
        self, bootstrap: str, topic: str, seed: int, *, rate: float, encode: Callable[[dict[str, Any]], Encoded]
    ) -> None:
        self._line = {"bootstrap.servers": bootstrap, "log_level": 0, "partitioner": "murmur2_random", "linger.ms": 5}
        self._topic = topic
        self._rate = rate
        self._encode = encode
        self._stop = Event()
        self.aborted = 0
        chances = random.Random(seed), random.Random(seed + 1)
        work = (self._write_at_once, self._write_in_transactions)
        self._threads = [Thread(target=one, args=(chance,)) for one, chance in zip(work, chances, strict=True)]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Write no more; everything is in the topic, or never will be."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _tick(self, chance: random.Random) -> dict[str, Any]:
        """Keys of which some are quiet for many slots; a few ticks are old by seconds, a few by a minute."""
        key = min(int(chance.expovariate(0.15)), _KEYS - 1)
        back = chance.choice([0, 0, 0, 0.5, 1.5]) if chance.random() > _LATE else chance.uniform(10, 60)
        return {
            "id": f"{chance.getrandbits(64):016x}",
            "symbol": f"S{key}",
            "ts": int((time.time() - back) * 1000),
            "price": f"{chance.randrange(1, 10**8) / 10_000:.4f}",
            "size": f"{chance.randrange(0, 10**4) / 100:.2f}",
        }

    def _write_at_once(self, chance: random.Random) -> None:
        producer = Producer({**self._line, "enable.idempotence": True, "message.timeout.ms": 300_000})
        recent: list[Encoded] = []
        while not self._stop.wait(0.02):
            for _ in range(max(1, round(0.02 * self._rate))):
                recent.append(self._encode(self._tick(chance)))
                self._send(producer, recent[-1])
                if chance.random() < _TWICE:
                    self._send(producer, chance.choice(recent[-50:]))
            del recent[:-50]
            producer.poll(0)
        producer.flush(_LONG)

    def _write_in_transactions(self, chance: random.Random) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            with suppress(KafkaException):  # a broker that restarts; what becomes of a transaction is in the topic
                self._transactions(f"{self._topic}-upstream-{number}", chance)

    def _transactions(self, transactional_id: str, chance: random.Random) -> None:
        producer = Producer({**self._line, "transactional.id": transactional_id})
        producer.init_transactions(_LONG)
        while not self._stop.is_set():
            producer.begin_transaction()
            for _ in range(chance.randrange(1, 20)):
                self._send(producer, self._encode(self._tick(chance)))
                self._stop.wait(chance.choice([0, 0, 0.05]))
            if chance.random() < _ABORTED:
                producer.flush(_LONG)
                producer.abort_transaction(_LONG)
                self.aborted += 1
            else:
                producer.commit_transaction(_LONG)
            self._stop.wait(chance.uniform(0, 0.5))

    def _send(self, producer: Producer, message: Encoded) -> None:
        producer.produce(self._topic, message[1], message[0])
