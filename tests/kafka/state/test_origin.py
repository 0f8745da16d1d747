"""A definition that cannot go on with an application's state is refused before anything is made for it."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

import pytest

from barloom.cli import main
from barloom.cli.exits import Exit
from barloom.errors import StoreMismatch
from barloom.kafka.runtime.running import run
from kafka.desk import DEFINITION, Desk

if TYPE_CHECKING:
    from pathlib import Path

    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")
OTHER = DEFINITION.replace('["1m", "1h"]', '["1m", "5m", "1h"]')
TOLD = "timeframe 5m .* is new"


@pytest.fixture
def desk(broker: Broker, topics: Topics) -> Desk:
    """An application that has made bars of 1s, 1m and 1h."""
    made = Desk(broker, topics)
    made.send([("ACME", "2025-11-10T09:00:00Z", "1.00")])
    made.make(made.plan(), made.settings(made.plan()))
    return made


def test_a_run_that_is_refused_makes_no_topic(desk: Desk) -> None:
    """It says what differs, and the cluster is as it was."""
    before = desk.topics.names()
    other = desk.plan(definition=OTHER)
    with pytest.raises(StoreMismatch, match=TOLD):
        run(other, desk.settings(other), stop=Event())

    assert before == desk.topics.names()


def test_topics_are_not_applied_for_a_definition_that_would_be_refused(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with the same words; under another application and name it makes them all."""
    before = desk.topics.names()
    path = tmp_path / "bars.toml"
    path.write_text(OTHER.replace("NAME", f"{desk.topics.prefix}bars"))
    where = [str(path), "--kafka", desk.bootstrap, "--input", desk.input, "--format", "json"]
    code = main(["topics", "apply", *where])
    said, after = capsys.readouterr().err, desk.topics.names()
    other = f"{desk.topics.prefix}more"
    beside = main(["topics", "apply", *where, "--app", other, "--name", other])

    assert (Exit.STORE, before) == (code, after)
    assert "timeframe 5m" in said
    assert Exit.OK == beside
    assert f"{other}_final_5m" in desk.topics.names()
