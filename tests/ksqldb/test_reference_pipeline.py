"""The reference definition against the pipeline that gave exact bars on a real server."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ksqldb.golden_cases import compiled
from ksqldb.reading_sql import statements, tokens
from ksqldb.running_sql import Record, Stamp, Topics, run

PIPELINE = Path(__file__).resolve().parents[3] / "shared" / "ksqldb" / "pipeline"
FLUSH = 1_795_305_600_000
"""Bars from 2026-11-22 on hold the ticks that only close the others."""

pytestmark = pytest.mark.needs("ksqldb")


def script() -> str:
    """The compiled reference definition."""
    return compiled("reference").text()


def widened(sql: str) -> str:
    """The pipeline's statement with what alone ours has: sums of 38 digits, and no ticks without a price or a size."""
    sql = re.sub(r"SUM\(qty\)", "SUM(CAST(qty AS DECIMAL(38, 2)))", sql)
    sql = re.sub(r"SUM\(bid \* qty\)", "SUM(CAST(bid * qty AS DECIMAL(38, 8)))", sql)
    sql = sql.replace("volume DECIMAL(18, 2)", "volume DECIMAL(38, 2)")
    if "FROM ticks" in sql:
        sql = sql.replace("GROUP BY", "WHERE bid IS NOT NULL AND qty IS NOT NULL\nGROUP BY")
    return sql.replace("notional DECIMAL(37, 8)", "notional DECIMAL(38, 8)")


@pytest.mark.parametrize("number", range(14))
def test_each_statement_is_the_pipelines_with_wider_sums(number: int) -> None:
    """Statement by statement in the order of deployment; sums cannot overflow in ours, and ticks lack nothing."""
    path = sorted(PIPELINE.glob("[01][0-9]_*.sql"))[number]
    ours = compiled("reference").entities[number]

    assert tokens(widened(path.read_text())) == tokens(ours.sql)


def test_the_script_sets_what_the_pipeline_ran_with() -> None:
    """The three stream properties that made it exact, also after `kill -9`."""
    text = (PIPELINE / "README.md").read_text()
    wanted = json.loads("{" + text.split('"streamsProperties": {')[1].split("}")[0] + "}")

    made = {
        name: value for item in statements(script()) if item.kind == "SET" for name, value in item.properties.items()
    }
    assert wanted == made


@pytest.fixture(scope="module")
def topics() -> Topics:
    """What the sources hold after the reference input."""
    rows = [json.loads(line) for line in (PIPELINE / "input.jsonl").read_text().splitlines()]
    return run(script(), [_tick(row) for row in rows])


def _tick(row: dict[str, Any]) -> Record:
    values = {"BROKER": row["broker"], "SYMBOL": row["symbol"], "TS": Stamp(row["ts"])}
    return Record(
        row["partition"], row["offset"], {**values, "BID": Decimal(row["bid"]), "QTY": Decimal(row["qty"])}, row["ts"]
    )


def expected(timeframe: str) -> list[dict[str, Any]]:
    """The brute force's bars of a timeframe."""
    rows = [json.loads(line) for line in (PIPELINE / f"expected_{timeframe}.jsonl").read_text().splitlines()]
    decimals = ("open", "high", "low", "close", "volume", "notional")
    rows = [
        {name.upper(): Decimal(value) if name in decimals else value for name, value in row.items()} for row in rows
    ]
    return sorted(rows, key=_place)


def _place(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["BROKER"], row["SYMBOL"], row["BUCKET_START"])


@pytest.mark.parametrize("timeframe", ["1s", "1m", "5m", "1h", "1d"])
def test_finals_of_the_reference_input_are_the_expected_bars(topics: Topics, timeframe: str) -> None:
    """Every column of every bar, over midnight, gaps, ties, late ticks and negative prices; each once."""
    rows = [dict(record.row) for record in topics.written[f"BARS_FINAL_{timeframe.upper()}"]]

    assert expected(timeframe) == sorted((row for row in rows if row["BUCKET_START"] < FLUSH), key=_place)


@pytest.mark.parametrize("timeframe", ["1m", "5m", "1h", "1d"])
def test_live_bars_end_as_the_finals(topics: Topics, timeframe: str) -> None:
    """The last live record of a window is its final."""
    rows = topics.tables[f"BARS_LIVE_{timeframe.upper()}"].values()

    assert expected(timeframe) == sorted((dict(row) for row in rows if row["BUCKET_START"] < FLUSH), key=_place)
