"""Events: typed, frozen, and their fields declared by annotations."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar

import pytest

import barloom as bl
from barloom.plan.barplan import Field, FieldKind, NumberType
from plan.plan_cases import Quote, only_problem, problems_of, quotes


class Tick(bl.Event):
    """A tick with everything."""

    VENUES: ClassVar[int] = 3

    venue: int = bl.key()
    symbol: str = bl.key()
    at: int = bl.timestamp(unit="ns")
    price: Decimal = bl.decimal(18, 6)
    id: str = bl.event_id()
    seen: int = bl.field(unit="ms")
    noted: datetime | None


def plan_of(event: type[bl.Event], price: str = "price") -> object:
    """Bars over an event, for its problems."""
    return bl.from_(event).tumbling("1s").ohlcv(price=price).named("bars")


def test_fields_come_from_annotations() -> None:
    """Each annotation is a field, with its kind, unit and nullability, in order."""
    event = bl.from_(Tick).tumbling("1s").ohlcv(price="price").named("bars").plan.event

    expected = (
        Field("venue", FieldKind.INTEGER),
        Field("symbol", FieldKind.STRING),
        Field("at", FieldKind.TIMESTAMP, time_unit="ns"),
        Field("price", FieldKind.DECIMAL, NumberType(18, 6)),
        Field("id", FieldKind.STRING),
        Field("seen", FieldKind.TIMESTAMP, time_unit="ms"),
        Field("noted", FieldKind.TIMESTAMP, nullable=True, time_unit="iso"),
    )
    assert expected == event.fields
    assert ("venue", "symbol") == event.key
    assert ("at", "id") == (event.timestamp, event.event_id)


def test_instances_are_values() -> None:
    """Instances are equal by value, hashable, shown with their fields, and cannot be changed."""
    values = {"venue": 1, "symbol": "A", "at": 1, "price": Decimal("1.5"), "id": "x", "seen": 2, "noted": None}
    one, two = Tick(**values), Tick(**values)  # type: ignore[arg-type]

    assert one == two
    assert hash(one) == hash(two)
    assert repr(one).startswith("Tick(venue=1, symbol='A', at=1, price=Decimal('1.5')")
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.price = Decimal(2)  # type: ignore[misc]


def test_arguments_are_the_fields() -> None:
    """A missing or unknown argument is a TypeError."""
    with pytest.raises(TypeError, match="price"):
        Tick(venue=1, symbol="A", at=1, id="x", seen=2, noted=None)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="prize"):
        Tick(venue=1, symbol="A", at=1, price=Decimal(1), prize=1, id="x", seen=2, noted=None)  # type: ignore[call-arg]


def test_inheritance_adds_fields() -> None:
    """An event may extend another."""

    class Deeper(Quote):
        depth: int

    names = [item.name for item in bl.from_(Deeper).tumbling("1s").ohlcv("bid").named("b").plan.event.fields]
    assert [*(item.name for item in quotes().ohlcv("bid").named("b").plan.event.fields), "depth"] == names


def test_aware_datetimes_are_kept() -> None:
    """The constructor takes values as they are."""
    now = datetime(2024, 1, 1, tzinfo=UTC)

    assert now == Quote("a", "b", now, Decimal(1), None, Decimal(1), "buy", active=True, lots=1).at


@pytest.mark.parametrize(
    ("precision", "scale"), [(18.0, 2), (18, 2.0), ("18", 2), (True, 0), (40, 2), (5, 9), (0, 0), (5, -1), (None, None)]
)
def test_digits_that_no_decimal_has(precision: object, scale: object) -> None:
    """They are told when bars are named, with the bounds."""

    class Wrong(bl.Event):
        symbol: str = bl.key()
        at: datetime = bl.timestamp()
        bid: Decimal = bl.decimal(precision, scale)  # type: ignore[arg-type]

    found = only_problem(lambda: plan_of(Wrong, "bid"))

    assert (f"decimal({precision}, {scale}) is not possible", "Wrong.bid") == found[:2]
    assert found[2].startswith("give two whole numbers: precision is 1 to 38 digits")


def test_wrong_fields_are_told_together() -> None:
    """Every field's mistake is told, with the place and the fix, and hides no other."""

    class Wrong(bl.Event):
        symbol: Decimal = bl.key()  # type: ignore[assignment]
        flag: bool = bl.key()  # type: ignore[assignment]
        desk: str | None = bl.key()
        at: int = bl.timestamp()  # type: ignore[assignment]
        price: Decimal
        size: float
        lot: Decimal = bl.decimal(40, 2)
        tags: set[str]
        venue: str = "X"
        seen: datetime = bl.timestamp(unit="ms")  # type: ignore[assignment, misc]
        note: str = bl.decimal(5, 2)  # type: ignore[assignment, misc]

    found = problems_of(lambda: plan_of(Wrong))

    expected = [
        ("Wrong.at", "a time counted by an int without a unit"),
        ("Wrong.price", "a Decimal without precision and scale"),
        ("Wrong.size", "is a float, which is not exact"),
        ("Wrong.lot", "decimal(40, 2) is not possible"),
        ("Wrong.tags", "has the type set[str]"),
        ("Wrong.venue", "has the default 'X'"),
        ("Wrong.seen", "a datetime with the unit 'ms'"),
        ("Wrong.note", "is a decimal but annotated str"),
        ("Wrong.symbol", "a key field cannot be of type decimal"),
        ("Wrong.flag", "a key field cannot be of type bool"),
        ("Wrong.desk", "a key field cannot be nullable"),
        ("Wrong", "more than one event time (at, seen)"),
    ]
    assert expected == [(item.where, item.what) for item in found]
    assert "bl.decimal(18, 6)" in found[1].fix


def test_event_without_key() -> None:
    """Bars are made for keys."""

    class Keyless(bl.Event):
        at: datetime = bl.timestamp()
        price: Decimal = bl.decimal(18, 6)

    assert ("no key field", "Keyless") == only_problem(lambda: plan_of(Keyless))[:2]


def test_key_named_like_a_bar_field() -> None:
    """Bars have fields of their own beside the key."""

    class Clash(bl.Event):
        start: str = bl.key()
        at: datetime = bl.timestamp()
        price: Decimal = bl.decimal(18, 6)

    assert ("every bar has a 'start' of its own", "Clash.start") == only_problem(lambda: plan_of(Clash))[:2]


def test_two_event_ids() -> None:
    """One unique id at most."""

    class Twice(bl.Event):
        symbol: str = bl.key()
        at: datetime = bl.timestamp()
        price: Decimal = bl.decimal(18, 6)
        one: str = bl.event_id()
        two: int = bl.event_id()

    assert "more than one event id (one, two)" == only_problem(lambda: plan_of(Twice))[0]


def test_nullable_event_time() -> None:
    """Every row has its time."""

    class Timeless(bl.Event):
        symbol: str = bl.key()
        at: datetime | None = bl.timestamp()
        price: Decimal = bl.decimal(18, 6)

    assert "the event time cannot be nullable" == only_problem(lambda: plan_of(Timeless))[0]
