"""The same trades make the same bars, byte for byte: on Kafka, embedded, and computed from a frame."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import barloom as bl
from barloom.store.opening import open_for_reading
from barloom.store.scanning import Selection
from oracles.test_kraken import declared, written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kafka.driver import KafkaDriver

pytestmark = pytest.mark.needs("java", "maven", "oracles")


def test_krakens_trades_make_the_same_finals_everywhere(
    drive: Callable[..., KafkaDriver], oracles: Path, tmp_path: Path
) -> None:
    """1,000 trades through a broker with a crash in between, from a file into a store, and as one frame."""
    listed = json.loads((oracles / "kraken_http_trades.json").read_text(), parse_float=str)["result"]["XBTUSDT"]
    trades: list[dict[str, Any]] = [
        {"pair": "XBTUSDT", "at": written(time), "price": price, "volume": volume} for price, volume, time, *_ in listed
    ]
    driver = drive(declared())
    driver.feed(trades[:500])
    driver.restart()
    driver.feed(trades[500:])
    file, store = tmp_path / "trades.jsonl", tmp_path / "store"
    file.write_text("".join(json.dumps(trade) + "\n" for trade in trades))
    bl.run(declared(), str(file), store)
    computed = declared().compute(pl.DataFrame(trades), at_end="keep")

    for level, timeframe in enumerate(("1m", "1h")):
        with open_for_reading(store) as held:
            embedded = pl.concat(held.scanner.frames(Selection("final", level))).write_csv()
        assert embedded == driver.finals(timeframe).write_csv()
        assert embedded == computed[timeframe].write_csv()
        assert embedded.count("\n") > {"1m": 400, "1h": 5}[timeframe]
