"""``barloom rebuild``: the bars of a changed definition, built beside the old ones: a store, or topics on Kafka."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit, exit_of
from barloom.cli.formats import UsageError
from barloom.cli.kafka.options import NO_OPTIONS, KafkaOptions, bars_asked
from barloom.cli.kafka.rebuild import rebuild_on_kafka
from barloom.cli.make.run import (
    AtEnd,
    BatchRows,
    CompleteFrom,
    CompleteUntil,
    MaxRejected,
    OverrideFile,
    Strict,
    check_bounds,
    files_or_kafka,
    inputs,
    reject_limit,
    report_body,
    show_report,
)
from barloom.cli.options import AsJson, Definition, MaybeSources, MaybeStore  # noqa: TC001 - the command line reads
from barloom.cli.progress import progress_of_run
from barloom.cli.screen import complain, say
from barloom.clock import SystemClock
from barloom.errors import TooManyRejected

if TYPE_CHECKING:
    from pathlib import Path

    from barloom.runtime.report import RunReport

__all__ = ["rebuild"]

_Begin = Annotated[str | None, Parameter(name="--from", help="On Kafka: only messages stamped at or after this time.")]
_End = Annotated[
    str | None,
    Parameter(name="--to", help="On Kafka: only messages before the first one stamped at or after this time."),
]
_Resume = Annotated[
    bool, Parameter(negative="", show_default=False, help="On Kafka: go on with a rebuild that was stopped.")
]


def rebuild(  # noqa: PLR0913 - the options of a command
    definition: Definition,
    /,
    *,
    source: MaybeSources = None,
    store: MaybeStore = None,
    at_end: AtEnd = "keep",
    complete_from: CompleteFrom = None,
    complete_until: CompleteUntil = None,
    strict: Strict = False,
    max_rejected: MaxRejected = None,
    overrides: OverrideFile = None,
    batch_rows: BatchRows = 100_000,
    begin: _Begin = None,
    end: _End = None,
    resume: _Resume = False,
    kafka: KafkaOptions = NO_OPTIONS,
    as_json: AsJson = False,
) -> Exit:
    """Build beside, then swap, or tell how to cut over."""
    files = {
        "--source": source is not None,
        "--store": store is not None,
        "--at-end": at_end != "keep",
        "--complete-from": complete_from is not None,
        "--complete-until": complete_until is not None,
        "--strict": strict,
        "--max-rejected": max_rejected is not None,
        "--overrides": overrides is not None,
    }
    topics = {"--from": begin is not None, "--to": end is not None, "--resume": resume}
    given = [*(name for name, is_given in topics.items() if is_given), *kafka.given]
    reject_limit(max_rejected)
    bars = bars_asked(definition, kafka)
    files_or_kafka([name for name, is_given in files.items() if is_given], given, bars)
    if source is None or store is None:
        return rebuild_on_kafka(definition, kafka, begin=begin, end=end, resume=resume, as_json=as_json)
    if batch_rows < 1:
        message = f"--batch-rows {batch_rows}: a step has at least one row"
        raise UsageError(message)
    check_bounds(bars.plan, complete_from, complete_until)
    try:
        with progress_of_run(f"{bars.plan.name} again", SystemClock()) as tell:
            report = bars.rebuild(
                inputs(source),
                store,
                at_end=at_end,
                complete_from=complete_from,
                complete_until=complete_until,
                strict=strict,
                max_rejected=max_rejected,
                overrides=overrides,
                batch_rows=batch_rows,
                on_progress=tell,
            )
    except TooManyRejected as error:
        if as_json:
            _tell(error.report, store, as_json=True)
        complain(str(error))
        return exit_of(error)
    _tell(report, store, as_json=as_json)
    if report.interrupted:
        return Exit.INTERRUPTED
    if not as_json:
        say(f"{store} is the new store; the old one stands beside it until you delete it.")
    return Exit.OK


def _tell(report: RunReport, store: Path, *, as_json: bool) -> None:
    if as_json:
        machine.emit("rebuild", report_body(report, store))
    else:
        show_report(report, store)
