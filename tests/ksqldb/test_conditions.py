"""Conditions on several values and on times in SQL; bits and lists have no form there, and are refused by name."""

from __future__ import annotations

import pytest

from barloom.ksqldb.compile.expressions import Rows, Unsayable
from barloom.ksqldb.compile.printer import print_expression
from barloom.plan.barplan import Field, FieldKind, NumberType
from barloom.plan.language.grammar import parse_expression

FIELDS = (
    Field("bid", FieldKind.DECIMAL, NumberType(10, 2)),
    Field("side", FieldKind.STRING, nullable=True),
    Field("lots", FieldKind.INTEGER),
    Field("seen", FieldKind.TIMESTAMP, time_unit="iso"),
    Field("sent", FieldKind.TIMESTAMP, nullable=True, time_unit="us"),
    Field("cond", FieldKind.STRING, separator=","),
)
ROWS = Rows({item.name: item for item in FIELDS})


@pytest.mark.parametrize(
    ("written", "sql"),
    [
        ("side in ('b', 'x')", "side = 'b' OR side = 'x'"),
        ("side not in ('b', 'x')", "side <> 'b' AND side <> 'x'"),
        ("bid in (1, 2.5)", "bid = 1 OR bid = 2.5"),
        ("seen < '2025-11-10T00:00:00.250Z'", "UNIX_TIMESTAMP(seen) < 1762732800250"),
        ("not (seen < '2025-11-10')", "UNIX_TIMESTAMP(seen) >= 1762732800000"),
        ("sent in ('2025-11-10')", "sent IS NOT NULL AND sent = 1762732800000000"),
    ],
)
def test_what_has_a_form(written: str, sql: str) -> None:
    """One of several values is any of them, and times are numbers of the unit in which they are kept."""
    assert sql == print_expression(ROWS.condition(parse_expression(written))).replace("`", "")


@pytest.mark.parametrize(
    "written",
    [
        "bits(lots, 4)",
        "cond contains any ('37')",
        "seen < '2025-11-10T00:00:00.0001Z'",
        "coalesce(sent, seen) < '2025-11-10'",
    ],
)
def test_what_has_none(written: str) -> None:
    """Bits, lists, and times finer than those that are kept."""
    with pytest.raises(Unsayable, match="form in SQL"):
        ROWS.condition(parse_expression(written))
