"""The source for whatever names or is an input."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import polars as pl

from barloom.errors import SourceError
from barloom.source.feed import FeedSource
from barloom.source.files import FileSource
from barloom.source.inputs import FrameInput, find_inputs
from barloom.source.stdin import StandardInput

if TYPE_CHECKING:
    from barloom.clock import Clock
    from barloom.plan.barplan import BarPlan
    from barloom.source.protocol import Source

__all__ = ["Spec", "frame_source", "open_source"]

Spec: TypeAlias = object
"""A path or pattern, several of them, ``"-"`` for standard input, a Polars frame, or an iterable of rows."""


def open_source(
    plan: BarPlan,
    spec: Spec,
    *,
    at_end: Literal["keep", "close"] = "keep",
    clock: Clock | None = None,
    judged: Mapping[str, bytes] | None = None,
) -> Source:
    """The source for an input.

    Files: ``.csv .tsv .txt .jsonl .ndjson .json`` (each also ``.gz``), ``.parquet .pq``, and ``.zip`` with such text
    inside; patterns such as ``"day-*.csv"`` and several paths are merged. ``at_end="close"`` says that the files are
    complete: a last line without an end counts as whole. `clock` tells when rows of a feed arrive and when those of
    files are first read, unless `judged`, positions that another store has, say when that was.

    Raises `SourceError` where there is no such input, or none of a known kind.
    """
    if isinstance(spec, str) and spec == "-":
        return StandardInput(plan, clock=clock)
    if isinstance(spec, pl.DataFrame | pl.LazyFrame):
        return frame_source(plan, spec)
    paths = _paths(spec)
    if paths is not None:
        name = ", ".join(map(str, paths[:3])) + (", …" if len(paths) > 3 else "")  # noqa: PLR2004 - enough to know it
        files = find_inputs(paths, plan.source.format)
        return FileSource(plan, files, name, closing=at_end == "close", clock=clock, judged=judged)
    _refuse_lookalikes(spec)
    if isinstance(spec, Iterable | AsyncIterable):
        return FeedSource(plan, spec, clock=clock)
    message = (
        f"a {type(spec).__name__} is no input; give a path, a pattern, '-', a Polars frame, or an iterable of rows"
    )
    raise SourceError(message)


def frame_source(plan: BarPlan, frame: pl.DataFrame | pl.LazyFrame) -> Source:
    """The source of a frame's rows."""
    return FileSource(plan, [FrameInput(frame)], "the frame", closing=True)


def _paths(spec: Spec) -> list[str | Path] | None:
    if isinstance(spec, str | Path):
        return [spec]
    if isinstance(spec, list | tuple) and spec and all(isinstance(each, str | Path) for each in spec):
        return list(spec)
    return None


def _refuse_lookalikes(spec: Spec) -> None:
    """Things that could be iterated, but not as rows."""
    kind = type(spec)
    room = kind.__module__.partition(".")[0]
    ways = {"pandas": "pl.from_pandas(frame)", "pyarrow": "pl.from_arrow(table)"}
    if room in ways:
        message = f"a {room} {kind.__name__} is no Polars frame; convert it with {ways[room]}"
        raise SourceError(message)
    if isinstance(spec, Mapping | bytes):
        message = f"a {kind.__name__} is no input; give an iterable of rows, such as a list of mappings"
        raise SourceError(message)
    if callable(spec) and not isinstance(spec, Iterable | AsyncIterable):
        message = f"{getattr(spec, '__name__', 'a function')!r} is a function; call it, and give what it returns"
        raise SourceError(message)
