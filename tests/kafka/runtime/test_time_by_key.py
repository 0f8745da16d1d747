"""On Kafka, where every key has a time of its own: hand-over, set-back and readers know where each key stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from barloom.cli import main
from barloom.kafka.reader.opening import open_reader
from barloom.plan.identity import topics as topics_of
from barloom.read.answers import NotFound
from kafka.desk import DEFINITION, Desk
from waiting import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")

BY_KEY = DEFINITION.replace('base = "1s"', 'base = "1s"\ntime = "key"')


def ticks(symbol: str, *times: str) -> list[tuple[str, str, str]]:
    """Rows of a symbol on one day."""
    return [(symbol, f"2025-11-10T{time}Z", "1") for time in times]


def minutes(desk: Desk, topic: str) -> list[tuple[str, str, int]]:
    """Symbol, start and number of ticks of each bar."""
    return sorted((bar["symbol"], bar["start"][11:19], bar["count"]) for bar in desk.bars(topic))


def late(desk: Desk, topic: str) -> list[tuple[str, str]]:
    """Symbol and time of the late ticks."""
    rows = [json.loads(row["raw"]) for row in desk.bars(topic) if row["reason"] == "late"]
    return sorted((row["symbol"], row["at"][11:19]) for row in rows)


def test_every_key_goes_on_where_it_stood(broker: Broker, topics: Topics, tmp_path: Path) -> None:
    """A came to 10:05 before B began at 10:00; a second instance restores both, and a reader asks for each."""
    desk = Desk(broker, topics, partitions=1)
    plan = desk.plan(definition=BY_KEY)
    settings = desk.settings(plan)
    desk.send(ticks("A", "10:00:00", "10:05:00") + ticks("B", "10:00:00"))
    desk.make(plan, settings)
    desk.send(ticks("A", "10:00:30") + ticks("B", "10:00:30", "10:01:00"))
    desk.make(plan, settings)
    names = topics_of(plan)
    with open_reader(plan, settings, tmp_path / "copy").wait_running(PATIENCE) as reader:
        bucket = reader.bucket("1m")
        answers = {key: bucket.get(key, "2025-11-10T10:03:00Z") for key in "AB"}
        told = str(bucket.explain("B", "2025-11-10T10:01:00Z"))
    with open_reader(plan, settings, tmp_path / "copy").wait_running(PATIENCE) as reader:
        again = {key: reader.bucket("1m").get(key, "2025-11-10T10:03:00Z") for key in "AB"}

    assert [("A", "10:00:00", 1), ("B", "10:00:00", 2)] == minutes(desk, names.final["1m"])
    assert [("A", "10:00:30")] == late(desk, names.late)
    assert ("empty", "not yet") == tuple(why(answers[key]) for key in "AB")
    assert ("empty", "not yet") == tuple(why(again[key]) for key in "AB")
    assert "stream time  2025-11-10T10:01:00Z, this key's own" in told


def why(answer: object) -> str:
    """Why there is no bar."""
    assert isinstance(answer, NotFound)
    return answer.why.value


def test_a_wrong_stamp_of_one_key_is_set_back(
    broker: Broker, topics: Topics, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A was pushed to noon; set back, its next true tick counts, and B was never touched."""
    desk = Desk(broker, topics, partitions=1)
    plan = desk.plan(definition=BY_KEY)
    settings = desk.settings(plan)
    (tmp_path / "bars.toml").write_text(BY_KEY.replace("NAME", plan.name))
    where = [str(tmp_path / "bars.toml"), "--kafka", desk.bootstrap, "--input", desk.input, "--format", "json"]
    desk.send(ticks("A", "10:00:00", "12:00:00") + ticks("B", "10:01:00"))
    desk.make(plan, settings)
    before = shown(where, capsys)
    assert 0 == main(
        ["stream-time", "set-back", *where, "--partition", "0", "--to", "2025-11-10T10:30:00Z", "--yes", "--json"]
    )
    capsys.readouterr()
    after = shown(where, capsys)
    desk.send(ticks("A", "11:00:01") + ticks("B", "10:01:01"))
    desk.make(plan, settings)

    assert [("B", "10:01:00"), ("A", "12:00:00")] == before
    assert [("B", "10:01:00"), ("A", "10:30:00")] == after
    assert [] == late(desk, topics_of(plan).late)


def shown(where: list[str], capsys: pytest.CaptureFixture[str]) -> list[tuple[Any, str]]:
    """The keys of the partition and where they stand, as the command shows them."""
    assert 0 == main(["stream-time", "show", *where, "--json"])
    (partition,) = json.loads(capsys.readouterr().out)["partitions"]
    return [(one["key"][0], one["stream_time"][11:19]) for one in partition["keys"]]
