"""A new store beside the old one, then a swap: how a definition is mended or gets another timeframe."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from barloom.clock import SystemClock
from barloom.embedded.run import ending, run
from barloom.engine.market import OVERRIDES, overrides_text
from barloom.errors import StoreError, TooManyRejected
from barloom.plan.bounds import bounded
from barloom.plan.load import plan_of
from barloom.runtime.rejections import REFUSED_REBUILD, RejectLimit, check_rejected
from barloom.source.open import open_source
from barloom.store.backend import Family
from barloom.store.opening import is_store, open_for_reading
from barloom.store.rocksdb import RocksBackend

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.clock import Clock
    from barloom.plan.barplan import BarPlan
    from barloom.plan.bounds import Bound
    from barloom.plan.load import Declared
    from barloom.runtime.report import RunProgress, RunReport
    from barloom.source.protocol import Source

__all__ = ["RebuildSettings", "rebuild"]


class RebuildSettings(TypedDict, total=False):
    """The settings of `rebuild`, for those who hand them on."""

    at_end: Literal["keep", "close"]
    complete_from: Bound | None
    complete_until: Bound | None
    strict: bool
    max_rejected: int | str | None
    overrides: str | Path | None
    batch_rows: int
    on_progress: Callable[[RunProgress], None] | None
    clock: Clock | None


def rebuild(  # noqa: PLR0913 - the settings of a run, by name
    bars: Declared,
    source: Any,  # noqa: ANN401 - whatever `open_source` understands
    store: str | Path,
    *,
    at_end: Literal["keep", "close"] = "keep",
    complete_from: Bound | None = None,
    complete_until: Bound | None = None,
    strict: bool = False,
    max_rejected: int | str | None = None,
    overrides: str | Path | None = None,
    batch_rows: int = 100_000,
    on_progress: Callable[[RunProgress], None] | None = None,
    clock: Clock | None = None,
) -> RunReport:
    """Read the whole source into ``STORE.rebuild`` by the given definition, then put it in the old store's place.

    The old one stays as ``STORE.before-1`` (or the next free number) until somebody deletes it; readers that have it
    open keep reading it. Interrupted, the old store is untouched and the same call goes on where it stopped. Raises
    `StoreLocked` while a writer has the old store. `overrides`, `complete_from` and `complete_until` as for `run`;
    without overrides those in force in the old store are taken over. Rows of files that have no time of arrival are
    judged by when the old store read them first.

    Where every row is refused, or more than `max_rejected` (as for `run`), the new store is thrown away and the old one
    stays: `TooManyRejected`.
    """
    limit = RejectLimit.of(max_rejected)
    place = Path(store)
    beside = place.with_name(place.name + ".rebuild")
    _check_free(place)
    plan = plan_of(bars)
    opened = source
    if not hasattr(source, "replayable"):
        asked = bounded(plan, complete_from, complete_until)
        now = (clock or SystemClock()).now()
        opened = _opened(plan, source, place, ending(asked, at_end, now), clock)
    with tempfile.TemporaryDirectory() as folder:
        report = run(
            plan,
            opened,
            beside,
            at_end=at_end,
            complete_from=complete_from,
            complete_until=complete_until,
            strict=strict,
            overrides=overrides or _overrides_of(place, Path(folder)),
            batch_rows=batch_rows,
            on_progress=on_progress,
            clock=clock,
        )
    if not report.interrupted:
        _check_worth(report, limit, beside)
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


def _check_worth(report: RunReport, limit: RejectLimit, beside: Path) -> None:
    """A store of refused rows takes no other's place; nor does the next rebuild go on with it, which would read on."""
    try:
        check_rejected(report, limit, REFUSED_REBUILD)
    except TooManyRejected:
        shutil.rmtree(beside)
        raise


def _swap(place: Path, beside: Path) -> None:
    if place.exists():
        number = 1
        while (old := place.with_name(f"{place.name}.before-{number}")).exists():
            number += 1
        place.rename(old)
    beside.rename(place)
