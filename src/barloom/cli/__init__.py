"""The command line: everything barloom can do with files and a store, from a terminal or a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (see `barloom.cli.exits.Exit`)."""
    from barloom.cli.guard import guarded  # noqa: PLC0415 - `import barloom.cli` stays light

    return int(guarded(arguments))
