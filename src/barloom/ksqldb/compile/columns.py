"""The declared columns of a plan in SQL: each over ticks and over final children; what has no form is collected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from barloom.ksqldb.compile import ast
from barloom.ksqldb.compile.aggregates import of_children, of_rows
from barloom.ksqldb.compile.expressions import Rows, Unsayable, Value
from barloom.ksqldb.compile.layout import Layout
from barloom.ksqldb.compile.quotients import computed
from barloom.ksqldb.compile.refusals import Refusal
from barloom.ksqldb.compile.types import of_number
from barloom.plan.nodes import columns_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from barloom.plan.barplan import BarPlan, Field, Output

__all__ = ["Columns", "compile_columns"]


@dataclass(frozen=True, slots=True)
class Columns:
    """The layout of a bar, the projections that fill it, and the filter of the ticks."""

    layout: Layout
    of_ticks: tuple[ast.Item, ...]
    of_children: tuple[ast.Item, ...]
    where: ast.Expr | None


def compile_columns(plan: BarPlan) -> tuple[Columns, list[Refusal]]:
    """The columns that can be said, and what cannot; a column that cannot be computed leaves its sums behind."""
    rows = Rows(plan.event.by_name)
    refused = dict(_refused(plan, rows))
    unread = {name for name, output in _outputs(plan).items() if name in refused and _unread(plan, output, rows)}
    layout = Layout.of(plan, computed_elsewhere=refused.keys() - unread, left_out=unread)
    where, problems = _where(plan, rows)
    made = Columns(
        layout,
        tuple(_items(plan, layout, lambda position: _of_rows(plan, rows, position))),
        tuple(_items(plan, layout, lambda position: _of_children(plan, layout, position))),
        where,
    )
    return made, [*problems, *refused.values()]


def _outputs(plan: BarPlan) -> dict[str, Output]:
    return {output.name: output for output in plan.outputs}


def _where(plan: BarPlan, rows: Rows) -> tuple[ast.Expr | None, list[Refusal]]:
    """What a tick must have to count, and the definition's own filter behind it."""
    needed = tuple(rows.has(field.name) for field in plan.event.fields if _must_be_seen_to(plan, field))
    try:
        asked = () if plan.where is None else (rows.condition(plan.where),)
    except Unsayable as reason:
        return None, [Refusal("where", reason.what, reason.fix)]
    return ast.conjunction((*needed, *asked)), []


def _must_be_seen_to(plan: BarPlan, field: Field) -> bool:
    """Whether a null in a field makes a tick invalid, and ksqlDB, where every column may be null, would count it.

    One without a key or a time has no group or no window, and the server leaves it out by itself.
    """
    return not field.nullable and field.separator is None and field.name not in (*plan.event.key, plan.event.timestamp)


def _refused(plan: BarPlan, rows: Rows) -> Iterator[tuple[str, Refusal]]:
    for name, output in _outputs(plan).items():
        try:
            computed(output, lambda position: _of_rows(plan, rows, position), plan.optional)
        except Unsayable as reason:
            yield name, Refusal(name, reason.what, reason.fix, droppable=True)


def _unread(plan: BarPlan, output: Output, rows: Rows) -> bool:
    """Whether the partials themselves have no form, so that nothing of the column can be kept."""
    try:
        for position in columns_of(output.result):
            _of_rows(plan, rows, int(position))
    except Unsayable:
        return True
    return False


def _of_rows(plan: BarPlan, rows: Rows, position: int) -> Value:
    partial = plan.partials[position]
    return _typed(plan, position, of_rows(partial, rows, plan.event.timestamp))


def _of_children(plan: BarPlan, layout: Layout, position: int) -> Value:
    optional = position in plan.optional
    return _typed(plan, position, of_children(plan.partials[position], layout.partials[position], optional=optional))


def _typed(plan: BarPlan, position: int, sql: ast.Expr) -> Value:
    number = plan.partials[position].number
    return Value(sql, of_number(number), number.precision - number.scale)


def _items(plan: BarPlan, layout: Layout, partial: Callable[[int], Value]) -> Iterator[ast.Item]:
    for column in layout.columns:
        if column.partial is not None:
            yield ast.Item(partial(column.partial).sql, column.name)
        elif column.output is not None:
            yield ast.Item(computed(column.output, partial, plan.optional), column.name)
