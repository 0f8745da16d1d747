"""``barloom get``: one bar by key and start, or why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import instant, moment, on_the_grid
from barloom.cli.look.asking import about_key, near_keys, whole_key
from barloom.cli.look.reading import NO_TOPICS, Topics, bucket_in, opened
from barloom.cli.options import AsJson, KeyParts, MaybeStore, Start, TimeframeName  # noqa: TC001 - read at run time
from barloom.cli.screen import Column, Sheet, say, show
from barloom.engine.frames import PHASE, tells_phase
from barloom.read.answers import Found
from barloom.read.written import bar_body, written_field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.read.answers import NotFound
    from barloom.read.bar import Bar

__all__ = ["bar_sheet", "get"]


def get(  # noqa: PLR0913 - the options of a command
    start: Start,
    /,
    *,
    timeframe: TimeframeName,
    key: KeyParts,
    store: MaybeStore = None,
    topics: Topics = NO_TOPICS,
    as_json: AsJson = False,
) -> Exit:
    """Look up."""
    at = instant(start, "the start")
    with opened(store, topics) as held:
        bucket = bucket_in(held, timeframe)
        asked = whole_key(held, key)
        with on_the_grid():
            answer = bucket.get(asked, at)
        near = [] if answer or answer.key_known else near_keys(bucket, asked)
        if as_json:
            machine.emit("get", _body(answer, near))
        elif isinstance(answer, Found):
            show(bar_sheet(held.plan, answer.bar))
        else:
            say(f"No bar of {timeframe} at {moment(at)}: {answer}.")
            if not answer.key_known:
                say(about_key(bucket, asked))
    return Exit.OK if answer else Exit.NOT_FOUND


def bar_sheet(plan: BarPlan, bar: Bar) -> Sheet:
    """A bar as a table of its fields: what it is, its columns, its book-keeping."""
    key = " ".join(str(getattr(bar, name)) for name in plan.event.key)
    state = "final" if bar.final else "live, still changing"
    sheet = Sheet(f"{key} {bar.timeframe}, {state}", (Column("field", style="bold"), Column("value", right=True)))
    outputs = [output.name for output in plan.outputs]
    phase = [PHASE] if tells_phase(plan) else []
    for name in ("start", "end", *outputs, "open_time", "close_time", "trading_date", *phase):
        value = written_field(bar, name)
        sheet.add(name, "null" if value is None else str(value), style="" if name in outputs else "quiet")
    for name, text in _kept(bar):
        sheet.add(name, text, style="quiet")
    return sheet


def _kept(bar: Bar) -> Iterator[tuple[str, str]]:
    """The book-keeping, which bars of ksqlDB do not have."""
    if "slots" not in bar.as_dict():
        return
    yield "slots", f"{bar.filled} with ticks, {bar.slots} decided, {bar.expected_slots} expected"
    if "missing" in bar.as_dict():
        yield "complete", bar.complete + (f" ({bar.missing:,} missing)" if bar.missing else "")
    flags = [name for name in ("synthetic", "partial") if getattr(bar, name)]
    yield "rows folded", f"{bar.revision}" + (f" ({', '.join(flags)})" if flags else "")


def _body(answer: Found[Bar] | NotFound, near: Sequence[tuple[object, ...]]) -> dict[str, object]:
    if isinstance(answer, Found):
        return {"found": True, "bar": bar_body(answer.bar)}
    reached = None if answer.stream_time is None else moment(answer.stream_time)
    key = {"key_known": answer.key_known, "near_keys": [list(each) for each in near]}
    return {"found": False, "why": answer.why.value, "decided": answer.decided, "stream_time": reached, **key}
