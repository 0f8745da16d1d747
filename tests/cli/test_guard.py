"""Whatever happens in a command, the user gets one clear message and an exit code."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest

from barloom.cli import guard, main
from barloom.cli.exits import Exit, exit_of
from barloom.errors import (
    BadRow,
    BarloomError,
    CalendarError,
    DefinitionError,
    ExactnessError,
    MissingExtra,
    Problem,
    SourceError,
    SourceReplaced,
    StoreError,
    StoreFormat,
    StoreFull,
    StoreLocked,
    StoreMismatch,
    WaitTimeout,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DefinitionError([Problem("what", "where", "fix")]), 2),
        (CalendarError("x"), 2),
        (MissingExtra("kafka", "x"), 2),
        (SourceError("x"), 3),
        (SourceReplaced("x"), 3),
        (ExactnessError("x"), 3),
        (WaitTimeout("x"), 3),
        (FileNotFoundError(2, "no such file", "ticks.csv"), 3),
        (StoreError("x"), 4),
        (StoreLocked("x"), 4),
        (StoreMismatch("x"), 4),
        (StoreFormat("x"), 4),
        (StoreFull("x"), 4),
        (BadRow("x"), 5),
        (ZeroDivisionError("x"), 70),
        (BrokenPipeError(errno.EPIPE, "gone"), 141),
    ],
)
def test_every_error_has_its_exit_code(error: Exception, code: int) -> None:
    """The table of the reference, by class."""
    assert code == exit_of(error)


def test_every_exit_code_is_documented_once() -> None:
    """Code, name and meaning stand in the reference as in the enum."""
    page = (ROOT / "docs/reference/exit-codes.md").read_text()

    assert [f"| {code.value} | `{code.name}` | {code.meaning} |" for code in Exit] == [
        line for line in page.splitlines() if line.startswith("| ") and line[2].isdigit()
    ]


def failing(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let any command raise."""

    def fail(_tokens: list[str]) -> Exit:
        raise error

    monkeypatch.setattr(guard, "_run", fail)


def test_an_error_is_one_message_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Brackets in it are text and not markup."""
    failing(StoreMismatch("the store [bold]state[/bold] is of another definition"), monkeypatch)

    assert main(["status", "--store", "state"]) == Exit.STORE

    captured = capsys.readouterr()
    assert captured.err == "barloom: the store [bold]state[/bold] is of another definition\n"
    assert captured.out == ""


def test_a_bug_is_called_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One line and the hint; the traceback comes with ``--debug``."""
    failing(ZeroDivisionError("by zero"), monkeypatch)

    assert main(["status"]) == Exit.BUG
    quiet = capsys.readouterr().err
    assert main(["status", "--debug"]) == Exit.BUG

    assert quiet.startswith("barloom: this is a bug in barloom (ZeroDivisionError: by zero).")
    assert "Traceback" not in quiet
    assert "Traceback" in capsys.readouterr().err


def test_a_script_gets_an_error_as_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With every problem of a definition, in the place of the answer."""
    failing(DefinitionError([Problem("unknown column 'bit'", "bars.where", "did you mean 'bid'?")]), monkeypatch)

    assert main(["check", "bars.toml", "--json"]) == Exit.USAGE

    answer = json.loads(capsys.readouterr().out)
    assert answer["barloom"] == {"schema": 1, "command": "check"}
    assert answer["error"]["kind"] == "DefinitionError"
    assert answer["error"]["exit"] == 2
    assert answer["error"]["problems"] == [
        {"what": "unknown column 'bit'", "where": "bars.where", "fix": "did you mean 'bid'?"}
    ]


def test_an_interrupt_says_that_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And ends with 130."""
    failing(KeyboardInterrupt(), monkeypatch)

    assert main(["export"]) == Exit.INTERRUPTED
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["chekc"], ["check"], ["check", "a", "b"], ["run", "x", "--at-end", "later"]])
def test_a_wrong_command_line_points_to_the_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and where to read on."""
    assert main(arguments) == Exit.USAGE
    assert "--help" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error() -> None:
    """``barloom … | head -1`` prints nothing on standard error."""
    command = f"{sys.executable} -m barloom --help | head -1; echo ${{PIPESTATUS[0]}}"

    done = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"},
    )

    assert done.stderr == ""


def test_every_error_class_is_one_of_ours() -> None:
    """A new error class gets an exit code of its own thought."""
    known = {exit_of(kind("x")) for kind in (BarloomError, SourceError, StoreError)}

    assert known == {Exit.INPUT, Exit.STORE}
