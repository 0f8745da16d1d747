"""A plan as a document, its fingerprint, what differs between two, and names of topics."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

import barloom as bl
from barloom.plan.barplan import BarPlan, SourcePlan
from barloom.plan.document import from_document, plan_document
from barloom.plan.identity import continues, differences, fingerprint, topics
from barloom.plan.toml import read_toml
from plan.plan_cases import Quote, quotes


def full() -> bl.Query:
    """A declaration that uses everything."""
    return (
        bl.from_(Quote)
        .where("bid > 0.1 and side == 'b\"uy'")
        .tumbling("1s", delay="2s")
        .ohlcv(price="bid", size="size")
        .select(
            vwap=bl.vwap("ask", "size", scale=1, rounding="down"),
            deviation=bl.stddev("bid", when="lots > 1"),
            mean=bl.avg("bid", empty="carry"),
            other=bl.avg("bid", empty="null"),
            zero=bl.avg("bid", empty="-0.5"),
        )
        .rollup("1m", bl.timeframe("1h", gap="carry", retention="1w", heartbeat=True), "1d")
        .source(columns={"bid": "data.b"}, null_values=["", "-"], names=["a"])
        .clock("off", max_ahead="1m")
        .pass_headers("trace")
    )


def test_document_round_trip() -> None:
    """A plan survives JSON."""
    plan = full().named("bars").plan

    assert plan == from_document(json.loads(json.dumps(plan_document(plan))))


def test_documents_of_another_version_are_refused() -> None:
    """A document of another version, or a damaged one, is never misread."""
    document = plan_document(full().named("bars").plan)

    with pytest.raises(ValueError, match="version 99"):
        from_document({**document, "version": 99})
    with pytest.raises(ValueError, match="damaged"):
        from_document({"version": 1})


def test_fingerprint_is_of_what_determines_the_bars() -> None:
    """Source, retention and the event's class name do not change the bars; everything else might."""
    plan = full().named("bars").plan
    kept = full().rollup(bl.timeframe("2h", retention="1d")).named("bars").plan
    same = replace(plan, source=SourcePlan(), event=replace(plan.event, name="Other"))

    assert fingerprint(plan) == fingerprint(same)
    assert fingerprint(kept) == fingerprint(full().rollup("2h").named("bars").plan)
    assert fingerprint(plan) != fingerprint(kept)
    assert fingerprint(plan) != fingerprint(replace(plan, calendar="XNYS"))
    assert [] == differences(plan, same)


def test_how_numbers_come_is_no_part_of_the_bars() -> None:
    """A place that is rounded, or bytes: as other settings of the source."""
    plan = full().named("bars").plan
    fields = [
        replace(item, rounding="half-even", encoding="base64") if item.number else item for item in plan.event.fields
    ]
    changed = replace(plan, event=replace(plan.event, fields=tuple(fields)))

    assert plan != changed
    assert [] == differences(plan, changed)


def test_when_the_clock_helps_is_no_part_of_the_bars() -> None:
    """A store goes on under another setting of the clock; a document without one knows no lag."""
    plan = quotes().ohlcv(price="bid", size="size").named("bars").plan
    document = plan_document(plan)
    del document["clock_after"]

    assert plan == from_document(document)
    for other in ({"clock": False}, {"clock_after": 30_000_000_000}, {"live_within": 1_000_000_000}):
        changed = replace(plan, **other)
        assert fingerprint(plan) == fingerprint(changed)
        assert [] == differences(plan, changed)
        assert changed == from_document(plan_document(changed))


def test_which_state_of_a_bar_counts_is_part_of_the_bars() -> None:
    """A document of an earlier version knows none: there the first row counts, and its store is gone on with."""
    plain, grown = (
        bl.from_(Quote).bars("1m", keep=keep).select(close=bl.last("bid")).rollup("1h").named("bars").plan  # type: ignore[arg-type]
        for keep in ("first", "last")
    )

    assert "keep" not in plan_document(plain)
    assert grown == from_document(json.loads(json.dumps(plan_document(grown))))
    assert fingerprint(plain) != fingerprint(grown)
    assert ["keep was first, is last"] == differences(plain, grown)


