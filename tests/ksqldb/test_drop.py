"""Dropping: backwards, what is named and nothing else, and no topic without its name."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from barloom.errors import DefinitionError
from barloom.ksqldb.server.drop import Dropper
from barloom.ksqldb.server.wait import WaitPolicy
from ksqldb.double import COMMAND_TIMEOUT, LOST, refusal

if TYPE_CHECKING:
    from barloom.ksqldb.compile.script import Script
    from barloom.ksqldb.server.client import KsqlClient
    from barloom.testing.clock import FakeClock
    from ksqldb.double import KsqlDouble


@pytest.fixture
def dropper(client: KsqlClient, clock: FakeClock) -> Dropper:
    """A dropper on the tests' clock."""
    return Dropper(client, clock=clock, random=Random(1), policy=WaitPolicy())


def test_all_of_it_goes_backwards(double: KsqlDouble, dropper: Dropper, script: Script) -> None:
    """Consumers first; a topic goes with the statement that made it, after the stream over it."""
    double.deploy()
    names = [entity.quoted_name for entity in script.entities]

    dropper.drop(script, names, ["bars_final_1s", "bars_live_1m"])

    assert [
        "DROP TABLE bars_live_1m DELETE TOPIC;",
        "DROP TABLE bars_final_1m;",
        "DROP STREAM bars_final_1s_s;",
        "DROP TABLE bars_final_1s DELETE TOPIC;",
        "DROP STREAM ticks;",
    ] == double.asked("DROP")
    assert {"ticks", "bars_final_1m"} == double.topics


def test_nothing_is_dropped_that_is_not_named(double: KsqlDouble, dropper: Dropper, script: Script) -> None:
    """One name drops one."""
    double.deploy()

    dropper.drop(script, ["bars_live_1m"])

    assert ["DROP TABLE bars_live_1m;"] == double.asked("DROP")
    assert "bars_live_1m" in double.topics


@pytest.mark.parametrize(
    ("names", "topics", "told"),
    [
        (["bars_final_1s_s"], [], "bars_final_1m, bars_live_1m would be left without its source"),
        (["bars_live_2m"], [], "'bars_live_2m' is none of the definition's"),
        (["bars_live_1m"], ["ticks"], "ticks still uses it"),
        (["bars_live_1m"], ["bars"], "'bars' is no topic of the definition's"),
        ([], ["bars_live_1m"], "bars_live_1m still uses it"),
    ],
)
def test_what_would_break_something_is_refused(  # noqa: PLR0913, PLR0917 - a case and its surroundings
    double: KsqlDouble, dropper: Dropper, script: Script, names: list[str], topics: list[str], told: str
) -> None:
    """Mistakes are found before anything is dropped."""
    double.deploy()

    with pytest.raises(DefinitionError, match=told):
        dropper.drop(script, names, topics)
    assert not double.asked("DROP")


def test_what_is_not_there_is_no_error(double: KsqlDouble, dropper: Dropper, script: Script) -> None:
    """A run that broke off is continued by the next."""
    double.create(script.entity("TICKS"), {})

    assert ["TICKS"] == [it.entity.name for it in dropper.drop(script, ["ticks", "bars_final_1s"])]


@pytest.mark.parametrize("answer", [COMMAND_TIMEOUT, LOST])
@pytest.mark.parametrize("done", [True, False])
def test_a_drop_whose_answer_is_missing_is_not_doubted_for_ever(
    double: KsqlDouble, dropper: Dropper, script: Script, answer: object, *, done: bool
) -> None:
    """It is repeated, and what the repetition no longer finds is gone."""
    double.deploy()
    double.rule("DROP", answer, times=1, done_anyway=done)

    dropper.drop(script, ["bars_live_1m"])

    assert "BARS_LIVE_1M" not in double.statements


def test_a_half_deleted_topic_is_left_and_named(double: KsqlDouble, dropper: Dropper, script: Script) -> None:
    """Where the subjects are half deleted, DELETE TOPIC fails for ever: the table goes, and the topic is reported."""
    double.deploy()
    message = "java.lang.RuntimeException: Could not clean up the schema registry for topic: bars_live_1m"
    double.rule("DROP .* DELETE TOPIC", refusal(message, 40000))

    dropped = dropper.drop(script, ["bars_live_1m"], ["bars_live_1m"])

    assert [(False, "bars_live_1m")] == [(it.topic_deleted, it.topic_left) for it in dropped]
    assert "BARS_LIVE_1M" not in double.statements


def test_a_refused_drop_says_why(double: KsqlDouble, dropper: Dropper, script: Script, clock: FakeClock) -> None:
    """What the server refuses is not tried again."""
    double.deploy()
    double.rule("DROP", refusal("Cannot drop BARS_LIVE_1M.", 40001))

    with pytest.raises(Exception, match="Cannot drop BARS_LIVE_1M"):
        dropper.drop(script, ["bars_live_1m"])
    assert 0 == clock.monotonic()
