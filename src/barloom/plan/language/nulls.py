"""Conditions that leave rows out because a value is missing, although nobody asked whether it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from barloom.plan.language.render import render, render_name
from barloom.plan.nodes import (
    Bits,
    Column,
    Comparison,
    Contains,
    In,
    IsNull,
    Logical,
    Not,
    columns_of,
    may_be_null,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.plan.barplan import BarPlan
    from barloom.plan.nodes import Node

__all__ = ["unasked_nulls"]


class _Doubt(NamedTuple):
    """A part of a condition that is null where a column is, as its contrary is."""

    part: Node
    column: str


def unasked_nulls(plan: BarPlan) -> list[str]:
    """What to tell about conditions of a plan such as ``side != "x"``, where the side may be missing.

    As in SQL, a comparison with a missing value is neither true nor false, and a row counts only where the condition is
    true. A filter that means to leave some rows out leaves these out as well. Nothing is told about columns that the
    condition asks for by ``is null`` or ``is not null``, nor about values that `coalesce` completes.
    """
    nullable = frozenset(item.name for item in plan.event.fields if item.nullable)
    found: dict[_Doubt, list[str]] = {}
    for place, condition in _conditions(plan):
        asked = frozenset[str]().union(*(columns_of(node) for node in _walk(condition) if isinstance(node, IsNull)))
        for doubt in _doubts(condition, nullable, negated=False):
            if doubt.column not in asked:
                found.setdefault(doubt, []).append(place)
    return [_told(doubt, list(dict.fromkeys(places))) for doubt, places in found.items()]


def _told(doubt: _Doubt, places: list[str]) -> str:
    name, text = render_name(doubt.column), render(doubt.part)
    return (
        f"{', '.join(places)}: rows without {name} do not fulfil {text} (a comparison with null is not true)"
        f" (to have them, write {name} is null or {text}; to leave them out knowingly, {name} is not null and {text})"
    )


def _conditions(plan: BarPlan) -> Iterator[tuple[str, Node]]:
    """All conditions with the place they stand at: a setting, or the outputs."""
    if plan.where is not None:
        yield "where", plan.where
    if plan.close_grace_when is not None:
        yield "close_grace_when", plan.close_grace_when
    for output in plan.outputs:
        for position in sorted(map(int, columns_of(output.result))):
            when = plan.partials[position].when
            if when is not None:
                yield output.name, when


def _walk(node: Node) -> Iterator[Node]:
    """A condition and the conditions in it."""
    yield node
    match node:
        case Not(operand):
            yield from _walk(operand)
        case Logical(_, left, right):
            yield from _walk(left)
            yield from _walk(right)


def _doubts(node: Node, nullable: frozenset[str], *, negated: bool) -> Iterator[_Doubt]:
    """The parts that leave something out by saying what shall not be."""
    match node:
        case Not(operand):
            yield from _doubts(operand, nullable, negated=not negated)
        case Logical(_, left, right):
            yield from _doubts(left, nullable, negated=negated)
            yield from _doubts(right, nullable, negated=negated)
        case Column() | Comparison() | In() | Contains() | Bits() if may_be_null(node, nullable):
            unequal = isinstance(node, Comparison) and node.operator == "!="
            if unequal is not negated:
                said = Not(node) if negated else node
                yield from (_Doubt(said, name) for name in sorted(columns_of(node) & nullable))
