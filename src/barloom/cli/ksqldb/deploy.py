"""``barloom ksql plan`` and ``barloom ksql deploy``: what is to be done on a server, and doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import plural
from barloom.cli.ksqldb.options import NO_CHOICES, Choices
from barloom.cli.ksqldb.server import (
    NO_SERVER,
    NO_WAIT,
    ServerOptions,
    WaitOptions,
    policy_of,
    progress,
    server_of,
    told,
)
from barloom.cli.options import AsJson, Definition  # noqa: TC001 - the command line reads the annotations
from barloom.cli.screen import Column, Sheet, note, say, show
from barloom.ksqldb import Verdict

if TYPE_CHECKING:
    from barloom.ksqldb import Comparison, Planned

__all__ = ["deploy", "plan"]

_STYLES: Final = {Verdict.CREATE: "good", Verdict.UNCHANGED: "quiet", Verdict.DRIFTED: "bad"}

_Reuse = Annotated[
    tuple[str, ...],
    Parameter(
        name="--reuse-topic",
        negative="",
        show_default=False,
        help="A topic that exists and may keep its rows, although a new query writes all bars behind them.",
    ),
]


_Lose = Annotated[
    bool,
    Parameter(
        name="--lose-history",
        negative="",
        show_default=False,
        help="Go on although ticks are older than --retention: bars of that time may be lost or wrong.",
    ),
]


def plan(
    definition: Definition,
    /,
    *,
    choices: Choices = NO_CHOICES,
    server: ServerOptions = NO_SERVER,
    as_json: AsJson = False,
) -> Exit:
    """Show what a deployment would do, and change nothing. Exit code 1 where a statement has drifted."""
    found = choices.pipeline(definition, server_of(server)).changes()
    if as_json:
        machine.emit("ksql plan", {"statements": [_document(item) for item in found.items]})
    else:
        _show(found)
    return Exit.DIFFERENT if found.of(Verdict.DRIFTED) else Exit.OK


def deploy(  # noqa: PLR0913 - one argument an option
    definition: Definition,
    /,
    *,
    choices: Choices = NO_CHOICES,
    server: ServerOptions = NO_SERVER,
    wait: WaitOptions = NO_WAIT,
    reuse_topic: _Reuse = (),
    lose_history: _Lose = False,
    as_json: AsJson = False,
) -> Exit:
    """Create what is missing, stage by stage, and wait until all of it works. Nothing is replaced or dropped."""
    steps = choices.pipeline(definition, server_of(server)).deploy(
        reuse_topic=reuse_topic,
        lose_history=lose_history,
        wait=policy_of(wait),
        on_step=told,
        on_progress=progress,
    )
    created = [step for step in steps if step.verdict is Verdict.CREATE]
    if as_json:
        body = [
            {"name": step.entity.name, "verdict": step.verdict.value, "seconds": round(step.seconds, 3)}
            for step in steps
        ]
        machine.emit("ksql deploy", {"statements": body})
    else:
        say(f"{plural(len(created), 'statement')} created, {len(steps) - len(created)} unchanged; all of it works.")
    return Exit.OK


def _document(item: Planned) -> dict[str, object]:
    return {
        "name": item.entity.name,
        "verdict": item.verdict.value,
        "differences": list(item.differences),
        "topic_exists": item.topic_exists,
    }


def _show(found: Comparison) -> None:
    sheet = Sheet("", (Column("statement", style="bold"), Column("what"), Column("why")))
    for item in found.items:
        sheet.add(item.entity.quoted_name, item.verdict.value, "; ".join(item.differences), style=_STYLES[item.verdict])
    show(sheet)
    for item in found.items:
        if item.topic_exists:
            note(f"topic {item.entity.topic} exists and would hold all bars a second time: see --reuse-topic")
    counts = ", ".join(f"{len(found.of(verdict))} {verdict.value}" for verdict in Verdict)
    say(f"{counts}.")
