"""Nodes back to the written grammar; `grammar.parse_expression` reads exactly what `render` writes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from barloom.plan.nodes import (
    Arithmetic,
    Bits,
    Coalesce,
    Column,
    Comparison,
    Contains,
    In,
    IsNull,
    Logical,
    Negate,
    Not,
    Number,
    Ratio,
    RootRatio,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from barloom.plan.nodes import Node

__all__ = ["KEYWORDS", "number_text", "render", "render_name"]

KEYWORDS: Final = frozenset({"and", "or", "not", "is", "null", "when", "true", "false"})

_LONGEST: Final = 1000
_NAME: Final = re.compile(r"[^\W\d]\w*")
_OR, _AND, _NOT, _COMPARE, _ADD, _MULTIPLY, _UNARY, _ATOM = range(8)


def render(node: Node) -> str:
    """The expression as the written grammar has it, with no more parentheses than needed."""
    return _render(node)[0]


def render_name(name: str) -> str:
    """A column's name, in backquotes where it is not a plain word."""
    return name if _NAME.fullmatch(name) and name not in KEYWORDS else f"`{name}`"


def number_text(value: Decimal) -> str:
    """A decimal in full, without exponent."""
    return format(value, "f") if abs(value.adjusted()) <= _LONGEST else str(value)


def _render(node: Node) -> tuple[str, int]:  # noqa: C901, PLR0911, PLR0912 - one case a node
    match node:
        case Column(name):
            return render_name(name), _ATOM
        case Number(value):
            return number_text(value), _ATOM
        case Text(value):
            return json.dumps(value, ensure_ascii=False), _ATOM
        case Negate(operand):
            return f"-{_negated(operand)}", _UNARY
        case Arithmetic(operator, left, right):
            level = _MULTIPLY if operator == "*" else _ADD
            return f"{_at(left, level)} {operator} {_at(right, level + 1)}", level
        case Coalesce(options):
            return f"coalesce({_listed(options)})", _ATOM
        case Comparison(operator, left, right):
            return f"{_at(left, _ADD)} {operator} {_at(right, _ADD)}", _COMPARE
        case In(operand, options):
            return f"{_at(operand, _ADD)} in ({_listed(options)})", _COMPARE
        case Contains(operand, how, options):
            return f"{_at(operand, _ADD)} contains {how} ({_listed(options)})", _COMPARE
        case Bits(operand, mask):
            return f"bits({render(operand)}, {mask:#x})", _ATOM
        case Logical(operator, left, right):
            level = _AND if operator == "and" else _OR
            return f"{_at(left, level)} {operator} {_at(right, level + 1)}", level
        case Not(IsNull(operand)):
            return f"{_at(operand, _ADD)} is not null", _COMPARE
        case Not(In(operand, options)):
            return f"{_at(operand, _ADD)} not in ({_listed(options)})", _COMPARE
        case Not(operand):
            return f"not {_at(operand, _NOT)}", _NOT
        case IsNull(operand):
            return f"{_at(operand, _ADD)} is null", _COMPARE
        case Ratio(top, bottom, scale, rounding):
            return f"ratio({render(top)}, {render(bottom)}, scale={scale}, rounding={rounding})", _ATOM
        case RootRatio(top, bottom, scale, rounding):
            return f"root_ratio({render(top)}, {render(bottom)}, scale={scale}, rounding={rounding})", _ATOM


def _listed(nodes: Iterable[Node]) -> str:
    return ", ".join(map(render, nodes))


def _at(node: Node, level: int) -> str:
    text, own = _render(node)
    return text if own >= level else f"({text})"


def _negated(operand: Node) -> str:
    return f"({render(operand)})" if isinstance(operand, Number) else _at(operand, _UNARY)
