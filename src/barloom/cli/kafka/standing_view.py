"""``barloom status`` of an application on Kafka: its partitions, once or again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import UsageError, count, duration, moment
from barloom.cli.kafka.options import app_asked
from barloom.cli.screen import Column, Sheet, out, show
from barloom.clock import SystemClock
from barloom.kafka import KSQLDB, NO_OWNER
from barloom.time.timeframe import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.cli.kafka.options import KafkaOptions
    from barloom.clock import Clock
    from barloom.kafka import Standing

__all__ = ["standing_sheet", "status_on_kafka"]

_EVERY: Final = 2.0
"""Seconds between two looks of ``--watch``."""

_COLUMNS: Final = (
    Column("partition", right=True, style="bold"),
    Column("owner"),
    Column("state"),
    Column("lag", right=True),
    Column("stream time"),
    Column("since"),
    Column("told", right=True),
)


def status_on_kafka(definition: str, options: KafkaOptions, *, watch: bool, as_json: bool) -> Exit:
    """Show each partition; with `watch` until Ctrl-C."""
    app = app_asked(definition, options)
    settings, clock = app.settings, SystemClock()
    if settings.written_by == KSQLDB:
        message = f"{app.plan.name!r} runs on a ksqlDB server and is no application on Kafka: see `barloom ksql status`"
        raise UsageError(message)
    while True:
        found = app.status()
        if as_json:
            machine.emit("status", {"application": settings.app, "partitions": [_body(each) for each in found]})
        else:
            _draw(f"Application {settings.app} on {settings.brokers}", found, clock, clear=watch)
        if not watch:
            return Exit.OK
        clock.sleep(_EVERY)


def standing_sheet(title: str, found: Sequence[Standing], now: int) -> Sheet:
    """A table, one line a partition; `now` is what times are told against."""
    sheet = Sheet(title, _COLUMNS)
    for each in found:
        sheet.add(
            str(each.partition),
            each.owner or "-",
            each.state,
            count(each.lag),
            moment(each.stream_time),
            moment(each.since and each.since // SECOND * SECOND),
            "-" if each.at is None else f"{duration(max(0, now - each.at) // SECOND * SECOND)} ago",
            style="" if each.state == "RUNNING" else "bad" if each.state in (NO_OWNER, "ERROR") else "warn",
        )
    return sheet


def _draw(title: str, found: Sequence[Standing], clock: Clock, *, clear: bool) -> None:
    if clear:
        out().clear()
    show(standing_sheet(title, found, clock.now()))


def _body(each: Standing) -> dict[str, object]:
    return {
        "partition": each.partition,
        "owner": each.owner,
        "state": each.state,
        "lag": each.lag,
        "stream_time": None if each.stream_time is None else moment(each.stream_time),
        "since": None if each.since is None else moment(each.since),
        "told_at": None if each.at is None else moment(each.at),
    }
