"""Bars, or refused rows, of something that is read into a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.engine.frames import bar_schema
from barloom.read.exports.files import format_of, write_frames
from barloom.read.exports.rejected import rejected_frames, rejected_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.read.ranges import BarRange
    from barloom.read.readable import Readable

__all__ = ["export_bars", "export_rejected"]


def export_bars(held: Readable, asked: BarRange, out: str, form: str | None) -> int:
    """Write the bars of a range; how many there are."""
    return write_frames(asked.frames(held), bar_schema(held.plan), out, format_of(out, form))


def export_rejected(held: Readable, out: str, form: str | None, given: Mapping[str, object]) -> int:
    """Write all refused rows; how many there are.

    `given` is what was asked for beside them, which has to be nothing.
    """
    named = [name for name, value in given.items() if value]
    if named:
        message = f"rejected writes all refused rows: leave out {named[0]}"
        raise ValueError(message)
    records = (record for block in held.side() for record in block)
    return write_frames(rejected_frames(held.plan, records), rejected_schema(held.plan), out, format_of(out, form))
