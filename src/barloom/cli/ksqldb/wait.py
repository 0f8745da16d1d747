"""``barloom ksql wait`` and ``barloom ksql status``: whether all of it works, and where each part stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import count, moment, plural
from barloom.cli.ksqldb.options import NO_CHOICES, Choices
from barloom.cli.ksqldb.server import NO_SERVER, NO_WAIT, ServerOptions, WaitOptions, policy_of, progress, server_of
from barloom.cli.options import AsJson, Definition  # noqa: TC001 - the command line reads the annotations
from barloom.cli.screen import Column, Sheet, note, say, show
from barloom.ksqldb import quoted

if TYPE_CHECKING:
    from barloom.ksqldb import Standing

__all__ = ["status", "wait"]


def wait(
    definition: Definition,
    /,
    *,
    choices: Choices = NO_CHOICES,
    server: ServerOptions = NO_SERVER,
    waiting: WaitOptions = NO_WAIT,
    as_json: AsJson = False,
) -> Exit:
    """Wait until the server, every query and every table really work, or say why they do not."""
    pipeline = choices.pipeline(definition, server_of(server))
    ready = pipeline.wait(policy_of(waiting), on_progress=progress)
    if as_json:
        body = [{"name": item.entity, "seconds": round(item.seconds, 3)} for item in ready]
        machine.emit("ksql wait", {"entities": body})
        return Exit.OK
    for item in ready:
        if item.old_errors:
            last = item.old_errors[-1]
            note(f"{quoted(item.entity)} had {plural(len(item.old_errors), 'error')}, the last: {last.message}")
    say(f"All of it works: {plural(len(ready), 'statement')}.")
    return Exit.OK


def status(
    definition: Definition,
    /,
    *,
    choices: Choices = NO_CHOICES,
    server: ServerOptions = NO_SERVER,
    as_json: AsJson = False,
) -> Exit:
    """Show where every stream, table and query stands. Exit code 1 where something does not work."""
    found = choices.pipeline(definition, server_of(server)).status()
    if as_json:
        machine.emit("ksql status", {"entities": [_document(item) for item in found]})
    else:
        _show(found)
    return Exit.OK if all(item.works for item in found) else Exit.DIFFERENT


def _document(item: Standing) -> dict[str, object]:
    details = item.details
    return {
        "name": item.entity.name,
        "kind": item.entity.kind.value,
        "topic": item.entity.topic,
        "state": item.state,
        "query": None if item.found is None or not item.found.queries else item.found.queries[0].id,
        "tasks": None if details is None else details.tasks,
        "lag": None if details is None else details.lag,
        "errors": [] if details is None else [
            {"at": moment(error.at * 1_000_000), "kind": error.kind, "message": error.message}
            for error in details.errors
        ],
    }  # fmt: skip


def _show(found: list[Standing]) -> None:
    columns = (
        Column("name", style="bold"),
        Column("kind"),
        Column("topic"),
        Column("state"),
        Column("tasks", right=True),
        Column("lag", right=True),
    )
    sheet = Sheet("", columns)
    for item in found:
        details = item.details
        sheet.add(
            item.entity.quoted_name,
            item.entity.kind.value.lower(),
            item.entity.topic,
            item.state,
            "-" if details is None else count(details.tasks),
            "-" if details is None else count(details.lag),
            style="" if item.works else "bad",
        )
    show(sheet)
    for item in found:
        for error in item.details.errors[-1:] if item.details is not None else ():
            note(f"{item.entity.quoted_name} failed at {moment(error.at * 1_000_000)}: {error.message}")
