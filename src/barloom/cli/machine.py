"""What a script reads with ``--json``: one object a command, with a versioned schema."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Final

from barloom.cli.encoding import shows_everything
from barloom.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.cli.exits import Exit

__all__ = ["SCHEMA", "document", "emit", "error_document", "write"]

SCHEMA: Final = 1
"""Raised when a field is removed or changes its meaning; new fields may appear without."""


def document(command: str, body: Mapping[str, object]) -> dict[str, object]:
    """The answer of a command with its head."""
    return {"barloom": {"schema": SCHEMA, "command": command}, **body}


def error_document(command: str, error: BaseException, code: Exit) -> dict[str, object]:
    """An error in the place of the answer."""
    body: dict[str, object] = {"kind": type(error).__name__, "message": str(error), "exit": int(code)}
    if isinstance(error, DefinitionError):
        body["problems"] = [
            {"what": problem.what, "where": problem.where, "fix": problem.fix} for problem in error.problems
        ]
    return document(command, {"error": body})


def emit(command: str, body: Mapping[str, object]) -> None:
    """Write a command's answer to standard output."""
    write(document(command, body))


def write(answer: Mapping[str, object]) -> None:
    """Write one object and a line end; letters that the output cannot show stand as escapes of JSON."""
    json.dump(answer, sys.stdout, ensure_ascii=not shows_everything(sys.stdout), indent=2)
    sys.stdout.write("\n")
