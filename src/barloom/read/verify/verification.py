"""Whether final bars are the published ones, where not, and why not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict, Unpack

import polars as pl

from barloom.plan.suggest import did_you_mean
from barloom.read.verify.causes import CAUSES, UNKNOWN, counted
from barloom.read.verify.comparison import Comparison, comparable, compare
from barloom.read.verify.judgement import judged
from barloom.read.verify.published import Published, read_published
from barloom.read.verify.roles import Roles
from barloom.read.verify.slots import dated
from barloom.read.verify.starts import START
from barloom.read.verify.tables import Written
from barloom.store.barstore import BarStore
from barloom.store.retention import SIDE_LIMIT
from barloom.time.instants import written as instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from barloom.plan.barplan import BarPlan
    from barloom.read.ranges import BarRange
    from barloom.read.readable import Readable
    from barloom.read.verify.comparison import BarName, Difference
    from barloom.read.verify.judgement import Cause

__all__ = ["How", "Verification", "against", "verify"]


@dataclass(frozen=True, slots=True)
class Verification:
    """What a comparison of final bars with published ones has found.

    Bars are `equal`, `different`, `missing` (published, but not in the store) or `extra` (in the store, but not
    published); `skipped` had no ticks and were left out. `differences`, `missing_bars` and `extra_bars` are the first
    of each sort, with the key's fields `keys` as text. `reasons` counts by cause all bars that are not equal (see
    `CAUSES`; a bar may have several), and `causes` has those of the bars that are listed. `first` and `last` are the
    starts of the first and last bar of ours that was compared.
    """

    timeframe: str
    reference: Path
    columns: Sequence[str]
    keys: Sequence[str]
    equal: int
    different: int
    missing: int
    extra: int
    skipped: int
    differences: Sequence[Difference]
    missing_bars: Sequence[BarName]
    extra_bars: Sequence[BarName]
    reasons: Mapping[str, int]
    causes: Mapping[BarName, Sequence[Cause]]
    notes: Sequence[str]
    first: int | None = None
    last: int | None = None

    @property
    def compared(self) -> int:
        """How many bars there were on either side."""
        return self.equal + self.different + self.missing + self.extra

    @property
    def agrees(self) -> bool:
        """Whether every bar is there and equal; not where there was none to compare."""
        return self.equal > 0 and self.equal == self.compared

    def why(self, bar: BarName) -> str:
        """The causes of a listed bar in a few words; empty for one that is not listed."""
        return "; ".join(_told(cause) for cause in self.causes.get(bar, ()))

    def __str__(self) -> str:
        head = f"{self.equal:,} equal, {self.different:,} different, {self.missing:,} missing, {self.extra:,} extra"
        return "\n".join([head, *(f"  {bars:,}: {CAUSES[cause]}" for cause, bars in self.reasons.items())])


def _told(cause: Cause) -> str:
    number = "" if cause.first_number is None else f" ({cause.first_number}{' …' if cause.rows > 1 else ''})"
    text = f"{counted(cause.cause, cause.rows)}{number}"
    return text if cause.carried_from is None else f"carried from {instant(cause.carried_from)}: {text}"


class How(TypedDict, total=False):
    """How published bars are read and compared.

    `columns` are compared alone; `rename` maps our names to the file's; `names` are those of rows without any.
    `delimiter`, `zone`, `pattern` and `decimal` say how text is written where that cannot be recognised.
    `skip_synthetic` leaves out bars without ticks on both sides; `show` is how many bars of each sort are listed.
    """

    columns: Sequence[str] | None
    rename: Mapping[str, str] | None
    names: Sequence[str]
    delimiter: str | None
    zone: str | None
    pattern: str | None
    decimal: str | None
    skip_synthetic: bool
    show: int


def verify(store: Readable, asked: BarRange, reference: Path, **how: Unpack[How]) -> Verification:
    """Compare the finals of a range with published bars of the same range, and say why they are not the same.

    Raises `ValueError` for columns that are not there, `SourceError` for files that cannot be read.
    """
    text = (how.get("delimiter"), how.get("zone"), how.get("pattern"), how.get("decimal"))
    written = Written(tuple(how.get("names", ())), *text)
    outputs = [output.name for output in store.plan.outputs]
    published = read_published(reference, store.plan.event.key, how.get("rename") or {}, written, outputs)
    skip, limit = how.get("skip_synthetic", False), how.get("show", 10)
    return against(store, asked, published, how.get("columns"), skip=skip, limit=limit)


def against(  # noqa: PLR0913 - the parts of one question
    store: Readable,
    asked: BarRange,
    published: Published,
    columns: Sequence[str] | None,
    *,
    skip: bool,
    limit: int,
) -> Verification:
    """The same, of published bars that were read."""
    plan = store.plan
    fixed = _fixed(store, asked, published)
    limited = _within(_dated(store, asked.level, published), asked)
    chosen = _columns(plan, published, columns)
    zero = [item.name for item in plan.outputs if item.name in chosen and item.aggregate in ("count", "sum")]
    frames = (comparable(frame, plan.event.key, chosen) for frame in asked.frames(store))
    roles = Roles.of(plan, chosen)
    found = compare(frames, Comparison(limited, chosen, skip, limit, roles), empty_where_zero=zero)
    judgement = judged(store, asked.level, found, store.side(), fixed)
    return Verification(
        timeframe=str(plan.levels[asked.level].timeframe),
        reference=published.path,
        columns=chosen,
        keys=published.keys,
        equal=found.equal,
        different=found.different,
        missing=found.missing,
        extra=found.extra,
        skipped=found.skipped,
        differences=found.differences,
        missing_bars=found.missing_bars,
        extra_bars=found.extra_bars,
        reasons=judgement.totals,
        causes=judgement.of,
        notes=[*limited.notes, *_hints(store, asked.level, found, judgement.totals)],
        first=found.first,
        last=found.last,
    )


def _dated(store: Readable, level: int, published: Published) -> Published:
    """Dates alone are trading dates, where days are sessions."""
    starts = published.frame[START]
    placed = dated(store, level, starts)
    if placed.equals(starts):
        return published
    note = f"{published.path.name} has dates alone; they are taken for trading dates"
    return replace(published, frame=published.frame.with_columns(placed), notes=[*published.notes, note])


def _fixed(store: Readable, asked: BarRange, published: Published) -> dict[str, str | None]:
    """The key fields that the file does not have: those asked for, or of the only key; so must our bars be."""
    absent = [name for name in store.plan.event.key if name not in published.keys]
    found: dict[str, str | None] = {name: str(asked.key[name]) for name in absent if name in asked.key}
    unknown = [name for name in absent if name not in found]
    if not unknown:
        return found
    seen = {store.layout.keys.decode(key) for key in store.scanner.keys(asked.level)}
    if len(seen) > 1:
        message = (
            f"{published.path} has no column {unknown[0]!r}, and the store has several; say which: --key {unknown[0]}=…"
        )
        raise ValueError(message)
    only = dict(zip(store.plan.event.key, next(iter(seen), ()), strict=False))
    return {**found, **{name: str(only[name]) if name in only else None for name in unknown}}


def _within(published: Published, asked: BarRange) -> Published:
    rows = asked.holds(START)
    for name in published.keys:
        if name in asked.key:
            rows = rows & (pl.col(name) == str(asked.key[name]))
    return Published(published.path, published.frame.filter(rows), published.keys, published.columns, published.notes)


def _columns(plan: BarPlan, published: Published, asked: Sequence[str] | None) -> list[str]:
    ours = [output.name for output in plan.outputs]
    if asked is None:
        chosen = [name for name in ours if name in published.columns]
        if not chosen:
            theirs = ", ".join(published.columns)
            message = (
                f"{published.path} has none of the columns {', '.join(ours)}, but {theirs}; use --rename ours=theirs"
            )
            raise ValueError(message)
        left = [name for name in ours if name not in chosen]
        if left:
            published.notes.append(f"not in {published.path.name}, so not compared: {', '.join(left)}")
        return chosen
    for name in asked:
        if name not in ours:
            message = f"--columns: no column {name!r} in the bars; {did_you_mean(name, ours)}"
            raise ValueError(message)
        if name not in published.columns:
            message = f"--columns: {published.path} has no column {name!r}; use --rename {name}=THEIRS"
            raise ValueError(message)
    return list(asked)


def _hints(store: Readable, level: int, found: Comparison, reasons: Mapping[str, int]) -> list[str]:
    hints = []
    if not found.compared:
        hints.append("nothing was compared: neither the store nor the file has a bar in what was asked for")
    elif not found.equal + found.different:
        hints.append("no bar of ours has the key and start of a published one, so that no value was compared")
    if "off_grid" in reasons:
        timeframe = store.plan.levels[level].timeframe
        hints.append(f"the file has bars that begin where no slot of {timeframe} does: it may be of another timeframe")
    if found.missing and found.first is not None and found.last is not None:
        spread = f"from {instant(found.first)} to {instant(found.last)}"
        hints.append(f"the store has bars {spread}; --from and --to limit both")
    if UNKNOWN in reasons and isinstance(store, BarStore) and sum(store.totals().rejected.values()) > SIDE_LIMIT:
        hints.append(f"only the last {SIDE_LIMIT:,} refused rows are kept: of earlier ones nothing is known any more")
    return hints
