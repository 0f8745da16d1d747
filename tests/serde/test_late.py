"""Refused rows are read back as they were written, in each format; what is none of them is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from barloom.errors import SourceError
from barloom.plan.toml import read_plan
from barloom.serde.formats import Format
from barloom.serde.open import open_serde
from barloom.store.protocol import SideRecord
from barloom.time.calendars import resolve

if TYPE_CHECKING:
    from barloom.serde.json.text import JsonTimes
    from barloom.serde.open import Serde

NOON = 1_762_776_000_000_000_000
MISSED = {"1s": NOON, "500ms": NOON + 500_000_000}


def serde(form: Format, times: JsonTimes = "iso", *, numbered: bool = False) -> Serde:
    """Of a definition with a key of several kinds."""
    fields = {"symbol": "string", "lot": "int", "at": "timestamp", "price": "decimal(12, 2)", "id": "int"}
    event: dict[str, object] = {"key": ["symbol", "lot"], "timestamp": "at", "fields": fields}
    if numbered:
        event["sequence"] = "id"
    bars = {"name": "x", "base": "1s", "select": {"close": "last(price)"}}
    plan = read_plan({"event": event, "bars": bars})
    return open_serde(plan, resolve(plan.calendar), format=form, json_times=times)


@pytest.mark.parametrize("form", [Format.AVRO, Format.AVRO_RAW, Format.JSON])
@pytest.mark.parametrize("times", ["iso", "ms", "ns"])
@pytest.mark.parametrize("numbered", [False, True])
def test_a_refused_row_comes_back(form: Format, times: JsonTimes, *, numbered: bool) -> None:
    """With its key, times, the slots it missed, where it came from, and its numbers where there are any."""
    late = SideRecord(7, "a.csv", 3, "late", "came late", "A,1.5", 12, MISSED, ("A", 15), NOON + 1)
    bad = SideRecord(8, "a.csv", 4, "invalid", "no price", "\x00")
    hole = late._replace(reason="gap", first_number=5, last_number=6, until=NOON + 9, hole="open")
    rows = [late, bad, hole] if numbered else [late, bad]
    made = serde(form, times, numbered=numbered)

    back = [made.late_decoder.decode(value) for value in made.late.encode(rows).values]

    assert rows == back


@pytest.mark.parametrize("form", [Format.AVRO, Format.AVRO_RAW, Format.JSON])
def test_what_is_no_refused_row_is_refused(form: Format) -> None:
    """A message of something else, or cut short."""
    for value in (b"", b"\x00\x00\x00\x00\x00\x02", b'{"a": 1}', b"[]"):
        with pytest.raises(SourceError, match="no refused row"):
            serde(form).late_decoder.decode(value)
