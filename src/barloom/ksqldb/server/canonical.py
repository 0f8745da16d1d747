"""A statement in a form in which it can be compared: as it was written, or as the server wrote it down.

ksqlDB stores its own text of a statement: names in upper case and qualified, types under their other names, properties
sorted and completed, every operator in parentheses. Both texts are read here into the same tree. A name that is also a
word of the language has a mark in front, so that a column `IS` is no comparison.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from barloom.ksqldb.compile.names import RESERVED

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BINARY", "MARK", "Statement", "Tree", "canonical", "marked"]

Tree: TypeAlias = "str | tuple[Tree, ...]"

_TOKEN: Final = re.compile(
    r"\s+|--[^\n]*|(?P<text>'(?:[^']|'')*')|`(?P<quoted>(?:[^`]|``)*)`"
    r"|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\w))|(?P<word>\w+)|(?P<sign><>|!=|<=|>=|\|\||->|:=|.)",
    re.DOTALL | re.ASCII,
)
MARK: Final = "`"
_BEGINS_NAME: Final = re.compile(r"[`_A-Z0-9]")
_NEEDS_NO_QUOTES: Final = re.compile(r"(?=.*[A-Z_])[A-Z0-9_]+", re.ASCII)
_SAME_SIGN: Final = {"!=": "<>"}
_SAME_TYPE: Final = {"VARCHAR": "STRING", "INT": "INTEGER"}
_LEVELS: Final[tuple[frozenset[str], ...]] = (
    frozenset({"OR"}),
    frozenset({"AND"}),
    frozenset({"=", "<>", "<", ">", "<=", ">=", "LIKE", "IS"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
)
"""Operators that bind tighter from line to line."""

BINARY: Final = frozenset().union(*_LEVELS, {"IS NOT"})
"""The operators of two operands in a tree: the operator, then both."""

_CLAUSES: Final = frozenset({"FROM", "WINDOW", "WHERE", "GROUP", "HAVING", "PARTITION", "EMIT", "LIMIT"})
_BY_ITSELF: Final = frozenset({"CLEANUP_POLICY"})
"""What the server alone decides."""


class Statement(NamedTuple):
    """A statement taken apart: `properties` of its WITH, and `parts` by clause; equal ones do the same."""

    kind: str
    name: str
    properties: Mapping[str, str]
    parts: Mapping[str, Tree]


def canonical(sql: str) -> Statement:
    """The comparable form of a CREATE statement. `ValueError` for any other, or one that is not understood."""
    return _Reader(_tokens(sql)).statement()


def marked(name: str) -> str:
    """A stored name as it stands in a tree."""
    return name if _NEEDS_NO_QUOTES.fullmatch(name) and name not in RESERVED else MARK + name


def _tokens(sql: str) -> list[str]:
    """Words and names in upper case but for quoted ones, which keep their case; texts with their quotes."""
    found = []
    for match in _TOKEN.finditer(sql):
        kind, token = match.lastgroup, match[0]
        if kind == "word":
            found.append(token.upper())
        elif kind == "quoted":
            found.append(marked(match["quoted"].replace("``", "`")))
        elif kind is not None:
            found.append(_SAME_SIGN.get(token, token))
    return found


class _Reader:
    """Reads the tokens of one statement from left to right."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, *expected: str) -> str:
        token = self._next
        if not token or (expected and token not in expected):
            message = f"found {token or 'the end'!r} where {' or '.join(expected) or 'more'} was expected"
            raise ValueError(message)
        self._at += 1
        return token

    def _name(self) -> str:
        """The next token where nothing but a name can stand: a word of the language is one too."""
        token = self._take()
        return MARK + token if token in RESERVED else token

    def _skip(self, *words: str) -> bool:
        """Pass over words, if exactly they come next."""
        if tuple(self._tokens[self._at : self._at + len(words)]) != words:
            return False
        self._at += len(words)
        return True

    def statement(self) -> Statement:
        self._take("CREATE")
        self._skip("OR", "REPLACE")
        kind = self._take("STREAM", "TABLE")
        self._skip("IF", "NOT", "EXISTS")
        name = self._name()
        if not _BEGINS_NAME.match(name):
            message = f"found {name!r} where a name was expected"
            raise ValueError(message)
        parts: dict[str, Tree] = {}
        if self._next == "(":
            parts |= self._columns()
        properties = self._properties() if self._skip("WITH") else {}
        if self._skip("AS", "SELECT"):
            parts |= self._query()
        self._skip(";")
        if self._next:
            message = f"{self._next!r} follows the statement"
            raise ValueError(message)
        return Statement(kind, name, properties, parts)

    def _columns(self) -> dict[str, Tree]:
        """Declared columns, each with its place: their order counts."""
        found: dict[str, Tree] = {}
        self._take("(")
        while True:
            name = self._name()
            found[f"column {name}"] = (str(len(found)), self._type(",", ")"))
            if self._take(",", ")") == ")":
                return found

    def _words(self, *ends: str) -> tuple[str, ...]:
        """The tokens up to one of `ends` outside of parentheses."""
        found: list[str] = []
        depth = 0
        while self._next and (depth or self._next not in ends):
            token = self._take()
            depth += {"(": 1, ")": -1}.get(token, 0)
            found.append(token)
        return tuple(found)

    def _type(self, *ends: str) -> str:
        """A type as the server calls it, with what stands behind: ``DECIMAL(18, 6)``, ``STRING KEY``."""
        words = " ".join(_SAME_TYPE.get(word, word) for word in self._words(*ends))
        return words.replace(" (", "(").replace("( ", "(").replace(" )", ")").replace(" ,", ",")

    def _properties(self) -> dict[str, str]:
        found = {}
        self._take("(")
        while True:
            name = self._take().strip("'").upper()
            self._take("=")
            value = self._take()
            if name not in _BY_ITSELF:
                found[name] = value
            if self._take(",", ")") == ")":
                return found

    def _query(self) -> dict[str, Tree]:
        parts: dict[str, Tree] = {}
        while True:
            value = self._expression()
            self._skip("AS")
            alias = self._name() if self._next not in {",", "FROM"} else _own_name(value)
            parts[f"column {alias}"] = (str(len(parts)), value)
            if self._take(",", "FROM") == "FROM":
                break
        parts["FROM"] = source = self._name()
        self._skip("AS")
        self._skip(source)  # the alias that the server adds
        while self._next and self._next != ";":
            clause = self._take()
            parts[clause] = self._clause(clause)
        return parts

    def _clause(self, clause: str) -> Tree:
        if clause in {"WHERE", "HAVING"}:
            return self._expression()
        if clause in {"GROUP", "PARTITION"}:
            self._take("BY")
            found = [self._expression()]
            while self._skip(","):
                found.append(self._expression())
            return tuple(found)
        return self._words(*_CLAUSES, ";")

    def _expression(self, level: int = 0) -> Tree:
        if level == len(_LEVELS):
            return self._sign()
        if level == _NOT_LEVEL and self._skip("NOT"):
            return ("NOT", self._expression(level))
        left = self._expression(level + 1)
        while self._next in _LEVELS[level]:
            operator = self._take()
            if operator == "IS":
                operator = "IS NOT" if self._skip("NOT") else "IS"
            left = (operator, left, self._expression(level + 1))
        return left

    def _sign(self) -> Tree:
        if self._skip("-"):
            inner = self._sign()
            return f"-{inner}" if isinstance(inner, str) and inner[0].isdigit() else ("-", inner)
        value = self._atom()
        while self._skip("["):
            value = ("[]", value, self._expression())
            self._take("]")
        return value

    def _atom(self) -> Tree:
        if self._skip("("):
            value = self._expression()
            self._take(")")
            return value
        if self._skip("CASE"):
            return self._case()
        name = self._take()
        if name == "CAST":
            return self._cast()
        if self._skip("("):
            return self._call(name)
        while self._skip("."):
            name = self._name()  # there is one source, so its name in front of a column's says nothing
        return name

    def _case(self) -> Tree:
        found: list[Tree] = ["CASE"]
        while (word := self._take("WHEN", "THEN", "ELSE", "END")) != "END":
            found += [word, self._expression()]
        return tuple(found)

    def _cast(self) -> Tree:
        self._take("(")
        value = self._expression()
        self._take("AS")
        kind = self._type(")")
        self._take(")")
        return ("CAST", value, kind)

    def _call(self, function: str) -> Tree:
        found: list[Tree] = [function]
        while not self._skip(")"):
            found.append(self._take() if self._next == "*" else self._expression())
            self._skip(",")
        return tuple(found)


_NOT_LEVEL: Final = 2


def _own_name(value: Tree) -> str:
    """A column without an alias keeps its name; what has none is named by the server."""
    return value if isinstance(value, str) else repr(value)
