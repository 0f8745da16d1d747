"""``barloom check``: every mistake of a definition at once, or the plan that it becomes."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from barloom.cli import machine
from barloom.cli.definition.plan_view import plan_body, plan_sheets, plan_warnings
from barloom.cli.exits import Exit
from barloom.cli.kafka.options import NO_OPTIONS, KafkaOptions, bars_asked
from barloom.cli.kafka.view import kafka_body, kafka_sheets, kafka_warnings
from barloom.cli.ksqldb.view import history_warnings, ksql_body, ksql_sheets
from barloom.cli.options import AsJson, Definition  # noqa: TC001 - the command line reads the annotations
from barloom.cli.screen import note, say, show
from barloom.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.front.bars import Bars

__all__ = ["check"]


_InKsql = Annotated[
    bool,
    Parameter(name="--ksqldb", negative="", show_default=False, help="Say also what ksqlDB can and cannot do of it."),
]


def check(
    definition: Definition, /, *, kafka: KafkaOptions = NO_OPTIONS, ksqldb: _InKsql = False, as_json: AsJson = False
) -> Exit:
    """Read a definition and show the plan."""
    bars, now = bars_asked(definition, kafka), SystemClock().now()
    plan, on_kafka = bars.plan, bool(kafka.given) or bars.says_kafka
    settings = bars.kafka(override=kafka.override).settings if on_kafka else None
    if as_json:
        more = {} if settings is None else {"kafka": kafka_body(plan, settings)}
        machine.emit("check", {**plan_body(plan, now), **more, **({"ksqldb": ksql_body(plan)} if ksqldb else {})})
        return Exit.OK
    on_servers = (() if settings is None else kafka_sheets(plan, settings), ksql_sheets(plan) if ksqldb else ())
    for sheet in chain(plan_sheets(plan, now, topics=on_kafka or ksqldb), *on_servers):
        show(sheet)
    if ksqldb and settings is not None:
        for told in history_warnings(plan, settings, now):
            note(told)
    for warning in (
        *plan_warnings(plan, now),
        *_feed_warnings(bars),
        *(() if settings is None else kafka_warnings(plan, settings)),
    ):
        note(warning)
    say(f"{plan.name!r} is in order.", "good")
    return Exit.OK


def _feed_warnings(bars: Bars) -> Iterator[str]:
    """What to set where the bars are of live feeds; what is wrong in ``[feed]`` is raised."""
    if not bars.says_feed:
        return
    bars.feeds()
    if not bars.plan.by_key:
        yield (
            'while numbers of one symbol are missing all wait for it: time = "key" under [bars] gives each key a time '
            "of its own, so that only that symbol waits"
        )
    if bars.plan.event.sequence is None:
        yield (
            'no sequence is declared, so that bars do not say whether they are complete: sequence = "trade_id" under '
            "[event], with trade_id among its fields"
        )
