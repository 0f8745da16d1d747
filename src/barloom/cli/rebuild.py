"""``barloom rebuild``: a store for a changed definition, built beside the old one and put in its place."""

from __future__ import annotations

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.options import AsJson, Definition, Sources, StorePath  # noqa: TC001 - the command line reads them
from barloom.cli.progress import progress_of_run
from barloom.cli.run import AtEnd, BatchRows, OverrideFile, Strict, inputs, report_body, show_report
from barloom.cli.screen import say
from barloom.clock import SystemClock
from barloom.plan.load import load
from barloom.runtime.rebuild import rebuild as rebuilt

__all__ = ["rebuild"]


def rebuild(  # noqa: PLR0913 - the options of a command
    definition: Definition,
    /,
    *,
    source: Sources,
    store: StorePath,
    at_end: AtEnd = "keep",
    strict: Strict = False,
    overrides: OverrideFile = None,
    batch_rows: BatchRows = 100_000,
    as_json: AsJson = False,
) -> Exit:
    """Build beside, then swap."""
    plan = load(definition).plan
    with progress_of_run(f"{plan.name} again", SystemClock()) as tell:
        report = rebuilt(
            plan,
            inputs(source),
            store,
            at_end=at_end,
            strict=strict,
            overrides=overrides,
            batch_rows=batch_rows,
            on_progress=tell,
        )
    if as_json:
        machine.emit("rebuild", report_body(report, store))
    else:
        show_report(report, store)
        if not report.interrupted:
            say(f"{store} is the new store; the old one stands beside it until you delete it.")
    return Exit.INTERRUPTED if report.interrupted else Exit.OK
