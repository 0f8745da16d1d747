"""The simulated market is the same for the same settings, and has the troubles that it says it has."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from barloom.plan.toml import read_toml
from barloom.simulate import Market
from barloom.simulate.dice import Dice
from barloom.source.open import open_source
from barloom.time.timeframe import SECOND

if TYPE_CHECKING:
    from pathlib import Path


def _labelled(market: Market) -> pl.DataFrame:
    return pl.concat(market.labelled())


def test_the_same_seed_is_the_same_market() -> None:
    """And another seed is another."""

    assert _labelled(Market(ticks=5000)).equals(_labelled(Market(ticks=5000)))
    assert not _labelled(Market(ticks=5000)).equals(_labelled(Market(ticks=5000, seed=2)))


def test_a_longer_market_begins_like_a_shorter() -> None:
    """The number of ticks only says where it ends."""

    assert _labelled(Market(ticks=40_000)).head(25_001).equals(_labelled(Market(ticks=25_001)))


def _mix(value: int) -> int:
    """SplitMix64's mixing step in whole numbers."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB % 2**64
    return value ^ (value >> 31)


def test_the_dice_are_the_same_on_every_machine() -> None:
    """Against the published algorithm in Python's whole numbers."""
    golden = 0x9E3779B97F4A7C15
    start = _mix(7 ^ _mix(4 * golden % 2**64))
    expected = [_mix((start + (number + 1) * golden) % 2**64) for number in range(5)]

    assert expected == Dice(7, 3).throw(np.arange(5)).tolist()


def test_throws_are_spread_evenly() -> None:
    """Each number about equally often, and none outside of the range."""
    numbers = np.arange(60_000)
    counts = np.bincount(Dice(1, 0).below(6, numbers), minlength=6)
    wide = Dice(1, 1).between(-5 * 10**12, 5 * 10**12, numbers)

    assert 6 == len(counts)
    assert abs(counts - 10_000).max() < 500
    assert -5 * 10**12 <= wide.min() < -4.99 * 10**12
    assert 4.99 * 10**12 < wide.max() < 5 * 10**12


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz", "a.parquet"])
def test_every_format_gives_the_same_ticks(tmp_path: Path, name: str) -> None:
    """Written and read by the market's own definition, and given as it is."""
    market = Market(ticks=30_000, keys=5)
    seen: list[int] = []
    rows = market.write(tmp_path / name, seen.append)
    plan = read_toml(market.definition)
    batches = list(open_source(plan, tmp_path / name).open({}, 10_000))
    direct = list(open_source(plan, market).open({}, 10_000))

    assert 30_000 == rows == seen[-1]
    assert [] == [row for batch in batches for row in batch.invalid]
    read = pl.concat([batch.ticks.frame for batch in batches])
    assert read.equals(pl.concat([batch.ticks.frame for batch in direct]))
    expected = pl.concat(market)
    assert expected["price"].equals(read["price"].alias("price"))
    assert expected["at"].to_physical().equals(read["at"])
    assert expected["arrival"].to_physical().to_list() == [
        time for batch in batches for time in batch.ticks.arrivals.tolist()
    ]


def test_it_writes_the_same_bytes_twice(tmp_path: Path) -> None:
    """Also compressed: no time of writing in it."""
    for name in ("a.csv.gz", "b.csv.gz"):
        Market(ticks=1000).write(tmp_path / name)

    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_rows_come_in_the_order_of_arrival() -> None:
    """Across frames too."""

    assert _labelled(Market(ticks=50_000))["arrival"].is_sorted()


def test_the_shares_are_as_stated() -> None:
    """Within what chance allows."""
    market = Market(ticks=200_000, out_of_order=0.1, late=0.02, future=0.01, duplicates=0.03)
    counts = dict(_labelled(market)["kind"].value_counts().rows())

    for kind, share in (("out_of_order", 0.1), ("late", 0.02), ("future", 0.01), ("duplicate", 0.03)):
        assert share == pytest.approx(counts[kind] / 200_000, rel=0.1)


def test_a_market_without_troubles() -> None:
    """Every share may be zero; then every tick is younger than the slots that it could have missed."""
    frame = _labelled(Market(ticks=20_000, out_of_order=0, late=0, future=0, duplicates=0))
    behind = frame["at"].cum_max().to_physical() - frame["at"].to_physical()

    assert ["plain"] == frame["kind"].unique().to_list()
    assert behind.max() < SECOND


def test_what_each_kind_means() -> None:
    """By its definition: order against event time, the delay, the time of arrival, the repeated id."""
    frame = _labelled(Market(ticks=100_000))
    time, arrival = frame["at"].to_physical(), frame["arrival"].to_physical()
    known = frame.filter(pl.col("kind") != "future").with_columns(
        behind=pl.col("at").to_physical().cum_max() - pl.col("at").to_physical()
    )

    assert (time - arrival).filter(frame["kind"] == "future").min() > 10 * SECOND
    assert (time - arrival).filter(frame["kind"] != "future").max() <= 0
    assert known.filter(pl.col("kind") == "late")["behind"].min() > 3 * SECOND
    assert known.filter(pl.col("kind") != "late")["behind"].max() < 2 * SECOND
    assert known.filter(pl.col("kind") == "out_of_order")["behind"].max() > SECOND
    repeated = frame.filter(pl.col("kind") == "duplicate")["id"]
    assert set(repeated) == set(frame.filter(frame["id"].is_duplicated())["id"])


def test_bursts_and_quiet_keys() -> None:
    """Activity is uneven in time and over keys."""
    frame = _labelled(Market(ticks=100_000))
    seconds = frame.group_by(frame["at"].dt.truncate("1s")).len()["len"]
    keys = frame["symbol"].value_counts()["count"]

    assert seconds.max() > 5 * seconds.mean()
    assert keys.min() * 50 < keys.max()
    assert 12 == len(keys)


def test_prices_stay_on_their_grid_and_above_zero() -> None:
    """Two places behind the point, and a range for each key."""
    frame = _labelled(Market(ticks=100_000, keys=3))
    spans = frame.group_by("symbol").agg(pl.col("price").min().alias("low"), pl.col("price").max().alias("high"))

    assert pl.Decimal(18, 2) == frame["price"].dtype
    assert frame["price"].min() > 0
    assert all(0 < high - low < 250 for low, high in zip(spans["low"], spans["high"], strict=True))


def test_a_market_without_end_is_a_feed() -> None:
    """Its frames can be taken as long as one likes, but not written to a file."""
    market = Market(ticks=None)

    assert 5 == len(list(islice(market, 5)))
    with pytest.raises(ValueError, match="without end"):
        market.write("a.csv")


def test_settings_are_checked(tmp_path: Path) -> None:
    """Shares are parts of a whole, and there is something to trade."""
    for settings in ({"late": -0.1}, {"late": 0.6, "future": 0.6}, {"keys": 0}, {"rate": 0}):
        with pytest.raises(ValueError, match=r"shares|at least one key"):
            Market(**settings)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"\.parquet"):
        Market().write(tmp_path / "a.xlsx")
