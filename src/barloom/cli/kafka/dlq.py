"""``barloom dlq``: the messages that could not be read; look at them, and put them back once the cause is mended."""

from __future__ import annotations

from heapq import nlargest
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import App, Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import UsageError, count, plural
from barloom.cli.kafka.letter_filter import letter_filter, place_of
from barloom.cli.kafka.letter_view import body_of, content, head_sheet, list_sheet, summary
from barloom.cli.kafka.options import KafkaOptions, app_asked
from barloom.cli.options import AsJson, Definition  # noqa: TC001 - the command line reads the annotations
from barloom.cli.screen import complain, note, say, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.kafka import DeadLetters, Letter

__all__ = ["dlq", "list_letters", "replay_letters", "show_letter"]

_EXAMPLES: Final = """\
Examples:
  barloom dlq list bars.toml
  barloom dlq list bars.toml --filter error=schema --filter since=2025-11-10
  barloom dlq show bars.toml 2/17
  barloom dlq replay bars.toml --filter topic=ticks --dry-run     what would be put back
  barloom dlq replay bars.toml --all
Filters: error, key (a part of it), topic, partition, offset (of the message), letter=2/17, tries, since, until.
Numbers may be ranges: offset=500..599. A letter is meant when it meets all filters."""
_NONE: Final = KafkaOptions()

_Filter = Annotated[
    tuple[str, ...],
    Parameter(name="--filter", help="NAME=VALUE; only letters that meet this. May be given several times."),
]
_Limit = Annotated[int, Parameter(help="Show at most this many, those that failed last.")]
_Place = Annotated[str, Parameter(help="The letter as `list` names it: 2/17.")]
_All = Annotated[bool, Parameter(name="--all", negative="", show_default=False, help="Put all of them back.")]
_DryRun = Annotated[
    bool, Parameter(negative="", show_default=False, help="Say what would be put back, and write nothing.")
]

dlq = App(
    name="dlq",
    help="Look at the messages that could not be read, and put them back.",
    help_format="plaintext",
    help_epilogue=_EXAMPLES,
)


@dlq.command(name="list")
def list_letters(
    definition: Definition,
    /,
    *,
    filters: _Filter = (),
    limit: _Limit = 100,
    kafka: KafkaOptions = _NONE,
    as_json: AsJson = False,
) -> Exit:
    """List dead letters, those that failed last first."""
    meant = letter_filter(filters)
    letters = app_asked(definition, kafka).dlq
    total = 0

    def counted(letter: Letter) -> bool:
        nonlocal total
        total += (yes := meant(letter))
        return yes

    found = nlargest(limit, letters.list(counted), key=lambda item: item[0].last_seen)
    if as_json:
        rows = [summary(letter, replayed=done) for letter, done in found]
        machine.emit("dlq list", {"topic": letters.topic, "total": total, "letters": rows})
        return Exit.OK
    _show(found, total, letters.topic, chosen=bool(filters))
    return Exit.OK


@dlq.command(name="show")
def show_letter(
    definition: Definition, place: _Place, /, *, kafka: KafkaOptions = _NONE, as_json: AsJson = False
) -> Exit:
    """Show one dead letter: where it came from, why it is here, its headers, key and value."""
    partition, offset = place_of(place)
    letters = app_asked(definition, kafka).dlq
    found = letters.show(partition, offset)
    if found is None:
        message = f"there is no dead letter {place} in {letters.topic}, or no longer"
        complain(message)
        if as_json:
            machine.emit("dlq show", {"letter": None})
        return Exit.NOT_FOUND
    letter, done = found
    if as_json:
        machine.emit("dlq show", body_of(letter, replayed=done))
        return Exit.OK
    show(head_sheet(letter))
    for line in [*content("Key", letter.key), *content("Value", letter.value)]:
        say(line)
    if done:
        note("it was put back already")
    return Exit.OK


@dlq.command(name="replay")
def replay_letters(  # noqa: PLR0913 - the options of a command
    definition: Definition,
    /,
    *,
    filters: _Filter = (),
    every: _All = False,
    dry_run: _DryRun = False,
    kafka: KafkaOptions = _NONE,
    as_json: AsJson = False,
) -> Exit:
    """Put dead letters back into the topics and partitions that they came from, each exactly once.

    What was put back before is left out, so that the command can be repeated after any interruption. A tick whose slot
    is closed by now is late like any other.
    """
    if every == bool(filters):
        message = "say which letters to put back: --filter NAME=VALUE, or --all"
        raise UsageError(message)
    meant = letter_filter(filters)
    letters = app_asked(definition, kafka).dlq
    body = _foreseen(letters, meant) if dry_run else _replayed(letters, meant)
    if as_json:
        machine.emit("dlq replay", {"dry_run": dry_run, **body})
        return Exit.OK
    verb = "would be put back" if dry_run else "put back"
    say(f"{plural(body['replayed'], 'dead letter')} {verb}.")
    if body["before"]:
        say(f"{count(body['before'])} had been put back before.")
    if body["foreign"]:
        note(f"{plural(body['foreign'], 'record')} of {letters.topic} do not say where they came from")
    return Exit.OK


def _replayed(letters: DeadLetters, meant: Callable[[Letter], bool]) -> dict[str, int]:
    done = letters.replay(meant)
    return {"replayed": done.replayed, "before": done.before, "foreign": done.foreign}


def _foreseen(letters: DeadLetters, meant: Callable[[Letter], bool]) -> dict[str, int]:
    body = {"replayed": 0, "before": 0, "foreign": 0}
    for letter, done in letters.list(meant):
        body["foreign" if letter.origin is None else "before" if done else "replayed"] += 1
    return body


def _show(found: list[tuple[Letter, bool]], total: int, topic: str, *, chosen: bool) -> None:
    if not found:
        say(f"No dead letter in {topic} fits the filter." if chosen else f"No dead letters in {topic}.")
        return
    show(list_sheet(f"Dead letters in {topic}", found))
    if total > len(found):
        note(f"these are the last {count(len(found))} of {count(total)}; --limit shows more, --filter fewer")
