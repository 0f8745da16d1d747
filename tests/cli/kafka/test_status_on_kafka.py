"""``barloom status`` on Kafka: who has which partition, how far, and whether anybody is there."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
from confluent_kafka import Producer

from barloom.cli import main
from waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers.broker import Broker
    from servers.topics import Topics

TICK = '{"venue":"A","symbol":"ACME","at":"2025-11-10T09:0%d:00Z","price":"100.00","size":"1"}'


class App:
    """One instance of the application of a test, in a process of its own."""

    def __init__(self, broker: Broker, topics: Topics) -> None:
        self._topic = topics.create("ticks", 2)
        self._where = ["--kafka", broker.bootstrap, "--app", f"{topics.prefix}desk"]
        self._where += ["--input", self._topic, "--format", "json"]
        self._producer = Producer({"bootstrap.servers": broker.bootstrap})
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Start it; where its metrics are."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "barloom", "run", "bars.toml", *self._where, "--metrics", "127.0.0.1:0"],
            env={"PYTHONPATH": ":".join(sys.path)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            said = json.loads(line)
            if said["event"] == "metrics are served":
                return str(said["address"])
        raise AssertionError(self.process.wait())

    def send(self, *minutes: int) -> None:
        """Ticks into partition 1."""
        for minute in minutes:
            self._producer.produce(self._topic, TICK % minute, b"ACME", 1)
        self._producer.flush()

    def status(self, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
        """What ``barloom status`` says of each partition."""
        assert main(["status", "bars.toml", *self._where, "--json"]) == 0
        return list(json.loads(capsys.readouterr().out)["partitions"])

    def table(self, capsys: pytest.CaptureFixture[str]) -> str:
        """The same for people."""
        assert main(["status", "bars.toml", *self._where]) == 0
        return capsys.readouterr().out


@pytest.fixture
def app(broker: Broker, topics: Topics, market: Path) -> Iterator[App]:
    """The application of ``bars.toml``."""
    definition = market / "bars.toml"
    definition.write_text(definition.read_text().replace('"trades"', f'"{topics.prefix}trades"'))
    made = App(broker, topics)
    yield made
    if made.process is not None:
        with made.process as process:
            process.kill()


def test_partitions_are_told_and_a_dead_owner_is_seen(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    """Before the first start nobody is there; then an owner, RUNNING, no lag; after a kill NO_OWNER, and the lag."""
    app.send(1, 2)
    before = app.status(capsys)
    app.start()
    until(lambda: [row["state"] for row in app.status(capsys)] == ["RUNNING"] * 2)
    until(lambda: app.status(capsys)[1]["stream_time"] == "2025-11-10T09:02:00Z")
    running = app.status(capsys)
    assert app.process is not None
    app.process.send_signal(signal.SIGKILL)
    app.process.wait()
    app.send(3, 4, 5)
    until(lambda: [row["state"] for row in app.status(capsys)] == ["NO_OWNER"] * 2)
    dead = app.status(capsys)

    assert [("NO_OWNER", None, 0), ("NO_OWNER", None, 2)] == [
        (row["state"], row["owner"], row["lag"]) for row in before
    ]
    assert [0, 0] == [row["lag"] for row in running]
    assert running[1]["owner"] == running[0]["owner"] is not None
    assert [0, 3] == [row["lag"] for row in dead]
    assert [row["owner"] for row in running] == [row["owner"] for row in dead]
    assert "NO_OWNER" in app.table(capsys)


def test_a_running_instance_serves_its_metrics(app: App) -> None:
    """It becomes ready, is alive, and counts what it reads and publishes: 9:01, 9:02, and 9:03 carried on."""
    address = app.start()
    app.send(1, 2, 5)

    def body(path: str) -> str:
        with urlopen(f"http://{address}{path}", timeout=PATIENCE) as answer:
            return str(answer.read().decode())

    def shows(line: str) -> Callable[[], bool]:
        return lambda: line in body("/metrics").splitlines()

    until(shows('barloom_ticks_total{partition="1"} 3.0'))
    until(shows('barloom_bars_total{state="final",timeframe="1m"} 3.0'))

    assert ("ok\n", "ok\n") == (body("/healthz"), body("/readyz"))


@pytest.mark.parametrize("arguments", [[], ["bars.toml", "--store", "state"], ["--store", "state", "--watch"]])
def test_whose_status_has_to_be_said(arguments: list[str], market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A store or an application, not both and not none."""
    assert (market / "bars.toml").exists()

    assert 2 == main(["status", *arguments])
    assert "say whose status" in capsys.readouterr().err
