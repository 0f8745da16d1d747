"""From declared aggregates to the partial columns and outputs of the plan."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from barloom.errors import Problem
from barloom.plan.barplan import MAX_DIGITS, Fold, NumberType, Output, Partial
from barloom.plan.language.render import render
from barloom.plan.language.types import INTEGER, Checker, Kind, Scope, Typed, exact_literal
from barloom.plan.nodes import NULL, Column, IsNull, Logical, Node, Not, Number, replaced
from barloom.plan.outcomes import aggregate_text, exact_value, result_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.plan.aggregates import EmptyRule, Part
    from barloom.plan.draft import ColumnDraft

__all__ = ["BAR_FIELDS", "COMPLETENESS", "Columns", "partial_text", "plan_columns"]

BAR_FIELDS: Final = (
    "start",
    "end",
    "timeframe",
    "trading_date",
    "phase",
    "open_time",
    "close_time",
    "slots",
    "filled",
    "expected_slots",
    "final",
    "synthetic",
    "partial",
    "revision",
    "format",
)
"""What bars carry beside their key and the declared columns.

`phase` only where the calendar has extended hours, `format` only in messages of JSON, which have no schema.
"""

COMPLETENESS: Final = ("missing", "complete")
"""What bars carry beside these where the event declares a sequence."""

_CARRIES: Final = frozenset({Fold.FIRST, Fold.LAST, Fold.MIN, Fold.MAX})


@dataclass(slots=True)
class Columns:
    """The planned columns, and the places where a carried value has no `last` to come from."""

    partials: list[Partial] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    uncarried: list[Problem] = field(default_factory=list)
    carries: bool = False
    of_bars: bool = False


@dataclass(frozen=True, slots=True)
class _Typed:
    """An aggregate's parts with exact types, and its result over them, before carrying is settled."""

    draft: ColumnDraft
    parts: tuple[tuple[str, Partial], ...]
    result: Node
    text: str

    @property
    def explicit(self) -> bool:
        return self.draft.aggregate.empty == "carry"


def plan_columns(
    drafts: tuple[ColumnDraft, ...], scope: Scope, problems: list[Problem], *, of_bars: bool = False
) -> Columns:
    """Partials without repetition and the outputs over them. `problems` takes what is wrong.

    `of_bars`: the rows are bars, in which open, high and low carry the one `last` there is, the close.
    """
    typed = [made for draft in drafts if (made := _typed(draft, scope, problems)) is not None]
    closes = [part for item in typed for _, part in item.parts if part.fold is Fold.LAST]
    planned = Columns(of_bars=of_bars)
    # the last partials come first, so that others can name their positions
    positions = {close: _add(planned, replace(close, carried=len(planned.partials))) for close in dict.fromkeys(closes)}
    for item in typed:
        places = {name: _place(planned, item, part, positions) for name, part in item.parts}
        output = _output(planned, item, places, problems)
        if output is not None:
            planned.outputs.append(output)
    return planned


def _add(planned: Columns, partial: Partial) -> int:
    if partial not in planned.partials:
        planned.partials.append(partial)
    return planned.partials.index(partial)


def _place(planned: Columns, item: _Typed, part: Partial, closes: Mapping[Partial, int]) -> int:
    """The position of a partial, shared with equal ones that are carried in the same way."""
    repeats = item.explicit and (len(item.parts) > 1 or part.fold not in _CARRIES)
    if repeats and part.fold is not Fold.LAST:
        planned.carries = True
        own = next((spot for spot, known in enumerate(planned.partials) if known == replace(part, carried=spot)), None)
        return _add(planned, replace(part, carried=len(planned.partials))) if own is None else own
    if part.fold not in _CARRIES:
        return _add(planned, part)
    source = _close_of(part, closes, of_bars=planned.of_bars)
    planned.carries = planned.carries or source is not None
    if source is None and item.draft.aggregate.empty in ("default", "carry"):
        planned.uncarried.append(_uncarried(item.draft, part))
    return _add(planned, replace(part, carried=source))


def _close_of(part: Partial, closes: Mapping[Partial, int], *, of_bars: bool) -> int | None:
    """The `last` over the same expression: of the same rows, or else of all rows. Of bars also the only one."""
    unfiltered = [None] if part.when is not None else []
    for when in (part.when, *unfiltered):
        for close, position in closes.items():
            if close.expression == part.expression and close.when == when:
                return position
    only = next(iter(closes.items())) if of_bars and len(closes) == 1 else None
    return only[1] if only is not None and only[0].number.scale == part.number.scale else None


