"""Bars on Kafka: exactly once, with failover and restore.

::

    import barloom as bl

    bars = bl.load("bars.toml")  # with its [kafka]
    app = bars.kafka(instance_id="desk-1")
    app.topics.apply()
    with app.writer() as writer:
        writer.write({"symbol": "ACME", "at": "2025-11-10T09:00:01Z", "price": "100.00", "size": "5"})
    with app.reader("copy") as reader:
        print(reader.wait_running(60).bucket("1m").latest("ACME", 5))
    report = app.run(stop=stop)

`bars.kafka(…)` gives a `KafkaApp`; everything else here is what it takes and what it gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.lazy import lazily

if TYPE_CHECKING:
    from barloom.errors import (
        AccessRefused,
        BrokerError,
        BrokerUnreachable,
        Fenced,
        LoginRefused,
        RegistryUnavailable,
        SchemaMismatch,
        TopicMismatch,
    )
    from barloom.kafka.app import KafkaApp, Messages
    from barloom.kafka.app_topics import Applied, AppTopics, TopicPlan
    from barloom.kafka.cluster.topics import Difference, State, TopicChange, TopicSpec, readable, wanted_topics
    from barloom.kafka.config.asked import names_input
    from barloom.kafka.config.declared import Kafka, KafkaTable, SchemaRegistry, Security
    from barloom.kafka.config.settings import KSQLDB, KafkaSettings
    from barloom.kafka.events.typed import EventMessage, EventReader, EventWriter
    from barloom.kafka.letters.dlq import DeadLetters
    from barloom.kafka.letters.envelope import Letter
    from barloom.kafka.letters.replay import Replay
    from barloom.kafka.publish.positions import Numbered
    from barloom.kafka.publish.report import PublishReport, PublishStatus
    from barloom.kafka.publish.running import publisher_id
    from barloom.kafka.reader.messages import BarMessage, BarReader
    from barloom.kafka.reader.reader import Reader
    from barloom.kafka.reader.status import HeldPartition, ReaderStatus
    from barloom.kafka.runtime.job import Status
    from barloom.kafka.runtime.rebuilding import Rebuilt
    from barloom.kafka.runtime.running import UNCOMMITTED
    from barloom.kafka.state.forgetting import Known
    from barloom.kafka.state.setting_back import SetBack
    from barloom.kafka.state.standing import NO_OWNER, Standing
    from barloom.telemetry.health import Health
    from barloom.telemetry.http import serve_metrics
    from barloom.telemetry.metrics import Metrics

__all__ = [
    "KSQLDB",
    "NO_OWNER",
    "UNCOMMITTED",
    "AccessRefused",
    "AppTopics",
    "Applied",
    "BarMessage",
    "BarReader",
    "BrokerError",
    "BrokerUnreachable",
    "DeadLetters",
    "Difference",
    "EventMessage",
    "EventReader",
    "EventWriter",
    "Fenced",
    "Health",
    "HeldPartition",
    "Kafka",
    "KafkaApp",
    "KafkaSettings",
    "KafkaTable",
    "Known",
    "Letter",
    "LoginRefused",
    "Messages",
    "Metrics",
    "Numbered",
    "PublishReport",
    "PublishStatus",
    "Reader",
    "ReaderStatus",
    "Rebuilt",
    "RegistryUnavailable",
    "Replay",
    "SchemaMismatch",
    "SchemaRegistry",
    "Security",
    "SetBack",
    "Standing",
    "State",
    "Status",
    "TopicChange",
    "TopicMismatch",
    "TopicPlan",
    "TopicSpec",
    "names_input",
    "publisher_id",
    "readable",
    "serve_metrics",
    "wanted_topics",
]

_HOMES = {
    "barloom.kafka.reader.status": "HeldPartition ReaderStatus",
    "barloom.errors": (
        "AccessRefused BrokerError BrokerUnreachable Fenced LoginRefused RegistryUnavailable SchemaMismatch "
        "TopicMismatch"
    ),
    "barloom.kafka.app": "KafkaApp Messages",
    "barloom.kafka.app_topics": "AppTopics Applied TopicPlan",
    "barloom.kafka.cluster.topics": "Difference State TopicChange TopicSpec readable wanted_topics",
    "barloom.kafka.config.asked": "names_input",
    "barloom.kafka.config.declared": "Kafka SchemaRegistry Security KafkaTable",
    "barloom.kafka.config.settings": "KSQLDB KafkaSettings",
    "barloom.kafka.events.typed": "EventMessage EventReader EventWriter",
    "barloom.kafka.letters.dlq": "DeadLetters",
    "barloom.kafka.letters.envelope": "Letter",
    "barloom.kafka.letters.replay": "Replay",
    "barloom.kafka.publish.positions": "Numbered",
    "barloom.kafka.publish.report": "PublishReport PublishStatus",
    "barloom.kafka.publish.running": "publisher_id",
    "barloom.kafka.reader.messages": "BarMessage BarReader",
    "barloom.kafka.reader.reader": "Reader",
    "barloom.kafka.runtime.job": "Status",
    "barloom.kafka.runtime.rebuilding": "Rebuilt",
    "barloom.kafka.runtime.running": "UNCOMMITTED",
    "barloom.kafka.state.forgetting": "Known",
    "barloom.kafka.state.setting_back": "SetBack",
    "barloom.kafka.state.standing": "NO_OWNER Standing",
    "barloom.telemetry.health": "Health",
    "barloom.telemetry.http": "serve_metrics",
    "barloom.telemetry.metrics": "Metrics",
}

__getattr__, __dir__ = lazily(globals(), _HOMES)
