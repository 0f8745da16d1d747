"""A rebuild on Kafka: the same bars in topics of their own, and an application that goes on where it stopped."""

from __future__ import annotations

import json
from threading import Event
from typing import TYPE_CHECKING

import pytest

from barloom.cli import main
from barloom.errors import BrokerError, TopicMismatch
from barloom.kafka.runtime.rebuilding import rebuild
from barloom.plan.identity import topics as topics_of
from barloom.time.timeframe import MILLISECOND
from kafka.desk import DEFINITION, Desk

if TYPE_CHECKING:
    from pathlib import Path

    from barloom.plan.barplan import BarPlan
    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")
FIRST = [
    ("ACME", f"2025-11-10T09:{minute:02}:{second:02}Z", f"{minute}.{second:02}")
    for minute in (0, 1, 2)
    for second in (1, 30)
]
MORE = [("ACME", f"2025-11-10T{hour}:15:00Z", f"{hour}.00") for hour in ("09", "10", "11")]
OTHER = [("ZINC", f"2025-11-10T09:0{minute}:00Z", "7.00") for minute in range(5)]


@pytest.fixture
def desk(broker: Broker, topics: Topics) -> Desk:
    """An input with two partitions."""
    return Desk(broker, topics)


def minutes(desk: Desk, plan: BarPlan) -> list[tuple[str, str, int, bool]]:
    """The final minutes: symbol, start, ticks, partial."""
    found = desk.bars(topics_of(plan).final["1m"])
    return [(bar["symbol"], bar["start"][11:16], bar["count"], bar["partial"]) for bar in found]


def test_a_rebuild_makes_the_same_finals_and_is_continued_without_gap_or_double(desk: Desk) -> None:
    """The finals of both are equal to the byte: after the rebuild, and after both have gone on with what came then."""
    old, new = desk.plan("bars"), desk.plan("again")
    asked, beside = desk.settings(old), desk.settings(new)
    desk.send(FIRST)
    desk.send(OTHER, 1)
    with desk.running(old, asked):
        desk.settle(old, asked)
        done = rebuild(new, beside, stop=Event())
        rebuilt = [desk.finals(plan, "1m") for plan in (old, new)]
        desk.send(MORE)
        desk.settle(old, asked)
    desk.make(new, beside)

    assert (True, len(FIRST) + len(OTHER)) == (done.complete, done.report.ticks)
    assert rebuilt[0] == rebuilt[1]
    assert 2 + 4 == len(rebuilt[0])
    for timeframe in ("1s", "1m", "1h"):
        assert desk.finals(old, timeframe) == desk.finals(new, timeframe)
    assert 2 == len(desk.finals(new, "1h"))


def test_another_definition_is_rebuilt_beside_the_one_that_runs(desk: Desk) -> None:
    """With one more timeframe; the running one does not notice."""
    old = desk.plan("bars")
    new = desk.plan("again", DEFINITION.replace('["1m", "1h"]', '["1m", "5m", "1h"]'))
    desk.send([*FIRST, *MORE])
    with desk.running(old, desk.settings(old)):
        desk.settle(old, desk.settings(old))
        rebuild(new, desk.settings(new), stop=Event())
    five = desk.bars(topics_of(new).final["5m"])

    assert [("09:00", 6), ("09:15", 1), ("10:15", 1)] == [(bar["start"][11:16], bar["count"]) for bar in five]
    assert desk.finals(old, "1m") == desk.finals(new, "1m")


def test_a_part_of_the_input_is_read_from_and_up_to_times_of_its_messages(desk: Desk) -> None:
    """Messages stamped 1000 to 4000 ms, those of [2000, 4000) asked for; a slot that began before them is partial."""
    plan = desk.plan()
    settings = desk.settings(plan)
    desk.send(FIRST[:-1], stamp=1000)
    desk.send(FIRST[-1:], stamp=2000)
    desk.send(MORE, stamp=3000)
    desk.send([("ACME", "2025-11-10T12:00:00Z", "1.00")], stamp=4000)
    done = rebuild(plan, settings, stop=Event(), begin=2000 * MILLISECOND, end=4000 * MILLISECOND)
    rebuilt = minutes(desk, plan)
    desk.make(plan, settings)

    assert (True, 1 + len(MORE)) == (done.complete, done.report.ticks)
    assert [("ACME", "09:02", 1, True), ("ACME", "09:15", 1, False), ("ACME", "10:15", 1, False)] == rebuilt
    assert [*rebuilt, ("ACME", "11:15", 1, False)] == minutes(desk, plan)


def test_a_rebuild_refuses_what_would_publish_bars_twice(desk: Desk) -> None:
    """Topics that hold another's bars, an application that has a state, and one that runs."""
    old, new = desk.plan(), desk.plan("again")
    desk.send(FIRST)
    with desk.running(old, desk.settings(old)):
        desk.settle(old, desk.settings(old))
        with pytest.raises(BrokerError, match="is running"):
            rebuild(old, desk.settings(old), stop=Event())
    with pytest.raises(TopicMismatch, match="has a state already"):
        rebuild(old, desk.settings(old), stop=Event())
    with pytest.raises(TopicMismatch, match="holds bars already"):
        rebuild(old, desk.settings(old, app=f"{desk.topics.prefix}other"), stop=Event())

    assert rebuild(new, desk.settings(new), stop=Event()).complete


def test_the_command_rebuilds_and_says_how_to_cut_over(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under a name and an application of its own; then the run that goes on is spelled out."""
    plan = desk.plan()
    desk.send(FIRST)
    desk.make(plan, desk.settings(plan))
    definition = tmp_path / "bars.toml"
    definition.write_text(DEFINITION.replace("NAME", plan.name))
    where = ["--kafka", desk.bootstrap, "--input", desk.input, "--format", "json"]
    own = ["--app", f"{plan.name}-2", "--name", f"{plan.name}2"]
    refused = main(["rebuild", str(definition), *where, "--app", f"{plan.name}-2"])
    told = capsys.readouterr().err
    done = main(["rebuild", str(definition), *where, *own])
    said = capsys.readouterr().out
    again = main(["rebuild", str(definition), *where, *own, "--resume", "--json"])
    body = json.loads(capsys.readouterr().out)

    assert (10, 0, 0) == (refused, done, again)
    assert f'--name "{plan.name}2"' in told
    assert f"6 messages of {desk.input}" in said
    assert f"barloom run {definition} --app {plan.name}-2 --name {plan.name}2" in said
    assert (0, 6, True) == (body["ticks"], body["messages"], body["complete"])
    assert desk.finals(plan, "1m") == desk.finals(desk.plan("bars2"), "1m")
