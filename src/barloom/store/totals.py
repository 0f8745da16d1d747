"""How much was ever written to a store, kept so that nobody has to count."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from barloom.store.refused import reasons_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.store.protocol import Commit

__all__ = ["TOTALS", "Totals"]

TOTALS: Final = b"totals"


class Totals(msgspec.Struct, frozen=True, eq=True):
    """Sums over all commits.

    `rows` counts input rows by what became of them, `finals` bars by level (its position, as text), `rejected` refused
    rows by reason.
    """

    rows: dict[str, int] = {}
    finals: dict[str, int] = {}
    rejected: dict[str, int] = {}
    commits: int = 0

    def after(self, commit: Commit) -> Totals:
        """The sums with one more commit."""
        finals: Counter[str] = Counter()
        for block in commit.step.finals:
            finals[str(block.level)] += len(block)
        rejected = reasons_of(commit.side)
        return Totals(
            _plus(self.rows, commit.step.counts),
            _plus(self.finals, finals),
            _plus(self.rejected, rejected),
            self.commits + 1,
        )


def _plus(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}
