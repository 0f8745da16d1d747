"""Which ticks behind the close count for the closing bar: all of them, or those that a condition names."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import barloom as bl
from barloom.engine.deadlines import Deadlines
from barloom.plan.document import from_document, plan_document
from barloom.plan.identity import differences, fingerprint
from barloom.plan.toml import read_toml
from barloom.testing import Driver
from barloom.time.calendars import resolve
from plan.plan_cases import only_problem

MONDAY = date(2025, 1, 6)
MINUTE = 60 * 10**9
HOURS = {"zone": "UTC", "hours": "0930-1600", "pre": "0900-0930", "post": "1600-2000"}
AUCTION = "cond == 'C'"


class Trade(bl.Event):
    """A trade and the condition it was made under."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)
    cond: str | None


def trade(at: str, price: int, cond: str | None = None) -> dict[str, Any]:
    """A trade at a time of that Monday, UTC."""
    return {"symbol": "ACME", "at": f"{MONDAY}T{at}Z", "price": str(price), "cond": cond}


def bars(when: bl.Expression | str | None, *, extended: bool = False) -> bl.Bars:
    """Minutes and days that wait five minutes for the auction."""
    query = bl.from_(Trade).tumbling(
        "1m", delay="10s", calendar={**HOURS, "extended": extended}, close_grace="5m", close_grace_when=when
    )
    return query.ohlcv(price="price").rollup("1d").named("bars")


def nanos(at: str) -> int:
    """A time of that Monday."""
    return int(datetime.fromisoformat(f"{MONDAY}T{at}+00:00").timestamp()) * 10**9


def closes(driver: Driver, timeframe: str = "1m") -> list[tuple[str, Decimal]]:
    """Start and close of the finals."""
    frame = driver.finals(timeframe)
    return [(f"{start:%H:%M}", close) for start, close in frame.select("start", "close").rows()]


@pytest.mark.parametrize("when", [AUCTION, bl.col("cond") == "C"])
def test_only_the_prints_that_are_named_count(when: bl.Expression | str) -> None:
    """Of two prints after the close the auction's closes the bar; the other, and one without a condition, are out."""
    driver = Driver(bars(when))
    driver.feed([trade("15:59:30", 10), trade("16:00:05", 11), trade("16:00:10", 12, "C"), trade("16:00:20", 13, "T")])
    driver.set_clock(nanos("16:05:00"))

    assert [("15:59", Decimal(12))] == closes(driver)
    assert [("09:30", Decimal(12))] == closes(driver, "1d")
    assert ["out_of_session"] * 2 == [record.reason for record in driver.rejected()]


def test_in_the_session_the_condition_asks_nothing() -> None:
    """It chooses among ticks behind the close only, and the close is where it was on the minute."""
    driver = Driver(bars(AUCTION))
    driver.feed([trade("15:58:30", 9, "T"), trade("15:59:59", 10), trade("16:05:00", 99, "C")])
    driver.set_clock(nanos("16:06:00"))

    assert [("15:58", Decimal(9)), ("15:59", Decimal(10))] == closes(driver)
    assert ["out_of_session"] == [record.reason for record in driver.rejected()]


def test_with_longer_hours_the_auction_belongs_to_the_regular_close() -> None:
    """The auction's print of 16:00:10 closes 15:59, the one beside it 16:00; both are final at 16:05, in order."""
    driver = Driver(bars(AUCTION, extended=True))
    driver.feed([trade("15:59:30", 10), trade("16:00:05", 11, "T"), trade("16:00:10", 12, "C")])
    driver.feed([trade("16:04:59", 13)])
    before = closes(driver)
    driver.set_clock(nanos("16:05:10"))

    assert [] == before
    assert [("15:59", Decimal(12)), ("16:00", Decimal(11)), ("16:04", Decimal(13))] == closes(driver)
    assert ["regular", "post", "post"] == driver.finals("1m")["phase"].to_list()
    assert [] == driver.rejected()


def test_after_the_last_of_the_longer_hours_nothing_is_waited_for() -> None:
    """A print at 20:00:01 is out of session: the auction is that of 16:00."""
    driver = Driver(bars(None, extended=True))
    driver.feed([trade("19:59:30", 10), trade("20:00:01", 11)])
    driver.set_clock(nanos("20:00:10"))

    assert ["out_of_session"] == [record.reason for record in driver.rejected()]
    assert [("19:59", Decimal(10))] == closes(driver)


@pytest.mark.parametrize("delay", [0, 10 * 10**9, 7 * MINUTE])
def test_a_slot_is_decided_when_its_deadline_is_reached(delay: int) -> None:
    """`of` and `boundary` say the same of every minute around the closes, in order of the slots."""
    hours = 'template:{"zone":"UTC","hours":"0930-1600","pre":"0900-0930","post":"1600-2000"}?extended=true'
    deadlines = Deadlines(resolve(hours), 5 * MINUTE)
    ends = np.arange(nanos("15:50:00"), nanos("16:20:00"), MINUTE)
    wanted = [
        max(end + delay, nanos("16:05:00")) if nanos("16:00:00") <= end < nanos("16:05:00") else end + delay
        for end in ends.tolist()
    ]

    assert wanted == deadlines.of(ends, delay).tolist()
    for now in range(nanos("15:50:00"), nanos("16:30:00"), MINUTE // 2):
        assert [at <= now for at in wanted] == (ends <= deadlines.boundary(now, delay)).tolist()


def test_a_condition_is_part_of_the_definition() -> None:
    """It is kept with the plan and makes other bars; without one a plan is what it was."""
    some, every = bars(AUCTION).plan, bars(None).plan

    assert some == from_document(plan_document(some))
    assert "close_grace_when" not in plan_document(every)
    assert fingerprint(some) != fingerprint(every)
    assert ['close_grace_when was all ticks, is cond == "C"'] == differences(every, some)


def definition(kind: str, *lines: str) -> str:
    """Bars of one minute on XNYS, with more settings."""
    return "\n".join([
        '[event]\nkey = "symbol"\ntimestamp = "at"\n[event.fields]\nsymbol = "string"\nat = "timestamp"',
        f'price = "decimal(12, 2)"\n[bars]\nname = "b"\ninput = "{kind}"\nbase = "1m"\ncalendar = "XNYS"',
        *lines,
        'rollup = ["1h"]\n[bars.select]\nclose = "last(price)"',
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "lines", "where", "what"),
    [
        ("bars", ['close_grace = "5m"'], "bars.close_grace", "with bars as input there is no closing auction"),
        ("ticks", ["close_grace_when = 'price > 1'"], "bars.close_grace_when", "and there is none"),
        ("ticks", ['close_grace = "5m"', "close_grace_when = 'prise > 1'"], "bars.close_grace_when", "unknown column"),
        ("ticks", ['close_grace = "5m"', "close_grace_when = 'price'"], "bars.close_grace_when", "not a condition"),
        ("ticks", ['close_grace = "5m"', "close_grace_when = 3"], "bars.close_grace_when", "3 is not a condition"),
    ],
)
def test_what_cannot_work_is_refused(kind: str, lines: list[str], where: str, what: str) -> None:
    """A grace for finished bars, a condition without a grace, and one that is none."""
    found = only_problem(lambda: read_toml(definition(kind, *lines)))

    assert where == found[1]
    assert what in found[0]


def test_the_condition_is_read_from_a_file() -> None:
    """As text in the grammar, like the filter."""
    made = read_toml(definition("ticks", 'close_grace = "5m"', "close_grace_when = 'price > 1'"))

    assert (bl.col("price") > 1).node == made.close_grace_when
