"""``barloom verify``: whether our final bars are the published ones, and why not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import UsageError, count, moment, on_the_grid
from barloom.cli.look.asking import range_asked
from barloom.cli.look.reading import NO_TOPICS, Topics, opened
from barloom.cli.options import (
    AsJson,
    From,
    MaybeStore,
    SomeKey,
    TimeframeName,
    To,
    listed,
)
from barloom.cli.screen import Column, Sheet, note, say, show
from barloom.read.verify.causes import CAUSES
from barloom.read.verify.verification import verify as verified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.read.verify.comparison import BarName
    from barloom.read.verify.judgement import Cause
    from barloom.read.verify.verification import Verification

__all__ = ["show_verification", "verify"]

Reference = Annotated[
    Path,
    Parameter(
        help="Published bars: a file with a column start, candles as a venue publishes them, or a directory of these; "
        ".csv, .tsv, .json, .jsonl (also .gz, .zst, .zip ...), .parquet, .arrow."
    ),
]
Synthetic = Annotated[
    Literal["compare", "skip"], Parameter(help="Bars without ticks: compare them like others, or leave them out.")
]
Rename = Annotated[tuple[str, ...], Parameter(help="ours=theirs, where the file has another name for a column.")]
Columns = Annotated[str | None, Parameter(help="Compare these columns only, separated by commas.")]
Names = Annotated[str | None, Parameter(help="The columns of rows without names, separated by commas.")]
Delimiter = Annotated[str | None, Parameter(help="What parts the columns of text, where it is not plain.")]
Decimals = Annotated[
    Literal[".", ","] | None,
    Parameter(name="--decimal-separator", help="What stands before the decimals, where it is not plain."),
]
Zone = Annotated[str | None, Parameter(help="The time zone of times without one: Europe/Berlin (default: UTC).")]
Pattern = Annotated[str | None, Parameter(help="How times are written, if not by ISO 8601: '%d.%m.%Y %H:%M'.")]
Show = Annotated[int, Parameter(name="--show", help="How many bars of each sort to show.")]


def verify(  # noqa: PLR0913 - the options of a command
    *,
    timeframe: TimeframeName,
    reference: Reference,
    store: MaybeStore = None,
    synthetic: Synthetic = "compare",
    rename: Rename = (),
    names: Names = None,
    delimiter: Delimiter = None,
    decimals: Decimals = None,
    zone: Zone = None,
    pattern: Pattern = None,
    columns: Columns = None,
    begin: From = None,
    end: To = None,
    key: SomeKey = (),
    show_bars: Show = 10,
    topics: Topics = NO_TOPICS,
    as_json: AsJson = False,
) -> Exit:
    """Compare bar by bar and number by number."""
    with opened(store, topics) as held, on_the_grid():
        found = verified(
            held,
            range_asked(held, timeframe, key, begin, end, live=False),
            reference,
            rename=_renames(rename),
            names=listed(names),
            delimiter=delimiter,
            zone=zone,
            pattern=pattern,
            decimal=decimals,
            columns=None if columns is None else listed(columns),
            skip_synthetic=synthetic == "skip",
            show=show_bars,
        )
    if as_json:
        machine.emit("verify", _body(found))
    else:
        show_verification(found, f"Final bars of {timeframe} against {reference}")
    return Exit.OK if found.agrees else Exit.DIFFERENT


def _renames(pairs: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        if not (ours and equals and theirs):
            message = f"--rename {pair}: write ours=theirs, such as --rename volume=vol"
            raise UsageError(message)
        found[ours] = theirs
    return found


def show_verification(result: Verification, title: str) -> None:
    """What was found, for a person."""
    say(f"{title}: {', '.join(result.columns)}")
    say()
    _show_counts(result)
    _show_reasons(result)
    _show_differences(result)
    _show_bars("Missing", result.missing_bars, result)
    _show_bars("Extra", result.extra_bars, result)
    for text in result.notes:
        note(text)
    if not result.compared:
        say("Nothing was compared.", "bad")
    elif result.agrees:
        say("All bars are equal.", "good")
    else:
        say("The bars are not the same.", "bad")


def _show_counts(result: Verification) -> None:
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


def _show_reasons(result: Verification) -> None:
    if not result.reasons:
        return
    sheet = Sheet("Why", (Column("reason", style="bold"), Column("bars", right=True), Column("")))
    for cause, bars in result.reasons.items():
        sheet.add(cause.replace("_", " "), count(bars), CAUSES[cause])
    show(sheet)


def _show_differences(result: Verification) -> None:
    if not result.differences:
        return
    keys = [Column(name) for name in result.keys]
    last = (Column("ours", right=True), Column("published", right=True), Column("why"))
    sheet = Sheet("Different", (*keys, Column("start"), Column("column", style="bold"), *last))
    before = None
    for bar, column, ours, theirs in result.differences:
        why = "" if bar == before else result.why(bar)
        sheet.add(*bar.key, moment(bar.start), column, ours or "null", theirs or "null", why)
        before = bar
    show(sheet)


def _show_bars(title: str, bars: Sequence[BarName], result: Verification) -> None:
    if not bars:
        return
    sheet = Sheet(title, (*(Column(name) for name in result.keys), Column("start"), Column("why")))
    for bar in bars:
        sheet.add(*bar.key, moment(bar.start), result.why(bar))
    show(sheet)


def _body(result: Verification) -> dict[str, object]:
    return {
        "reference": str(result.reference),
        "columns": list(result.columns),
        "equal": result.equal,
        "different": result.different,
        "missing": result.missing,
        "extra": result.extra,
        "skipped": result.skipped,
        "reasons": dict(result.reasons),
        "differences": [
            {**_name(bar, result), "column": column, "ours": ours, "published": theirs}
            for bar, column, ours, theirs in result.differences
        ],
        "missing_bars": [_name(bar, result) for bar in result.missing_bars],
        "extra_bars": [_name(bar, result) for bar in result.extra_bars],
        "causes": [
            {**_name(bar, result), "causes": [_cause(cause) for cause in causes]}
            for bar, causes in result.causes.items()
        ],
        "notes": list(result.notes),
    }


def _name(bar: BarName, result: Verification) -> dict[str, object]:
    return {"key": dict(zip(result.keys, bar.key, strict=True)), "start": moment(bar.start)}


def _cause(cause: Cause) -> dict[str, object]:
    via = None if cause.carried_from is None else moment(cause.carried_from)
    where = {"source": cause.origin, "row": cause.row}
    numbers = {"first_number": cause.first_number, "carried_from": via}
    return {"reason": cause.cause, "rows": cause.rows, "by_ns": cause.by, **where, **numbers}
