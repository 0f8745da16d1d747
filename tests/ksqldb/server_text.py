"""The text that a server keeps of a statement, as 8.5 wrote it down of those that were recorded.

Names in upper case without quotes where none are needed, columns with their source in front, types under their other
names, properties sorted and completed, an operation in parentheses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ksqldb.reading_sql import RESERVED, UNITS, statements

if TYPE_CHECKING:
    from collections.abc import Callable

    from ksqldb.reading_sql import Statement, Tree

TYPES = {"VARCHAR": "STRING", "INT": "INTEGER"}


def servers_text(sql: str) -> str:
    """What the server makes of one statement."""
    (statement,) = statements(sql)
    return _stream(statement) if statement.kind == "STREAM" else _table(statement)


def name_of(name: str) -> str:
    """A stored name: in quotes where the server's grammar needs them to read it back."""
    plain = re.fullmatch(r"[A-Z_][A-Z0-9_@]*|[0-9](?=.*[A-Z_@])[A-Z0-9_@]+", name)
    return name if plain and name not in RESERVED else "`" + name.replace("`", "``") + "`"


def _stream(it: Statement) -> str:
    columns = ", ".join(f"{name_of(name)} {_type(kind)}{' KEY' if key else ''}" for name, kind, key in it.columns)
    return f"CREATE STREAM {name_of(it.name)} ({columns}) WITH ({_properties(it, 'delete')});"


def _table(it: Statement) -> str:
    qualifier = name_of(it.source)

    def column(name: str) -> str:
        own = name in {"WINDOWSTART", "WINDOWEND"} and not it.source.endswith("_S")
        return name if own else f"{qualifier}.{name_of(name)}"

    items = ",\n".join(f"  {_written(value, column)} {name_of(name)}" for value, name in it.items)
    window = " , ".join(
        f"{word} {_duration(it.window[key])}"
        for word, key in (("SIZE", "size"), ("RETENTION", "retention"), ("GRACE PERIOD", "grace"))
        if key in it.window
    )
    where = "" if it.where is None else f"WHERE {_written(it.where, column)}\n"
    grouped = ", ".join(_written(part, column) for part in it.group_by)
    return (
        f"CREATE TABLE {name_of(it.name)} WITH ({_properties(it, 'compact,delete')}) AS SELECT\n{items}\n"
        f"FROM {qualifier} {qualifier}\nWINDOW TUMBLING ( {window} ) \n{where}GROUP BY {grouped}\nEMIT {it.emit};"
    )


def _properties(it: Statement, policy: str) -> str:
    added = {"CLEANUP_POLICY": policy} | ({} if it.kind == "STREAM" else {"REPLICAS": 1, "RETENTION_MS": 604_800_000})
    found = {**added, **it.properties}
    return ", ".join(f"{name}={_value(found[name])}" for name in sorted(found))


def _value(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _type(kind: str) -> str:
    return TYPES.get(kind, kind)


def _duration(milliseconds: int) -> str:
    fitting = [unit for unit, size in UNITS.items() if milliseconds % size == 0]
    unit = fitting[-1] if milliseconds else "SECONDS"
    return f"{milliseconds // UNITS[unit]} {unit}"


def _written(node: Tree, column: Callable[[str], str]) -> str:  # noqa: C901, PLR0911, PLR0912 - a case each
    def inner(part: Tree) -> str:
        return _written(part, column)

    match node:
        case ("column", name):
            return column(name)
        case ("text", text):
            return _value(text)
        case ("number", value):
            return format(value, "f")
        case ("constant", value):
            return "null" if value is None else str(value).lower()
        case ("star",):
            return "*"
        case ("minus", operand):
            return f"-{inner(operand)}"
        case ("is null", operand):
            return f"({inner(operand)} IS NULL)"
        case ("is not null", operand):
            return f"({inner(operand)} IS NOT NULL)"
        case ("item", operand, index):
            return f"{inner(operand)}[{index}]"
        case ("cast", operand, kind):
            return f"CAST({inner(operand)} AS {_type(kind)})"
        case ("call", name, arguments):
            return f"{name}({', '.join(map(inner, arguments))})"
        case ("case", branches, otherwise):
            told = " ".join(f"WHEN {inner(when)} THEN {inner(then)}" for when, then in branches)
            last = "" if otherwise == ("nothing",) else f" ELSE {inner(otherwise)}"
            return f"(CASE {told}{last} END)"
        case (sign, left, right):
            return f"({inner(left)} {sign} {inner(right)})"
    raise AssertionError(node)
