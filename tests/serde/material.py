"""A definition with a column of every kind, and bars of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

import barloom as bl
from barloom.engine.blocks import BarBlock, Values
from barloom.time.always import AlwaysOpen

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Integers

MINUTE = 60 * 10**9
CALENDAR = AlwaysOpen()
START = 1_700_000_040 * 10**9


class Quote(bl.Event):
    """A quote with two key fields and every kind of value."""

    broker: str = bl.key()
    number: int = bl.key()
    at: int = bl.timestamp(unit="ms")
    bid: Decimal = bl.decimal(18, 4)
    ask: Decimal | None = bl.decimal(18, 4)
    size: Decimal = bl.decimal(38, 2)
    buy: bool


def quotes(**source: object) -> BarPlan:
    """Bars over `Quote`: first, last that may be missing, a sum of 128 bits, a mean, a count."""
    query = bl.from_(Quote)
    if source:
        query = query.source(**source)  # type: ignore[arg-type]
    return (
        query.tumbling("1m")
        .select(
            open=bl.first("bid"),
            ask=bl.last("ask"),
            volume=bl.sum("size"),
            mean=bl.avg("bid", scale=6),
            count=bl.count(),
        )
        .rollup("1h", "1d")
        .named("bars")
        .plan
    )


@dataclass(eq=False)
class KeyTable:
    """Keys as the engine numbers them."""

    table: list[tuple[object, ...]]

    def __len__(self) -> int:
        return len(self.table)

    def rows(self, ids: Integers) -> list[tuple[object, ...]]:
        """The key fields of each id."""
        return [self.table[number] for number in ids.tolist()]


KEYS = KeyTable([("OANDA", 7), ('quo"ted\\\n', -1), ("", 2**63 - 1), ("ünï", -(2**63)), ("long" * 100, 3)])

NUMBERS = [0, 1, -1, 63, 64, -64, -65, 127, 128, -128, -129, 8191, 8192, 10**17, -(10**17), 10**18 - 1, 1 - 10**18]
WIDE = [0, 10**37, -(10**37), 2**63, -(2**63) - 1, 2**64, -(2**64), 2**100, 5]


def bars(plan: BarPlan, count: int = 50, *, wide: bool = True, level: int = 0) -> BarBlock:
    """A block whose columns hold small, large and missing values."""
    place = np.arange(count)
    synthetic = place % 7 == 3
    partials = tuple(_partial(plan, position, count, wide=wide) for position in range(len(plan.partials)))
    return BarBlock(
        level=level,
        final=count % 2 == 0,
        key=(place * 3) % len(KEYS),
        start=START + place * MINUTE,
        end=START + (place + 1) * MINUTE,
        open_time=START + place * MINUTE + place * 7,
        close_time=START + place * MINUTE + 59 * 10**9 + place * 11,
        revision=place**4,
        filled=place % 3,
        slots=place * 70,
        expected=place * 9000,
        synthetic=synthetic,
        partial=place % 5 == 0,
        partials=partials,
    )


def _partial(plan: BarPlan, position: int, count: int, *, wide: bool) -> Values:
    partial = plan.partials[position]
    valid = np.arange(count) % 4 != 1 if position in plan.optional else None
    if partial.number.scale == 2 and wide:
        numbers = np.array([WIDE[place % len(WIDE)] for place in range(count)], dtype=object)
        return Values(numbers, valid)
    if partial.fold.value == "count":
        return Values(np.arange(count) + 1, valid)
    return Values(np.array([NUMBERS[place % len(NUMBERS)] for place in range(count)], dtype=np.int64), valid)
