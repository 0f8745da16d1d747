"""``barloom topics``: what the topics of a definition should be, what they are, and making them so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cyclopts import App

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import plural
from barloom.cli.kafka.options import NO_OPTIONS, KafkaOptions, plan_asked, settings_asked
from barloom.cli.options import AsJson, Definition  # noqa: TC001 - the command line reads the annotations
from barloom.cli.screen import Column, Sheet, note, say, show
from barloom.clock import SystemClock
from barloom.errors import AccessRefused, LoginRefused, RegistryUnavailable
from barloom.kafka.cluster.admin import Cluster
from barloom.kafka.cluster.topics import State, readable
from barloom.kafka.runtime.registered import differing_schemas, differing_state
from barloom.kafka.state.origin import refuse_another_definition

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from barloom.kafka.cluster.topics import Difference, TopicChange

__all__ = ["apply", "check", "plan", "topics"]

_EXAMPLES: Final = """\
Examples:
  barloom topics plan bars.toml                        what would be made, and what differs
  barloom topics apply bars.toml                       make what is missing, set what is safe to set
  barloom topics check bars.toml                       exit code 1 when anything is missing or differs
  barloom topics plan bars.toml --kafka localhost:9092 --input ticks --format json"""
_SETTLES: Final = 5.0
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
    work = _Work(definition, kafka)
    changes = work.changes()
    _tell("topics plan", changes, work.brokers, as_json=as_json, another=work.another_definition(as_json=as_json))
    return Exit.OK


@topics.command
def check(definition: Definition, /, *, kafka: KafkaOptions = NO_OPTIONS, as_json: AsJson = False) -> Exit:
    """Show what is missing or differs, also from what another definition wrote; end with exit code 1 for anything."""
    work = _Work(definition, kafka)
    changes, another = work.changes(), work.another_definition(as_json=as_json)
    _tell("topics check", changes, work.brokers, as_json=as_json, another=another)
    return Exit.OK if _all_is_well(changes) and not another else Exit.DIFFERENT


@topics.command
def apply(definition: Definition, /, *, kafka: KafkaOptions = NO_OPTIONS, as_json: AsJson = False) -> Exit:
    """Make what is missing and set what loses nothing; never delete, and never add partitions.

    Topics for a definition that could not go on with the state of the application are not made.
    """
    work = _Work(definition, kafka)
    before = work.changes()
    unseen = work.refuse_another_definition()
    if unseen and not as_json:
        note(f"{_UNSEEN}: {unseen}")
    work.cluster.create(before)
    work.cluster.alter(before)
    after = work.settled(before)
    _tell("topics apply", after, work.brokers, as_json=as_json, made=_made(before))
    return Exit.OK if _all_is_well(after) else Exit.DIFFERENT


class _Work:
    """A definition's settings and its cluster."""

    def __init__(self, definition: str, options: KafkaOptions) -> None:
        self._plan = plan_asked(definition, options)
        self._clock = SystemClock()
        self._settings = settings_asked(definition, self._plan, options)
        self.brokers = self._settings.brokers
        self.cluster = Cluster.reach(self._settings, self._clock)
        self._inputs = self.cluster.inputs()

    def changes(self) -> list[TopicChange]:
        return self.cluster.changes(self._plan, self._inputs)

    def refuse_another_definition(self) -> str | None:
        """`StoreMismatch` where the application's state is of another one; a reason where we may not see it."""
        try:
            refuse_another_definition(self._plan, self._settings)
        except AccessRefused as error:
            return str(error)
        return None

    def another_definition(self, *, as_json: bool) -> list[str]:
        """What is there of another definition, such as a field of another type, as far as it may be seen."""
        found: list[str] = []
        for look in (differing_state, differing_schemas):
            try:
                found += look(self._plan, self._settings)
            except (AccessRefused, LoginRefused, RegistryUnavailable) as error:
                if not as_json:
                    note(f"{_UNSEEN}: {error}")
        return found

    def settled(self, before: Sequence[TopicChange]) -> list[TopicChange]:
        """What is left to do, once every broker knows what was done; that takes a moment."""
        done = {change.spec.name for change in before if change.state is State.CREATE or change.alterable}
        until = self._clock.monotonic() + _SETTLES
        while True:
            after = self.changes()
            open_ = [
                item for item in after if item.spec.name in done and (item.state is State.CREATE or item.alterable)
            ]
            if not open_ or self._clock.monotonic() > until:
                return after
            self._clock.sleep(0.1)


def _all_is_well(changes: Iterable[TopicChange]) -> bool:
    return all(change.state is State.UNCHANGED for change in changes)


def _made(before: Iterable[TopicChange]) -> dict[str, list[str]]:
    created = [change.spec.name for change in before if change.state is State.CREATE]
    altered = [change.spec.name for change in before if change.alterable]
    return {"created": created, "altered": altered}


def _tell(  # noqa: PLR0913 - what there is to tell, by name
    command: str,
    changes: Sequence[TopicChange],
    brokers: str,
    *,
    as_json: bool,
    made: dict[str, list[str]] | None = None,
    another: Sequence[str] = (),
) -> None:
    if as_json:
        told = {"topics": [_body(change, brokers) for change in changes], "another_definition": list(another)}
        machine.emit(command, {**told, **(made or {})})
        return
    if made is not None:
        say(f"Created {plural(len(made['created']), 'topic')}, altered {len(made['altered'])}.")
    show(_sheet(changes))
    different = [change for change in changes if change.differences]
    if different:
        show(_differences(different))
    for line in dict.fromkeys(line for change in different for line in _commands(change, brokers)):
        say(line)
    for text in another:
        say(text, "bad")
    if _all_is_well(changes) and not another:
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
