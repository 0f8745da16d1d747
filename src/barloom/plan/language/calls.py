"""Aggregates in the written grammar: ``max(bid) when size >= 100``, and arithmetic between them.

::

    formula     = product { ("+" | "-") product } [ "when" condition ]
    product     = factor { "*" factor }
    factor      = "-" factor | number | aggregate | "(" formula ")" | ratio
    ratio       = ("ratio" | "root_ratio") "(" formula "," formula "," "scale=" n "," "rounding=" word ")"
    aggregate   = name "(" [ argument { "," argument } ] ")"
    argument    = condition | name "=" (number | text | word)

A condition behind ``when`` holds for every aggregate of its formula, up to the parenthesis around it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, cast

from barloom.plan.language.grammar import Parser
from barloom.plan.language.tokens import GrammarError
from barloom.plan.nodes import Arithmetic, Column, Logical, Negate, Node, Number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.plan.language.grammar import Argument

__all__ = ["Call", "Formula", "parse_aggregate"]


@dataclass(frozen=True, slots=True)
class Call:
    """A written aggregate before it is looked up by name."""

    name: str
    arguments: tuple[Node, ...] = ()
    named: Mapping[str, Argument] = field(default_factory=dict)
    when: Node | None = None


@dataclass(frozen=True, slots=True)
class Formula:
    """Arithmetic between aggregates: an expression that reads them by position, ``Column("0")``, ``Column("1")``…."""

    calls: tuple[Call, ...]
    result: Node


def parse_aggregate(text: str) -> Call | Formula:
    """Read an aggregate, or arithmetic between some; `GrammarError` where it is neither."""
    parser = _Formulas(text)
    result = parser.formula()
    parser.end()
    if not parser.calls:
        raise GrammarError(text, 0, "no aggregate is in it", "write one, such as last(bid)")
    if isinstance(result, Column):
        return parser.calls[0]
    return Formula(tuple(parser.calls), result)


class _Formulas(Parser):
    """Collects the aggregates that it meets."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.calls: list[Call] = []

    def formula(self) -> Node:
        """Sums of aggregates, with what stands behind ``when``."""
        before = len(self.calls)
        left = self._products()
        while operator := self._symbol("+", "-"):
            left = Arithmetic(cast("Literal['+', '-']", operator), left, self._products())
        if self._symbol("when"):
            when = self.condition()
            self.calls[before:] = [_filtered(call, when) for call in self.calls[before:]]
        return left

    def _products(self) -> Node:
        left = self._one()
        while self._symbol("*"):
            left = Arithmetic("*", left, self._one())
        return left

    def _one(self) -> Node:
        token = self._token
        if self._symbol("-"):
            inner = self._one()
            return Number(inner.value.copy_negate()) if isinstance(inner, Number) else Negate(inner)
        if token.kind == "number":
            return Number(self._number())
        if self._symbol("("):
            inner = self._nested()
            self._expect(")")
            return inner
        if token.kind == "name" and token.text in ("ratio", "root_ratio") and self._calls():
            return self._ratio(self._nested)
        self.calls.append(self._aggregate())
        return Column(str(len(self.calls) - 1))

    def _nested(self) -> Node:
        with self._deeper():
            return self.formula()

    def _aggregate(self) -> Call:
        token = self._token
        if token.kind != "name" or not self._calls():
            raise self._unexpected("an aggregate such as last(bid)")
        self._next += 2
        arguments: list[Node] = []
        named: dict[str, Argument] = {}
        while not self._symbol(")"):
            if arguments or named:
                self._expect(",")
            if self._token.kind == "name" and self._tokens[self._next + 1][:2] == ("symbol", "="):
                self._named(named)
            elif named:
                raise self._error("a plain argument after a named one", "put columns and expressions first")
            else:
                arguments.append(self.condition())
        return Call(token.text, tuple(arguments), named)


def _filtered(call: Call, when: Node) -> Call:
    return replace(call, when=when if call.when is None else Logical("and", call.when, when))
