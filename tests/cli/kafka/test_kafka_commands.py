"""The commands for Kafka: topics, run and reset."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from barloom.cli import main
from barloom.cli.kafka.options import KafkaOptions
from barloom.cli.kafka.run import stopped_by_signals
from barloom.front.load import load
from waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.broker import Broker
    from servers.topics import Topics

DEFINITION = """
[event]
key = "symbol"
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp"
price = "decimal(12, 2)"
[bars]
name = "BARS"
base = "1s"
rollup = ["1m"]
ohlcv = { price = "price" }
[kafka]
brokers = "BROKERS"
input = "TICKS"
format = "json"
"""


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """The last answer of ``--json``."""
    return dict(json.loads(capsys.readouterr().out))


@contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A process, which does not outlive a test that fails."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def definition(broker: Broker, topics: Topics, tmp_path: Path) -> Path:
    """A definition whose input is on the shared broker, with two partitions."""
    ticks = topics.create("ticks", 2)
    path = tmp_path / "bars.toml"
    text = DEFINITION.replace("BARS", f"{topics.prefix}bars").replace("TICKS", ticks)
    path.write_text(text.replace("BROKERS", broker.bootstrap))
    return path


@pytest.mark.needs("java")
def test_topics_are_planned_checked_and_applied(
    definition: Path, topics: Topics, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan changes nothing, a check ends with 1 while something is missing, and with 0 after it was applied."""
    before = topics.names()
    codes = [main(["topics", name, str(definition)]) for name in ("plan", "check")]
    untouched = topics.names()
    codes += [main(["topics", name, str(definition)]) for name in ("apply", "check")]
    said = capsys.readouterr().out
    topics.wait_for(f"{topics.prefix}bars_final_1m")

    assert [0, 1, 0, 0] == codes
    assert before == untouched
    assert "Created 10 topics, altered 0." in said
    assert said.endswith("Every topic is as it should be.\n")


def run_once(definition: Path) -> None:
    """Run the application until it has read something, which it then commits."""
    stop = Event()
    report = (
        load(definition).kafka().run(stop=stop, on_status=lambda status: stop.set() if status.report.ticks else None)
    )
    assert report.ticks


RETYPED = ('"decimal(12, 2)"', '"decimal(14, 4)"')


@pytest.mark.needs("java")
def test_a_check_finds_a_field_whose_type_has_changed(
    definition: Path, broker: Broker, topics: Topics, capsys: pytest.CaptureFixture[str]
) -> None:
    """The topics are as before; what the application wrote in them, and into its state, is not."""
    ticks = f"{topics.prefix}ticks"
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    producer.produce(ticks, b'{"symbol":"A","at":"2025-11-10T09:00:00Z","price":"1"}', key=b"A", partition=0)
    producer.flush()
    run_once(definition)
    same = main(["topics", "check", str(definition)])
    capsys.readouterr()
    definition.write_text(definition.read_text().replace(*RETYPED))
    codes = [main(["topics", name, str(definition)]) for name in ("plan", "check")]
    said = capsys.readouterr().out
    main(["topics", "check", str(definition), "--json"])

    assert [0, 0, 1] == [same, *codes]
    assert "was written by another definition:" in said
    assert "decimal(12, 2)" in said
    assert "Every topic is as it should be." not in said
    assert len(told(capsys)["another_definition"]) == 1  # type: ignore[arg-type]


@pytest.mark.needs("java")
def test_what_is_not_altered_by_itself_comes_with_its_command(
    definition: Path, broker: Broker, topics: Topics, capsys: pytest.CaptureFixture[str]
) -> None:
    """Applying never adds partitions and never lets anything be deleted."""
    topics.create("bars_late", 1)
    topics.create("bars_dlq", 2, {"cleanup.policy": "compact", "retention.ms": "1000"})
    code = main(["topics", "apply", str(definition), "--json"])
    answer = told(capsys)
    found = {item["name"].removeprefix(topics.prefix): item for item in answer["topics"]}  # type: ignore[attr-defined]

    assert 1 == code
    assert [f"{topics.prefix}bars_late", f"{topics.prefix}bars_dlq"] == answer["altered"]
    assert ["partitions"] == [item["setting"] for item in found["bars_late"]["differences"]]
    assert ["cleanup.policy"] == [item["setting"] for item in found["bars_dlq"]["differences"]]
    where = f"--bootstrap-server {broker.bootstrap} --alter --topic {topics.prefix}bars_dlq"
    assert [f"kafka-configs.sh {where} --add-config cleanup.policy=delete"] == found["bars_dlq"]["commands"]