def test_fingerprint_is_stable() -> None:
    """Stores made by earlier versions are recognised: a changed fingerprint needs a migration."""
    plan = quotes().ohlcv(price="bid", size="size").rollup("1m").named("bars").plan

    assert "dfa7059eb069a4f2983ca063ea87750a0001064049f5b026c77340d165cd645e" == fingerprint(plan)


def test_differences_are_told() -> None:
    """What was and what is, in the words of the declaration."""

    class Changed(bl.Event):
        broker: str = bl.key()
        symbol: str = bl.key()
        at: datetime = bl.timestamp()
        bid: Decimal = bl.decimal(18, 4)
        ask: Decimal = bl.decimal(18, 6)
        size: Decimal = bl.decimal(18, 2)
        side: str
        active: bool

    old = quotes().select(close=bl.last("bid"), mean=bl.avg("ask")).rollup("1m").named("bars").plan
    new = (
        bl.from_(Changed)
        .where("size > 1")
        .tumbling("1s", delay="2s", calendar="XNYS")
        .select(close=bl.last("bid"), rows=bl.count())
        .rollup("5m")
        .named("bars")
        .plan
    )

    expected = [
        "calendar was 24x7, is XNYS",
        "where was all rows, is size > 1",
        "field bid was decimal(18, 6), is decimal(18, 4)",
        "field ask was decimal(18, 6)?, is decimal(18, 6)",
        "field lots (int) is gone",
        "timeframe 1m (from 1s, delay 2s, gap omit, carry_limit 24h) is gone",
        "output close was last(bid): decimal(18, 6), is last(bid): decimal(18, 4)",
        "output mean (avg(ask, scale=6, rounding=half-even): decimal(38, 6)) is gone",
        "timeframe 5m (from 1s, delay 2s, gap omit, carry_limit 24h) is new",
        "output rows (count(): int) is new",
    ]
    assert expected == differences(old, new)


def test_order_of_columns_is_a_difference() -> None:
    """Whatever changes the fingerprint is told."""
    one = quotes().select(a=bl.last("bid"), b=bl.last("ask")).named("bars").plan
    two = quotes().select(b=bl.last("ask"), a=bl.last("bid")).named("bars").plan

    assert fingerprint(one) != fingerprint(two)
    assert ["the columns stand in another order, or are kept in another way"] == differences(one, two)


def test_topics() -> None:
    """Names of topics come from the name of the bars."""
    names = topics(quotes().ohlcv("bid").rollup("1m").named("bars").plan)
    of_bars = topics(bl.from_(Quote).bars("1m").select(x=bl.last("bid")).rollup("1h").named("up").plan)

    assert {"1s": "bars_live_1s", "1m": "bars_live_1m"} == names.live
    assert {"1s": "bars_final_1s", "1m": "bars_final_1m"} == names.final
    assert ("bars_late", "bars_changelog") == (names.late, names.changelog)
    assert ("bars_progress", "bars_dlq") == (names.progress, names.dead_letter)
    assert {"1h": "up_final_1h"} == of_bars.final


def test_topics_of_an_application() -> None:
    """An application of another name than its bars has its own changelog, progress and dead letters."""
    names = topics(quotes().ohlcv("bid").rollup("1m").named("bars").plan, "desk")

    assert ("bars_live_1m", "bars_late") == (names.live["1m"], names.late)
    assert ("desk_changelog", "desk_progress", "desk_dlq") == (names.changelog, names.progress, names.dead_letter)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns", "auto"])
def test_another_unit_of_numbers_goes_on_with_what_was_made(unit: str) -> None:
    """What is kept is nanoseconds, however the input counts; anything else that differs stays a difference."""

    def counted(kind: str, base: str = "1s") -> BarPlan:
        text = f"""
            [event]
            key = "symbol"
            timestamp = "at"
            [event.fields]
            symbol = "string"
            at = "{kind}"
            [bars]
            name = "bars"
            base = "{base}"
            [bars.select]
            count = "count()"
        """
        return read_toml(text)

    millis = counted("timestamp(ms)")
    assert continues(millis, counted(f"timestamp({unit})"))
    assert [] == differences(millis, counted(f"timestamp({unit})"))
    assert not continues(millis, counted(f"timestamp({unit})", "1m"))
    assert not continues(millis, counted("timestamp"))
    assert ["field at was timestamp(ms), is timestamp"] == differences(millis, counted("timestamp"))
