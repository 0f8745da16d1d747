"""``barloom ksql drop``: take streams, tables and topics off a server, each by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import plural
from barloom.cli.ksqldb.options import NO_CHOICES, Choices
from barloom.cli.ksqldb.server import NO_SERVER, ServerOptions, server_of
from barloom.cli.options import AsJson, Definition  # noqa: TC001 - the command line reads the annotations
from barloom.cli.screen import Column, Sheet, note, say, show

if TYPE_CHECKING:
    from collections.abc import Collection

    from barloom.ksqldb import Dropped, Entity

__all__ = ["drop"]

_Names = Annotated[
    tuple[str, ...],
    Parameter(name="--drop", negative="", show_default=False, help="A stream or table to drop, by its name."),
]
_Topics = Annotated[
    tuple[str, ...],
    Parameter(
        name="--delete-topic",
        negative="",
        show_default=False,
        help="A topic to delete with what was dropped, by its name: its rows are lost.",
    ),
]


_All = Annotated[
    bool,
    Parameter(
        name="--all",
        negative="",
        show_default=False,
        help="Drop every stream and table of the definition that is there. Topics stay, unless they are named.",
    ),
]
_AllTopics = Annotated[
    bool,
    Parameter(
        name="--all-topics",
        negative="",
        show_default=False,
        help="Delete the topics of all bars with what was dropped, and never that of the ticks: the bars are lost.",
    ),
]


def drop(  # noqa: PLR0913 - one argument an option
    definition: Definition,
    /,
    *,
    choices: Choices = NO_CHOICES,
    server: ServerOptions = NO_SERVER,
    names: _Names = (),
    topics: _Topics = (),
    everything: _All = False,
    all_topics: _AllTopics = False,
    as_json: AsJson = False,
) -> Exit:
    """Drop what is named, downstream first. Without a name nothing is dropped: it shows what could be."""
    pipeline = choices.pipeline(definition, server_of(server))
    if not (names or topics or everything or all_topics):
        _show_present(pipeline.present(), as_json=as_json)
        return Exit.OK
    dropped = pipeline.drop(names, topics, everything=everything, all_topics=all_topics)
    if as_json:
        machine.emit("ksql drop", {"dropped": [_document(item) for item in dropped]})
    else:
        _show(dropped)
    return Exit.OK


def _document(item: Dropped) -> dict[str, object]:
    return {"name": item.entity.name, "topic_deleted": item.topic_deleted, "topic_left": item.topic_left}


def _show(dropped: Collection[Dropped]) -> None:
    for item in dropped:
        say(f"dropped {item.entity.quoted_name}" + (f" and topic {item.entity.topic}" if item.topic_deleted else ""))
        if item.topic_left is not None:
            note(f"topic {item.topic_left} and its subjects are half deleted: remove them with the tools of Kafka")
    if dropped:
        say(f"{plural(len(dropped), 'statement')} dropped.")
    else:
        say("Nothing was dropped: nothing of what was named is on the server.")


def _show_present(entities: Collection[Entity], *, as_json: bool) -> None:
    if as_json:
        body = [{"name": entity.name, "topic": entity.topic} for entity in entities]
        machine.emit("ksql drop", {"dropped": [], "present": body})
        return
    if not entities:
        say("Nothing was dropped: nothing of the definition is on the server.")
        return
    sheet = Sheet("On the server, in the order of dropping", (Column("name", style="bold"), Column("topic")))
    for entity in entities:
        sheet.add(entity.quoted_name, entity.topic)
    show(sheet)
    say("Nothing was dropped: name each with --drop (or --all), and each topic that may go with --delete-topic.")
