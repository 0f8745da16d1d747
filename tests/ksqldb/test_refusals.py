"""What ksqlDB cannot do is refused, all of it at once, and never approximated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from barloom.errors import DefinitionError, KsqlUnsupported
from barloom.ksqldb.compile.phases import compile_script
from barloom.ksqldb.compile.settings import KsqlSettings
from barloom.plan.toml import read_toml
from barloom.time.timeframe import DAY, HOUR
from ksqldb.golden_cases import STANDING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.ksqldb.compile.script import Script
    from barloom.plan.barplan import BarPlan

FIELDS = {"symbol": "string", "at": "timestamp", "price": "decimal(18, 6)", "size": "decimal(18, 2)"}


def plan(
    bars: str, *, event: str = "", select: str = 'close = "last(price)"', fields: dict[str, str] | None = None
) -> BarPlan:
    """A definition over ticks with a price and a size."""
    typed = "\n".join(f'{name} = "{kind}"' for name, kind in {**FIELDS, **(fields or {})}.items())
    return read_toml(
        f'[event]\nkey = ["symbol"]\ntimestamp = "at"\n{event}\n[event.fields]\n{typed}\n'
        f'[bars]\nname = "bars"\n{bars}\n[bars.select]\n{select}\n'
    )


def refused(made: BarPlan, *, allowed: Sequence[str] = STANDING) -> dict[str, str]:
    """What is refused, by name, with the way out."""
    with pytest.raises(KsqlUnsupported) as caught:
        compile_script(made, allow_degraded=allowed)
    return {problem.where: f"{problem.what} | {problem.fix}" for problem in caught.value.problems}


def timeframes(script: Script) -> list[str | None]:
    """The timeframes that have finals."""
    return [entity.timeframe for entity in script.entities if entity.role == "final"]


def test_everything_is_refused_at_once() -> None:
    """One list with each thing, the reason, and the way out."""
    bars = 'base = "1m"\nrollup = ["65m", "1w", "3mo"]\ncalendar = "XNYS"\nheartbeat = true\ngap = "carry"'
    select = 'close = "last(price)"\nspread = "stddev(price)"\nfloor = "avg(price, rounding=floor)"'
    found = refused(plan(f'{bars}\npass_headers = ["trace"]', select=select, event='event_id = "size"'))

    assert ["calendar", "65m", "1w", "3mo", "gaps", "heartbeat", "event_id", "pass_headers", "spread", "floor"] == list(
        found
    )
    assert "compile up to 1m and let barloom roll up 65m from that topic as bars" in found["65m"]
    assert all(" | " in text for text in found.values())


@pytest.mark.parametrize(
    ("bars", "name", "words"),
    [
        ('base = "1m"\ncalendar = "24x7@Asia/Tokyo"', "calendar", "without sessions or zones"),
        ('base = "7s"', "7s", "does not divide a day"),
        ('base = "1m"\nrollup = ["1mo"]', "1mo", "neither calendar weeks nor months"),
        ('base = "1d"\nrollup = ["1w"]', "1w", "compile up to 1d"),
        ('base = "1m"\ngap = "null"', "gaps", "a window without ticks gives no row (1m null)"),
        ('base = "1m"\nheartbeat = true', "heartbeat", "nothing is emitted"),
        ('base = "1m"\ntime = "key"', "time", "one stream time for all its keys"),
        ('base = "1m"\ninput = "bars"\nrollup = ["1h"]', "input", "expected children"),
    ],
)
def test_what_windows_cannot_be_is_refused(bars: str, name: str, words: str) -> None:
    """Calendars, weeks, months, odd lengths, gaps, heartbeats, a time for each key and waiting for children."""
    found = refused(plan(bars))

    assert [name] == list(found)
    assert words in found[name]


def test_states_of_bars_and_their_stamps_are_refused_by_name() -> None:
    """Beside the input itself; the holes of it too."""
    found = refused(plan('base = "1m"\ninput = "bars"\nkeep = "last"\nstamped = "end-1ms"\ngap = "carry"'))

    assert ["gaps", "input", "keep", "stamped"] == list(found)
    assert "what the state of a bar before it said cannot be taken out again" in found["keep"]
    assert "rows stamped by end-1ms" in found["stamped"]


@pytest.mark.parametrize("unit", ["ns", "us", "s"])
def test_event_times_are_milliseconds(unit: str) -> None:
    """A finer time would lose the order of ticks, and a coarser number is no time to ksqlDB."""

    assert ["at"] == list(refused(plan('base = "1m"', fields={"at": f"timestamp({unit})"})))


@pytest.mark.parametrize(
    ("select", "name"),
    [
        ('x = "stddev(price)"', "x"),
        ('x = "vwap(price, size, rounding=down)"', "x"),
        ('x = "avg(price, scale=15)"', "x"),
        ('x = "max(wide * wide)"', "x"),
        ('bucket_start = "count()"', "bucket_start"),
        ('Close = "last(price)"\nclose = "last(price)"', "close"),
        ('rowtime = "count()"', "rowtime"),
    ],
)
def test_columns_without_a_sql_form_are_refused(select: str, name: str) -> None:
    """Roots, directed rounding, too many digits, and names that ksqlDB takes for itself or for one another."""

    assert [name] == list(refused(plan('base = "1m"', select=select, fields={"wide": "decimal(30, 2)"})))


def test_times_by_a_pattern_are_refused() -> None:
    """To ksqlDB such a text is no time, or one of another zone."""
    found = refused(plan('base = "1m"', fields={"at": "timestamp('%d.%m.%Y', zone='Europe/Berlin')"}))

    assert ["at"] == list(found)
    assert 'timestamp("%d.%m.%Y", zone="Europe/Berlin"): ksqlDB takes times from text in ISO 8601 alone' in found["at"]


def test_comparing_times_in_different_units_is_refused() -> None:
    """A number of nanoseconds is not compared with a time in milliseconds."""

    assert ["where"] == list(refused(plan('base = "1m"\nwhere = "at < sent"', fields={"sent": "timestamp(ns)"})))


def test_what_makes_no_bar_wrong_may_be_left_out_by_name() -> None:
    """The rest stays as it is, and the script names what is missing."""
    made = plan('base = "1m"\nrollup = ["65m", "1h", "1d", "1w"]\nheartbeat = true\ngap = "carry"')
    script = compile_script(made, allow_degraded=["65m", "1w", "heartbeat", "gaps", *STANDING])

    assert ["1m", "1h", "1d"] == timeframes(script)
    assert {"65m", "1w", "heartbeat", "gaps"} < set(script.dropped)
    assert all(f"* {name}: " in script.header for name in script.dropped)
    assert ("BARS_FINAL_1H_S",) == script.of("final", "1d").reads


def test_a_column_that_is_left_out_leaves_its_sums() -> None:
    """Whoever reads the bars can still compute it; the columns that cannot be summed are gone as a whole."""
    select = 'low = "min(price)"\nspread = "stddev(price)"\nwide = "max(wide * wide)"'
    made = plan('base = "1m"', select=select, fields={"wide": "decimal(30, 2)"})
    bars = compile_script(made, allow_degraded=["spread", "wide", *STANDING]).of("final", "1m")

    names = [
        "BUCKET_START",
        "BUCKET_END",
        "LOW",
        "SPREAD_SUM",
        "SPREAD_SUM_2",
        "SPREAD_COUNT",
        "OPEN_TIME",
        "CLOSE_TIME",
    ]
    assert names == [column.name for column in bars.columns]


@pytest.mark.parametrize(
    ("bars", "name"),
    [('base = "7s"', "7s"), ('base = "1m"\ncalendar = "XNYS"', "calendar"), ('base = "1m"\ntime = "key"', "time")],
)
def test_what_would_make_bars_wrong_cannot_be_left_out(bars: str, name: str) -> None:
    """The base, the calendar and whose time it is decide what every bar is."""
    with pytest.raises(DefinitionError, match=name):
        compile_script(plan(bars), allow_degraded=[name])


def test_a_misspelt_name_is_no_silent_yes() -> None:
    """What may be left out is asked for by a name that there is."""
    with pytest.raises(DefinitionError, match=r"'heartbeet' is nothing that could be left out(.|\n)*heartbeat"):
        compile_script(plan('base = "1m"'), allow_degraded=["heartbeet"])


def test_what_no_pipeline_keeps_is_refused_too() -> None:
    """The clock (unless it is off), the columns about completeness and the side output: each is left out by name."""
    made, without = plan('base = "1m"'), plan('base = "1m"\nclock = "off"')

    assert ["clock", "completeness", "side-output"] == list(refused(made, allowed=[]))
    assert ["clock"] == list(refused(made, allowed=["completeness", "side-output"]))
    lagging = plan('base = "1m"\nclock = { after = "30s" }')
    assert ["clock"] == list(refused(lagging, allowed=["completeness", "side-output"]))
    assert ["completeness", "side-output"] == list(refused(without, allowed=["clock"]))
    assert ("clock", "completeness", "side-output") == compile_script(made, allow_degraded=STANDING).dropped
    assert ("completeness", "side-output") == compile_script(without, allow_degraded=STANDING[1:]).dropped


def test_all_leaves_out_what_may_be_left_out() -> None:
    """The script is that of the single names, and what would make bars wrong stays refused."""
    made = plan('base = "1m"\nrollup = ["1w"]\ngap = "carry"', select='close = "last(price)"\nx = "stddev(price)"')

    named = compile_script(made, allow_degraded=["1w", "gaps", "x", *STANDING])
    assert named.text() == compile_script(made, allow_degraded=["all"]).text()
    assert ["calendar"] == list(refused(plan('base = "1m"\ncalendar = "XNYS"'), allowed=["all"]))


def test_the_message_lists_the_flags_to_add() -> None:
    """Those that are missing and no others; and whether they are enough."""
    with pytest.raises(KsqlUnsupported) as caught:
        compile_script(plan('base = "1m"\nrollup = ["1w"]'), allow_degraded=["side-output"])
    assert str(caught.value).endswith("\nto go on without: --allow-degraded 1w,clock,completeness")

    with pytest.raises(KsqlUnsupported) as caught:
        compile_script(plan('base = "1m"\ncalendar = "XNYS"'), allow_degraded=["clock"])
    assert str(caught.value).endswith(
        "\nto go on without: --allow-degraded completeness,side-output; the others have to change"
    )

    with pytest.raises(KsqlUnsupported) as caught:
        compile_script(plan('base = "1m"\ncalendar = "XNYS"'), allow_degraded=["all"])
    assert "--allow-degraded" not in str(caught.value)


def test_settings_are_checked_together() -> None:
    """Every mistake in the settings is told at once."""
    with pytest.raises(DefinitionError) as caught:
        KsqlSettings("a topic", 0, 0, HOUR, "1st")

    assert ["source", "partitions", "replicas", "retention", "namespace"] == [
        problem.where.removeprefix("ksql: ") for problem in caught.value.problems
    ]


@pytest.mark.parametrize("source", ["bars_final_1m", "bars.live.1h", "BARS_final_1m_s"])
def test_the_ticks_are_not_the_bars(source: str) -> None:
    """A pipeline that reads its own topic, or whose stream has the name of a table, is refused."""
    with pytest.raises(DefinitionError, match=f"'{source}' is what the bars of 1. are called here"):
        compile_script(plan('base = "1m"\nrollup = ["1h"]'), KsqlSettings(source=source), allow_degraded=STANDING)


def test_the_store_keeps_windows_longer_than_they_stay_open() -> None:
    """A window with a long delay has a retention of at least its length and that."""
    script = compile_script(plan('base = "1d"\ndelay = "3d"'), KsqlSettings(retention=2 * DAY), allow_degraded=STANDING)

    assert 4 * DAY // 1_000_000 == script.of("final", "1d").retention


def test_a_part_of_a_millisecond_of_delay_counts_whole() -> None:
    """Event times are whole milliseconds: end + 0.4 ms <= stream time says the same as end + 1 ms <= stream time."""
    made = plan('base = "1m"')
    longer = replace(made, levels=(replace(made.base, delay=2_400_000),))

    assert 3 == compile_script(longer, allow_degraded=STANDING).of("final", "1m").grace


def test_days_and_weeks_that_are_counted_otherwise_are_refused() -> None:
    """Several days, weeks from Sunday and days of regular hours have no window."""
    counted = refused(plan('base = "1m"\nrollup = ["1d", "3d", "2w"]\ncalendar = "24x7?anchor_date=2025-01-06"'))
    assert ["calendar", "3d", "2w"] == list(counted)
    assert "not from a declared date" in counted["3d"]
    assert "let barloom roll up 3d from that topic as bars" in counted["3d"]
    assert ["calendar", "1w"] == list(refused(plan('base = "1m"\nrollup = ["1w"]\ncalendar = "24x7?week=sunday"')))

    hours = '{ zone = "UTC", hours = "0900-1700", pre = "0800-0900", extended = true }'
    regular = refused(plan(f'base = "1m"\nrollup = ["1d-regular"]\ncalendar = {hours}'))
    assert ["calendar", "1d-regular"] == list(regular)
    assert "ksqlDB knows no regular hours" in regular["1d-regular"]


def test_how_records_and_numbers_come_is_refused_by_name() -> None:
    """Several ticks of a record, rounding on the way in, and bytes for decimals: ksqlDB reads in its own way."""
    kinds = {"price": "decimal(18, 6, round=half-even)", "size": "decimal(18, 2, encoding=base64)"}
    made = plan('base = "1m"', fields=kinds)
    found = refused(replace(made, source=replace(made.source, rows="data[*]")))

    assert ["rows", "price", "size"] == list(found)
    assert "rows = 'data[*]'" in found["rows"]
