"""The stream time of a store that a wrong stamp has pushed ahead, set back by an operator."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.engine.engine import Engine
from barloom.engine.floors import Published
from barloom.errors import DefinitionError, Problem, StoreFormat
from barloom.plan.barplan import InputKind
from barloom.store.opening import is_store, open_store
from barloom.store.protocol import Commit
from barloom.time.instants import written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from barloom.engine.blocks import Step
    from barloom.plan.barplan import BarPlan
    from barloom.store.barstore import BarStore

__all__ = ["SetBack", "refuse_bars", "set_back", "told"]

_LONGEST_SLOT: Final = 400 * 86_400 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class SetBack:
    """What setting back does, or would do. Times are nanoseconds UTC.

    `before` and `after` are the stream times, `dropped` open slots by timeframe that are forgotten, `floors` by
    timeframe of how many keys the published bars reach beyond `after`, and where the last of these bars ends.
    """

    before: int
    after: int
    dropped: Mapping[str, int]
    floors: Mapping[str, tuple[int, int]]


def set_back(plan: BarPlan, store: str | Path, to: int, *, really: bool) -> SetBack:
    """Let the stream time of a store stand at `to` again; without `really` say what that would do.

    Published finals stay. Raises `DefinitionError` where bars are the input, `StoreFormat` where there is no store, and
    `ValueError` where stream time is not after `to`.
    """
    refuse_bars(plan)
    if not is_store(store):
        message = f"{store} is not a store of bars"
        raise StoreFormat(message)
    with closing(open_store(store, plan)) as held:
        engine, restored = Engine(plan), held.restore()
        if restored is not None:
            engine.restore(restored.snapshot)
        before = engine.stream_time
        if restored is None or before is None or before <= to:
            stands = "nowhere yet" if before is None else f"at {written(before)}"
            message = f"the stream time of {store} stands {stands}, which is not after {written(to)}"
            raise ValueError(message)
        step = engine.set_back(to, _published(held, to))
        if really:
            held.commit(Commit(step, engine.keys, (), restored.positions, begins="set-back"))
        return told(plan, engine, step, before, to)


def refuse_bars(plan: BarPlan) -> None:
    """Raise `DefinitionError` where bars are the input: no slot of theirs can be opened again."""
    if plan.input is InputKind.BARS:
        fix = "make the bars anew from the input, with barloom rebuild"
        raise DefinitionError([Problem("stream time cannot be set back where bars are the input", "stream-time", fix)])


def told(plan: BarPlan, engine: Engine, step: Step, before: int, after: int) -> SetBack:
    """What a step has done that sets an engine back."""
    named = [str(level.timeframe) for level in plan.levels]
    dropped = {named[gone.level]: len(gone.key) for gone in step.retracted}
    return SetBack(before, after, dropped, {named[place]: floor for place, floor in engine.floors.items()})


def _published(held: BarStore, to: int) -> list[Published]:
    """The last final of each level and key, as far as it may end after a time."""
    found = []
    for level in held.plan.published:
        frames = held.frames("final", str(held.plan.levels[level].timeframe), from_=to - _LONGEST_SLOT)
        starts = [frame.select(*held.plan.event.key, pl.col("start").dt.epoch("ns")) for frame in frames]
        if starts:
            last = pl.concat(starts).group_by(held.plan.event.key).agg(pl.col("start").max())
            found.append(Published(level, last.select(held.plan.event.key).rows(), last["start"].to_list()))
    return found
