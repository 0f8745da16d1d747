"""The source for whatever names or is an input."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import polars as pl

from barloom.source.feeds.feed import FeedSource
from barloom.source.feeds.stdin import StandardInput
from barloom.source.files.inputs import FrameInput, find_inputs
from barloom.source.files.names import constant_key_note, with_names
from barloom.source.files.source import FileSource
from barloom.source.foreign import adopted, no_input, refuse_lookalikes
from barloom.source.protocol import Readable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.clock import Clock
    from barloom.plan.barplan import BarPlan
    from barloom.source.protocol import Source

__all__ = ["Spec", "frame_source", "open_source"]

Spec: TypeAlias = object
"""A path or pattern, several of them, ``"-"`` for standard input, a frame, or an iterable of rows."""


def open_source(
    plan: BarPlan,
    spec: Spec,
    *,
    at_end: Literal["keep", "close"] = "keep",
    clock: Clock | None = None,
    judged: Mapping[str, bytes] | None = None,
) -> Source:
    """The source for an input.

    Files: ``.csv .tsv .txt .jsonl .ndjson .json`` (each also ``.gz .zst .bz2 .xz``), ``.parquet .pq``, ``.arrow
    .feather .ipc``, and ``.zip`` with such text inside; a directory, patterns such as ``"day-*.csv"`` and several paths
    are merged. Frames are those of Polars (a lazy one is computed in batches), of pandas, and whatever gives rows by
    Arrow's interface for Python, such as a relation of DuckDB. A `Readable` says itself what it becomes.
    ``at_end="close"`` says that the files are complete: a last line without an end counts as whole. `clock` tells when
    rows of a feed arrive and when those of files are first read, unless `judged`, positions that another store has, say
    when that was.

    Raises `SourceError` where there is no such input, or none of a known kind.
    """
    if isinstance(spec, Readable):
        return spec.source_for(plan, clock)
    spec = adopted(spec)
    if isinstance(spec, str) and spec == "-":
        return StandardInput(plan, clock=clock)
    if isinstance(spec, pl.DataFrame | pl.LazyFrame):
        return frame_source(plan, spec)
    paths = _paths(spec)
    if paths is not None:
        name = ", ".join(map(str, paths[:3])) + (", …" if len(paths) > 3 else "")  # noqa: PLR2004 - enough to know it
        files = with_names(plan, find_inputs(paths, plan.source.format))
        told = constant_key_note(plan, files)
        notes = () if told is None else (told,)
        return FileSource(plan, files, name, closing=at_end == "close", clock=clock, judged=judged, notes=notes)
    refuse_lookalikes(spec)
    if isinstance(spec, Iterable | AsyncIterable):
        return FeedSource(plan, spec, clock=clock)
    raise no_input(spec)


def frame_source(plan: BarPlan, frame: pl.DataFrame | pl.LazyFrame) -> Source:
    """The source of a frame's rows."""
    return FileSource(plan, [FrameInput(frame)], "the frame", closing=True)


def _paths(spec: Spec) -> list[str | Path] | None:
    if isinstance(spec, str | Path):
        return [spec]
    if isinstance(spec, list | tuple) and spec and all(isinstance(each, str | Path) for each in spec):
        return list(spec)
    return None
