"""How the numbers of a decimal come: rounded or not, as digits or as bytes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

import barloom as bl
from barloom.plan.document import from_document, plan_document
from barloom.plan.identity import field_text, fingerprint
from barloom.plan.toml import read_toml

TEXT = """
[event]
key = "symbol"
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp"
price = {0}
[bars]
name = "t"
base = "1m"
ohlcv = {{ price = "price" }}
"""


@pytest.mark.parametrize(
    ("written", "rounding", "encoding", "nullable"),
    [
        ('"decimal(18, 2)"', None, None, False),
        ('"decimal(18, 2, round=half-even)"', "half-even", None, False),
        ("'decimal(18, 2, round = \"half-up\")?'", "half-up", None, True),
        ('"decimal(18, 2, encoding=base64)"', None, "base64", False),
        ('{ type = "decimal(18, 2)", round = "half-even" }', "half-even", None, False),
        ('{ type = "decimal(18, 2)?", encoding = "base64" }', None, "base64", True),
    ],
)
def test_in_toml(written: str, rounding: str | None, encoding: str | None, nullable: bool) -> None:  # noqa: FBT001
    """Within the brackets of the type, or in a table beside it."""
    plan = read_toml(TEXT.format(written))
    price = plan.event.by_name["price"]

    assert (rounding, encoding, nullable) == (price.rounding, price.encoding, price.nullable)
    assert price == from_document(plan_document(plan)).event.by_name["price"]
    assert price == read_toml(TEXT.format(f'"{field_text(price)}"')).event.by_name["price"]


def test_in_python() -> None:
    """The same by name."""

    class Tick(bl.Event):
        symbol: str = bl.key()
        at: datetime = bl.timestamp()
        price: Decimal = bl.decimal(18, 2, round="half-even")
        cost: Decimal | None = bl.decimal(18, 4, encoding="base64")

    bars = bl.from_(Tick).tumbling("1m").ohlcv(price="price").named("t").plan
    price, cost = bars.event.by_name["price"], bars.event.by_name["cost"]
    assert ("half-even", None) == (price.rounding, price.encoding)
    assert (None, "base64") == (cost.rounding, cost.encoding)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('"decimal(18, 2, round=half-evn)"', "unknown rounding 'half-evn'.*did you mean 'half-even'"),
        ('"decimal(18, 2, encoding=hex)"', "unknown encoding 'hex'"),
        ('"decimal(18, 2, rond=up)"', "unknown setting 'rond' of a decimal.*did you mean 'round'"),
        ('"decimal(18, 2, round=up, encoding=base64)"', "nothing to round"),
        ('{ type = "decimal(18, 2)", rund = "up" }', "unknown key 'rund'"),
        ('{ type = "string", round = "up" }', "round.*only of a decimal"),
        ('{ round = "up" }', "is not a type"),
    ],
)
def test_mistakes(written: str, told: str) -> None:
    """Named with the field and what may have been meant."""
    with pytest.raises(bl.DefinitionError, match=rf"(?s)event\.fields\.price.*{told}|{told}.*event\.fields\.price"):
        read_toml(TEXT.format(written))


def test_it_may_be_declared_later() -> None:
    """What was read before stays, so that a store that is in use goes on."""
    plain, rounded = (read_toml(TEXT.format(f'"decimal(18, 2{more})"')) for more in ("", ", round=half-even"))

    assert fingerprint(plain) == fingerprint(rounded)
    assert "rounding" not in plan_document(plain)["event"]["fields"][2]
