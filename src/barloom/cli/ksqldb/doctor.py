"""``barloom ksql doctor``: what is wrong with a pipeline on a server, and how to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.ksqldb.options import NO_CHOICES, Choices
from barloom.cli.ksqldb.server import NO_SERVER, ServerOptions, server_of
from barloom.cli.options import AsJson, Definition  # noqa: TC001 - the command line reads the annotations
from barloom.cli.screen import say
from barloom.ksqldb import Health

if TYPE_CHECKING:
    from barloom.ksqldb import Finding

__all__ = ["doctor"]

_MARKS: Final = {Health.OK: ("ok     ", "good"), Health.WRONG: ("WRONG  ", "bad"), Health.UNKNOWN: ("unknown", "warn")}

_Registry = Annotated[str | None, Parameter(name="--registry", help="The address of the schema registry.")]


def doctor(
    definition: Definition,
    /,
    *,
    choices: Choices = NO_CHOICES,
    server: ServerOptions = NO_SERVER,
    registry: _Registry = None,
    as_json: AsJson = False,
) -> Exit:
    """Go through everything that is known to go wrong, within ten seconds. Exit code 1 where something is wrong."""
    found = choices.pipeline(definition, server_of(server)).doctor(registry)
    if as_json:
        machine.emit("ksql doctor", {"findings": [_document(item) for item in found]})
    else:
        _show(found)
    return Exit.DIFFERENT if any(item.health is Health.WRONG for item in found) else Exit.OK


def _document(item: Finding) -> dict[str, object]:
    return {"check": item.check, "health": item.health.value, "seen": item.seen, "mend": item.mend}


def _show(found: list[Finding]) -> None:
    for item in found:
        mark, style = _MARKS[item.health]
        say(f"{mark}  {item.check}", style)
        for line in item.seen.splitlines():
            say(f"         {line}")
        if item.mend and item.health is Health.WRONG:
            say(f"         mend: {item.mend}")
    counts = ", ".join(f"{sum(item.health is health for item in found)} {health.value}" for health in Health)
    say(f"{counts}.")
