"""``barloom verify``: whether our final bars are the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import polars as pl
from cyclopts import Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import UsageError, count, moment
from barloom.cli.look.asking import Range
from barloom.cli.look.comparison import BarName, Comparison, comparable, compare
from barloom.cli.look.published import START, Published, Written, read_published
from barloom.cli.options import (  # noqa: TC001 - the command line reads them
    AsJson,
    From,
    SomeKey,
    StorePath,
    TimeframeName,
    To,
)
from barloom.cli.screen import Column, Sheet, note, say, show
from barloom.plan.suggest import did_you_mean
from barloom.store.opening import open_for_reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.store.barstore import BarStore

__all__ = ["against", "show_comparison", "verify"]

Reference = Annotated[
    Path,
    Parameter(
        help="Published bars with a column start: .csv, .tsv, .jsonl (also .gz, .zst, .zip ...), .parquet, .arrow."
    ),
]
Synthetic = Annotated[
    Literal["compare", "skip"], Parameter(help="Bars without ticks: compare them like others, or leave them out.")
]
Rename = Annotated[tuple[str, ...], Parameter(help="ours=theirs, where the file has another name for a column.")]
Columns = Annotated[str | None, Parameter(help="Compare these columns only, separated by commas.")]
Names = Annotated[str | None, Parameter(help="The columns of a file without a header, separated by commas.")]
Delimiter = Annotated[str | None, Parameter(help="What parts the columns of text (default: a comma).")]
Zone = Annotated[str | None, Parameter(help="The time zone of times without one: Europe/Berlin (default: UTC).")]
Pattern = Annotated[str | None, Parameter(help="How times are written, if not by ISO 8601: '%d.%m.%Y %H:%M'.")]
Show = Annotated[int, Parameter(name="--show", help="How many bars of each sort to show.")]


def verify(  # noqa: PLR0913 - the options of a command
    *,
    store: StorePath,
    timeframe: TimeframeName,
    reference: Reference,
    synthetic: Synthetic = "compare",
    rename: Rename = (),
    names: Names = None,
    delimiter: Delimiter = None,
    zone: Zone = None,
    pattern: Pattern = None,
    columns: Columns = None,
    begin: From = None,
    end: To = None,
    key: SomeKey = (),
    show_bars: Show = 10,
    as_json: AsJson = False,
) -> Exit:
    """Compare bar by bar and number by number."""
    written = Written(tuple(_listed(names) or ()), delimiter, zone, pattern)
    with open_for_reading(store) as opened:
        plan = opened.plan
        asked = Range.asked(opened, timeframe, key, begin, end, live=False)
        published = read_published(reference, plan.event.key, _renames(rename), written)
        comparison = against(opened, asked, published, _listed(columns), skip=synthetic == "skip", limit=show_bars)
    if as_json:
        machine.emit("verify", _body(comparison))
    else:
        show_comparison(comparison, f"Final bars of {timeframe} against {reference}")
    return Exit.OK if comparison.agrees else Exit.DIFFERENT


def _renames(pairs: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        if not (ours and equals and theirs):
            message = f"--rename {pair}: write ours=theirs, such as --rename volume=vol"
            raise UsageError(message)
        found[ours] = theirs
    return found


def _listed(columns: str | None) -> list[str] | None:
    return None if columns is None else [name.strip() for name in columns.split(",") if name.strip()]


def against(  # noqa: PLR0913 - the parts of one question
    store: BarStore, asked: Range, published: Published, columns: Sequence[str] | None, *, skip: bool, limit: int
) -> Comparison:
    """Compare the finals of a range with the published bars of the same range."""
    plan = store.plan
    _require_one_key(store, asked, published)
    limited = _within(published, asked)
    chosen = _columns(plan, published, columns)
    zero = [item.name for item in plan.outputs if item.name in chosen and item.aggregate in ("count", "sum")]
    frames = (comparable(frame, limited.keys, chosen) for frame in asked.frames(store))
    return compare(frames, Comparison(limited, chosen, skip, limit), empty_where_zero=zero)


def _require_one_key(store: BarStore, asked: Range, published: Published) -> None:
    """A file without key columns is one key's; so must our bars be."""
    missing = [name for name in store.plan.event.key if name not in published.keys and name not in asked.key]
    if not missing:
        return
    seen = {store.layout.keys.decode(key) for key in store.scanner.keys(asked.level)}
    if len(seen) > 1:
        message = (
            f"{published.path} has no column {missing[0]!r}, and the store has several; say which: --key {missing[0]}=…"
        )
        raise UsageError(message)


