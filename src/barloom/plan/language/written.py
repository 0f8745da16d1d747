"""What users may write where an expression is asked for: an expression, a column's name, or text in the grammar."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from barloom.plan.expressions import Expression, lit
from barloom.plan.language.grammar import parse_expression
from barloom.plan.language.tokens import GrammarError
from barloom.plan.nodes import Column, Number

if TYPE_CHECKING:
    from barloom.plan.expressions import Operand

__all__ = ["condition", "value"]


def value(written: Operand) -> Expression:
    """The argument of an aggregate: text is a column's name or an expression in the written grammar."""
    if not isinstance(written, str):
        return lit(written)
    if written.isidentifier():
        return Expression(Column(written))
    return _parsed(written)


def condition(written: Expression | str) -> Expression:
    """A condition: an expression, or text in the written grammar."""
    return _parsed(written) if isinstance(written, str) else lit(written)


def _parsed(text: str) -> Expression:
    try:
        return Expression(parse_expression(text))
    except GrammarError as error:
        return Expression(Number(Decimal(0)), [error.flaw])
