"""What errors of the client become."""

from __future__ import annotations

import pytest

from barloom.errors import AccessRefused, BrokerError, BrokerUnreachable, Fenced, LoginRefused, TopicMismatch
from barloom.kafka.cluster.failures import client_error

kafka = pytest.importorskip("confluent_kafka")


@pytest.mark.parametrize(
    ("name", "kind", "retriable"),
    [
        ("_TRANSPORT", BrokerUnreachable, True),
        ("_ALL_BROKERS_DOWN", BrokerUnreachable, True),
        ("_AUTHENTICATION", LoginRefused, False),
        ("_SSL", LoginRefused, False),
        ("TOPIC_AUTHORIZATION_FAILED", AccessRefused, False),
        ("GROUP_AUTHORIZATION_FAILED", AccessRefused, False),
        ("TRANSACTIONAL_ID_AUTHORIZATION_FAILED", AccessRefused, False),
        ("UNKNOWN_TOPIC_OR_PART", TopicMismatch, False),
        ("_FENCED", Fenced, False),
        ("UNKNOWN_MEMBER_ID", Fenced, False),
        ("COORDINATOR_LOAD_IN_PROGRESS", BrokerError, True),
        ("UNSUPPORTED_VERSION", BrokerError, False),
        ("CORRUPT", BrokerError, False),
    ],
)
def test_an_error_has_its_kind_and_says_whether_waiting_helps(
    name: str,
    kind: type[BrokerError],
    retriable: bool,  # noqa: FBT001 - a case
) -> None:
    """Who has to mend it decides the kind."""
    code = 2 if name == "CORRUPT" else getattr(kafka.KafkaError, name)
    found = client_error(kafka.KafkaException(kafka.KafkaError(code)), "reading topic 'ticks'")

    assert (kind, retriable) == (type(found), found.retriable)
    assert str(found).startswith("reading topic 'ticks': ")


def test_a_refused_certificate_is_no_broker_that_is_away() -> None:
    """The broker's word on it comes after the handshake, when librdkafka takes it for a lost connection."""
    alert = "Receive failed: error:0A000412:SSL routines::ssl/tls alert bad certificate: SSL alert number 42"
    eof = "Receive failed: error:0A000126:SSL routines::unexpected eof while reading"

    assert [LoginRefused, BrokerUnreachable] == [
        type(client_error(kafka.KafkaError(kafka.KafkaError._TRANSPORT, said)))  # noqa: SLF001 - its public name
        for said in (alert, eof)
    ]


def test_a_fatal_error_is_never_tried_again() -> None:
    """Even one that would otherwise be worth waiting for."""
    error = kafka.KafkaError(kafka.KafkaError._TRANSPORT, "gone", True)  # noqa: FBT003, SLF001 - how it is made

    assert not client_error(error).retriable
