"""``barloom run``: ticks into bars, from files into a store or on Kafka, and what was done with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit, exit_of
from barloom.cli.feed.options import FeedNames, Record  # noqa: TC001 - the command line reads the annotations
from barloom.cli.formats import UsageError, count, moment, plural, rounded_told
from barloom.cli.kafka.options import NO_OPTIONS, KafkaOptions, bars_asked
from barloom.cli.kafka.run import run_on_kafka
from barloom.cli.options import AsJson, Definition, MaybeSources, MaybeStore  # noqa: TC001 - the command line reads
from barloom.cli.progress import progress_of_run
from barloom.cli.screen import Column, Sheet, complain, note, say, show
from barloom.clock import SystemClock
from barloom.errors import TooManyRejected
from barloom.plan.bounds import bounded
from barloom.runtime.rejections import KEPT, RejectLimit, check_rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.front.bars import Bars
    from barloom.plan.barplan import BarPlan
    from barloom.runtime.report import RunReport

__all__ = [
    "AtEnd",
    "BatchRows",
    "CompleteFrom",
    "CompleteUntil",
    "MaxRejected",
    "OverrideFile",
    "Strict",
    "check_bounds",
    "files_or_kafka",
    "inputs",
    "outcome",
    "refuse_with_feeds",
    "reject_limit",
    "report_body",
    "run",
    "show_report",
]

AtEnd = Annotated[
    Literal["keep", "close"],
    Parameter(help="Slots still open when the input ends: keep them for the next run, or close them as partial bars."),
]
CompleteFrom = Annotated[
    str | None,
    Parameter(
        help="The input has every row since this time, or since the start of its first 1d: what follows is whole."
    ),
]
CompleteUntil = Annotated[
    str | None,
    Parameter(help="It has every row up to this time, or the end of its last 1d: slots that end by then become final."),
]
Strict = Annotated[bool, Parameter(negative="", show_default=False, help="Stop at the first row that cannot be read.")]
MaxRejected = Annotated[
    str | None,
    Parameter(
        help="How many rows may be refused, 5% or 100; where more are, or every row is, the command ends with code 13.",
    ),
]
Resume = Annotated[
    Literal["skip", "new"] | None,
    Parameter(
        help="What a second run means for standard input: skip the rows read before, or take all rows as new.",
    ),
]
OverrideFile = Annotated[
    Path | None,
    Parameter(help="A file that adds, removes or changes sessions of the calendar; read again whenever it changes."),
]
BatchRows = Annotated[int, Parameter(help="Rows in one step; each step is committed as a whole.")]

_WHY: Final = {
    "--max-rejected": "a stream has no end at which its rows could be counted; watch barloom_rejected_total there",
    "--complete-from": "there the definition says it, as [source] complete_from",
    "--complete-until": "a stream has no end",
}
"""Why Kafka takes no such option, where that is not plain."""


def run(  # noqa: PLR0913 - the options of a command
    definition: Definition,
    /,
    *,
    source: MaybeSources = None,
    feed: FeedNames = None,
    store: MaybeStore = None,
    record: Record = None,
    at_end: AtEnd = "keep",
    complete_from: CompleteFrom = None,
    complete_until: CompleteUntil = None,
    strict: Strict = False,
    max_rejected: MaxRejected = None,
    resume: Resume = None,
    overrides: OverrideFile = None,
    batch_rows: BatchRows = 100_000,
    kafka: KafkaOptions = NO_OPTIONS,
    as_json: AsJson = False,
) -> Exit:
    """Build bars and report."""
    if batch_rows < 1:
        message = f"--batch-rows {batch_rows}: a step has at least one row"
        raise UsageError(message)
    limit = reject_limit(max_rejected)
    bars = bars_asked(definition, kafka)
    if feed is not None or (source is None and store is not None and bars.says_feed):
        ended = {"--source": source, "--at-end": at_end != "keep", "--complete-from": complete_from}
        ended |= {"--complete-until": complete_until, "--max-rejected": max_rejected, "--resume": resume}
        refuse_with_feeds([name for name, given in ended.items() if given], kafka.given, store)
        return _run_on_feeds(bars, feed or [], store, record, kafka.metrics, batch_rows, overrides, as_json=as_json)
    files = {
        "--source": source is not None,
        "--store": store is not None,
        "--at-end": at_end != "keep",
        "--complete-from": complete_from is not None,
        "--complete-until": complete_until is not None,
        "--strict": strict,
        "--max-rejected": max_rejected is not None,
        "--resume": resume is not None,
        "--overrides": overrides is not None,
    }
    files_or_kafka([name for name, given in files.items() if given], kafka.given, bars)
    if source is None or store is None:
        return run_on_kafka(bars.kafka(override=kafka.override), kafka.same(definition), as_json=as_json)
    check_bounds(bars.plan, complete_from, complete_until)
    clock = SystemClock()
    with progress_of_run(bars.plan.name, clock) as tell:
        report = bars.run(
            inputs(source),
            store,
            at_end=at_end,
            complete_from=complete_from,
            complete_until=complete_until,
            strict=strict,
            resume=resume,
            overrides=overrides,
            batch_rows=batch_rows,
            on_progress=tell,
            clock=clock,
        )
    if as_json:
        machine.emit("run", report_body(report, store))
    else:
        show_report(report, store)
    return outcome(report, limit)


def _run_on_feeds(  # noqa: PLR0913, PLR0917 - the options of a command
    bars: Bars,
    names: list[str],
    store: Path | None,
    record: Path | None,
    metrics: str | None,
    batch_rows: int,
    overrides: Path | None,
    *,
    as_json: bool,
) -> Exit:
    from barloom.cli.feed.run import run_on_feeds  # noqa: PLC0415 - feeds are an extra
    from barloom.cli.feed.view import show_standing  # noqa: PLC0415

    assert store is not None  # noqa: S101 - asked before
    report, ended = run_on_feeds(
        bars, names, store, record=record, metrics=metrics, batch_rows=batch_rows, overrides=overrides, quiet=as_json
    )
    if as_json:
        machine.emit("run", {**report_body(report, store), "feed": report.feed})
        return ended
    show_report(report, store)
    show_standing(report.feed)
    return ended


def refuse_with_feeds(given: Sequence[str], kafka: Sequence[str], store: Path | None) -> None:
    """Refuse options that a feed has no use for: it has no end, and is run into a store."""
    wrong = [*given, *(name for name in kafka if name != "--metrics")]
    if wrong:
        message = f"{wrong[0]} and --feed: a live feed has no end and is followed into a store; leave {wrong[0]} out"
        raise UsageError(message)
    if store is None:
        message = "--store DIR is missing: bars of a live feed are kept in a store"
        raise UsageError(message)


def check_bounds(plan: BarPlan, complete_from: str | None, complete_until: str | None) -> None:
    """Refuse what ``--complete-from`` and ``--complete-until`` cannot mean."""
    try:
        bounded(plan, complete_from, complete_until)
    except ValueError as error:
        message = f"--{str(error).replace('_', '-', 1)}"
        raise UsageError(message) from error


def reject_limit(given: str | None) -> RejectLimit:
    """What ``--max-rejected`` says."""
    try:
        return RejectLimit.of(given)
    except ValueError as error:
        message = f"--max-rejected: {error}"
        raise UsageError(message) from error


def outcome(report: RunReport, limit: RejectLimit) -> Exit:
    """How a run ended; where it refused too many rows, they are shown."""
    if report.interrupted:
        return Exit.INTERRUPTED
    try:
        check_rejected(report, limit, KEPT)
    except TooManyRejected as error:
        complain(str(error))
        return exit_of(error)
    return Exit.OK


def files_or_kafka(files: Sequence[str], kafka: Sequence[str], bars: Bars) -> None:
    """Refuse what leaves open whether files or Kafka are meant; both are options that were given."""
    if files and kafka:
        message = f"{files[0]} is for files and {kafka[0]} is for Kafka: {_WHY.get(files[0], 'give one or the other')}"
        raise UsageError(message)
    if {"--source", "--store"} <= set(files) or kafka:
        return
    declared = bars.says_kafka
    if "--source" in files or "--store" in files:
        missing = "--store DIR" if "--source" in files else "--source FILE"
        also = "; to run on Kafka, as [kafka] says, give neither" if declared else ""
        message = f"{missing} is missing: a run over files needs --source and --store{also}"
        raise UsageError(message)
    if not declared:
        message = (
            "neither files nor Kafka: give --source FILE and --store DIR,"
            " or --kafka HOST:PORT and --input TOPIC (or a [kafka] in the definition)"
        )
        raise UsageError(message)
    if files:
        why = f": {_WHY[files[0]]}" if files[0] in _WHY else ""
        message = (
            f"{files[0]} is for files, and [kafka] of the definition is what runs without --source and --store{why}"
        )
        raise UsageError(message)


def inputs(sources: list[str]) -> str | list[str]:
    """What ``--source`` names: standard input, or files and globs."""
    if "-" not in sources:
        return sources
    if len(sources) > 1:
        message = "--source - is standard input, and stands alone"
        raise UsageError(message)
    return "-"


def show_report(report: RunReport, store: Path) -> None:
    """What was done, for a person."""
    say(_headline(report))
    say()
    bars = Sheet("Bars", (Column("timeframe", style="bold"), Column("written", right=True), Column("open", right=True)))
    for timeframe, written in report.bars.items():
        bars.add(timeframe, count(written), count(report.open.get(timeframe, 0)))
    show(bars)
    if report.rejected:
        rejected = Sheet("Rejected", (Column("reason", style="bold"), Column("rows", right=True)))
        for reason, rows in report.rejected.items():
            rejected.add(reason, count(rows), style="warn")
        show(rejected)
        say(f"See them: barloom export --store {store} --rejected --out rejected.csv")
    if report.filtered:
        say(f"{plural(report.filtered, 'row')} left out by where.")
    if report.rounded:
        say(rounded_told(report.rounded))
    for text in report.notes:
        note(text)
    say(f"Stream time: {moment(report.stream_time_ns)}")
    if report.interrupted:
        say("Interrupted. What was read is committed; the same command continues right after it.", "warn")


def _headline(report: RunReport) -> str:
    if report.ticks == 0:
        return "Nothing new: the input has no row that was not read before."
    speed = f", {count(round(report.ticks / report.seconds))} ticks/s" if report.seconds else ""
    return f"Read {plural(report.ticks, 'tick')} in {report.seconds:.2f} s{speed}."


def report_body(report: RunReport, store: Path) -> dict[str, object]:
    """The same for a script."""
    return {
        "store": str(store),
        "ticks": report.ticks,
        "filtered": report.filtered,
        "rounded": report.rounded,
        "bars": report.bars,
        "open": report.open,
        "rejected": report.rejected,
        "first_rejected": {
            reason: {"source": row.origin, "row": row.row, "message": row.message, "record": row.raw}
            for reason, row in report.first_rejected.items()
        },
        "notes": report.notes,
        "seconds": round(report.seconds, 3),
        "stream_time": None if report.stream_time_ns is None else moment(report.stream_time_ns),
        "interrupted": report.interrupted,
    }
