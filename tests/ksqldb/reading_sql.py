"""A reader of the SQL that barloom writes for ksqlDB, made from the server's grammar and not from the printer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Tree: TypeAlias = Any
"""An expression as nested tuples: what it is, then its parts."""

TOKEN = re.compile(
    r"""
      (?P<comment>--[^@][^\r\n]*)                # the character behind -- may be a line end: so says the grammar
    | (?P<space>\s+)
    | (?P<text>'(?:[^']|'')*')
    | (?P<quoted>`(?:[^`]|``)*`)
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<symbol><>|<=|>=|[-+*/=<>(),;\[\]])
    """,
    re.VERBOSE,
)
UNITS = {"MILLISECONDS": 1, "SECONDS": 1_000, "MINUTES": 60_000, "HOURS": 3_600_000, "DAYS": 86_400_000}
RESERVED = set(
    """
    ADVANCE ALL AND AS AT BEGINNING BETWEEN BY CASE CAST CATALOG CONNECTOR CONNECTORS CREATE DAYS DECIMAL DELETE
    DESCRIBE DISTINCT DROP ELSE END EXISTS EXPORT EXTENDED FALSE FROM FULL GROUP HAVING HOPPING HOURS IN INNER INSERT
    INTO IS JOIN LEFT LIKE LIMIT LIST LOAD MATERIALIZED MILLISECOND MILLISECONDS MINUTES MONTHS NAMESPACE NOT NULL ON
    OR OUTER PAUSE PRINT PROPERTIES QUERIES QUERY RENAME RESUME RETENTION RIGHT RUN SAMPLE SCRIPT SECONDS SELECT SIZE
    STREAM STREAMS TABLE TERMINATE THEN TO TOPIC TOPICS TRUE TUMBLING UNSET VALUES VIEW WHEN WHERE WINDOW WITH WITHIN
    YEARS
    """.split()  # noqa: SIM905 - ninety quoted words would be harder to read
)
"""Refused without quotes, as a real server answered."""


@dataclass(frozen=True)
class Token:
    """A piece of SQL: its kind, and its text as the server takes it."""

    kind: str
    text: str


@dataclass
class Statement:
    """A statement taken apart. `items` are (expression, name); expressions are nested tuples."""

    kind: str
    name: str
    columns: list[tuple[str, str, bool]] = field(default_factory=list)
    properties: dict[str, str | int] = field(default_factory=dict)
    items: list[tuple[Tree, str]] = field(default_factory=list)
    source: str = ""
    window: dict[str, int] = field(default_factory=dict)
    where: Tree = None
    group_by: list[Tree] = field(default_factory=list)
    emit: str = ""


def tokens(sql: str) -> list[Token]:
    """The tokens of a text; unquoted words in upper case, as ksqlDB stores them."""
    found, position = [], 0
    while position < len(sql):
        match = TOKEN.match(sql, position)
        assert match is not None, f"no token at {sql[position : position + 20]!r}"
        position = match.end()
        kind = str(match.lastgroup)
        if kind == "text":
            found.append(Token(kind, match[0][1:-1].replace("''", "'")))
        elif kind == "quoted":
            found.append(Token(kind, match[0][1:-1].replace("``", "`")))
        elif kind not in ("comment", "space"):
            found.append(Token(kind, match[0].upper()))
    return found


def statements(sql: str) -> list[Statement]:
    """All statements of a script."""
    reader = _Reader(tokens(sql))
    found = []
    while not reader.done:
        found.append(reader.statement())
        reader.expect(";")
    return found


def expression(sql: str) -> Tree:
    """One value or condition."""
    reader = _Reader(tokens(sql))
    read = reader.condition()
    assert reader.done, f"more behind the expression in {sql!r}"
    return read


def walk(node: Tree) -> Iterator[tuple[Tree, ...]]:
    """An expression and all in it."""
    if isinstance(node, tuple):
        yield node
        for part in node:
            yield from walk(part)
    elif isinstance(node, list):
        for part in node:
            yield from walk(part)


