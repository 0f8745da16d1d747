"""``barloom rebuild`` on Kafka: the bars once more into topics of their own, and how to cut over to them."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import instant, plural
from barloom.cli.kafka.options import app_asked
from barloom.cli.kafka.run import report_body, show_report, stopped_by_signals
from barloom.cli.progress import progress_of_run
from barloom.cli.screen import err, say
from barloom.clock import SystemClock
from barloom.telemetry.logs import configure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barloom.cli.kafka.options import KafkaOptions
    from barloom.kafka import KafkaApp, Rebuilt

__all__ = ["rebuild_on_kafka"]


def rebuild_on_kafka(  # noqa: PLR0913 - the options of a command
    definition: str,
    options: KafkaOptions,
    *,
    begin: str | None,
    end: str | None,
    resume: bool,
    as_json: bool,
) -> Exit:
    """Make the bars from a part of the input, or all of it, and stop."""
    app = app_asked(definition, options)
    span = [None if text is None else instant(text, name) for name, text in (("--from", begin), ("--to", end))]
    configure(json=not err().is_terminal)
    with stopped_by_signals() as (stop, seen), progress_of_run(f"{app.plan.name} again", SystemClock()) as tell:
        done = app.rebuild(stop=stop, begin=span[0], end=span[1], resume=resume, on_progress=tell)
    if as_json:
        body = {"name": app.plan.name, "messages": done.offsets, "complete": done.complete}
        machine.emit("rebuild", {**report_body(done.report, app), **body})
    else:
        show_report(done.report, app.names, options.same(definition))
        for line in _next(definition, app, done):
            say(line)
    if done.complete:
        return Exit.OK
    return Exit.INTERRUPTED if signal.SIGINT in seen else Exit.OK


def _next(definition: str, app: KafkaApp, done: Rebuilt) -> Iterable[str]:
    plan, settings = app.plan, app.settings
    same = f"{definition} --app {settings.app} --name {plan.name}"
    if not done.complete:
        yield f"Interrupted. What was read is committed; barloom rebuild {same} --resume goes on right after it."
        return
    yield f"{plural(done.offsets, 'message')} of {', '.join(settings.input)} are in the bars of {plan.name!r} now."
    yield "To cut over:"
    yield f"  1. barloom run {same}"
    yield "     goes on with the message after the last one read here: no bar is missing, none comes twice."
    yield f"  2. Let readers follow {plan.name}_final_… and {plan.name}_live_… instead of the old topics."
    yield "  3. Stop the old application, forget it with barloom reset, and delete its topics of bars, once nobody"
    yield "     reads them."
