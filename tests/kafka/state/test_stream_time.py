"""The stream time of a partition on Kafka, pushed ahead by a wrong stamp and set back by an operator."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from barloom.cli import main
from barloom.plan.identity import topics as topics_of
from kafka.desk import DEFINITION, Desk

if TYPE_CHECKING:
    from pathlib import Path

    from barloom.plan.barplan import BarPlan
    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")
WRONG = "2025-11-10T12:00:00Z"


class Operator:
    """Somebody at a terminal, with the definition of an application."""

    def __init__(self, desk: Desk, plan: BarPlan, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        self.where = [str(path), "--kafka", desk.bootstrap, "--input", desk.input, "--format", "json"]
        path.write_text(DEFINITION.replace("NAME", plan.name))

    def set_back(self, *more: str, to: str = "2025-11-10T10:30:15Z") -> tuple[int, dict[str, Any]]:
        """Exit code and answer."""
        code = main(["stream-time", "set-back", *self.where, "--partition", "1", "--to", to, *more, "--json"])
        out = self.capsys.readouterr().out
        return code, json.loads(out) if out else {}

    def times(self) -> list[str | None]:
        """What the command shows of each partition."""
        assert main(["stream-time", "show", *self.where, "--json"]) == 0
        return [row["stream_time"] for row in json.loads(self.capsys.readouterr().out)["partitions"]]


def late(desk: Desk, plan: BarPlan) -> list[tuple[str, list[str]]]:
    """Event time of late ticks, and what they miss."""
    found = desk.bars(topics_of(plan).late)
    return [(json.loads(row["raw"])["at"][11:19], sorted(row["missed"])) for row in found if row["reason"] == "late"]


def test_after_it_was_set_back_true_ticks_make_bars_again_and_no_final_comes_twice(
    broker: Broker, topics: Topics, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Published too early: 10:30:15, 10:30 and the hour of 10:00. Everything after them is made as always."""
    desk = Desk(broker, topics)
    plan = desk.plan()
    settings = desk.settings(plan)
    operator = Operator(desk, plan, tmp_path / "bars.toml", capsys)
    desk.send([("ACME", "2025-11-10T10:00:10Z", "1"), ("ACME", "2025-11-10T10:30:15Z", "2"), ("ACME", WRONG, "9")], 1)
    desk.send([("ZINC", "2025-11-10T10:30:15Z", "7")], 0)
    with desk.running(plan, settings):
        desk.settle(plan, settings)
        desk.send([("ACME", "2025-11-10T10:30:16Z", "3")], 1)
        desk.settle(plan, settings)
        refused, _ = operator.set_back("--yes")
    before = operator.times()
    asked, foreseen = operator.set_back()
    untouched = operator.times()
    too_late, _ = operator.set_back(to="2025-11-10T12:00:00Z")
    done, answer = operator.set_back("--yes")
    after = operator.times()
    desk.send([("ACME", f"2025-11-10T{at}Z", "4") for at in ("10:30:20", "10:31:05", "11:00:01", "11:01:00")], 1)
    desk.send([("ACME", "2025-11-10T12:00:01Z", "5")], 1)
    desk.make(plan, settings)

    assert (12, 0, 2, 0) == (refused, asked, too_late, done)
    assert ["2025-11-10T10:30:15Z", "2025-11-10T12:00:00Z"] == before == untouched
    assert ["2025-11-10T10:30:15Z", "2025-11-10T10:30:15Z"] == after
    assert {**foreseen, "done": True} == answer
    assert {"1s": 1, "1m": 1, "1h": 1} == answer["dropped"]
    assert ["2025-11-10T10:30:16Z", "2025-11-10T10:31:00Z", "2025-11-10T11:00:00Z"] == [
        answer["floors"][name]["until"] for name in ("1s", "1m", "1h")
    ]
    made = {name: desk.bars(topics_of(plan).final[name]) for name in ("1s", "1m", "1h")}
    assert {
        "1s": ["10:00:10", "10:30:15", "10:30:20", "10:31:05", "11:00:01", "11:01:00"],
        "1m": ["10:00:00", "10:30:00", "10:31:00", "11:00:00", "11:01:00"],
        "1h": ["10:00:00", "11:00:00"],
    } == {name: [bar["start"][11:19] for bar in bars if bar["symbol"] == "ACME"] for name, bars in made.items()}
    assert {1} == set(Counter((bar["timeframe"], bar["start"]) for bars in made.values() for bar in bars).values())
    assert [
        ("10:30:16", ["1h", "1m", "1s"]),
        ("10:30:20", ["1h", "1m"]),
        ("10:31:05", ["1h"]),
    ] == late(desk, plan)


def test_live_bars_of_the_wrong_stamp_are_taken_back(
    broker: Broker, topics: Topics, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The live topic ends with tombstones for the three slots of 12:00, and with what is open besides."""
    desk = Desk(broker, topics)
    plan = desk.plan()
    settings = desk.settings(plan, live_interval="50ms")
    operator = Operator(desk, plan, tmp_path / "bars.toml", capsys)
    desk.send([("ACME", "2025-11-10T10:30:15Z", "2"), ("ACME", WRONG, "9")], 1)
    desk.make(plan, settings)
    hours = topics_of(plan).live["1h"]
    before = {msgspec.json.decode(key)["start"] for key in desk.reader.latest(hours)}
    operator.set_back("--yes")

    assert {"2025-11-10T10:00:00Z", WRONG} == before
    assert {"2025-11-10T10:00:00Z"} == {msgspec.json.decode(key)["start"] for key in desk.reader.latest(hours)}
