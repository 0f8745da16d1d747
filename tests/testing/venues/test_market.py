"""The market behind a venue double."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from barloom.testing import MarketTrade, VenueMarket

NOON = 1_762_776_000_000_000_000


def test_numbers_go_up_by_one_per_symbol() -> None:
    """From the first trade's on, whatever the other symbols do."""
    market = VenueMarket.simulate(["A", "B", "C"], trades=500, number=77)

    for place, symbol in enumerate(["A", "B", "C"]):
        numbers = [trade.number for trade in market.of_symbol(symbol)]
        first = 77 + place * 1_000_000
        assert list(range(first, first + len(numbers))) == numbers
    assert 500 == len(market.trades)


def test_the_same_settings_make_the_same_market() -> None:
    """And another seed another one."""
    made = [VenueMarket.simulate(["A", "B"], trades=300, seed=seed, disorder=0.1) for seed in (5, 5, 6)]

    assert made[0] == made[1]
    assert made[0] != made[2]


def test_ids_may_be_out_of_the_order_of_time() -> None:
    """A share of trades has a time before its predecessor's; without one none has."""
    tidy = VenueMarket.simulate(["A"], trades=500).trades
    mixed = VenueMarket.simulate(["A"], trades=500, disorder=0.2).trades

    assert all(left.time <= right.time for left, right in itertools.pairwise(tidy))
    back = sum(left.time > right.time for left, right in itertools.pairwise(mixed))
    assert 30 < back < 170


def test_some_trades_are_fills_of_one_order() -> None:
    """With the time, price and side of the trade before."""
    trades = VenueMarket.simulate(["A"], trades=500, fills=0.5).trades
    fills = sum(left[2:4] == right[2:4] and left.side == right.side for left, right in itertools.pairwise(trades))

    assert 180 < fills < 320


def test_sizes_have_more_digits_than_a_grid_of_thousandths() -> None:
    """So that who rounds them is found out."""
    sizes = [trade.size for trade in VenueMarket.simulate(["A"], trades=50).trades]

    assert {8} == {len(size.partition(".")[2]) for size in sizes}
    assert any(size[-5:] != "00000" for size in sizes)


def test_a_frame_has_exact_columns() -> None:
    """Decimals and nanoseconds, as they are."""
    market = VenueMarket.of([MarketTrade("A", 5, NOON + 1, "0.10", "0.00000003", "buy")])
    (row,) = market.frame().rows(named=True)

    assert ("A", 5, "buy") == (row["symbol"], row["trade_id"], row["side"])
    assert "0.1000000000" == str(row["price"])
    assert "3.00E-8" == str(row["size"])
    assert [NOON + 1] == market.frame()["time"].dt.timestamp("ns").to_list()


def test_moments_are_counts_or_durations() -> None:
    """Both from the opening on; what lies beyond the end is the end."""
    trades = [MarketTrade("A", number, NOON + number * 1_000_000_000, "1", "1", "buy") for number in range(10)]
    market = VenueMarket.of(trades, before=2)

    assert [5, 2, 10] == [market.place_of(at) for at in (3, 0, 99)]
    assert [2, 4, 5, 10] == [market.place_of(at) for at in ("0s", "2s", "2500ms", "1h")]


def test_a_pace_makes_times_even() -> None:
    """The trades before the opening go back from it."""
    market = VenueMarket.simulate(["A"], trades=4, before=1, start=NOON).paced(2)

    opening = datetime(2025, 11, 10, 12, tzinfo=UTC)
    half = timedelta(seconds=0.5)
    assert [opening - half, opening, opening + half, opening + 2 * half] == market.frame()["time"].to_list()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"symbols": []}, "at least one symbol"),
        ({"symbols": ["A", "A"]}, "each once"),
        ({"symbols": ["A"], "trades": 3, "before": 4}, "3 trades cannot have 4 before"),
        ({"symbols": ["A"], "disorder": 2}, "parts of 1"),
    ],
)
def test_what_makes_no_market_is_told(settings: dict[str, object], message: str) -> None:
    """At once."""
    with pytest.raises(ValueError, match=message):
        VenueMarket.simulate(**settings)  # type: ignore[arg-type]


def test_a_single_symbol_has_to_be_a_list() -> None:
    """A text is a list of letters, which nobody means."""
    with pytest.raises(TypeError, match=r"symbols are a list: \['BTC/USD'\]"):
        VenueMarket.simulate("BTC/USD")


def test_a_market_that_goes_round() -> None:
    """Numbers and times go on, symbol by symbol, as if it had been written down; it is as long as its laps."""
    once = VenueMarket.of(
        [
            MarketTrade("A", 5, NOON, "1", "1", "buy"),
            MarketTrade("B", 9, NOON + 300_000_000, "2", "1", "buy"),
            MarketTrade("A", 6, NOON + 700_000_000, "3", "1", "sell"),
        ]
    )
    market = once.repeated(3)

    assert [5, 6, 7, 8, 9, 10] == [trade.number for trade in market.of_symbol("A")]
    assert [9, 10, 11] == [trade.number for trade in market.of_symbol("B")]
    assert [NOON + 300_000_000 + lap * 1_000_000_000 for lap in range(3)] == [
        trade.time for trade in market.of_symbol("B")
    ]
    assert list(market.trades) == [market.trades[place] for place in range(9)] == list(market.trades[:])
    assert ["A", "B"] == market.symbols
    with pytest.raises(IndexError, match="no trade 9 among 9"):
        _ = market.trades[9]


@pytest.mark.parametrize("change", ["moved", "cut", "paced"])
def test_laps_change_like_a_market_that_is_written_down(change: str) -> None:
    """Whatever is done to the times of a market."""
    long = VenueMarket.simulate(["A", "B"], trades=60, before=10).repeated(2)
    written = VenueMarket(tuple(long.trades), long.before)
    by = {"moved": 5_000_000_123, "cut": 1_000_000, "paced": 100}[change]

    assert list(getattr(written, change)(by).trades) == list(getattr(long, change)(by).trades)
