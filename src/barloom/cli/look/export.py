"""``barloom export``: bars, or the rejected rows, into a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import UsageError, plural
from barloom.cli.look.asking import Range, about_key, lacks
from barloom.cli.look.reading import NO_TOPICS, Topics, bucket_in, opened
from barloom.cli.options import AsJson, From, MaybeStore, SomeKey, To  # noqa: TC001 - the command line reads them
from barloom.cli.output import STDOUT, format_of, write_frames
from barloom.cli.screen import note, say
from barloom.engine.frames import bar_schema
from barloom.plan.identity import topics as named
from barloom.read.rejected import rejected_frames, rejected_schema
from barloom.store.barstore import BarStore

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan
    from barloom.read.readable import Readable

__all__ = ["export"]

Out = Annotated[
    str, Parameter(allow_leading_hyphen=True, help="The file: .csv, .parquet or .jsonl; - for standard output.")
]
Format = Annotated[
    Literal["csv", "parquet", "jsonl"] | None,
    Parameter(name="--format", help="The format, where the file's name does not say it."),
]
Live = Annotated[bool, Parameter(negative="", show_default=False, help="The live bars of open slots, not the finals.")]
Rejected = Annotated[bool, Parameter(negative="", show_default=False, help="The rows that were refused, with reasons.")]
Timeframe = Annotated[str | None, Parameter(help="One of the definition's timeframes, such as 1m.")]


def export(  # noqa: PLR0913 - the options of a command
    *,
    out: Out,
    store: MaybeStore = None,
    timeframe: Timeframe = None,
    begin: From = None,
    end: To = None,
    key: SomeKey = (),
    live: Live = False,
    rejected: Rejected = False,
    form: Format = None,
    topics: Topics = NO_TOPICS,
    as_json: AsJson = False,
) -> Exit:
    """Write a file."""
    if as_json and out == STDOUT:
        message = "--json and --out - both go to standard output; give a file to --out"
        raise UsageError(message)
    chosen, unknown = format_of(out, form), None
    with opened(store, topics) as held:
        if rejected:
            _refuse(timeframe=timeframe, live=live, key=key, begin=begin, end=end)
            rows = write_frames(rejected_frames(_of_a_run(held)), rejected_schema(held.plan), out, chosen)
        else:
            asked = Range.asked(held, _required(held.plan, timeframe), key, begin, end, live=live)
            rows = write_frames(asked.frames(held), bar_schema(held.plan), out, chosen)
            unknown = None if rows else _unknown_key(held, asked)
    if as_json:
        machine.emit("export", {"out": out, "format": chosen, "rows": rows})
    elif out != STDOUT:
        say(f"Wrote {plural(rows, 'rejected row' if rejected else 'bar')} to {out}.")
    if unknown is not None and not as_json and out != STDOUT:
        note(unknown)
    return Exit.OK


def _unknown_key(held: Readable, asked: Range) -> str | None:
    """What there is to say where the key that was asked for is none of those with bars."""
    if len(asked.key) < len(held.plan.event.key):
        return None
    bucket = bucket_in(held, str(held.plan.levels[asked.level].timeframe))
    key = [asked.key[name] for name in held.plan.event.key]
    return about_key(bucket, key) if lacks(bucket, key) else None


def _refuse(**options: object) -> None:
    given = [name for name, value in options.items() if value]
    if given:
        written = {"begin": "from", "end": "to"}
        message = f"--rejected writes all refused rows: leave out --{written.get(given[0], given[0])}"
        raise UsageError(message)


def _of_a_run(held: Readable) -> BarStore:
    """The store of a run, which alone has the refused rows."""
    if isinstance(held, BarStore):
        return held
    message = f"over Kafka the refused rows are in the topic {named(held.plan).late!r}; --rejected is for a store"
    raise UsageError(message)


def _required(plan: BarPlan, timeframe: str | None) -> str:
    if timeframe is not None:
        return timeframe
    there = ", ".join(str(plan.levels[position].timeframe) for position in plan.published)
    message = f"say which bars: --timeframe, one of {there}; or --rejected"
    raise UsageError(message)
