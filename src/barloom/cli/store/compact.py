"""``barloom compact``: old bars out, disk space back."""

from __future__ import annotations

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import size
from barloom.cli.options import AsJson, StorePath  # noqa: TC001 - the command line reads them
from barloom.cli.screen import say
from barloom.front.store import Store

__all__ = ["compact"]


def compact(*, store: StorePath, as_json: AsJson = False) -> Exit:
    """Remove what is past its retention."""
    before, after = Store(store).compact()
    if as_json:
        machine.emit("compact", {"store": str(store), "bytes_before": before, "bytes_after": after})
    else:
        say(f"{store}: {size(before)} before, {size(after)} now.")
    return Exit.OK
