"""The settings of librdkafka that are not free to choose, each with the reason."""

from __future__ import annotations

from typing import Final

__all__ = ["why_owned"]

_ONCE: Final = "exactly once rests on it"
_OFFSETS: Final = "positions are committed in the transaction with the bars, and nowhere else"
_SETTING: Final = "set kafka.{} instead"
_SECURITY: Final = "set it in [kafka.security], from where consumer, producer, admin and registry all take it"

_OWNED: Final = {
    "isolation.level": "input is read committed: an aborted tick never was",
    "enable.auto.commit": _OFFSETS,
    "auto.commit.interval.ms": _OFFSETS,
    "enable.auto.offset.store": _OFFSETS,
    "auto.offset.reset": "where reading begins is decided with the restored state",
    "enable.partition.eof": "the end of a partition tells that it is caught up",
    "transactional.id": "it is derived from the application, so that a successor can end an open transaction at once",
    "enable.idempotence": _ONCE,
    "enable.gapless.guarantee": _ONCE,
    "acks": _ONCE,
    "request.required.acks": _ONCE,
    "max.in.flight": _ONCE,
    "max.in.flight.requests.per.connection": _ONCE,
    "retries": _ONCE,
    "message.send.max.retries": _ONCE,
    "message.timeout.ms": "it follows kafka.transaction_timeout",
    "delivery.timeout.ms": "it follows kafka.transaction_timeout",
    "partitioner": "the output partition is the input partition",
    "partition.assignment.strategy": "partitions are handed over cooperatively, one by one",
    "group.remote.assignor": "partitions are handed over cooperatively, one by one",
    "heartbeat.interval.ms": "it follows kafka.session_timeout",
    "group.id": _SETTING.format("app"),
    "client.id": _SETTING.format("app"),
    "group.protocol": _SETTING.format("protocol"),
    "group.instance.id": _SETTING.format("instance_id"),
    "session.timeout.ms": _SETTING.format("session_timeout"),
    "transaction.timeout.ms": _SETTING.format("transaction_timeout"),
    "bootstrap.servers": _SETTING.format("brokers"),
    "metadata.broker.list": _SETTING.format("brokers"),
    "security.protocol": _SECURITY,
    "sasl.mechanism": _SECURITY,
    "sasl.mechanisms": _SECURITY,
    "sasl.username": _SECURITY,
    "sasl.password": _SECURITY,
    "ssl.ca.location": _SECURITY,
    "ssl.certificate.location": _SECURITY,
    "ssl.key.location": _SECURITY,
    "ssl.key.password": _SECURITY,
}


def why_owned(name: str) -> str | None:
    """Why a setting of librdkafka is barloom's, and what to set instead; none where it is free."""
    return _OWNED.get(name)
