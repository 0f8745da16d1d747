"""``barloom gaps``: what is missing in the numbers of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import UsageError, count, moment, plural
from barloom.cli.look.asking import key_fields
from barloom.cli.look.reading import NO_TOPICS, Topics, opened
from barloom.cli.options import AsJson, MaybeStore, SomeKey  # noqa: TC001 - the command line reads them
from barloom.cli.screen import Column, Sheet, note, say, show
from barloom.read.gap_look import gaps_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.read.gaps import Gap

__all__ = ["gap_body", "gaps"]

_STATES: Final = {
    "open": "may still come",
    "filled": "came, and counted",
    "late": "came too late, or were refused",
    "given up": "are waited for no more",
}

Show = Annotated[int, Parameter(name="--show", help="How many gaps to show, the last ones.")]


def gaps(
    *,
    store: MaybeStore = None,
    key: SomeKey = (),
    show_gaps: Show = 20,
    topics: Topics = NO_TOPICS,
    as_json: AsJson = False,
) -> Exit:
    """List them."""
    with opened(store, topics) as held:
        if held.plan.event.sequence is None:
            message = f"{held.plan.name!r} declares no sequence, so that nobody knows what is missing: see [event]"
            raise UsageError(message)
        plan, found = held.plan, gaps_in(held, key_fields(held, key))
    if as_json:
        machine.emit("gaps", {"gaps": [gap_body(gap) for gap in found], "numbers": _by_state(found)})
        return Exit.OK
    _tell(plan, found, show_gaps)
    return Exit.OK


def gap_body(gap: Gap) -> dict[str, object]:
    """One gap for a script."""
    bars = {name: [moment(first), moment(last)] for name, (first, last) in gap.bars.items()}
    numbers = {"first": gap.first, "last": gap.last, "count": gap.count}
    when = {"start": moment(gap.start), "end": moment(gap.end)}
    return {"key": list(gap.key), **numbers, **when, "bars": bars, "state": gap.state}


def _by_state(found: Sequence[Gap]) -> dict[str, int]:
    """How many numbers there are of each state."""
    return {state: sum(gap.count for gap in found if gap.state == state) for state in _STATES}


def _tell(plan: BarPlan, found: Sequence[Gap], most: int) -> None:
    if not found:
        say("No number is known to be missing, or to have been.", "good")
        return
    totals = Sheet("", (Column("numbers", style="bold"), Column("", right=True), Column("")))
    for state, numbers in _by_state(found).items():
        totals.add(state, count(numbers), f"which {_STATES[state]}" if numbers else "")
    show(totals)
    shown = found[len(found) - most :] if 0 < most < len(found) else found
    finest = str(plan.levels[plan.published[0]].timeframe)
    keys = [Column(name) for name in plan.event.key]
    which = (Column("numbers", right=True), Column("count", right=True))
    rest = (Column("from"), Column("until"), Column(f"bars of {finest}"), Column("state"))
    sheet = Sheet("Gaps", (*keys, *which, *rest))
    for gap in shown:
        sheet.add(*map(str, gap.key), *_row(gap, finest))
    show(sheet)
    if len(shown) < len(found):
        note(f"the last {count(len(shown))} of {plural(len(found), 'gap')}; --show or --json tells all")


def _row(gap: Gap, timeframe: str) -> tuple[str, ...]:
    numbers = str(gap.first) if gap.count == 1 else f"{gap.first} to {gap.last}"
    first, last = gap.bars.get(timeframe, (None, None))
    bars = moment(first) if first == last else f"{moment(first)} to {moment(last)}"
    return (numbers, count(gap.count), moment(gap.start), moment(gap.end), bars, gap.state)
