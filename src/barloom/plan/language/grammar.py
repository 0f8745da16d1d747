"""The written grammar of expressions, as TOML files hold it; `calls` has that of aggregates over them.

::

    condition   = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation    = "not" negation | comparison
    comparison  = sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=") sum | "is" ["not"] "null"
                      | ["not"] "in" options | ["not"] "contains" ( ("any" | "all") options | text ) ]
    options     = "(" literal { "," literal } ")"
    sum         = product { ("+" | "-") product }
    product     = factor { "*" factor }
    factor      = "-" factor | number | text | name | `any name` | "(" condition ")" | coalesce | bits | ratio
    coalesce    = "coalesce" "(" sum "," sum { "," sum } ")"
    bits        = "bits" "(" sum "," integer ")"
    ratio       = ("ratio" | "root_ratio") "(" condition "," condition "," "scale=" n "," "rounding=" word ")"

Text stands in double or single quotes. A number is an exact decimal, or ``0x`` and hexadecimal digits. Conditions may
stand in parentheses. ``in``, ``contains``, ``any``, ``all`` and the names of functions mean something only where they
are expected: elsewhere they may name columns.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from barloom.plan.expressions import FEW_OPTIONS, FEW_OPTIONS_FIX, NO_MASK, NO_MASK_FIX, mask_of
from barloom.plan.language.render import KEYWORDS, number_text, render
from barloom.plan.language.tokens import GrammarError, Token, tokens
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
    Node,
    Not,
    Number,
    Ratio,
    RootRatio,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from barloom.plan.nodes import Rounding

__all__ = ["Argument", "GrammarError", "Parser", "parse_expression"]

Argument: TypeAlias = str | int | Decimal
"""The value of a named argument: a word or text, or a number."""

_WHOLE: Final = re.compile(r"\d+|0[xX][0-9a-fA-F]+")
_COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})
_DEEPEST: Final = 60
_WIDEST: Final = 100


def parse_expression(text: str) -> Node:
    """Read a value or a condition; `GrammarError` where it is neither."""
    parser = Parser(text)
    node = parser.condition()
    parser.end()
    return node


class Parser:
    """Recursive descent, one method a rule."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._next = 0
        self._depth = 0

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _symbol(self, *symbols: str) -> str | None:
        """Step over one of the symbols if it stands here."""
        token = self._token
        if token.kind != "symbol" or token.text not in symbols:
            return None
        self._next += 1
        return token.text

    def _error(self, what: str, fix: str) -> GrammarError:
        return GrammarError(self._text, self._token.position, what, fix)

    def _unexpected(self, wanted: str) -> GrammarError:
        token = self._token
        if token.kind == "symbol" and token.text == "=":
            return self._error("unexpected '='", "write '==' to compare")
        if token.kind == "symbol" and token.text in ("true", "false"):
            return self._error(
                f"unexpected {token.text!r}", "a boolean field is a condition itself: write active, or not active"
            )
        if token.kind == "symbol" and token.text == "null":
            return self._error("unexpected 'null'", "nothing is equal to null: ask 'is null' or 'is not null'")
        if token.kind == "symbol" and token.text == "when":
            return self._error("unexpected 'when'", "a condition stands behind the aggregate: last(bid) when size > 1")
        if token.kind == "name" and token.text.lower() in (*KEYWORDS, "in", "contains"):
            return self._error(f"unexpected {token.text!r}", f"write {token.text.lower()!r}, in small letters")
        seen = "the text ends" if token.kind == "end" else f"unexpected {token.text!r}"
        return self._error(seen, f"{wanted} should stand here")

    def _expect(self, symbol: str) -> None:
        if self._symbol(symbol) is None:
            raise self._unexpected(repr(symbol))

    def end(self) -> None:
        """Raise `GrammarError` where something more stands."""
        if self._token.kind != "end":
            raise self._unexpected("an operator or the end")

    def condition(self) -> Node:
        """A value or a condition."""
        with self._deeper():
            left = self._conjunction()
            while self._symbol("or"):
                left = Logical("or", left, self._conjunction())
        return left

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error("too deeply nested", f"use at most {_DEEPEST} levels of parentheses")
        yield
        self._depth -= 1

    def _conjunction(self) -> Node:
        left = self._negation()
        while self._symbol("and"):
            left = Logical("and", left, self._negation())
        return left

    def _negation(self) -> Node:
        count = 0
        while self._symbol("not"):
            count += 1
        node = self._comparison()
        for _ in range(self._bounded(count)):
            node = Not(node)
        return node

    def _bounded(self, count: int) -> int:
        if count > _DEEPEST:
            raise self._error("too deeply nested", f"repeat it at most {_DEEPEST} times")
        return count

    def _comparison(self) -> Node:
        left = self._sum()
        if self._is_word("in", "contains"):
            return self._membership(left)
        if self._token.text == "not" and self._is_word("in", "contains", ahead=1) and self._symbol("not"):
            return Not(self._membership(left))
        if self._symbol("is"):
            negated = self._symbol("not")
            self._expect("null")
            return Not(IsNull(left)) if negated else IsNull(left)
        operator = self._symbol(*_COMPARISONS)
        if operator is None:
            return left
        node = self._compared(operator, left)
        if self._token.text in _COMPARISONS and self._token.kind == "symbol":
            raise self._error("two comparisons in a row", "join them with 'and': bid > 1 and bid < 2")
        return node

    def _is_word(self, *words: str, ahead: int = 0) -> bool:
        """Whether one of some words stands here that elsewhere may name columns."""
        token = self._tokens[min(self._next + ahead, len(self._tokens) - 1)]
        return token.kind == "name" and token.text in words

    def _membership(self, operand: Node) -> Node:
        """Behind ``cond``: ``in ("I", "W")``, ``contains any ("37", "52")``, ``contains "37"``."""
        word = self._token.text
        self._next += 1
        if word == "in":
            return In(operand, self._options('in ("I", "W")'))
        how: Literal["any", "all"] = "any"
        if self._is_word("any", "all"):
            how = cast("Literal['any', 'all']", self._token.text)
            self._next += 1
        elif self._token.kind in ("text", "number"):
            return Contains(operand, how, (self._element(self._literal()),))
        else:
            raise self._error("any or all should stand here", 'write contains any ("37", "52"), or contains all (…)')
        return Contains(operand, how, tuple(map(self._element, self._options(f'contains {how} ("37", "52")'))))

    @staticmethod
    def _element(literal: Number | Text) -> Text:
        """The elements of lists are texts: 37 is ``"37"``."""
        return literal if isinstance(literal, Text) else Text(number_text(literal.value))

    def _options(self, example: str) -> tuple[Number | Text, ...]:
        """Literals in parentheses, each once."""
        if self._symbol("(") is None:
            raise self._error("a list in parentheses should stand here", f"write {example}")
        found = [self._literal()]
        while self._symbol(","):
            found.append(self._literal())
        self._expect(")")
        return tuple(dict.fromkeys(found))

    def _literal(self) -> Number | Text:
        token = self._token
        if token.kind == "text":
            self._next += 1
            return Text(self._unquoted(token))
        minus = self._symbol("-") is not None
        if self._token.kind != "number":
            raise self._unexpected("a number, or text in quotes,")
        number = self._number()
        return Number(number.copy_negate() if minus else number)

    def _compared(self, operator: str, left: Node) -> Node:
        if operator in ("==", "!=") and (word := self._symbol("true", "false")):
            return left if (word == "true") == (operator == "==") else Not(left)
        return Comparison(cast("Literal['==', '!=', '<', '<=', '>', '>=']", operator), left, self._sum())

    def _sum(self) -> Node:
        left = self._product()
        while operator := self._symbol("+", "-"):
            left = Arithmetic(cast("Literal['+', '-']", operator), left, self._product())
        return left

    def _product(self) -> Node:
        left = self._factor()
        while self._symbol("*"):
            left = Arithmetic("*", left, self._factor())
        return left

    def _factor(self) -> Node:
        count = 0
        while self._symbol("-"):
            count += 1
        if count and self._token.kind == "number":
            node: Node = Number(self._number().copy_negate())
            count -= 1
        else:
            node = self._atom()
        for _ in range(self._bounded(count)):
            node = Negate(node)
        return node

    def _atom(self) -> Node:  # noqa: PLR0911 - one case an atom
        token = self._token
        match token.kind:
            case "number":
                return Number(self._number())
            case "text":
                self._next += 1
                return Text(self._unquoted(token))
            case "name" if token.text in ("ratio", "root_ratio") and self._calls():
                return self._ratio()
            case "name" if token.text == "coalesce" and self._calls():
                return self._coalesce()
            case "name" if token.text == "bits" and self._calls():
                return self._bits()
            case "name" if self._calls():
                what = f"{token.text!r} is called like a function"
                raise self._error(what, "an aggregate cannot stand inside an expression")
            case "name" | "quoted":
                self._next += 1
                return Column(token.text)
        if self._symbol("("):
            inner = self.condition()
            self._expect(")")
            return inner
        raise self._unexpected("a column, a number, text or '('")

    def _calls(self) -> bool:
        following = self._tokens[self._next + 1]
        return following.kind == "symbol" and following.text == "("

    def _number(self) -> Decimal:
        text = self._token.text
        value = Decimal(int(text, 16)) if text[:2].lower() == "0x" else Decimal(text)
        if not value.is_finite() or abs(value.adjusted()) > _WIDEST or len(value.as_tuple().digits) > _WIDEST:
            raise self._error("the number has too many digits", "a number has at most 38 digits")
        self._next += 1
        return value

    def _unquoted(self, token: Token) -> str:
        if token.text.startswith("'"):
            return token.text[1:-1]
        try:
            return str(json.loads(token.text, strict=False))
        except json.JSONDecodeError:
            raise GrammarError(
                self._text, token.position, "a wrong escape in the text", r'write \\ and \" for \ and "'
            ) from None

    def _coalesce(self) -> Node:
        start = self._token
        self._next += 2
        options = [self.condition()]
        while self._symbol(","):
            self._refuse_truth(options[0])
            options.append(self.condition())
        self._expect(")")
        if len(options) == 1:
            raise GrammarError(self._text, start.position, FEW_OPTIONS, FEW_OPTIONS_FIX)
        return Coalesce(tuple(options))

    def _bits(self) -> Node:
        self._next += 2
        operand = self.condition()
        self._expect(",")
        token = self._token
        mask = self._literal()
        if not isinstance(mask, Number) or mask_of(mask.value) is None:
            raise GrammarError(self._text, token.position, NO_MASK, NO_MASK_FIX)
        self._expect(")")
        return Bits(operand, int(mask.value))

    def _refuse_truth(self, option: Node) -> None:
        """Say how a boolean with a default is written, which is a condition and no choice between values."""
        said = render(option) if isinstance(option, Column) else "active"
        means = {"true": f"{said} is null or {said}", "false": f"{said} is not null and {said}"}
        if self._token.text in means:
            unexpected = f"unexpected {self._token.text!r}"
            raise self._error(unexpected, f"a boolean field is a condition itself: write {means[self._token.text]}")

    def _ratio(self, inner: Callable[[], Node] | None = None) -> Node:
        read = inner or self.condition
        kind = Ratio if self._token.text == "ratio" else RootRatio
        self._next += 2
        top = read()
        self._expect(",")
        bottom = read()
        self._expect(",")
        named: dict[str, Argument] = {}
        self._named(named)
        self._expect(",")
        self._named(named)
        self._expect(")")
        return kind(
            top, bottom, cast("int", named.get("scale", 0)), cast("Rounding", named.get("rounding", "half-even"))
        )

    def _named(self, named: dict[str, Argument]) -> None:
        name = self._token.text
        if self._token.kind != "name":
            raise self._unexpected("a named argument such as scale=2")
        if name in named:
            what = f"{name!r} is given twice"
            raise self._error(what, "give it once")
        self._next += 1
        self._expect("=")
        named[name] = self._value()

    def _value(self) -> Argument:
        minus = self._symbol("-")
        token = self._token
        if token.kind == "number":
            number = self._number().copy_negate() if minus else self._number()
            return int(number) if _WHOLE.fullmatch(token.text) else number
        if minus or not (token.kind in ("name", "text") or token.text in ("null", "true", "false")):
            raise self._unexpected("a number, a word or text")
        self._next += 1
        return self._unquoted(token) if token.kind == "text" else self._word(token.text)

    def _word(self, word: str) -> str:
        """Words may have hyphens: ``half-even``."""
        while self._token.text == "-" and self._tokens[self._next + 1].kind == "name":
            word = f"{word}-{self._tokens[self._next + 1].text}"
            self._next += 2
        return word
