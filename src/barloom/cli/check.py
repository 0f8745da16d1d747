"""``barloom check``: every mistake of a definition at once, or the plan that it becomes."""

from __future__ import annotations

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.options import AsJson, Definition  # noqa: TC001 - the command line reads the annotations
from barloom.cli.plan_view import plan_body, plan_sheets, plan_warnings
from barloom.cli.screen import note, say, show
from barloom.clock import SystemClock
from barloom.plan.load import load

__all__ = ["check"]


def check(definition: Definition, /, *, as_json: AsJson = False) -> Exit:
    """Read a definition and show the plan."""
    plan, now = load(definition).plan, SystemClock().now()
    if as_json:
        machine.emit("check", plan_body(plan, now))
        return Exit.OK
    for sheet in plan_sheets(plan, now):
        show(sheet)
    for warning in plan_warnings(plan, now):
        note(warning)
    say(f"{plan.name!r} is in order.", "good")
    return Exit.OK