def _uncarried(draft: ColumnDraft, part: Partial) -> Problem:
    over = "" if part.expression is None else render(part.expression)
    what = (
        f"gap carry repeats the last price, but {draft.name!r} ({part.fold.value}) has no last({over}) to take it from"
    )
    return Problem(what, draft.where, f'add close = last({over}), or state empty="null" for {draft.name!r}')


def _typed(draft: ColumnDraft, scope: Scope, problems: list[Problem]) -> _Typed | None:
    """Type every part of an aggregate; none where something is wrong with it."""
    made, checker = draft.aggregate, Checker(scope, draft.where)
    for flaw in made.flaws:
        checker.problem(flaw.what, flaw.fix)
    parts: list[tuple[str, Partial | None]] = []
    result, text = made.result, ""
    if not any(flaw.unread for flaw in made.flaws):
        parts = [(name, _partial(part, checker)) for name, part in made.parts]
        result = result_of(made, checker)
        text = aggregate_text(made, Checker(scope, draft.where))
    problems.extend(dict.fromkeys(checker.problems))
    if checker.problems or any(part is None for _, part in parts):
        return None
    return _Typed(draft, tuple(_known(parts)), result, text)


def _known(parts: list[tuple[str, Partial | None]]) -> list[tuple[str, Partial]]:
    return [(name, part) for name, part in parts if part is not None]


def _partial(part: Part, checker: Checker) -> Partial | None:
    when = None if part.when is None else checker.condition(part.when).node
    given = None if part.given is None else checker.infer(part.given)
    if given is not None and given.nullable:
        present: Node = Not(IsNull(given.node))
        when = present if when is None else Logical("and", when, present)
    if part.fold is Fold.COUNT:
        return Partial(part.fold, _counted(part, checker), when, INTEGER)
    if part.expression is None:
        return None
    typed = checker.number(part.expression)
    if typed.number is None:
        return None
    number = NumberType(MAX_DIGITS, typed.number.scale) if part.fold is Fold.SUM else typed.number
    if part.grown is not None and (typed.nullable or when is not None):
        fix = "declare the total without '?', and leave rows out for all columns by where"
        checker.problem("delta follows a total from row to row, so that no row may be left out", fix)
    return Partial(part.fold, typed.node, when, number, grown=part.grown, shown=part.shown)


def _counted(part: Part, checker: Checker) -> Node | None:
    """What a count looks at; none, all rows, where it can never be null."""
    if part.expression is None:
        return None
    typed = checker.anything(part.expression)
    return typed.node if typed.nullable else None


def _output(planned: Columns, item: _Typed, places: Mapping[str, int], problems: list[Problem]) -> Output | None:
    draft, made = item.draft, item.draft.aggregate
    columns = {
        name: Typed(Column(str(spot)), Kind.NUMBER, planned.partials[spot].number) for name, spot in places.items()
    }
    checker = Checker(Scope(columns, what="partial"), draft.where, ratios=True)
    typed = checker.number(item.result)
    empty = _empty(made.empty, typed.number, checker)
    problems.extend(dict.fromkeys(checker.problems))
    if typed.number is None or checker.problems:
        return None
    text = item.text or render(_unfolded(typed.node, planned.partials))
    return Output(draft.name, made.name, typed.node, typed.number, empty, text)


def _empty(rule: EmptyRule, number: NumberType | None, checker: Checker) -> Node | None:
    """The node of a stated value in an empty slot; none where the partials' own values stand."""
    if rule in ("default", "carry"):
        return None
    if rule is None or rule == "null":
        return NULL
    value = exact_value(rule)
    if value is None:
        checker.problem(
            f"empty={rule!r} is no value for an empty slot", 'write "carry", "null" or an exact number such as "0"'
        )
        return None
    plain, needed = exact_literal(value)
    if number is not None and (
        needed.scale > number.scale or needed.precision - needed.scale > number.precision - number.scale
    ):
        checker.problem(
            f"empty={rule} does not fit {number}", f"give a number with at most {number.scale} digits behind the point"
        )
    return Number(plain)


def _unfolded(node: Node, partials: list[Partial]) -> Node:
    """A result with each partial written out, for people."""
    return replaced(node, lambda name: Column(partial_text(partials[int(name)])))


def partial_text(partial: Partial) -> str:
    """A partial column as the grammar writes it."""
    over = "" if partial.expression is None else render(partial.expression)
    when = "" if partial.when is None else f" when {render(partial.when)}"
    return f"{partial.fold.value if partial.grown is None else 'delta'}({over}){when}"
