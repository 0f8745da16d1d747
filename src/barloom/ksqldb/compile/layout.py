"""Which columns a bar has in ksqlDB, under which names, and which of them hold the partials that parents merge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from barloom.ksqldb.compile.names import stored
from barloom.ksqldb.compile.types import SqlType, decimal, of_number
from barloom.plan.nodes import Column, Ratio, columns_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from barloom.plan.barplan import BarPlan, Output, Partial

__all__ = ["BUCKET_END", "BUCKET_START", "CLOSE_TIME", "OPEN_TIME", "QUOTIENT_DIGITS", "Layout", "StoredColumn"]

BUCKET_START: Final = "BUCKET_START"
BUCKET_END: Final = "BUCKET_END"
OPEN_TIME: Final = "OPEN_TIME"
CLOSE_TIME: Final = "CLOSE_TIME"

QUOTIENT_DIGITS: Final = 15
"""How many digits a quotient can have: those that a DOUBLE holds for certain."""


class StoredColumn(NamedTuple):
    """A column of the bars: the position of the partial that it holds, or the output that it computes from others."""

    name: str
    type: SqlType
    partial: int | None = None
    output: Output | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """The declared columns of a bar and, behind them, the partials that no declared column holds.

    `partials` names the column of each partial. Whoever wants a quotient to more digits than a DOUBLE has divides the
    columns of its partials.
    """

    columns: tuple[StoredColumn, ...]
    partials: Mapping[int, str]

    @classmethod
    def of(cls, plan: BarPlan, *, computed_elsewhere: Collection[str] = (), left_out: Collection[str] = ()) -> Layout:
        """The columns of a plan's bars.

        Of outputs that are `computed_elsewhere` only the partials are kept, and nothing of those `left_out`.
        """
        outputs = [output for output in plan.outputs if output.name not in left_out]
        columns = [_declared(plan, output) for output in outputs if output.name not in computed_elsewhere]
        held = {item.partial: item.name for item in reversed(columns) if item.partial is not None}
        taken = {stored(output.name) for output in plan.outputs}
        for output in outputs:
            for position in sorted(int(name) for name in columns_of(output.result)):
                if position not in held:
                    partial = plan.partials[position]
                    held[position] = _free(f"{stored(output.name)}_{stored(partial.fold.value)}", taken)
                    taken.add(held[position])
                    columns.append(StoredColumn(held[position], of_number(partial.number), position))
        return cls(tuple(columns), held)


def _declared(plan: BarPlan, output: Output) -> StoredColumn:
    name = stored(output.name)
    match output.result:
        case Column(position):
            partial: Partial = plan.partials[int(position)]
            return StoredColumn(name, of_number(partial.number), int(position), output)
        case Ratio(_, _, scale):
            return StoredColumn(name, decimal(QUOTIENT_DIGITS, scale), None, output)
        case _:
            return StoredColumn(name, of_number(output.number), None, output)


def _free(wanted: str, taken: set[str]) -> str:
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted}_{number}" in taken:
        number += 1
    return f"{wanted}_{number}"