@pytest.mark.needs("java")
def test_reset_shows_first_and_wants_the_application_named(
    definition: Path, topics: Topics, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only changelog and progress go, and only when the application is named on the command line."""
    app = f"{topics.prefix}bars"
    main(["topics", "apply", str(definition)])
    before = topics.names()
    capsys.readouterr()
    shown = main(["reset", str(definition), "--json"]), told(capsys)["done"]
    nameless = main(["reset", str(definition), "--yes"])
    untouched = topics.names()
    done = main(["reset", str(definition), "--app", app, "--yes"])

    assert ((0, False), 2, 0) == (shown, nameless, done)
    assert before == untouched
    until(lambda: {f"{app}_changelog", f"{app}_progress"} == set(before) - set(topics.names()))


@pytest.mark.needs("java")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_run_stops_in_good_order(definition: Path, topics: Topics, number: int, code: int) -> None:
    """SIGTERM is a wish of the operator, and Ctrl-C an interruption; both commit and leave the group.

    The group would miss a member that did not leave for five minutes: longer than anything is waited for here.
    """
    with definition.open("a") as file:
        file.write('session_timeout = "5m"\n')
    main(["topics", "apply", str(definition)])
    command = [sys.executable, "-m", "barloom", "run", str(definition), "--json"]
    group = f"{topics.prefix}bars"

    def members() -> int:
        assert process.poll() in {None, code}, process.communicate()
        return topics.members(group)

    with started(command) as process:
        until(lambda: members() == 1)
        process.send_signal(number)
        out, errors = process.communicate(timeout=PATIENCE)
        until(lambda: members() == 0)

    assert code == process.returncode, errors
    assert (group, 0) == (json.loads(out)["app"], json.loads(out)["ticks"])


@pytest.mark.needs("java")
def test_a_run_says_where_what_it_refused_is(definition: Path, topics: Topics, broker: Broker) -> None:
    """One tick is late, one message no JSON: the report names both topics, and the command that lists the letters."""
    main(["topics", "apply", str(definition)])
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    tick = '{"symbol": "A", "at": "2025-11-10T09:00:0%dZ", "price": "1.00"}'
    for value in (tick % 5, tick % 9, tick % 1, "no JSON"):
        producer.produce(f"{topics.prefix}ticks", value, b"A", 0)
    producer.flush()
    command = [sys.executable, "-m", "barloom", "run", str(definition), "--app", f"{topics.prefix}desk"]
    with started(command) as process:
        group = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": f"{topics.prefix}desk"})

        def committed() -> int:
            assert process.poll() is None, process.communicate()
            return group.committed([TopicPartition(f"{topics.prefix}ticks", 0)], PATIENCE)[0].offset

        until(lambda: committed() == 4)
        group.close()
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=PATIENCE)

    assert 0 == process.returncode, errors
    assert f"in the topic {topics.prefix}bars_late\n" in out
    listed = f"barloom dlq list {definition} --app {topics.prefix}desk"
    assert f"in {topics.prefix}desk_dlq; see them with {listed}\n" in out


def test_what_the_same_application_is_given_can_be_typed() -> None:
    """All that says which application it is, quoted for a shell; not what belongs to one instance."""
    options = KafkaOptions(kafka="a:1,b:2", app="desk", input=("one", "two"), format="json", instance_id="x")
    same = options.same("my bars.toml")

    assert "'my bars.toml' --kafka a:1,b:2 --app desk --input one --input two --format json" == same
    assert "bars.toml" == KafkaOptions().same("bars.toml")


@pytest.mark.needs("java")
def test_reset_refuses_while_an_instance_runs(
    definition: Path, broker: Broker, topics: Topics, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its members would go on without what they know."""
    group = f"{topics.prefix}bars"
    main(["topics", "apply", str(definition)])
    member = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": group})
    member.subscribe([f"{topics.prefix}ticks"])
    while not member.assignment():
        member.poll(0.1)
    code = main(["reset", str(definition), "--app", group, "--yes"])
    member.close()

    assert 12 == code
    assert "has 1 member(s)" in capsys.readouterr().err
    assert f"{group}_changelog" in topics.names()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "neither files nor Kafka"),
        (["--source", "ticks.csv"], "--store DIR is missing"),
        (["--store", "state"], "--source FILE is missing"),
        (["--source", "t.csv", "--store", "s", "--kafka", "h:1"], "--source is for files and --kafka is for Kafka"),
        (["--strict", "--input", "ticks"], "--strict is for files and --input is for Kafka"),
        (["--kafka", "h:1", "--format", "json"], "no input topic is named"),
    ],
)
def test_which_run_is_meant_is_never_guessed(
    market: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files or Kafka, and everything that one of them needs."""

    assert 2 == main(["run", str(market / "bars.toml"), *arguments])
    assert message in capsys.readouterr().err


def test_a_definition_with_kafka_still_runs_over_files(market: Path) -> None:
    """A source and a store say so."""
    path = market / "bars.toml"
    path.write_text(path.read_text() + '[kafka]\nbrokers = "127.0.0.1:1"\ninput = "ticks"\nformat = "json"\n')

    assert 0 == main(["run", str(path), "--source", "ticks.csv", "--store", "state"])
    assert 2 == main(["run", str(path), "--source", "ticks.csv"])


def test_check_shows_kafka_and_no_secret(
    market: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where secrets come from, and where one is missing, but never what they are."""
    monkeypatch.setenv("PASSWORD_OF_TEST", "hunter2")
    path = market / "bars.toml"
    path.write_text(
        path.read_text()
        + """
[kafka]
brokers = "127.0.0.1:1"
input = "ticks"
format = "json"
live_interval = "off"
[kafka.security]
protocol = "SASL_PLAINTEXT"
mechanism = "PLAIN"
user = "me"
password = { env = "PASSWORD_OF_TEST" }
"""
    )
    code = main(["check", str(path)])
    said = capsys.readouterr().out
    main(["check", str(path), "--app", "desk", "--json"])
    answer = told(capsys)["kafka"]

    assert 0 == code
    assert "environment variable PASSWORD_OF_TEST" in said
    assert "CreateTime" in said
    assert "hunter2" not in f"{said} {answer}"
    assert "desk_changelog" in {topic["name"] for topic in answer["topics"]}  # type: ignore[index]
    assert "trades_live_1m" not in {topic["name"] for topic in answer["topics"]}  # type: ignore[index]


def test_a_second_ctrl_c_stops_at_once() -> None:
    """The first asks, the second does not wait; afterwards signals mean what they meant before."""
    before = signal.getsignal(signal.SIGINT)
    with stopped_by_signals() as (stop, seen):
        signal.raise_signal(signal.SIGINT)
        asked = stop.is_set(), list(seen)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    assert (True, [signal.SIGINT]) == asked
    assert before is signal.getsignal(signal.SIGINT)
