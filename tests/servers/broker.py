"""A real Apache Kafka with one node, on loopback."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Self

from servers import artifacts
from servers.artifacts import ServerFailed
from servers.process import Server

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_CLUSTER = "barloom-test-cluster-A"  # 22 characters of base64, as Kafka wants it
_NO_LIMIT = 2**63 - 1


class Broker(Server):
    """Apache Kafka (KRaft, broker and controller in one process).

    Small numbers of internal partitions and no wait before the first rebalance; all else that decides how fast a failed
    client is noticed and replaced is Kafka's default.
    """

    PORTS = 2

    def __init__(self, directory: Path, settings: Mapping[str, str] | None = None, *, heap: str = "384m") -> None:
        super().__init__(directory)
        self._more = dict(settings or {})
        self._heap = heap

    @classmethod
    def start(cls, directory: Path, settings: Mapping[str, str] | None = None, *, heap: str = "384m") -> Self:
        """A running broker, ready to serve.

        Args:
            directory: Holds its data, its log and its settings; made where it is missing.
            settings: More lines of ``server.properties``, over those below.
            heap: The size of its heap. With ``1g`` and more it is compiled for speed, for benchmarks.

        Raises:
            ServerFailed: it did not start.

        """
        return cls(directory, settings, heap=heap).open()

    @property
    def bootstrap(self) -> str:
        """The address for clients, as ``bootstrap.servers`` wants it."""
        return f"127.0.0.1:{self.ports[0]}"

    def settings(self) -> dict[str, str]:
        """The lines of ``server.properties``."""
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self.ports[1]}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{self.ports[1]}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.data),
            "num.partitions": "4",
            "offsets.topic.num.partitions": "4",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "broker.session.timeout.ms": "3000",  # a killed broker may register again after this time
            "broker.heartbeat.interval.ms": "500",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",
            "group.consumer.min.session.timeout.ms": "1000",
            "group.consumer.min.heartbeat.interval.ms": "100",
            "log.retention.hours": "-1",
            "log.message.timestamp.after.max.ms": str(_NO_LIMIT),  # event times as record times are allowed
            "log.cleaner.dedupe.buffer.size": str(2**25),
            "transaction.max.timeout.ms": "3600000",
            **self._more,
        }

    def _prepare(self) -> None:
        properties = self.directory / "server.properties"
        properties.write_text("".join(f"{key}={value}\n" for key, value in self.settings().items()))
        if (self.data / "meta.properties").exists():
            return
        command = [*self._java(), "kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c", str(properties)]
        done = subprocess.run([*command, *self._users_at_format()], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            message = f"Kafka could not format {self.data}:\n{done.stdout}{done.stderr}"
            raise ServerFailed(message)

    def _users_at_format(self) -> list[str]:
        """Arguments for credentials that are there from the first start."""
        return []

    def _command(self) -> list[str]:
        return [*self._java(), "kafka.Kafka", str(self.directory / "server.properties")]

    def _is_ready(self, begin: int) -> bool:
        return "Kafka Server started" in self.said(lines=200, begin=begin)

    def _java(self) -> list[str]:
        logger = "-Dorg.slf4j.simpleLogger"
        return [
            "java",
            f"-Xmx{self._heap}",
            "-XX:+UseSerialGC",
            *([] if self._heap.endswith("g") else ["-XX:TieredStopAtLevel=1"]),
            f"{logger}.showDateTime=true",
            f"{logger}.dateTimeFormat=HH:mm:ss.SSS",
            f"{logger}.defaultLogLevel=warn",
            f"{logger}.log.kafka.server.KafkaRaftServer=info",
            f"{logger}.log.org.apache.kafka.coordinator=info",
            "-cp",
            f"{artifacts.kafka()}/*",
        ]
