"""Partial columns as SQL aggregates: of ticks at the base, of final children above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.ksqldb.compile import ast
from barloom.ksqldb.compile.expressions import Unsayable
from barloom.ksqldb.compile.layout import BUCKET_START
from barloom.ksqldb.compile.names import stored
from barloom.ksqldb.compile.types import VARCHAR, SqlType, of_number
from barloom.plan.barplan import Fold
from barloom.plan.language.render import render
from barloom.plan.nodes import Column

if TYPE_CHECKING:
    from barloom.ksqldb.compile.expressions import Rows
    from barloom.plan.barplan import Partial
    from barloom.plan.nodes import Node

__all__ = ["of_children", "of_rows"]

_EXTREMES: Final = {Fold.MIN: "MIN", Fold.MAX: "MAX", Fold.FIRST: "MIN", Fold.LAST: "MAX"}
_SEPARATOR: Final = ast.Text(":")
_TIME_DIGITS: Final = 15
_OFFSET_DIGITS: Final = 19


def of_rows(partial: Partial, rows: Rows, timestamp: str) -> ast.Expr:
    """The aggregate of ticks; `Unsayable` where SQL would leave out or change a row."""
    if partial.fold is Fold.COUNT:
        return _count(partial, rows)
    if partial.grown is not None:
        what = "delta counts from the bar before, and a window of ksqlDB knows no other window"
        raise Unsayable(what, "run the definition embedded or on Kafka")
    if partial.expression is None:  # only a count has none
        what = f"{partial.fold.value} of nothing has no form in SQL"
        raise Unsayable(what, "name a field")
    value, kind = _fitted(partial, partial.expression, rows), of_number(partial.number)
    conditions = _conditions(partial, rows)
    if partial.fold in {Fold.FIRST, Fold.LAST}:
        order = (_padded(_milliseconds(timestamp), _TIME_DIGITS), _padded(ast.Pseudo("ROWOFFSET"), _OFFSET_DIGITS))
        return _chosen(partial.fold, order, value, kind, conditions)
    name = "SUM" if partial.fold is Fold.SUM else _EXTREMES[partial.fold]
    return ast.Call(name, (_only(conditions, value),))


def of_children(partial: Partial, column: str, *, optional: bool) -> ast.Expr:
    """The aggregate of final children, whose partial stands in `column`; `optional` says that it may be null there."""
    child = ast.Name(column)
    if partial.fold in {Fold.FIRST, Fold.LAST}:
        conditions: tuple[ast.Expr, ...] = (ast.IsNull(child, negated=True),) if optional else ()
        order = (_padded(_milliseconds(BUCKET_START), _TIME_DIGITS),)
        return _chosen(partial.fold, order, child, of_number(partial.number), conditions)
    name = "SUM" if partial.fold in {Fold.SUM, Fold.COUNT} else _EXTREMES[partial.fold]
    return ast.Call(name, (child,))


def _count(partial: Partial, rows: Rows) -> ast.Expr:
    present = () if partial.expression is None else rows.present(partial.expression)
    when = () if partial.when is None else (rows.condition(partial.when),)
    if not present and not when:
        return ast.Call("COUNT", (ast.STAR,))
    return ast.Call("COUNT", (_only((*when, *present), ast.integer(1)),))


def _conditions(partial: Partial, rows: Rows) -> tuple[ast.Expr, ...]:
    """When a row counts. MIN, MAX and SUM skip a plain column that is null by themselves."""
    when = () if partial.when is None else (rows.condition(partial.when),)
    skips = isinstance(partial.expression, Column) and partial.fold in {Fold.MIN, Fold.MAX, Fold.SUM}
    present = () if skips or partial.expression is None else rows.present(partial.expression)
    return (*when, *present)


def _only(conditions: tuple[ast.Expr, ...], value: ast.Expr) -> ast.Expr:
    """The value where all conditions hold, else null, which aggregates skip."""
    condition = ast.conjunction(tuple(dict.fromkeys(conditions)))
    return value if condition is None else ast.Case(((condition, value),))


def _fitted(partial: Partial, expression: Node, rows: Rows) -> ast.Expr:
    """The value in the partial's type. A cast that does not fit would give null, and the row would be left out."""
    value, kind = rows.value(expression), of_number(partial.number)
    room = partial.number.precision - partial.number.scale
    if value.whole > room:
        what = f"{render(expression)} may have {value.whole} digits before the point, and {kind} holds {room}"
        raise Unsayable(what, "declare the fields with fewer digits")
    return value.exactly(kind)


def _chosen(
    fold: Fold, order: tuple[ast.Expr, ...], value: ast.Expr, kind: SqlType, conditions: tuple[ast.Expr, ...]
) -> ast.Expr:
    """The value of the first or last row: the smallest or largest text of its order, with the value behind.

    That is exact and keeps one text a bar, where an array of all values would grow with the ticks.
    """
    text: ast.Expr = order[0]
    for part in (*order[1:], ast.Cast(value, VARCHAR)):
        text = ast.Binary("+", ast.Binary("+", text, _SEPARATOR), part)
    found = ast.Call(_EXTREMES[fold], (_only(conditions, text),))
    return ast.Cast(ast.Subscript(ast.Call("SPLIT", (found, _SEPARATOR)), len(order) + 1), kind)


def _milliseconds(column: str) -> ast.Expr:
    return ast.Call("UNIX_TIMESTAMP", (ast.Name(stored(column)),))


def _padded(number: ast.Expr, digits: int) -> ast.Expr:
    return ast.Call("LPAD", (ast.Cast(number, VARCHAR), ast.integer(digits), ast.Text("0")))
