"""Logs say what happened in a form for people or machines, and keep secrets."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import pytest

from barloom.telemetry.logs import configure, get_logger, masked

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave logging as it was."""
    logger = logging.getLogger("barloom")
    handlers, level, propagate = list(logger.handlers), logger.level, logger.propagate
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)
    logger.propagate = propagate


@pytest.fixture(params=["structlog", "logging"])
def written(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is written, with structlog and without."""
    if request.param == "logging":
        monkeypatch.setattr("barloom.telemetry.logs.find_spec", lambda _name: None)
    return io.StringIO()


def test_json_has_the_event_its_fields_and_where_it_comes_from(written: io.StringIO) -> None:
    """One object a line: event, logger, level, time stamp and the fields, those of `bind` too."""
    configure(json=True, stream=written)

    get_logger("barloom.kafka.runtime").bind(partition=3).info("partition assigned", position=12)

    (line,) = written.getvalue().splitlines()
    body = json.loads(line)
    assert body.pop("timestamp")
    assert {
        "event": "partition assigned",
        "logger": "barloom.kafka.runtime",
        "level": "info",
        "partition": 3,
        "position": 12,
    } == body


def test_text_is_one_line_with_the_event_first(written: io.StringIO) -> None:
    """For people: the level, the event and its fields."""
    configure(stream=written)

    get_logger("x").warning("the broker is away", broker="127.0.0.1:9092", tries=2)

    (line,) = written.getvalue().splitlines()
    assert "warning" in line.lower()
    assert line.index("the broker is away") < line.index("tries=2")


def test_a_quiet_system_writes_little(written: io.StringIO) -> None:
    """What is only for finding faults is not written unless asked for."""
    configure(stream=written)
    get_logger("x").debug("committed")
    quiet = written.getvalue()

    configure(stream=written, level="debug")
    get_logger("x").debug("committed")

    assert ("", 1) == (quiet, len(written.getvalue().splitlines()))


def test_an_exception_is_written_with_its_traceback(written: io.StringIO) -> None:
    """What failed is seen where the log is read."""
    configure(json=True, stream=written)
    try:
        int("no number")
    except ValueError:
        get_logger("x").exception("reading failed")

    assert "ValueError: invalid literal" in json.loads(written.getvalue())["exception"]


def test_records_of_others_are_written_the_same(written: io.StringIO) -> None:
    """A plain record below barloom, such as one that a client library was told to write there, keeps the form."""
    configure(json=True, stream=written)

    logging.getLogger("barloom.librdkafka").warning("connection to %s lost", "b1")

    body = json.loads(written.getvalue())
    assert ("connection to b1 lost", "warning") == (body["event"], body["level"])


def test_an_embedding_application_sees_a_readable_record(caplog: pytest.LogCaptureFixture) -> None:
    """Without `configure` the event goes to the application's own logging, fields within the text."""
    with caplog.at_level("INFO", logger="barloom"):
        get_logger("barloom.kafka").info("partition lost", partition=3, why="session timeout")

    assert ['partition lost partition=3 why="session timeout"'] == caplog.messages
    assert "barloom.kafka" == caplog.records[0].name


def test_no_secret_is_written(written: io.StringIO) -> None:
    """A field named like a secret is covered, and so are credentials within an address."""
    configure(json=True, stream=written)

    get_logger("x").info("connected", sasl_password="hunter2", url="https://me:hunter2@registry:8081/subjects")  # noqa: S106

    assert "hunter2" not in written.getvalue()
    assert {"url": "https://***@registry:8081/subjects", "bearer_token": "***"} == masked(
        {"url": "https://me:hunter2@registry:8081/subjects", "bearer_token": "abc"}
    )
