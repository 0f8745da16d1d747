"""What stands above a script: what its bars promise, what they do not, and what must be true for them to be right."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Final

from barloom.ksqldb.compile.ladder import grace_of
from barloom.ksqldb.compile.layout import QUOTIENT_DIGITS
from barloom.ksqldb.compile.printer import print_duration
from barloom.plan.nodes import Ratio
from barloom.time.timeframe import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from barloom.ksqldb.compile.layout import Layout
    from barloom.ksqldb.compile.refusals import Refusal
    from barloom.ksqldb.compile.settings import KsqlSettings
    from barloom.plan.barplan import BarPlan

__all__ = ["header", "needed"]

_WIDTH: Final = 110


def header(plan: BarPlan, layout: Layout, settings: KsqlSettings, left_out: Sequence[Refusal]) -> str:
    """The lines of the header, without the marks of a comment."""
    title = f"Bars of {plan.name}, made by barloom from their definition. Change that, not this file."
    parts = {
        "Promised:": _promised(plan),
        "Late data and duplicates:": _late(plan, settings),
        "Must be true, or bars are lost or wrong:": needed(settings),
        "Quotients:": _quotients(layout),
        "Left out:": (f"{item.name}: {item.what}." for item in left_out),
    }
    listed = ((head, list(lines)) for head, lines in parts.items())
    return "\n\n".join([title, *("\n".join([head, *map(_item, lines)]) for head, lines in listed if lines)])


def _item(text: str) -> str:
    return fill(text, _WIDTH, initial_indent="* ", subsequent_indent="  ", break_on_hyphens=False)


def _promised(plan: BarPlan) -> Iterator[str]:
    yield "Open and close are chosen by event time (whole milliseconds, not before 1970), then by the offset."
    yield "Numbers are exact decimals. Sums have 38 digits. One that needs more stops its query, it never wraps."
    yield "A parent is made of its final children: their highs and lows, their sums, their counts."
    yield (
        "A final is written once, when a later tick (or a later child) arrives in its partition and not before: the"
        " last bars stay open until then."
    )
    if len(plan.levels) > 1:
        yield "A live table shows the final children that its window has so far. The last record of a window wins."


def _late(plan: BarPlan, settings: KsqlSettings) -> Iterator[str]:
    delay = print_duration(grace_of(plan.base)).lower()
    yield (
        f"A tick counts as long as the end of its {plan.base.timeframe} window plus {delay} is later than the largest"
        " event time that its partition has seen. After that it is dropped: it is in no bar and in no topic, and"
        " nothing reports it."
    )
    yield (
        "A tick that lacks what it must have, or that the filter leaves out, is in no bar and does not count as seen."
        if plan.where is not None
        else "A tick that lacks what it must have is in no bar and does not count as seen."
    )
    yield "A tick far in the future closes everything before it. ksqlDB does not check for that."
    yield "A tick that is produced twice counts twice, because ksqlDB does not compare ids."
    yield (
        "A crash of the server neither loses nor doubles anything, because of exactly_once_v2. Readers need"
        " isolation.level=read_committed."
    )
    yield "Pull queries on a final table also show windows that are still open. Finals are the records of its topic."
    kept = print_duration(settings.retention // MILLISECOND).lower()
    yield f"Where a partition has no tick for more than {kept}, the windows that were open then may be lost."


def needed(settings: KsqlSettings) -> Iterator[str]:
    """What must be true outside of the statements."""
    yield "The properties that are SET below go with every statement."
    yield f"All topics have {settings.partitions} partitions, all statements the key schema {settings.key_schema}."
    yield (
        f"Producers of {settings.source} write keys with the schema registered as {settings.source}-key and choose the"
        " partition by murmur2 of the bytes of the key (librdkafka: partitioner=murmur2_random, not its default)."
    )
    kept = print_duration(settings.retention // MILLISECOND).lower()
    yield (
        f"Ticks are read within {kept} of their own time (--retention). What works on a bar is kept that long from the"
        " time of its ticks on, whenever they are read, so that of older ones, such as history that is replayed, bars"
        " may be lost. Final bars are kept as the definition says."
    )
    yield "Statements are not run again with IF NOT EXISTS, which silently keeps another statement of that name."


def _quotients(layout: Layout) -> Iterator[str]:
    outputs = (item.output for item in layout.columns)
    names = ", ".join(item.name for item in outputs if item is not None and isinstance(item.result, Ratio))
    if names:
        yield (
            f"{names}: divided as DOUBLE, which holds {QUOTIENT_DIGITS} digits, and null where more are needed. The"
            " sums are columns too and exact: parents are made of these, never of the quotients of their children."
        )
