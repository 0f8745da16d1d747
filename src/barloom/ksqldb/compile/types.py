"""The types of ksqlDB's columns, and what becomes of decimals in its arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from barloom.plan.barplan import FieldKind

if TYPE_CHECKING:
    from barloom.plan.barplan import Field, NumberType

__all__ = [
    "BIGINT",
    "BOOLEAN",
    "DOUBLE",
    "EVENT_UNITS",
    "TIMESTAMP",
    "VARCHAR",
    "SqlType",
    "decimal",
    "of_field",
    "of_number",
]


@dataclass(frozen=True, slots=True)
class SqlType:
    """A type by its base; `precision` and `scale` are those of a DECIMAL."""

    base: str
    precision: int = 0
    scale: int = 0

    def __str__(self) -> str:
        return f"DECIMAL({self.precision}, {self.scale})" if self.base == "DECIMAL" else self.base


BIGINT: Final = SqlType("BIGINT")
BOOLEAN: Final = SqlType("BOOLEAN")
DOUBLE: Final = SqlType("DOUBLE")
TIMESTAMP: Final = SqlType("TIMESTAMP")
VARCHAR: Final = SqlType("VARCHAR")

EVENT_UNITS: Final = frozenset({"iso", "ms"})
"""How a time may be written that ksqlDB keeps as TIMESTAMP, in whole milliseconds."""

_BASES: Final = {FieldKind.STRING: VARCHAR, FieldKind.INTEGER: BIGINT, FieldKind.BOOLEAN: BOOLEAN}


def decimal(precision: int, scale: int) -> SqlType:
    """``DECIMAL(precision, scale)``."""
    return SqlType("DECIMAL", precision, scale)


def of_number(number: NumberType) -> SqlType:
    """The type of a column that holds such numbers."""
    return BIGINT if number.integer else decimal(number.precision, number.scale)


def of_field(item: Field) -> SqlType:
    """The type of an event's field. Times in other units than milliseconds stay the numbers they are."""
    if item.kind is FieldKind.TIMESTAMP:
        return TIMESTAMP if (item.time_unit or "iso") in EVENT_UNITS else BIGINT
    if item.number is not None:
        return of_number(item.number)
    return _BASES[item.kind]
