"""A new store beside the old one, then a swap: how a definition is mended or gets another timeframe."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from barloom.engine.market import OVERRIDES, overrides_text
from barloom.errors import StoreError
from barloom.runtime.embedded import run
from barloom.source.open import open_source
from barloom.store.backend import Family
from barloom.store.opening import is_store, open_for_reading
from barloom.store.rocksdb import RocksBackend

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.clock import Clock
    from barloom.plan.barplan import BarPlan
    from barloom.plan.query import Bars
    from barloom.runtime.report import RunProgress, RunReport
    from barloom.source.protocol import Source

__all__ = ["rebuild"]


def rebuild(  # noqa: PLR0913 - the settings of a run, by name
    bars: BarPlan | Bars,
    source: Any,  # noqa: ANN401 - whatever `open_source` understands
    store: str | Path,
    *,
    at_end: Literal["keep", "close"] = "keep",
    strict: bool = False,
    overrides: str | Path | None = None,
    batch_rows: int = 100_000,
    on_progress: Callable[[RunProgress], None] | None = None,
    clock: Clock | None = None,
) -> RunReport:
    """Read the whole source into ``STORE.rebuild`` by the given definition, then put it in the old store's place.

    The old one stays as ``STORE.before-1`` (or the next free number) until somebody deletes it; readers that have it
    open keep reading it. Interrupted, the old store is untouched and the same call goes on where it stopped. Raises
    `StoreLocked` while a writer has the old store. `overrides` as for `run`; without
    it, those in force in the old store are taken over. Rows of files that have no time of arrival are judged by when
    the old store read them first.
    """
    place = Path(store)
    beside = place.with_name(place.name + ".rebuild")
    _check_free(place)
    plan = bars if not hasattr(bars, "plan") else bars.plan
    opened = source if hasattr(source, "replayable") else _opened(plan, source, place, at_end, clock)
    with tempfile.TemporaryDirectory() as folder:
        report = run(
            plan,
            opened,
            beside,
            at_end=at_end,
            strict=strict,
            overrides=overrides or _overrides_of(place, Path(folder)),
            batch_rows=batch_rows,
            on_progress=on_progress,
            clock=clock,
        )
    if not report.interrupted:
        _check_free(place)
        _swap(place, beside)
    return report


def _opened(
    plan: BarPlan, source: object, place: Path, at_end: Literal["keep", "close"], clock: Clock | None
) -> Source:
    """The source, whose rows are judged by when the old store read them first."""
    judged = {}
    if place.exists():
        with open_for_reading(place) as old:
            judged = old.positions()
    return open_source(plan, source, at_end=at_end, clock=clock, judged=judged)


def _overrides_of(place: Path, folder: Path) -> Path | None:
    """The overrides in force in the old store, as a file."""
    if not place.exists():
        return None
    with open_for_reading(place) as old:
        text = overrides_text(old.value(Family.ENTRIES, OVERRIDES))
    if text is None:
        return None
    file = folder / "overrides-of-the-old-store.json"
    file.write_text(text, encoding="utf-8")
    return file


def _check_free(place: Path) -> None:
    """Refuse what is not a store, or has a writer."""
    if not place.exists():
        return
    if not is_store(place):
        message = f"{place} is not a store, so nothing can be rebuilt in its place"
        raise StoreError(message)
    RocksBackend(place).close()


def _swap(place: Path, beside: Path) -> None:
    if place.exists():
        number = 1
        while (old := place.with_name(f"{place.name}.before-{number}")).exists():
            number += 1
        place.rename(old)
    beside.rename(place)
