"""``barloom reset``: forget what an application on Kafka knows, after it was shown and named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import UsageError, plural
from barloom.cli.kafka.options import NO_OPTIONS, KafkaOptions, app_asked
from barloom.cli.options import AsJson, Definition  # noqa: TC001 - the command line reads the annotations
from barloom.cli.screen import Column, Sheet, say, show

if TYPE_CHECKING:
    from barloom.kafka import Known

__all__ = ["reset"]

Yes = Annotated[bool, Parameter(negative="", show_default=False, help="Do it; --app must name the application.")]


def reset(
    definition: Definition,
    /,
    *,
    yes: Yes = False,
    kafka: KafkaOptions = NO_OPTIONS,
    as_json: AsJson = False,
) -> Exit:
    """Show what would be removed, and remove it with --yes."""
    if yes and kafka.app is None:
        message = "--yes without --app: name the application whose state is to be removed"
        raise UsageError(message)
    known = app_asked(definition, kafka).reset(really=yes)
    if as_json:
        machine.emit("reset", {"app": known.app, "topics": known.topics, "members": known.members, "done": yes})
        return Exit.OK
    _tell(known, done=yes)
    return Exit.OK


def _tell(known: Known, *, done: bool) -> None:
    sheet = Sheet(f"Application {known.app!r}", (Column("", style="bold"), Column("")))
    for topic in known.topics:
        sheet.add(topic, "deleted" if done else "would be deleted")
    what = "forgotten" if done else "would be forgotten"
    sheet.add("group offsets", what if known.group else "none")
    show(sheet)
    if not (known.topics or known.group):
        say("There is nothing of it to forget; is it called so?", "warn")
        return
    if done:
        say("The next start reads the input from its beginning and publishes its bars again.")
        return
    if known.members:
        say(f"The group has {plural(known.members, 'member')}: stop every instance first.", "warn")
    say(f"Nothing was removed. To do it: the same with --app {known.app} --yes", "warn")
    say("The input, the finals, the live bars and the dead letters stay. Bars already published are published again.")
