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

    `count` are those of all rows, `counted` sums and counts, `totals` those of them that are of all rows, `ordered`
    firsts and lasts; then `highest` and `lowest`.
    """

    count: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()
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
            totals=tuple(item.name for item in there if item.text.endswith(")") and item.name in named("count", "sum")),
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
        found = [[_number(theirs[name]) for name in names] for names in (unequal, self.lowest, self.highest)]
        if any(None in each for each in found):
            return False
        firsts, lows, highs = ([value for value in each if value is not None] for each in found)
        return all(low <= value <= high for value in firsts for low in (lows or [value]) for high in (highs or [value]))

    def refutes(self, ours: Mapping[str, object], theirs: Mapping[str, str | None]) -> bool:
        """Whether the published bar has no more rows than ours, so that rows we lack are no reason.

        The number of rows says so, or every count and sum that is compared is equal.
        """
        if any(_at_least(ours[name], theirs[name]) for name in self.count):
            return True
        return bool(self.totals) and all(_equal(ours[name], theirs[name]) for name in self.totals)


NO_ROLES: Final = Roles()


def _number(text: object) -> Decimal | None:
    """A number; none where it is none."""
    try:
        found = Decimal(str(text))
    except ArithmeticError:
        return None
    return found if found.is_finite() else None


def _at_least(ours: object, theirs: str | None) -> bool:
    mine, other = _number(ours), _number(theirs)
    return mine is not None and other is not None and mine >= other


def _equal(ours: object, theirs: str | None) -> bool:
    mine, other = _number(ours), _number(theirs)
    return mine is not None and mine == other
