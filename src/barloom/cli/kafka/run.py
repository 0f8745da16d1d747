"""``barloom run`` on Kafka: one instance of an application, until it is told to stop."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import count, moment, plural, rounded_told
from barloom.cli.screen import Column, Sheet, err, note, say, show, spinner
from barloom.kafka import UNCOMMITTED
from barloom.telemetry.logs import configure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from barloom.kafka import KafkaApp, Status
    from barloom.plan.identity import Topics
    from barloom.runtime.report import RunReport

__all__ = ["report_body", "run_on_kafka", "show_report", "stopped_by_signals"]


def run_on_kafka(app: KafkaApp, same: str, *, as_json: bool) -> Exit:
    """Be an instance until SIGTERM (`Exit.OK`) or Ctrl-C (`Exit.INTERRUPTED`), and report.

    `same` is what another command on the same application is given.
    """
    plan, settings = app.plan, app.settings
    if not as_json:
        say(f"{plan.name!r} on {settings.brokers}, group {settings.app!r}. Ctrl-C stops it in good order.")
    configure(json=not err().is_terminal)
    with stopped_by_signals() as (stop, seen), _status(plan.name) as tell:
        report = app.run(stop=stop, on_status=tell)
    if as_json:
        machine.emit("run", report_body(report, app))
    else:
        show_report(report, app.names, same)
        if not any(UNCOMMITTED in text for text in report.notes):
            say("Stopped in good order: what was read is committed, and the group is left.")
    return Exit.INTERRUPTED if signal.SIGINT in seen else Exit.OK


@contextmanager
def stopped_by_signals() -> Iterator[tuple[Event, list[int]]]:
    """An event that SIGTERM and the first Ctrl-C set, and the signals that came; a second Ctrl-C stops at once."""
    stop, seen = Event(), list[int]()

    def hear(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT and number in seen:
            raise KeyboardInterrupt
        seen.append(number)
        stop.set()

    before = {number: signal.signal(number, hear) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop, seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _status(name: str) -> Iterator[Callable[[Status], None] | None]:
    """A line that follows the run, where somebody looks."""
    if not err().is_terminal:
        yield None
        return
    with err().status(name, spinner=spinner()) as line:
        yield lambda status: line.update(f"{name}  {_told(status)}")


def _told(status: Status) -> str:
    states = ", ".join(f"{number} {state.lower()}" for number, state in sorted(status.states.items()))
    lag = "" if status.lag is None else f"  {count(status.lag)} behind"
    return f"{count(status.report.ticks)} ticks{lag}  partitions: {states or 'none yet'}"


def show_report(report: RunReport, names: Topics, same: str) -> None:
    """What was done, for a person; `same` is what another command on the application is given."""
    say(f"Read {plural(report.ticks, 'tick')} in {report.seconds:.1f} s.")
    bars = Sheet("Bars", (Column("timeframe", style="bold"), Column("written", right=True)))
    for timeframe, written in report.bars.items():
        bars.add(timeframe, count(written))
    show(bars)
    if report.rejected:
        rejected = Sheet("Rejected", (Column("reason", style="bold"), Column("rows", right=True)))
        for reason, rows in report.rejected.items():
            rejected.add(reason, count(rows), style="warn")
        show(rejected)
    if sum(report.rejected.values()) > report.dead_letters:
        say(f"Refused ticks, each with the reason and the bars it missed: in the topic {names.late}")
    if report.dead_letters:
        say(f"Messages that could not be read: in {names.dead_letter}; see them with barloom dlq list {same}")
    if report.tombstones:
        say(f"Messages without a value, which were passed over: {count(report.tombstones)}")
    if report.marks:
        say(f"Marks that say up to when the input is complete: {count(report.marks)}")
    if report.rounded:
        say(rounded_told(report.rounded))
    for text in report.notes:
        note(text)


def report_body(report: RunReport, app: KafkaApp) -> dict[str, object]:
    """The same for a script."""
    names = app.names
    return {
        "brokers": app.settings.brokers,
        "app": app.settings.app,
        "ticks": report.ticks,
        "filtered": report.filtered,
        "bars": report.bars,
        "rejected": report.rejected,
        "late_topic": names.late,
        "dead_letters": report.dead_letters,
        "rounded": report.rounded,
        "tombstones": report.tombstones,
        "marks": report.marks,
        "dead_letter_topic": names.dead_letter,
        "notes": report.notes,
        "seconds": round(report.seconds, 3),
        "stream_time": None if report.stream_time_ns is None else moment(report.stream_time_ns),
    }
