"""What an error of librdkafka means: a clear message, and whether waiting helps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from barloom.errors import AccessRefused, BrokerError, BrokerUnreachable, Fenced, LoginRefused, TopicMismatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confluent_kafka import KafkaError, KafkaException

__all__ = ["ALLOW", "client_error", "is_of_group"]


class _Meaning(NamedTuple):
    kind: type[BrokerError]
    what: str
    fix: str
    retriable: bool = False


_AWAY: Final = _Meaning(
    BrokerUnreachable,
    "no broker answers",
    "check kafka.brokers, and that the listener speaks kafka.security.protocol",
    retriable=True,
)
_LOGIN: Final = _Meaning(
    LoginRefused,
    "the broker refuses the login",
    "check user, password and mechanism in [kafka.security]",
)
_TLS: Final = _Meaning(
    LoginRefused,
    "the encrypted line is not made",
    "check ca, certificate and key in [kafka.security], and that the certificate names the host in kafka.brokers",
)
_REFUSED_BY_TLS: Final = re.compile(r"SSL routines:.*alert")
"""A client's certificate is judged after the handshake, and what the broker says then is told as a lost connection."""

_FENCED: Final = _Meaning(
    Fenced,
    "another instance has taken over",
    "nothing is lost: it continues there; where two instances must run, give each its own instance_id",
)
_NO_TOPIC: Final = _Meaning(
    TopicMismatch, "there is no such topic", "create the input; barloom topics apply makes the others"
)
_BUSY: Final = _Meaning(BrokerError, "the cluster is not ready for it yet", "wait; it is tried again", retriable=True)
_VERSION: Final = _Meaning(
    BrokerError, "the cluster is too old for it", 'use Apache Kafka 2.5 or newer, 4.0 for protocol = "consumer"'
)
_LARGE: Final = _Meaning(
    BrokerError,
    "a record is too large for the cluster",
    "raise max.message.bytes of the topic and message.max.bytes in [kafka.client]",
)


ALLOW: Final = "allow the user of [kafka.security]"
"""How the mending of a missing right begins."""


def _denied(what: str, acl: str) -> _Meaning:
    return _Meaning(AccessRefused, f"an access rule forbids {what}", f"{ALLOW} {acl}")


_MEANINGS: Final = {
    **dict.fromkeys(
        ("_TRANSPORT", "_ALL_BROKERS_DOWN", "_RESOLVE", "_TIMED_OUT", "_TIMED_OUT_QUEUE", "_MSG_TIMED_OUT"), _AWAY
    ),
    **dict.fromkeys(("BROKER_NOT_AVAILABLE", "NETWORK_EXCEPTION", "REBOOTSTRAP_REQUIRED"), _AWAY),
    **dict.fromkeys(
        ("_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED", "UNSUPPORTED_SASL_MECHANISM", "ILLEGAL_SASL_STATE"), _LOGIN
    ),
    "_SSL": _TLS,
    "TOPIC_AUTHORIZATION_FAILED": _denied("the topic", "READ and DESCRIBE of the input, and WRITE of the other topics"),
    "GROUP_AUTHORIZATION_FAILED": _denied("the group", "READ of the group named like kafka.app"),
    "TRANSACTIONAL_ID_AUTHORIZATION_FAILED": _denied(
        "the transaction", "WRITE of transactional ids that begin with kafka.app and a dash"
    ),
    "CLUSTER_AUTHORIZATION_FAILED": _denied(
        "this of the cluster", "IDEMPOTENT_WRITE, or CREATE where barloom makes topics"
    ),
    **dict.fromkeys(("_FENCED", "PRODUCER_FENCED", "INVALID_PRODUCER_EPOCH", "FENCED_INSTANCE_ID"), _FENCED),
    **dict.fromkeys(("UNKNOWN_MEMBER_ID", "ILLEGAL_GENERATION", "FENCED_MEMBER_EPOCH", "STALE_MEMBER_EPOCH"), _FENCED),
    **dict.fromkeys(("UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION", "UNKNOWN_TOPIC_ID"), _NO_TOPIC),
    **dict.fromkeys(("UNSUPPORTED_VERSION", "_UNSUPPORTED_FEATURE"), _VERSION),
    **dict.fromkeys(("MSG_SIZE_TOO_LARGE", "INVALID_MSG_SIZE", "RECORD_LIST_TOO_LARGE"), _LARGE),
    **dict.fromkeys(
        (
            *(
                "COORDINATOR_LOAD_IN_PROGRESS",
                "COORDINATOR_NOT_AVAILABLE",
                "NOT_COORDINATOR",
                "CONCURRENT_TRANSACTIONS",
            ),
            *("LEADER_NOT_AVAILABLE", "NOT_LEADER_FOR_PARTITION", "REPLICA_NOT_AVAILABLE", "UNSTABLE_OFFSET_COMMIT"),
            *("NOT_ENOUGH_REPLICAS", "NOT_ENOUGH_REPLICAS_AFTER_APPEND", "REBALANCE_IN_PROGRESS", "NOT_CONTROLLER"),
            *("REQUEST_TIMED_OUT", "THROTTLING_QUOTA_EXCEEDED", "_WAIT_COORD", "_WAIT_CACHE", "_RETRY", "_QUEUE_FULL"),
        ),
        _BUSY,
    ),
}


def client_error(error: KafkaError | KafkaException, doing: str = "", right: str = "") -> BrokerError:
    """The error of barloom for one of the client, which was `doing` something, such as ``"reading topic 'ticks'"``.

    Its kind says who has to mend it; `retriable` is true where the same call may succeed later. `right` is what an
    access rule has to allow for it, such as ``"READ of topic 'ticks'"``.
    """
    first = _first(error)
    meaning = _TLS if _REFUSED_BY_TLS.search(first.str()) else _MEANINGS.get(first.name())
    where = f"{doing}: " if doing else ""
    if meaning is None:
        retriable = bool(first.retriable()) and not first.fatal()
        return BrokerError(f"{where}{first.str()} ({first.name()})", retriable=retriable)
    fix = f"{ALLOW} {right}" if right and meaning.kind is AccessRefused else meaning.fix
    message = f"{where}{meaning.what} ({first.str()})\n    fix: {fix}"
    return meaning.kind(message, retriable=meaning.retriable and not first.fatal())


def is_of_group(error: KafkaError) -> bool:
    """Whether it is about the right to a group only.

    librdkafka looks for the coordinator of the group that every consumer has to name, also where it will not join it.
    """
    return error.name() == "GROUP_AUTHORIZATION_FAILED"


def _first(error: KafkaError | KafkaException) -> KafkaError:
    """The error itself, out of the exception that carries it."""
    carried: Iterator[object] = iter(getattr(error, "args", ()))
    inner = next(carried, None)
    return inner if hasattr(inner, "name") else error  # type: ignore[return-value]  # an exception always carries one
