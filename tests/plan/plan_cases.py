"""Events, declarations and helpers that the tests of definitions share."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import barloom as bl

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.plan.barplan import BarPlan


class Quote(bl.Event):
    """A quote with one possibly missing side."""

    broker: str = bl.key()
    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    bid: Decimal = bl.decimal(18, 6)
    ask: Decimal | None = bl.decimal(18, 6)
    size: Decimal = bl.decimal(18, 2)
    side: str
    active: bool
    lots: int


QUOTE_TOML = """
[event]
name = "Quote"
key = ["broker", "symbol"]
timestamp = "at"
[event.fields]
broker = "string"
symbol = "string"
at = "timestamp"
bid = "decimal(18, 6)"
ask = "decimal(18, 6)?"
size = "decimal(18, 2)"
side = "string"
active = "bool"
lots = "int"
"""


def quotes() -> bl.Query:
    """A declaration of one-second windows that still lacks columns and a name."""
    return bl.from_(Quote).tumbling("1s", delay="2s")


def planned(**columns: bl.Aggregate) -> BarPlan:
    """The plan of one-second windows with these columns."""
    return quotes().select(**columns).named("bars").plan


def problems_of(declare: Callable[[], object]) -> list[bl.Problem]:
    """What is wrong with a declaration."""
    try:
        declare()
    except bl.DefinitionError as error:
        return list(error.problems)
    return []


def only_problem(declare: Callable[[], object]) -> tuple[str, str, str]:
    """What, where and fix of a declaration's one problem."""
    found = problems_of(declare)
    assert len(found) == 1, found
    return found[0].what, found[0].where, found[0].fix