def _within(published: Published, asked: Range) -> Published:
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
            raise UsageError(message)
        left = [name for name in ours if name not in chosen]
        if left:
            published.notes.append(f"not in {published.path.name}, so not compared: {', '.join(left)}")
        return chosen
    for name in asked:
        if name not in ours:
            message = f"--columns: no column {name!r} in the bars; {did_you_mean(name, ours)}"
            raise UsageError(message)
        if name not in published.columns:
            message = f"--columns: {published.path} has no column {name!r}; use --rename {name}=THEIRS"
            raise UsageError(message)
    return list(asked)


def show_comparison(result: Comparison, title: str) -> None:
    """What was found, for a person."""
    say(f"{title}: {', '.join(result.columns)}")
    say()
    counts = Sheet("", (Column("bars", style="bold"), Column("", right=True), Column("")))
    counts.add("equal", count(result.equal), "", style="good" if result.equal else "")
    counts.add("different", count(result.different), "", style="bad" if result.different else "")
    counts.add(
        "missing", count(result.missing), "published, but not in the store", style="bad" if result.missing else ""
    )
    counts.add("extra", count(result.extra), "in the store, but not published", style="bad" if result.extra else "")
    if result.skipped:
        counts.add("skipped", count(result.skipped), "without ticks")
    show(counts)
    _show_differences(result)
    _show_bars("Missing", result.missing_bars, result)
    _show_bars("Extra", result.extra_bars, result)
    for text in (*result.published.notes, *_hints(result)):
        note(text)
    say("All bars are equal." if result.agrees else "The bars are not the same.", "good" if result.agrees else "bad")


def _show_differences(result: Comparison) -> None:
    if not result.differences:
        return
    keys = [Column(name) for name in result.published.keys]
    last = (Column("ours", right=True), Column("published", right=True))
    sheet = Sheet("Different", (*keys, Column("start"), Column("column", style="bold"), *last))
    for bar, column, ours, theirs in result.differences:
        sheet.add(*bar.key, moment(bar.start), column, ours or "null", theirs or "null")
    show(sheet)


def _show_bars(title: str, bars: Sequence[BarName], result: Comparison) -> None:
    if not bars:
        return
    sheet = Sheet(title, (*(Column(name) for name in result.published.keys), Column("start")))
    for bar in bars:
        sheet.add(*bar.key, moment(bar.start))
    show(sheet)


def _hints(result: Comparison) -> list[str]:
    if result.missing and result.first is not None and result.last is not None:
        return [f"the store has bars from {moment(result.first)} to {moment(result.last)}; --from and --to limit both"]
    return []


def _body(result: Comparison) -> dict[str, object]:
    return {
        "reference": str(result.published.path),
        "columns": list(result.columns),
        "equal": result.equal,
        "different": result.different,
        "missing": result.missing,
        "extra": result.extra,
        "skipped": result.skipped,
        "differences": [
            {**_name(bar, result), "column": column, "ours": ours, "published": theirs}
            for bar, column, ours, theirs in result.differences
        ],
        "missing_bars": [_name(bar, result) for bar in result.missing_bars],
        "extra_bars": [_name(bar, result) for bar in result.extra_bars],
        "notes": [*result.published.notes, *_hints(result)],
    }


def _name(bar: BarName, result: Comparison) -> dict[str, object]:
    return {"key": dict(zip(result.published.keys, bar.key, strict=True)), "start": moment(bar.start)}
