"""The fields that stand in the keys of messages: named ``@key``, ``@key.symbol`` and ``@window_start``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import polars as pl

from barloom.source.columns import WINDOW_START, of_key
from barloom.source.decode import Decoder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from barloom.plan.barplan import BarPlan, Field, SourcePlan
    from barloom.source.decoded import Problems

__all__ = ["WINDOW", "KeyColumns", "MessageKeys", "key_reader"]

WINDOW: Final = 8
"""Bytes behind the key of a windowed message: the start of its slot, big-endian, in milliseconds."""


class KeyColumns(Protocol):
    """Keys of one format to columns."""

    def columns(self, keys: Sequence[bytes]) -> tuple[dict[str, pl.Series], Problems]:
        """The wanted fields of different keys, and what is wrong with which of them."""
        ...


class MessageKeys:
    """Reads keys of messages: those of a poll that are the same are decoded once."""

    def __init__(self, body: KeyColumns | None, starts: Sequence[str]) -> None:
        self._body = body
        self._starts = starts

    def read(self, keys: Sequence[bytes | None]) -> tuple[dict[str, pl.Series], Problems]:
        """The columns of one poll, and what is wrong with which key."""
        least = WINDOW if self._starts else 0
        refused = {row: _lack(key, least) for row, key in enumerate(keys) if key is None or len(key) < least}
        given = [bytes(WINDOW) if row in refused or key is None else key for row, key in enumerate(keys)]
        columns: dict[str, pl.Series] = {}
        if self._starts:
            ends = np.frombuffer(b"".join([key[-WINDOW:] for key in given]), ">i8").astype(np.int64)
            columns = dict.fromkeys(self._starts, pl.Series(ends).cast(pl.Datetime("ms", "UTC")))
            given = [key[:-WINDOW] for key in given]
        if self._body is None:
            return columns, refused
        places: dict[bytes, int] = {}
        index = np.array([places.setdefault(key, len(places)) for key in given], np.int64)
        found, problems = self._body.columns(list(places))
        columns |= {name: column.gather(index) for name, column in found.items()}
        for row in np.flatnonzero(np.isin(index, list(problems))).tolist() if problems else ():
            refused.setdefault(row, f"the key: {problems[int(index[row])]}")
        return columns, refused


def _lack(key: bytes | None, least: int) -> str:
    if key is None:
        return "the message has no key"
    return f"the key has {len(key)} bytes, and the start of its window alone takes {least}"


def key_reader(
    plan: BarPlan, make: Callable[[Mapping[str, Field], Mapping[str, str], SourcePlan], KeyColumns]
) -> MessageKeys | None:
    """What reads the keys of a plan's input; none where nothing is mapped from them.

    `make` gives the reader of a format, for some fields at their paths in a key.
    """
    decoder = Decoder(plan)
    paths = of_key(decoder.paths)
    starts = [name for name, path in decoder.paths.items() if path == WINDOW_START]
    if not paths and not starts:
        return None
    return MessageKeys(make(decoder.fields, paths, plan.source) if paths else None, starts)
