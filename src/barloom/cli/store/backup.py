"""``barloom backup``: a copy of a store, of one moment, while it is written or not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import size
from barloom.cli.options import AsJson, StorePath  # noqa: TC001 - the command line reads them
from barloom.cli.screen import say
from barloom.front.store import Store

__all__ = ["backup"]

_Out = Annotated[Path, Parameter(help="The directory of the copy, which is not there yet.")]


def backup(*, store: StorePath, out: _Out, as_json: AsJson = False) -> Exit:
    """Copy a store, also one that a reader of Kafka keeps."""
    bytes_copied = Store(store).backup(out)
    if as_json:
        machine.emit("backup", {"store": str(store), "out": str(out), "bytes": bytes_copied})
    else:
        say(f"Copied {store} to {out}: {size(bytes_copied)}.")
    return Exit.OK
