"""``barloom compact``: old bars out, disk space back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.options import AsJson, StorePath  # noqa: TC001 - the command line reads them
from barloom.cli.screen import say
from barloom.store.opening import open_for_reading, open_store

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["compact", "size", "size_of"]


def compact(*, store: StorePath, as_json: AsJson = False) -> Exit:
    """Remove what is past its retention."""
    with open_for_reading(store) as opened:
        plan = opened.plan
    before = size_of(store)
    with open_store(store, plan) as opened:
        opened.compact()
    after = size_of(store)
    if as_json:
        machine.emit("compact", {"store": str(store), "bytes_before": before, "bytes_after": after})
    else:
        say(f"{store}: {size(before)} before, {size(after)} now.")
    return Exit.OK


def size_of(store: Path) -> int:
    """Bytes of all files of a store."""
    total = 0
    for file in store.iterdir():
        try:
            total += file.stat().st_size
        except FileNotFoundError:  # the store deletes files as it goes
            continue
    return total


def size(number: float) -> str:
    """Bytes for people: ``1.4 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:  # noqa: PLR2004 - kilo
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"