class _Reader:
    """A recursive descent over tokens."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0

    @property
    def done(self) -> bool:
        return self._at == len(self._tokens)

    def _peek(self, ahead: int = 0) -> Token:
        return self._tokens[self._at + ahead] if self._at + ahead < len(self._tokens) else Token("end", "")

    def _next(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _is(self, *texts: str) -> bool:
        spots = [self._peek(ahead) for ahead in range(len(texts))]
        return all(
            token.kind in ("word", "symbol") and token.text == text for token, text in zip(spots, texts, strict=True)
        )

    def _accept(self, *texts: str) -> bool:
        if not self._is(*texts):
            return False
        self._at += len(texts)
        return True

    def expect(self, *texts: str) -> None:
        assert self._accept(*texts), f"expected {texts}, found {self._tokens[self._at : self._at + 5]}"

    def _name(self) -> str:
        token = self._next()
        assert token.kind == "quoted" or (token.kind == "word" and token.text not in RESERVED), f"no name: {token}"
        return token.text

    def _text(self) -> str:
        token = self._next()
        assert token.kind == "text", f"no text: {token}"
        return token.text

    def _listed(self, one: Callable[[], Tree]) -> list[Tree]:
        found = [one()]
        while self._accept(","):
            found.append(one())
        return found

    def statement(self) -> Statement:
        if self._accept("SET"):
            name = self._text()
            self.expect("=")
            return Statement("SET", name, properties={name: self._text()})
        self.expect("CREATE")
        return self._table() if self._accept("TABLE") else self._stream()

    def _stream(self) -> Statement:
        self.expect("STREAM")
        made = Statement("STREAM", self._name())
        self.expect("(")
        made.columns = self._listed(self._column)
        self.expect(")")
        made.properties = self._properties()
        return made

    def _column(self) -> tuple[str, str, bool]:
        return (self._name(), self._type(), self._accept("KEY"))

    def _type(self) -> str:
        base = self._next().text
        if not self._accept("("):
            return base
        digits = ", ".join(self._listed(lambda: self._next().text))
        self.expect(")")
        return f"{base}({digits})"

    def _properties(self) -> dict[str, str | int]:
        self.expect("WITH", "(")
        found = dict(self._listed(self._property))
        self.expect(")")
        return found

    def _property(self) -> tuple[str, str | int]:
        name = self._name()
        self.expect("=")
        value = self._next()
        return name, int(value.text) if value.kind == "number" else value.text

    def _table(self) -> Statement:
        made = Statement("TABLE", self._name(), properties=self._properties())
        self.expect("AS", "SELECT")
        made.items = self._listed(self._item)
        self.expect("FROM")
        made.source = self._name()
        self.expect("WINDOW", "TUMBLING", "(", "SIZE")
        made.window["size"] = self._duration()
        if self._accept(",", "RETENTION"):
            made.window["retention"] = self._duration()
        if self._accept(",", "GRACE", "PERIOD"):
            made.window["grace"] = self._duration()
        self.expect(")")
        if self._accept("WHERE"):
            made.where = self.condition()
        self.expect("GROUP", "BY")
        made.group_by = self._listed(self.condition)
        self.expect("EMIT")
        made.emit = self._next().text
        return made

    def _duration(self) -> int:
        return int(self._next().text) * UNITS[self._next().text]

    def _item(self) -> tuple[Tree, str]:
        value = self.condition()
        if self._accept("AS"):
            return value, self._name()
        assert value[0] == "column", f"no name for {value}"
        return value, value[1]

    def condition(self) -> Tree:
        left = self._both()
        while self._accept("OR"):
            left = ("OR", left, self._both())
        return left

    def _both(self) -> Tree:
        left = self._compared()
        while self._accept("AND"):
            left = ("AND", left, self._compared())
        return left

    def _compared(self) -> Tree:
        left = self._sum()
        if self._accept("IS"):
            negated = self._accept("NOT")
            self.expect("NULL")
            return ("is not null" if negated else "is null", left)
        for sign in ("=", "<>", "<=", ">=", "<", ">"):
            if self._accept(sign):
                return (sign, left, self._sum())
        return left

    def _sum(self) -> Tree:
        left = self._product()
        while self._is("+") or self._is("-"):
            left = (self._next().text, left, self._product())
        return left

    def _product(self) -> Tree:
        left = self._signed()
        while self._is("*") or self._is("/"):
            left = (self._next().text, left, self._signed())
        return left

    def _signed(self) -> Tree:
        return ("minus", self._signed()) if self._accept("-") else self._primary()

    def _primary(self) -> Tree:
        value = self._atom()
        while self._accept("["):
            value = ("item", value, int(self._next().text))
            self.expect("]")
        return value

    def _atom(self) -> Tree:  # noqa: PLR0911 - one case an atom
        token = self._peek()
        if token.kind == "text":
            return ("text", self._next().text)
        if token.kind == "number":
            return ("number", Decimal(self._next().text))
        if self._accept("("):
            inner = self.condition()
            self.expect(")")
            return inner
        if self._accept("*"):
            return ("star",)
        for word, value in (("NULL", None), ("TRUE", True), ("FALSE", False)):
            if self._accept(word):
                return ("constant", value)
        if self._accept("CAST", "("):
            operand = self.condition()
            self.expect("AS")
            kind = self._type()
            self.expect(")")
            return ("cast", operand, kind)
        if self._accept("CASE"):
            return self._case()
        name = self._name()
        if token.kind == "word" and self._accept("("):
            arguments = self._listed(self.condition)
            self.expect(")")
            return ("call", name, arguments)
        return ("column", name)

    def _case(self) -> Tree:
        branches = []
        while self._accept("WHEN"):
            condition = self.condition()
            self.expect("THEN")
            branches.append((condition, self.condition()))
        otherwise = self.condition() if self._accept("ELSE") else ("nothing",)
        self.expect("END")
        return ("case", branches, otherwise)
