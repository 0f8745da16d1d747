"""``barloom dlq``: which letters are meant, how they look, and putting them back on a real broker."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from barloom.cli import main
from barloom.cli.formats import UsageError
from barloom.cli.kafka.letter_filter import letter_filter
from barloom.cli.kafka.letter_view import content
from barloom.kafka.letters.envelope import Letter
from kafka.letters.letterbox import Letterbox, Sent

if TYPE_CHECKING:
    from pathlib import Path

    from servers.broker import Broker
    from servers.topics import Topics


def letter(**marks: str) -> Letter:
    """A letter at 2/17 whose message came from ticks/1/500."""
    told = {
        "barloom.topic": "ticks",
        "barloom.partition": "1",
        "barloom.offset": "500",
        "barloom.error": "Unknown schema id 7",
        "barloom.last-seen": "2025-11-13T02:13:20.500000000Z",
        "barloom.tries": "2",
    }
    marked = {f"barloom.{name.replace('_', '-')}": text for name, text in marks.items()}
    return Letter("bars_dlq", 2, 17, b"\x00\x00\x00\x00\x07EURUSD", b"v", [], told | marked)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("error=schema ID", True),
        ("error=truncated", False),
        ("topic=ticks", True),
        ("topic=tick", False),
        ("partition=1", True),
        ("partition=2", False),
        ("offset=500", True),
        ("offset=501..", False),
        ("offset=..500", True),
        ("offset=499..501", True),
        ("letter=2/17", True),
        ("letter=2/18", False),
        ("key=EURUSD", True),
        ("key=USDJPY", False),
        ("tries=2..", True),
        ("since=2025-11-13T02:13:20.5Z", True),
        ("since=2025-11-14", False),
        ("until=2025-11-13T02:13:20.5Z", False),
        ("until=2025-11-14", True),
    ],
)
def test_a_condition_decides_by_what_it_names(condition: str, expected: bool) -> None:  # noqa: FBT001 - a case
    """Where the message came from, why and when it failed, a part of its key, or the letter itself."""

    assert expected is letter_filter([condition])(letter())


def test_a_letter_is_meant_when_it_meets_all_conditions() -> None:
    """None at all is met by every letter; a record that is no letter has no topic."""

    assert letter_filter([])(letter())
    assert letter_filter(["topic=ticks", "partition=1"])(letter())
    assert not letter_filter(["topic=ticks", "partition=2"])(letter())
    assert not letter_filter(["topic=ticks"])(letter(offset="x"))


@pytest.mark.parametrize("condition", ["", "eror=x", "topic", "offset=a", "offset=..", "letter=2", "since=yesterday"])
def test_a_condition_that_makes_no_sense_is_told(condition: str) -> None:
    """A slip does not put back other letters than were meant."""

    with pytest.raises(UsageError):
        letter_filter([condition])


def test_bytes_that_are_no_text_are_shown_in_hex() -> None:
    """Sixteen a line, with what is readable beside; text stands as it is, and nothing is not empty."""
    lines = list(content("Value", bytes([0, 0, 0, 0, 7]) + b"EURUSD\xff1234!"))

    assert [
        "Value, 17 B:",
        "  000000  00 00 00 00 07 45 55 52 55 53 44 ff 31 32 33 34  .....EURUSD.1234",
        "  000010  21                                               !",
    ] == lines
    assert ["Key, 7 B:", "  EUR/USD"] == list(content("Key", b"EUR/USD"))
    assert ["Key: none"] == list(content("Key", None))
    assert ["Key, 0 B:"] == list(content("Key", b""))


@pytest.fixture
def box(broker: Broker, topics: Topics, market: Path) -> Letterbox:
    """Topics of this test; ``bars.toml`` is in the current directory."""
    assert (market / "bars.toml").exists()
    return Letterbox(broker, topics)


def run(box: Letterbox, command: str, *more: str) -> int:
    """One ``barloom dlq`` command."""
    where = ["--kafka", box.bootstrap, "--app", box.settings.app, "--input", box.input, "--format", "json"]
    return main(["dlq", command, "bars.toml", *more, *where])


def test_list_show_and_replay(box: Letterbox, capsys: pytest.CaptureFixture[str]) -> None:
    """What is listed can be shown and put back; what was put back is marked and not put back again."""
    box.fail([Sent(0, b"A", b"\x01bad", [("trace", b"7")])], "the value is not JSON")
    box.fail([Sent(1, b"B", b"{}"), Sent(2, b"C", None)], "price is missing")
    said: dict[str, str] = {}

    def keep(name: str, *command: str) -> int:
        code = run(box, *command)
        said[name] = capsys.readouterr().out
        return code

    codes = [
        keep("list", "list"),
        keep("show", "show", "0/0"),
        keep("foreseen", "replay", "--filter", "error=price", "--dry-run"),
        keep("some", "replay", "--filter", "error=price"),
        keep("all", "replay", "--all", "--json"),
        keep("after", "list", "--json", "--filter", "key=C"),
        keep("shown", "show", "2/0", "--json"),
        keep("gone", "show", "0/9"),
    ]

    assert [0, 0, 0, 0, 0, 0, 0, 6] == codes
    assert "the value is not JSON" in said["list"]
    assert f"{box.input}/0/0" in said["show"]
    assert "header trace  7" in said["show"]
    assert "000000  01 62 61 64" in said["show"]
    assert "2 dead letters would be put back.\n" == said["foreseen"]
    assert "2 dead letters put back.\n" == said["some"]
    told = json.loads(said["all"])
    assert (1, 2, 0) == (told["replayed"], told["before"], told["foreign"])
    (row,) = json.loads(said["after"])["letters"]
    assert ("2/0", box.input, 2, 0, True) == tuple(
        row[name] for name in ("letter", "topic", "partition", "offset", "replayed")
    )
    shown = json.loads(said["shown"])
    assert ({"text": "C", "base64": "Qw=="}, None) == (shown["key"], shown["value"])
    assert {b"\x01bad": 1, b"{}": 1, b"": 1} == box.times()


def test_which_letters_to_put_back_has_to_be_said(box: Letterbox, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither --all nor a filter, or both, is a slip; nothing is written."""
    box.fail([Sent(0, b"A", b"bad")])

    assert [2, 2] == [run(box, "replay"), run(box, "replay", "--all", "--filter", "key=A")]
    assert "--filter NAME=VALUE, or --all" in capsys.readouterr().err
    assert {} == box.times()
