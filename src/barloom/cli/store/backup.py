"""``barloom backup``: a copy of a store, of one moment, while it is written or not."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import size
from barloom.cli.options import AsJson, StorePath  # noqa: TC001 - the command line reads them
from barloom.cli.screen import say
from barloom.store.opening import open_backend_for_reading

__all__ = ["backup"]

_Out = Annotated[Path, Parameter(help="The directory of the copy, which is not there yet.")]


def backup(*, store: StorePath, out: _Out, as_json: AsJson = False) -> Exit:
    """Copy a store, also one that a reader of Kafka keeps."""
    with closing(open_backend_for_reading(store)) as held:
        held.refresh()
        held.backup(out)
    with closing(open_backend_for_reading(out)) as copy:
        bytes_copied = copy.size()
    if as_json:
        machine.emit("backup", {"store": str(store), "out": str(out), "bytes": bytes_copied})
    else:
        say(f"Copied {store} to {out}: {size(bytes_copied)}.")
    return Exit.OK
