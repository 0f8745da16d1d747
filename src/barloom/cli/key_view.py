"""Where keys stand that have a time of their own, as tables and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.cli.formats import count, moment
from barloom.cli.screen import Column, Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.read.key_stands import KeyStands

__all__ = ["furthest_behind", "key_sheet", "keys_body"]

_MOST_SHOWN: Final = 20


def _named(key: tuple[object, ...]) -> str:
    return ", ".join(map(str, key))


def furthest_behind(keys: Sequence[KeyStands]) -> str:
    """How many keys there are, and which one is furthest behind."""
    if not keys:
        return "-"
    return f"{_named(keys[0].key)} at {moment(keys[0].stream_time)}, of {count(len(keys))} keys"


def key_sheet(keys: Sequence[KeyStands]) -> Sheet:
    """The keys that are furthest behind."""
    shown = keys[:_MOST_SHOWN]
    more = f" ({count(len(shown))} of {count(len(keys))}, those furthest behind)" if len(shown) < len(keys) else ""
    sheet = Sheet(f"Keys{more}", (Column("key", style="bold"), Column("stream time")))
    for one in shown:
        sheet.add(_named(one.key), moment(one.stream_time))
    return sheet


def keys_body(keys: Sequence[KeyStands]) -> list[dict[str, object]]:
    """All of them."""
    return [
        {"key": list(one.key), "stream_time": None if one.stream_time is None else moment(one.stream_time)}
        for one in keys
    ]
