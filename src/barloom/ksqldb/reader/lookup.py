"""The pull queries that barloom asks: for any row of a table, and for the row of a key and window."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from barloom.ksqldb.compile.names import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.ksqldb.compile.script import Entity

__all__ = ["WINDOW_START", "any_row", "row_at", "rows_between"]

WINDOW_START: Final = "WINDOWSTART"
"""The column that says where a row's window begins: milliseconds UTC."""


def any_row(entity: Entity) -> str:
    """Ask for one row, whichever it is."""
    return f"SELECT * FROM {entity.quoted_name} LIMIT 1;"  # noqa: S608 - the name is quoted where it must be


def row_at(entity: Entity, key: Sequence[object], start: int) -> str:
    """Ask for the row of a key in the window that begins at `start` (milliseconds UTC)."""
    return _where(entity, key, [f"{WINDOW_START} = {start}"])


def rows_between(entity: Entity, key: Sequence[object], first: int | None, last: int | None) -> str:
    """Ask for the rows of a key in windows that begin from `first` up to, not including, `last` (none: no bound)."""
    bounds = ((">=", first), ("<", last))
    return _where(entity, key, [f"{WINDOW_START} {sign} {bound}" for sign, bound in bounds if bound is not None])


def _where(entity: Entity, key: Sequence[object], windows: list[str]) -> str:
    keys = zip(entity.key_columns, key, strict=True)
    wanted = " AND ".join([*(f"{quoted(column.name)} = {_literal(value)}" for column, value in keys), *windows])
    return f"SELECT * FROM {entity.quoted_name} WHERE {wanted};"  # noqa: S608 - names and values are quoted


def _literal(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | Decimal():
            return f"{value:f}" if isinstance(value, Decimal) else str(value)
        case _:
            text = str(value).replace("'", "''")
            return f"'{text}'"
