"""What an aggregate comes to: its result over its parts, every scale filled in, and the whole of it as text."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from barloom.plan.aggregates import DEFAULT_SCALE
from barloom.plan.language.render import number_text, render
from barloom.plan.language.types import exact_literal
from barloom.plan.nodes import Arithmetic, Coalesce, Column, Negate, Node, Ratio, RootRatio, replaced

if TYPE_CHECKING:
    from barloom.plan.aggregates import Aggregate, EmptyRule
    from barloom.plan.language.types import Checker

__all__ = ["aggregate_text", "exact_value", "result_of"]

_TERM: Final = re.compile(r"\bterm_(\d+)\b")


def result_of(made: Aggregate, checker: Checker) -> Node:
    """The result over the aggregate's parts by name; the terms of a calculation each have their own scale."""
    if not made.terms:
        scale = _default_scale(made, checker)
        return _scaled(made.result, scale or 0)
    results = [_of_part(place, result_of(term, checker)) for place, term in enumerate(made.terms)]
    return replaced(made.result, lambda name: results[int(name)])


def _of_part(place: int, result: Node) -> Node:
    """A term's result over its parts as the calculation calls them."""
    return replaced(result, lambda name: Column(f"{place}.{name}"))


def _default_scale(made: Aggregate, checker: Checker) -> int | None:
    """The scale of the expression that the aggregate names, such as the price, where a ratio asks for it."""
    if DEFAULT_SCALE not in _scales(made.result):
        return None
    if made.scale_of is None:
        checker.problem("a ratio without a scale", "give scale=, the number of digits behind the point, or scale_of=")
        return None
    number = checker.infer(made.scale_of).number
    return None if number is None else number.scale


def _scales(node: Node) -> list[int]:
    match node:
        case Ratio(top, bottom, scale, _) | RootRatio(top, bottom, scale, _):
            return [scale, *_scales(top), *_scales(bottom)]
        case Arithmetic(_, left, right):
            return [*_scales(left), *_scales(right)]
        case Coalesce(options):
            return [scale for option in options for scale in _scales(option)]
        case Negate(operand):
            return _scales(operand)
        case _:
            return []


def _scaled(node: Node, scale: int) -> Node:
    """The result with the default scale filled in."""
    match node:
        case Ratio(top, bottom, digits, _) | RootRatio(top, bottom, digits, _):
            known = scale if digits == DEFAULT_SCALE else digits
            return replace(node, numerator=_scaled(top, scale), denominator=_scaled(bottom, scale), scale=known)
        case Arithmetic(_, left, right):
            return replace(node, left=_scaled(left, scale), right=_scaled(right, scale))
        case Coalesce(options):
            return Coalesce(tuple(_scaled(option, scale) for option in options))
        case Negate(operand):
            return Negate(_scaled(operand, scale))
        case _:
            return node


def aggregate_text(made: Aggregate, checker: Checker) -> str:
    """An aggregate as the grammar writes it, every choice spelled out; empty for one's own, and where it holds one."""
    if made.terms:
        return _formula_text(made, [aggregate_text(term, checker) for term in made.terms])
    if made.arguments is None:
        return ""
    arguments = [render(checker.infer(argument).node) for argument in made.arguments]
    match result_of(made, checker):
        case Ratio(_, _, digits, rounding) | RootRatio(_, _, digits, rounding):
            arguments += [f"scale={digits}", f"rounding={rounding}"]
    resets = [part.grown for _, part in made.parts if part.grown is not None]
    if resets:
        arguments.append(f"reset={resets[0]}")
    if made.empty != "default":
        arguments.append(f"empty={_empty_text(made.empty)}")
    when = "" if made.when is None else f" when {render(checker.infer(made.when).node)}"
    return f"{made.name}({', '.join(arguments)}){when}"


def _formula_text(made: Aggregate, terms: list[str]) -> str:
    """The calculation with the text of each term in its place."""
    if not all(terms) or made.empty != "default":
        return ""
    closed = [term.when is not None or bool(term.terms) for term in made.terms]
    texts = [f"({text})" if apart else text for apart, text in zip(closed, terms, strict=True)]
    rendered = render(replaced(made.result, lambda name: Column(f"term_{name}")))
    return _TERM.sub(lambda found: texts[int(found[1])], rendered)


def _empty_text(rule: EmptyRule) -> str:
    value = exact_value(rule)
    return str(rule or "null") if value is None else number_text(exact_literal(value)[0])


def exact_value(rule: object) -> Decimal | None:
    """The number that is stated for an empty slot; none where it is no exact one."""
    if isinstance(rule, bool) or not isinstance(rule, (int, str, Decimal)):
        return None
    try:
        value = Decimal(rule)
    except ArithmeticError:
        return None
    return value if value.is_finite() else None
