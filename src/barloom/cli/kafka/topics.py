"""``barloom topics``: what the topics of a definition should be, what they are, and making them so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cyclopts import App

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import plural
from barloom.cli.kafka.options import NO_OPTIONS, KafkaOptions, app_asked
from barloom.cli.options import AsJson, Definition  # noqa: TC001 - the command line reads the annotations
from barloom.cli.screen import Column, Sheet, note, say, show
from barloom.kafka import Applied, State, readable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barloom.kafka import Difference, TopicChange, TopicPlan


__all__ = ["apply", "check", "plan", "topics"]

_EXAMPLES: Final = """\
Examples:
  barloom topics plan bars.toml                        what would be made, and what differs
  barloom topics apply bars.toml                       make what is missing, set what is safe to set
  barloom topics check bars.toml                       exit code 1 when anything is missing or differs
  barloom topics plan bars.toml --kafka localhost:9092 --input ticks --format json"""
_UNSEEN: Final = "whether this definition can go on with the state that is there was not seen"

topics = App(
    name="topics",
    help="Compare the topics of a definition with those in the cluster, and make them.",
    help_format="plaintext",
    help_epilogue=_EXAMPLES,
)


@topics.command
def plan(definition: Definition, /, *, kafka: KafkaOptions = NO_OPTIONS, as_json: AsJson = False) -> Exit:
    """Show what is missing or differs, and change nothing."""
    app = app_asked(definition, kafka)
    _tell("topics plan", app.topics.plan(), app.settings.brokers, as_json=as_json)
    return Exit.OK


@topics.command
def check(definition: Definition, /, *, kafka: KafkaOptions = NO_OPTIONS, as_json: AsJson = False) -> Exit:
    """Show what is missing or differs, also from what another definition wrote; end with exit code 1 for anything."""
    app = app_asked(definition, kafka)
    found = app.topics.plan()
    _tell("topics check", found, app.settings.brokers, as_json=as_json)
    return Exit.OK if found.all_is_well else Exit.DIFFERENT


@topics.command
def apply(definition: Definition, /, *, kafka: KafkaOptions = NO_OPTIONS, as_json: AsJson = False) -> Exit:
    """Make what is missing and set what loses nothing; never delete, and never add partitions.

    Topics for a definition that could not go on with the state of the application are not made.
    """
    app = app_asked(definition, kafka)
    done = app.topics.apply()
    _tell("topics apply", done, app.settings.brokers, as_json=as_json)
    return Exit.OK if done.all_is_well else Exit.DIFFERENT


def _tell(command: str, found: TopicPlan, brokers: str, *, as_json: bool) -> None:
    made = {"created": found.created, "altered": found.altered} if isinstance(found, Applied) else {}
    if as_json:
        told = {"topics": [_body(item, brokers) for item in found.changes]}
        machine.emit(command, {**told, "another_definition": found.another_definition, **made})
        return
    for text in found.unseen:
        note(f"{_UNSEEN}: {text}")
    if made:
        say(f"Created {plural(len(made['created']), 'topic')}, altered {len(made['altered'])}.")
    show(_sheet(found.changes))
    different = [change for change in found.changes if change.differences]
    if different:
        show(_differences(different))
    for line in dict.fromkeys(line for change in different for line in _commands(change, brokers)):
        say(line)
    for text in found.another_definition:
        say(text, "bad")
    if found.all_is_well:
        say("Every topic is as it should be.", "good")


def _sheet(changes: Iterable[TopicChange]) -> Sheet:
    sheet = Sheet(
        "Topics",
        (
            Column("topic", style="bold"),
            Column("for"),
            Column("state"),
            Column("partitions", right=True),
            Column("replicas", right=True),
            Column("cleanup"),
            Column("kept"),
        ),
    )
    styles = {State.CREATE: "good", State.UNCHANGED: "", State.DIFFERS: "warn"}
    for change in changes:
        spec = change.spec
        kept = spec.config.get("retention.ms")
        sheet.add(
            spec.name,
            spec.what,
            change.state.value,
            str(spec.partitions),
            str(spec.replicas),
            spec.config["cleanup.policy"],
            "the latest of each key" if kept is None else readable("retention.ms", kept),
            style="bad" if change.grave else styles[change.state],
        )
    return sheet


def _differences(changes: Iterable[TopicChange]) -> Sheet:
    columns = (Column("topic", style="bold"), Column("setting"), Column("is"), Column("wanted"), Column("remedy"))
    sheet = Sheet("Differences", columns)
    for change in changes:
        for item in change.differences:
            found, wanted = readable(item.name, item.found), readable(item.name, item.wanted)
            sheet.add(change.spec.name, item.name, found, wanted, _remedy(item), style="bad" if item.grave else "")
    return sheet


def _remedy(item: Difference) -> str:
    if item.safe:
        return "topics apply sets it"
    return "by hand; nothing runs until then" if item.grave else "by hand: what is kept would change"


def _commands(change: TopicChange, brokers: str) -> Iterable[str]:
    """What mends by hand that which `apply` leaves alone."""
    name, server = change.spec.name, f"--bootstrap-server {brokers}"
    for item in change.differences:
        if item.name == "partitions":
            yield "  A key keeps its partition: bars begun under another number go on under a new name and --app."
            if int(item.found) < change.spec.partitions:
                alter = f"--alter --topic {name} --partitions {change.spec.partitions}"
                yield f"  kafka-topics.sh {server} {alter}    before the first run only"
        elif item.name == "replicas":
            yield f"  kafka-reassign-partitions.sh {server} …    {name} to {item.wanted} replicas"
        elif not item.safe:
            setting = f"{item.name}=[{item.wanted}]" if "," in item.wanted else f"{item.name}={item.wanted}"
            yield f"  kafka-configs.sh {server} --alter --topic {name} --add-config {setting}"


def _body(change: TopicChange, brokers: str) -> dict[str, object]:
    spec = change.spec
    return {
        "name": spec.name,
        "for": spec.what,
        "state": change.state.value,
        "usable": not change.grave,
        "partitions": spec.partitions,
        "replicas": spec.replicas,
        "config": dict(spec.config),
        "differences": [
            {"setting": item.name, "is": item.found, "wanted": item.wanted, "grave": item.grave, "safe": item.safe}
            for item in change.differences
        ],
        "commands": [line.strip() for line in _commands(change, brokers)],
    }
