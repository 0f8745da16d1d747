"""What the compared columns tell of rows: which count them, which depend on their order."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.plan.barplan import BarPlan

__all__ = ["NO_ROLES", "Roles"]

_SEVERAL: Final = 2


@dataclass(frozen=True, slots=True)
class Roles:
    """Compared columns by what they tell.

    `count` are those of all rows, `counted` sums and counts, `ordered` firsts and lasts; then `highest` and `lowest`.
    """

    count: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()
    ordered: tuple[str, ...] = ()
    highest: tuple[str, ...] = ()
    lowest: tuple[str, ...] = ()

    @classmethod
    def of(cls, plan: BarPlan, columns: Sequence[str]) -> Roles:
        """Those of a definition's columns that are compared."""
        there = [item for item in plan.outputs if item.name in columns]

        def named(*aggregates: str) -> tuple[str, ...]:
            return tuple(item.name for item in there if item.aggregate in aggregates)

        return cls(
            count=tuple(item.name for item in there if item.text == "count()"),
            counted=named("count", "sum"),
            ordered=named("first", "last"),
            highest=named("max"),
            lowest=named("min"),
        )

    def reordered(self, ours: Mapping[str, object], theirs: Mapping[str, str | None], unequal: set[str]) -> bool:
        """Whether both are of the same rows, as far as all other columns tell, in another order.

        Something that counts rows has to be among the equal ones, and the published first and last must be possible.
        """
        revision = ours.get("revision")
        if not unequal <= set(self.ordered) or not self.counted:
            return False
        if not isinstance(revision, int) or revision < _SEVERAL:
            return False
        bounds = [theirs[name] for name in (*self.lowest, *self.highest)]
        if len(bounds) != _SEVERAL or None in (*bounds, *(theirs[name] for name in unequal)):
            return not bounds
        low, high = (_number(text) for text in bounds)
        return all(low <= _number(theirs[name]) <= high for name in unequal)

    def refutes(self, ours: Mapping[str, object], theirs: Mapping[str, str | None]) -> bool:
        """Whether the published bar has no more rows than ours, so that rows we lack are no reason."""
        pairs = [(ours[name], theirs[name]) for name in self.count]
        return any(
            mine is not None and other is not None and _number(str(mine)) >= _number(other) for mine, other in pairs
        )


NO_ROLES: Final = Roles()


def _number(text: str | None) -> Decimal:
    """A number; one that is none is never within bounds."""
    try:
        return Decimal(text or "NaN")
    except ArithmeticError:
        return Decimal("NaN")
