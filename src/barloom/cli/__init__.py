"""The command line: everything barloom can do with files and a store, from a terminal or a script."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from barloom.cli.encoding import degrade_output
from barloom.environment import one_thread_for_matrices

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (see `barloom.cli.exits.Exit`)."""
    one_thread_for_matrices()
    degrade_output()
    try:
        from barloom.cli.guard import guarded  # noqa: PLC0415 - these imports take a while, and may be interrupted too

        return int(guarded(arguments))
    except KeyboardInterrupt:
        from barloom.cli.exits import STOPPED, Exit  # noqa: PLC0415 - as above

        sys.stderr.write(f"barloom: {STOPPED}\n")
        return int(Exit.INTERRUPTED)
