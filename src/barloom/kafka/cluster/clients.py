"""What librdkafka's consumer, producer and admin are told, and why. Secrets are revealed here and nowhere else."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any, Final

from barloom.environment import Secret
from barloom.kafka.cluster.failures import client_error
from barloom.kafka.cluster.security import revealed
from barloom.time.timeframe import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from barloom.kafka.config.settings import KafkaSettings

__all__ = ["Config", "admin_config", "client_error", "consumer_config", "producer_config"]

Config = dict[str, Any]

_TIMES: Final = re.compile(r"\d+ ?m?s\b")
_LATELY: Final = 30.0

_LINE: Final[Mapping[str, object]] = {
    "socket.keepalive.enable": True,
    "socket.nagle.disable": True,  # a commit is a few small requests: they must not wait for company
    "reconnect.backoff.ms": 100,
    "reconnect.backoff.max.ms": 2_000,  # a broker that restarts is back in seconds
    "topic.metadata.refresh.interval.ms": 60_000,  # a changed number of partitions is seen within a minute
    "log.connection.close": False,  # brokers close idle connections; that is no news
    "statistics.interval.ms": 0,
}

_POLL_INTERVAL: Final = 300_000
_CONSUMER: Final[Mapping[str, object]] = {
    "isolation.level": "read_committed",
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "earliest",
    "enable.partition.eof": True,
    "allow.auto.create.topics": False,
    "max.poll.interval.ms": _POLL_INTERVAL,
    "fetch.queue.backoff.ms": 5,  # the default of 1 s stalls a catch-up each time the queue is full
    "fetch.wait.max.ms": 100,  # a newly assigned partition waits at most this long for the fetch under way
    "queued.min.messages": 50_000,
    # Bounds the memory of fetched ticks; each takes about three times its size in the queue.
    "queued.max.messages.kbytes": 16_384,
    "fetch.message.max.bytes": 1_048_576,
    "fetch.max.bytes": 16_777_216,
}

_PRODUCER: Final[Mapping[str, object]] = {
    "enable.idempotence": True,
    "acks": "all",
    "linger.ms": 5,
    "batch.size": 1_000_000,
    "batch.num.messages": 50_000,
    "queue.buffering.max.messages": 500_000,
    "queue.buffering.max.kbytes": 65_536,
    "message.max.bytes": 8_388_608,  # a dead letter is as large as any message was, and its headers besides
    # Ticks per CPU-second is what is short, and bars are small exact numbers: compressing them is left to those whose
    # disk or network is short instead ([kafka.client] "compression.type" = "lz4").
    "compression.type": "none",
    "delivery.report.only.error": True,  # a transaction that lost a message cannot be committed anyway
}


def consumer_config(settings: KafkaSettings, group: str | None = None, **more: object) -> Config:
    """A consumer in `group` (none: the application's) that reads committed records and commits nothing by itself.

    `more` has librdkafka's names with ``_`` for ``.``, such as ``auto_offset_reset="latest"`` or ``error_cb=…``.
    """
    # What a member learns of a rebalance, it learns from the answer to its next heartbeat.
    heartbeat = min(150, settings.session_timeout // MILLISECOND // 3)
    member: Config = {"group.protocol": "consumer"}
    if settings.protocol == "classic":
        session = settings.session_timeout // MILLISECOND
        member = {
            # A member that polls too rarely is taken for gone, as one without a heartbeat: not before that one is.
            "max.poll.interval.ms": max(session, _POLL_INTERVAL),
            "group.protocol": "classic",
            "partition.assignment.strategy": "cooperative-sticky",
            "session.timeout.ms": session,
            "heartbeat.interval.ms": heartbeat,
        }
    if group is None and settings.instance_id is not None:
        member["group.instance.id"] = settings.instance_id
    return _config(settings, {**_CONSUMER, **member, "group.id": group or settings.app}, more)


def producer_config(settings: KafkaSettings, transactional_id: str | None = None, **more: object) -> Config:
    """An idempotent producer, of transactions where `transactional_id` is given. `more` as in `consumer_config`."""
    timeout = settings.transaction_timeout // MILLISECOND
    own: Config = {**_PRODUCER, "message.timeout.ms": timeout}
    if transactional_id is not None:
        own |= {"transactional.id": transactional_id, "transaction.timeout.ms": timeout}
    return _config(settings, own, more)


def admin_config(settings: KafkaSettings, **more: object) -> Config:
    """What asks about topics and groups, and makes them. `more` as in `consumer_config`."""
    return _config(settings, {"log_level": 0}, more)  # what it meets is told as an error, once


def _config(settings: KafkaSettings, own: Mapping[str, object], more: Mapping[str, object]) -> Config:
    login = settings.security.config()
    hidden = {f"kafka.client.{name}": value for name, value in settings.client.items() if isinstance(value, Secret)}
    secrets = revealed(hidden)
    raw = {name: secrets.get(f"kafka.client.{name}", value) for name, value in settings.client.items()}
    _DISCREET.hide(secrets.values())
    _DISCREET.hide(str(login[name]) for name in ("sasl.password", "ssl.key.password") if name in login)
    return {
        "bootstrap.servers": settings.brokers,
        "client.id": settings.app,
        "logger": _LOGGER,
        **_LINE,
        **own,
        **raw,
        **login,
        **{name if _is_plain(name) else name.replace("_", "."): value for name, value in more.items()},
    }


def _is_plain(name: str) -> bool:
    """Whether the setting has its underscore in librdkafka too."""
    return name == "log_level" or name.endswith("_cb")


class _Discreet(logging.Filter):
    """Blots out secrets, says the same thing once in a while only, and not what is no news.

    That a consumer is no producer is none; why a transaction failed is what the call that has to do with it raises.
    """

    def __init__(self) -> None:
        super().__init__()
        self._secrets: set[str] = set()
        self._said: dict[str, float] = {}

    def hide(self, secrets: Iterable[str]) -> None:
        """Let no line show these from now on."""
        self._secrets.update(secret for secret in secrets if secret)

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        for secret in self._secrets:
            text = text.replace(secret, "***")
        record.msg, record.args = text, ()
        known = ("CONFWARN" in text and "will be ignored by" in text) or "TXNERR" in text
        return not known and self._is_news(text, record.created)

    def _is_news(self, text: str, at: float) -> bool:
        """Whether the line, but for its times, was not said lately."""
        gist = _TIMES.sub("", text)
        self._said = {said: when for said, when in self._said.items() if at - when < _LATELY}
        return self._said.setdefault(gist, at) == at


_DISCREET: Final = _Discreet()
_LOGGER: Final = logging.getLogger("barloom.kafka.client")
_LOGGER.addFilter(_DISCREET)
