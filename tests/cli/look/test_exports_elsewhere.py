"""What `barloom export` writes, read by other tools: times are times there, to the nanosecond."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from barloom.cli import main

if TYPE_CHECKING:
    from pathlib import Path

TIMES = ("start", "end", "open_time", "close_time")
SECOND = 1_000_000_000
NINE = 1_762_765_200 * SECOND  # 2025-11-10T09:00Z
OPENED = [1_250_000_001, None, None, 190 * SECOND]
"""When the first tick of each minute was, after nine; two minutes are carried and had none (a tick came late)."""


@pytest.fixture
def exported(market: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The minutes of one key in every format."""
    ticks = (market / "ticks.csv").read_text().replace("09:00:01.25Z", "09:00:01.250000001Z")
    (market / "ticks.csv").write_text("\n".join(line for line in ticks.splitlines() if "B,ZINC" not in line) + "\n")
    assert 0 == main(["run", "bars.toml", "--source", "ticks.csv", "--store", "state"])
    for form in ("csv", "jsonl", "parquet"):
        assert 0 == main(["export", "--store", "state", "--timeframe", "1m", "--out", f"minutes.{form}"])
    capsys.readouterr()
    return market


def _expected() -> dict[str, list[int | None]]:
    starts: list[int | None] = [NINE + minute * 60 * SECOND for minute in range(4)]
    return {"start": starts, "open_time": [None if after is None else NINE + after for after in OPENED]}


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_pandas_reads_times(exported: Path, form: str) -> None:
    """As times of UTC, to the nanosecond, whatever the format."""
    pandas = pytest.importorskip("pandas")
    if form == "parquet":
        pytest.importorskip("pyarrow")
    path = exported / f"minutes.{form}"
    frame = {
        "csv": lambda: pandas.read_csv(path, parse_dates=list(TIMES)),
        "jsonl": lambda: pandas.read_json(path, lines=True, convert_dates=list(TIMES)),
        "parquet": lambda: pandas.read_parquet(path),
    }[form]()

    assert all(str(frame[name].dtype).startswith("datetime64[") for name in TIMES)
    assert all(str(frame[name].dtype).endswith(", UTC]") for name in TIMES)
    for name, expected in _expected().items():
        assert expected == [None if time is pandas.NaT else time.value for time in frame[name][:4]]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_pyarrow_reads_times(exported: Path, form: str) -> None:
    """As times of UTC, to the nanosecond, without being told which columns are times."""
    arrow: Any = pytest.importorskip("pyarrow")
    csv, parquet = pytest.importorskip("pyarrow.csv"), pytest.importorskip("pyarrow.parquet")
    path = exported / f"minutes.{form}"
    table = csv.read_csv(path) if form == "csv" else parquet.read_table(path)

    assert all(arrow.types.is_timestamp(table.schema.field(name).type) for name in TIMES)
    assert ["UTC"] * 4 == [table.schema.field(name).type.tz for name in TIMES]
    for name, expected in _expected().items():
        found = table[name].cast(arrow.timestamp("ns", "UTC")).cast(arrow.int64()).to_pylist()
        assert expected == found[:4]
