"""The written grammar of expressions and aggregates, as TOML files hold it.

::

    condition   = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation    = "not" negation | comparison
    comparison  = sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=") sum | "is" ["not"] "null" ]
    sum         = product { ("+" | "-") product }
    product     = factor { "*" factor }
    factor      = "-" factor | number | text | name | `any name` | "(" condition ")" | coalesce | ratio
    coalesce    = "coalesce" "(" sum "," sum { "," sum } ")"
    ratio       = ("ratio" | "root_ratio") "(" condition "," condition "," "scale=" n "," "rounding=" word ")"
    aggregate   = name "(" [ argument { "," argument } ] ")" [ "when" condition ]
    argument    = condition | name "=" (number | text | word)

Text stands in double or single quotes. A number is an exact decimal. Conditions may stand in parentheses.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, cast

from barloom.plan.expressions import DIVISION, FEW_OPTIONS, FEW_OPTIONS_FIX, Flaw
from barloom.plan.nodes import (
    Arithmetic,
    Coalesce,
    Column,
    Comparison,
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
from barloom.plan.render import KEYWORDS, render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.plan.nodes import Rounding

__all__ = ["Argument", "Call", "GrammarError", "parse_aggregate", "parse_expression"]

Argument: TypeAlias = str | int | Decimal
"""The value of a named argument: a word or text, or a number."""

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<name>[^\W\d]\w*)
    | `(?P<quoted>[^`]+)`
    | (?P<text>"(?:[^"\\]|\\.)*"|'[^']*')
    | (?P<symbol>==|!=|<=|>=|[-+*()<>,=])
    )""",
    re.VERBOSE,
)
_HINTS: Final = {
    "&": "write 'and'",
    "|": "write 'or'",
    "~": "write 'not'",
    "!": "write 'not', or '!='",
    "/": DIVISION.fix,
    '"': "the text is not closed by another quote",
    "'": "the text is not closed by another quote",
    "`": "the name is not closed by another backquote",
}
_COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})
_DEEPEST: Final = 60
_WIDEST: Final = 100


class GrammarError(ValueError):
    """Text that is not in the grammar: what is wrong, at which character, and how to mend it."""

    def __init__(
        self, text: str, position: int, what: str, fix: str = "see the written grammar in the reference"
    ) -> None:
        self.text = text
        self.position = position
        self.flaw = Flaw(
            f"{what} at character {position + 1}\n        {text}\n        {' ' * position}^", fix, unread=True
        )
        super().__init__(self.flaw.what)


@dataclass(frozen=True, slots=True)
class Call:
    """A written aggregate before it is looked up by name."""

    name: str
    arguments: tuple[Node, ...] = ()
    named: Mapping[str, Argument] = field(default_factory=dict)
    when: Node | None = None


def parse_expression(text: str) -> Node:
    """Read a value or a condition; `GrammarError` where it is neither."""
    parser = _Parser(text)
    node = parser.condition()
    parser.end()
    return node


def parse_aggregate(text: str) -> Call:
    """Read ``max(bid) when size >= 100``; `GrammarError` where it is not an aggregate."""
    parser = _Parser(text)
    call = parser.aggregate()
    parser.end()
    return call


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            at = position + len(text[position:]) - len(text[position:].lstrip())
            fix = _HINTS.get(text[at], "remove it, or put it into quotes if it is text")
            what = f"unexpected {text[at]!r}"
            raise GrammarError(text, at, what, fix)
        kind = match.lastgroup or "symbol"
        start = match.start(kind) - (kind == "quoted")
        if kind == "name" and match[kind] in KEYWORDS:
            kind, value = "symbol", match["name"]
        else:
            value = match[kind]
        found.append(_Token(kind, value, start))
        position = match.end()
    return [*found, _Token("end", "", len(text))]


class _Parser:
    """Recursive descent, one method a rule."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0

    @property
    def _token(self) -> _Token:
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
        if token.kind == "name" and token.text.lower() in KEYWORDS:
            return self._error(f"unexpected {token.text!r}", f"write {token.text.lower()!r}, in small letters")
        seen = "the text ends" if token.kind == "end" else f"unexpected {token.text!r}"
        return self._error(seen, f"{wanted} should stand here")

    def _expect(self, symbol: str) -> None:
        if self._symbol(symbol) is None:
            raise self._unexpected(repr(symbol))

    def end(self) -> None:
        if self._token.kind != "end":
            raise self._unexpected("an operator or the end")

    def condition(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error("too deeply nested", f"use at most {_DEEPEST} levels of parentheses")
        left = self._conjunction()
        while self._symbol("or"):
            left = Logical("or", left, self._conjunction())
        self._depth -= 1
        return left

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

    def _atom(self) -> Node:
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
        value = Decimal(self._token.text)
        if not value.is_finite() or abs(value.adjusted()) > _WIDEST or len(value.as_tuple().digits) > _WIDEST:
            raise self._error("the number has too many digits", "a number has at most 38 digits")
        self._next += 1
        return value

    def _unquoted(self, token: _Token) -> str:
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

    def _refuse_truth(self, option: Node) -> None:
        """Say how a boolean with a default is written, which is a condition and no choice between values."""
        said = render(option) if isinstance(option, Column) else "active"
        means = {"true": f"{said} is null or {said}", "false": f"{said} is not null and {said}"}
        if self._token.text in means:
            unexpected = f"unexpected {self._token.text!r}"
            raise self._error(unexpected, f"a boolean field is a condition itself: write {means[self._token.text]}")

    def _ratio(self) -> Node:
        kind = Ratio if self._token.text == "ratio" else RootRatio
        self._next += 2
        top = self.condition()
        self._expect(",")
        bottom = self.condition()
        self._expect(",")
        named: dict[str, Argument] = {}
        self._named(named)
        self._expect(",")
        self._named(named)
        self._expect(")")
        return kind(
            top, bottom, cast("int", named.get("scale", 0)), cast("Rounding", named.get("rounding", "half-even"))
        )

    def aggregate(self) -> Call:
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
        when = self.condition() if self._symbol("when") else None
        return Call(token.text, tuple(arguments), named, when)

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
            return number if "." in token.text or "e" in token.text.lower() else int(number)
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
