"""Numbers in plain digits, read in bulk, are what they say; what is written otherwise is still read, or refused."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from barloom.plan.barplan import Field, FieldKind, NumberType
from barloom.serde.formats import Format
from barloom.serde.json.digits import PlainNumbers
from barloom.serde.json.layout import Layout
from barloom.serde.open import Serde, open_serde
from barloom.serde.poll import Poll
from serde.material import CALENDAR, quotes

if TYPE_CHECKING:
    import polars as pl

AT = 1_700_000_040_000


def serde(**source: object) -> Serde:
    """JSON for `Quote`."""
    return open_serde(quotes(**source), CALENDAR, format=Format.JSON)


def quote(number: object = 5, at: object = AT, bid: object = "1.5", size: object = "2.50") -> bytes:
    """A message whose decimals are texts and whose integers are numbers."""
    return f'{{"broker":"B","number":{number},"at":{at},"bid":"{bid}","ask":"1","size":{size},"buy":"true"}}'.encode()


def test_digits_are_the_number_they_stand_for() -> None:
    """One to eighteen digits, with as many places in each row of a column; trailing and leading zeros count nothing."""
    whole = ["7", "42", "12345678", "123456789", "1234567890123456"]
    bids = ["0.0001", "99.9999", "00.5000", "12345678901234.5678", "8.0000"]
    times = [1, 12345678, 123456789, AT, 9_000_000_000_000]
    sizes = ["0.01", "10.25", "12345678.99", "123456789.00", "1234567890123456.78"]
    rows = [quote(*row) for row in zip(whole, times, bids, sizes, strict=True)]

    frame = serde().events.decode(rows).frame

    assert [7, 42, 12345678, 123456789, 1234567890123456] == frame["number"].to_list()
    assert [time * 10**6 for time in times] == frame["at"].to_list()
    assert [Decimal(bid) for bid in bids] == frame["bid"].to_list()
    assert [Decimal(size) for size in sizes] == frame["size"].to_list()


def test_fewer_places_than_the_field_has_are_scaled() -> None:
    """Whole numbers and tenths in a field of four places."""
    assert [Decimal(3), Decimal(12)] == serde().events.decode([quote(bid="3"), quote(bid="12")]).frame["bid"].to_list()
    tenths = serde().events.decode([quote(bid="3.5"), quote(bid="12.0")]).frame["bid"].to_list()
    assert [Decimal("3.5"), Decimal(12)] == tenths


def test_plain_digits_are_read_in_bulk(monkeypatch: pytest.MonkeyPatch) -> None:
    """All numeric fields of such a poll, also where one message is poison."""
    found: dict[str, bool] = {}
    read = PlainNumbers.column

    def seen(self: PlainNumbers, name: str, *rest: object) -> object:
        column = read(self, name, *rest)  # type: ignore[arg-type]
        found[name] = column is not None
        return column

    monkeypatch.setattr(PlainNumbers, "column", seen)
    rows = serde().events.decode([quote(), quote(bid="22.5"), b"poison", quote(size="3.25")])

    assert [0, 1, 3] == rows.index.tolist()
    assert [Decimal("1.5"), Decimal("22.5"), Decimal("1.5")] == rows.frame["bid"].to_list()
    assert {"number", "at", "bid", "ask", "size"} == {name for name, bulk in found.items() if bulk}


ODD = ["0", "-1.5", "+1", "1.", ".5", "1e3", "1..5", "1.5.0", "", "00", "01.5", "1 ", " 1", "1,5", "1/5", "NaN", "-"]
ODD += ["9" * digits for digits in (14, 15, 16, 17, 18, 19, 40)] + ["1234567890123" + "4" * more for more in range(3)]
ODD += ["07", "0.5000", "07.2500", "1.50000", "1.55555", "1/5000", "12:5000", "1.5/00", "/.5000", "12345678901234.5000"]
ODD += ["123456789012345.5000", "1.234567890123456789", "0.0000", "12.3e1", "1.-500", "-.5000", "1 .500"]


@pytest.mark.parametrize("name", ["number", "at", "bid", "size"])
@pytest.mark.parametrize("plain", ["7", "12", "12.2500", "345.50"])
def test_one_number_among_others_is_never_taken_for_another(name: str, plain: str) -> None:
    """Whatever its spelling, before or behind others: read in bulk or not, the column holds no other number.

    Exactly the plain ones are read in bulk, which fit their field, have places in common and no more than 18 digits.
    """
    field = quotes().event.by_name[name]
    precision, scale = (field.number.precision, field.number.scale) if field.number else (18, 0)
    quoted, bulk = name == "bid", 0
    for odd in [*ODD, plain]:
        for texts in ([plain, odd], [odd, plain]):
            column = column_of(name, texts)
            fit = all(is_plain(text, precision, scale, quoted=quoted) for text in texts)
            places = {len(text.partition(".")[2]) for text in texts}
            if column is None:
                longest = max(len(text) for text in texts)
                assert not fit or len(places) > 1 or longest + scale > 18, texts
            else:
                assert fit, texts
                assert [Decimal(text) for text in texts] == column.to_list(), texts
                bulk += 1
    assert bulk or "." in plain or scale


def test_a_number_that_is_too_large_for_its_field_is_refused() -> None:
    """Six digits before the point are what decimal(8, 2) has."""
    small = Field("bid", FieldKind.DECIMAL, NumberType(8, 2))
    fitting, larger = (column_of("bid", ["1.00", text], small) for text in ("123456.78", "1234567.89"))

    assert fitting is not None
    assert [Decimal(1), Decimal("123456.78")] == fitting.to_list()
    assert larger is None


def is_plain(text: str, precision: int, scale: int, *, quoted: bool) -> bool:
    """Digits with or without a fraction, that fit a field; JSON's own numbers have no leading zeros."""
    found = re.fullmatch(r"([0-9]+)(?:\.([0-9]+))?", text)
    if found is None or (not quoted and re.match(r"0[0-9]", text)):
        return False
    return len(found[1]) <= precision - scale and len(found[2] or "") <= scale


def column_of(name: str, texts: list[str], field: Field | None = None) -> pl.Series | None:
    """What is read in bulk of messages with these numbers; nothing where one makes its message no such message."""
    messages = [quote(**{name: text}) for text in texts]
    layout, poll = Layout.of(quote()), Poll.of(messages)
    assert layout is not None
    spans, good = layout.read(poll)
    fields = quotes().event.by_name if field is None else {name: field}
    return PlainNumbers(fields, ("",)).column(name, poll, spans[name], good) if good.all() else None


@pytest.mark.parametrize("null", ["0", "12", "7.5"])
def test_a_number_that_means_no_value_is_none(null: str) -> None:
    """`null_values` of the definition are texts, so that a number may be one."""
    rows = serde(null_values=["", null]).events.decode([quote(size=null), quote(size="2.5")])

    assert [1] == rows.index.tolist()
    assert {0: "size: the value is missing"} == rows.problems
