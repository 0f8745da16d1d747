"""The last line of defence: whatever happens in a command, the user gets one clear message and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING

from cyclopts import CycloptsError, UnknownCommandError

from barloom.cli import machine
from barloom.cli.exits import STOPPED, Exit, exit_of
from barloom.cli.formats import UsageError
from barloom.cli.screen import complain
from barloom.errors import BarloomError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["guarded", "message_of"]


def guarded(arguments: Sequence[str] | None) -> Exit:
    """Run the command that `arguments` ask for (none: those of the process)."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in tokens
    tokens = [word for word in tokens if word != "--debug"]
    try:
        code = _run(tokens)
        sys.stdout.flush()
    except KeyboardInterrupt:
        complain(STOPPED)
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - nothing may leave as a traceback
        return _explain(tokens, error, debug=debug)
    return code


def _run(tokens: list[str]) -> Exit:
    from barloom.cli.app import app  # noqa: PLC0415 - a broken installation is explained like any other error

    answer = app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    return answer if isinstance(answer, Exit) else Exit.OK


def _explain(tokens: list[str], error: Exception, *, debug: bool) -> Exit:
    if isinstance(error, BrokenPipeError):
        _forget_output()
        return Exit.BROKEN_PIPE
    if debug:
        traceback.print_exception(error)
    code = Exit.USAGE if isinstance(error, CycloptsError | UsageError) else exit_of(error)
    complain(message_of(error, tokens, code))
    if "--json" in tokens:
        machine.write(machine.error_document(_command(tokens), error, code))
    return code


def _command(tokens: Sequence[str]) -> str:
    """The command with its subcommand, as ``--json`` names both when they succeed."""
    try:
        from barloom.cli.app import app  # noqa: PLC0415 - as above

        chain, _, _ = app.parse_commands(list(tokens))
    except Exception:  # noqa: BLE001 - what went wrong is told already
        chain = ()
    return " ".join(chain or tokens[:1])


def message_of(error: Exception, tokens: Sequence[str], code: Exit) -> str:
    """What an error says to the user."""
    if isinstance(error, CycloptsError):
        known = not (isinstance(error, UnknownCommandError) or tokens[:1] == [] or tokens[0].startswith("-"))
        asked = f"barloom {_command(tokens)}" if known else "barloom"
        return f"{error}\nSee: {asked} --help"
    if code is Exit.BUG:
        head = f"{type(error).__name__}: {error}".splitlines()[0]
        return f"this is a bug in barloom ({head}). Nothing committed is lost; `--debug` shows the traceback."
    if isinstance(error, OSError) and not isinstance(error, BarloomError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _forget_output() -> None:
    """Point standard output at nothing, so that the interpreter's last flush is quiet too."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
