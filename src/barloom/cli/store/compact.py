"""``barloom compact``: old bars out, disk space back."""

from __future__ import annotations

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import size
from barloom.cli.options import AsJson, StorePath  # noqa: TC001 - the command line reads them
from barloom.cli.screen import say
from barloom.store.opening import open_for_reading, open_store

__all__ = ["compact"]


def compact(*, store: StorePath, as_json: AsJson = False) -> Exit:
    """Remove what is past its retention."""
    with open_for_reading(store) as opened:
        plan = opened.plan
    with open_store(store, plan) as opened:
        before = opened.backend.size()
        opened.compact()
        after = opened.backend.size()
    if as_json:
        machine.emit("compact", {"store": str(store), "bytes_before": before, "bytes_after": after})
    else:
        say(f"{store}: {size(before)} before, {size(after)} now.")
    return Exit.OK
