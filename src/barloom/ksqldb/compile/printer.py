"""The tree as text: one method a node, and nowhere else is SQL put together."""

from __future__ import annotations

from functools import singledispatchmethod
from typing import Final

from barloom.ksqldb.compile.ast import (
    Binary,
    Boolean,
    Call,
    Case,
    Cast,
    Column,
    CreateStream,
    CreateTableAs,
    Expr,
    IsNull,
    Item,
    Minus,
    Name,
    Null,
    Number,
    Pseudo,
    Select,
    SetProperty,
    Star,
    Statement,
    Subscript,
    Text,
    Window,
)
from barloom.ksqldb.compile.names import quoted

__all__ = ["Printer", "print_duration", "print_expression", "print_statement"]

_OR, _AND, _COMPARE, _ADD, _MULTIPLY, _UNARY, _ATOM = range(7)
_LEVELS: Final = {"OR": _OR, "AND": _AND, "+": _ADD, "-": _ADD, "*": _MULTIPLY, "/": _MULTIPLY}
_UNITS: Final = (("DAYS", 86_400_000), ("HOURS", 3_600_000), ("MINUTES", 60_000), ("SECONDS", 1_000))

_Node = Expr | Statement | Select | Window | Item | Column


def print_statement(statement: Statement) -> str:
    """One statement with its semicolon."""
    return Printer().text(statement) + ";"


def print_expression(expression: Expr) -> str:
    """A value or condition."""
    return Printer().text(expression)


def print_duration(milliseconds: int) -> str:
    """An elapsed time in the longest unit that it is a whole number of: ``90 SECONDS``, ``7 DAYS``."""
    for unit, size in _UNITS:
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size} {unit}"
    return f"{milliseconds} MILLISECONDS" if milliseconds else "0 SECONDS"


class Printer:
    """Writes nodes with no more parentheses than their order of evaluation needs."""

    def text(self, node: _Node) -> str:
        """The node as SQL."""
        return self._write(node)

    @singledispatchmethod
    def _write(self, node: object) -> str:
        message = f"no SQL for {node!r}"
        raise TypeError(message)

    @_write.register
    def _name(self, node: Name) -> str:
        return quoted(node.name)

    @_write.register
    def _pseudo(self, node: Pseudo) -> str:
        return node.name

    @_write.register
    def _text(self, node: Text) -> str:
        return "'" + node.value.replace("'", "''") + "'"

    @_write.register
    def _number(self, node: Number) -> str:
        return format(node.value, "f")

    @_write.register
    def _boolean(self, node: Boolean) -> str:
        return "TRUE" if node.value else "FALSE"

    @_write.register
    def _null(self, _node: Null) -> str:
        return "NULL"

    @_write.register
    def _star(self, _node: Star) -> str:
        return "*"

    @_write.register
    def _call(self, node: Call) -> str:
        return f"{node.function}({', '.join(map(self._write, node.arguments))})"

    @_write.register
    def _cast(self, node: Cast) -> str:
        return f"CAST({self._write(node.operand)} AS {node.type})"

    @_write.register
    def _minus(self, node: Minus) -> str:
        return f"-{self._at(node.operand, _ATOM)}"

    @_write.register
    def _binary(self, node: Binary) -> str:
        level = _LEVELS.get(node.operator, _COMPARE)
        left = level + 1 if level == _COMPARE else level
        return f"{self._at(node.left, left)} {node.operator} {self._at(node.right, level + 1)}"

    @_write.register
    def _is_null(self, node: IsNull) -> str:
        return f"{self._at(node.operand, _ADD)} IS {'NOT ' if node.negated else ''}NULL"

    @_write.register
    def _case(self, node: Case) -> str:
        branches = " ".join(f"WHEN {self._write(when)} THEN {self._write(then)}" for when, then in node.branches)
        otherwise = "" if node.otherwise is None else f" ELSE {self._write(node.otherwise)}"
        return f"CASE {branches}{otherwise} END"

    @_write.register
    def _subscript(self, node: Subscript) -> str:
        return f"{self._at(node.operand, _ATOM)}[{node.index}]"

    def _at(self, node: Expr, level: int) -> str:
        """The operand of something that binds at `level`, in parentheses where it binds less."""
        text = self._write(node)
        return text if _level(node) >= level else f"({text})"

    @_write.register
    def _column(self, node: Column) -> str:
        return f"{quoted(node.name)} {node.type}{' KEY' if node.key else ''}"

    @_write.register
    def _item(self, node: Item) -> str:
        value = self._write(node.value)
        return value if node.alias is None else f"{value} AS {quoted(node.alias)}"

    @_write.register
    def _window(self, node: Window) -> str:
        size, retention, grace = map(print_duration, (node.size, node.retention, node.grace))
        return f"WINDOW TUMBLING (SIZE {size}, RETENTION {retention}, GRACE PERIOD {grace})"

    @_write.register
    def _select(self, node: Select) -> str:
        lines = [
            f"SELECT\n{self._listed(node.items)}",
            f"FROM {quoted(node.source)}",
            self._write(node.window),
            *([] if node.where is None else [f"WHERE {self._write(node.where)}"]),
            f"GROUP BY {', '.join(map(self._write, node.group_by))}",
            f"EMIT {'FINAL' if node.final else 'CHANGES'}",
        ]
        return "\n".join(lines)

    @_write.register
    def _create_stream(self, node: CreateStream) -> str:
        columns = self._listed(node.columns)
        return f"CREATE STREAM {quoted(node.name)} (\n{columns}\n) {self._with(node.properties)}"

    @_write.register
    def _create_table_as(self, node: CreateTableAs) -> str:
        return f"CREATE TABLE {quoted(node.name)} {self._with(node.properties)} AS {self._write(node.select)}"

    @_write.register
    def _set_property(self, node: SetProperty) -> str:
        return f"SET {self._write(Text(node.name))} = {self._write(Text(node.value))}"

    def _with(self, properties: tuple[tuple[str, str | int], ...]) -> str:
        written = (
            f"  {name} = {value if isinstance(value, int) else self._write(Text(value))}" for name, value in properties
        )
        return "WITH (\n" + ",\n".join(written) + "\n)"

    def _listed(self, nodes: tuple[Column, ...] | tuple[Item, ...]) -> str:
        return ",\n".join(f"  {self._write(node)}" for node in nodes)


def _level(node: Expr) -> int:
    match node:
        case Binary(operator):
            return _LEVELS.get(operator, _COMPARE)
        case IsNull():
            return _COMPARE
        case Minus():
            return _UNARY
        case Number(value) if value < 0 or value.is_signed():
            return _UNARY
        case _:
            return _ATOM
