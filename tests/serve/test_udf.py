"""UDF, call by call, as its public contract has it: what a charting library asks of a datafeed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

import barloom as bl
from barloom.read.bucket import TimeBucket
from barloom.serve.udf.hours import hours_of
from barloom.store.opening import memory_store
from barloom.time.calendars import resolve
from barloom.time.timeframe import SECOND
from serve.conformance import text
from serve.datafeed import Chart, Datafeed, at
from serve.serving import KEYS, Trade, serving
from store import bars

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

SYMBOL = "A,BTC/USD"
BERLIN = 'template:{"zone": "Europe/Berlin", "hours": "0900-1700", "days": "Mon-Thu"}'
EXTENDED = (
    'template:{"zone": "America/New_York", "hours": "0930-1600", "pre": "0400-0930", "post": "1600-2000"}?extended=true'
)
PARTS = ("open", "high", "low", "close", "volume")


def written(seconds: int) -> str:
    """A time as people write it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.fixture
def feed(client: httpx.Client) -> Datafeed:
    """The market on an exchange."""
    return Datafeed(client)


def test_config_says_what_the_datafeed_can(feed: Datafeed) -> None:
    """Resolutions of the timeframes, stores as exchanges, and that numbers hold a double's digits."""
    found = feed.ask("config")

    assert ["1S", "1", "60", "1D", "1W", "1M"] == found["supported_resolutions"]
    assert ["", "trades"] == [item["value"] for item in found["exchanges"]]
    assert {"supports_search": True, "supports_group_request": False, "supports_time": True}.items() <= found.items()
    assert {"supports_marks": True, "supports_timescale_marks": True}.items() <= found.items()
    assert "double" in found["digits"]


def test_what_udf_cannot_name_is_left_out(tmp_path: Path) -> None:
    """Milliseconds have no resolution; hours are minutes."""
    declared = bl.from_(Trade).tumbling("100ms").ohlcv(price="price").rollup("1s", "90s", "15m", "4h", "1d", "3mo")
    with memory_store(declared.named("bars").plan) as store, serving({"a": store}) as client:
        del tmp_path
        found = Datafeed(client).ask("config")["supported_resolutions"]

    assert ["1S", "90S", "15", "240", "1D", "3M"] == found


def test_a_symbol_is_resolved(feed: Datafeed) -> None:
    """Sessions of the exchange in its zone, holidays, half days, digits, and what it has of each kind."""
    found = feed.resolve(SYMBOL)

    assert (SYMBOL, SYMBOL, "A BTC/USD", "trades") == tuple(
        found[name] for name in ("name", "ticker", "description", "exchange")
    )
    assert ("0930-1600", "America/New_York", "stock") == tuple(found[name] for name in ("session", "timezone", "type"))
    assert (1000, 1, 2) == tuple(found[name] for name in ("pricescale", "minmov", "volume_precision"))
    assert {"20251127", "20251225", "20240704", "20250109"} <= set(found["session_holidays"].split(","))
    assert {"0930-1300:20251128", "0930-1300:20250703"} <= set(found["corrections"].split(";"))
    assert (["1", "60"], ["1"], ["1"], ["1"], ["1"]) == tuple(
        found[f"{kind}_multipliers"] for kind in ("intraday", "seconds", "daily", "weekly", "monthly")
    )
    assert all(found[name] for name in ("has_intraday", "has_seconds", "has_daily", "has_weekly_and_monthly"))
    assert "ohlcv" == found["visible_plots_set"]


def test_an_unknown_symbol_is_an_error_that_the_library_reads(client: httpx.Client) -> None:
    """`s` is error, with a message; the status says so, too."""
    response = client.get("/udf/symbols", params={"symbol": "nobody"})

    assert (404, {"s": "error", "errmsg": "unknown_symbol"}) == (response.status_code, response.json())


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [text(key) for key in KEYS]),
        ("btc", [SYMBOL]),
        ("ö", [text(KEYS[1])]),
        ("a,", [text(key) for key in KEYS[:2]]),
    ],
)
def test_symbols_are_searched_in_any_case(feed: Datafeed, query: str, found: list[str]) -> None:
    """By a part of their text."""
    assert found == [item["symbol"] for item in feed.ask("search", query=query, type="", exchange="", limit=30)]
    assert found[:1] == [item["ticker"] for item in feed.ask("search", query=query, limit=1)]
    assert [] == feed.ask("search", query=query, type="forex", exchange="", limit=30)


def test_all_symbols_of_a_group_come_at_once(feed: Datafeed) -> None:
    """Column by column."""
    found = feed.ask("symbol_info", group="trades")

    assert [text(key) for key in KEYS] == found["symbol"] == found["ticker"]
    assert ("trades", "0930-1600", 1000) == tuple(found[name] for name in ("exchange-traded", "session", "pricescale"))


def test_history_is_half_open_and_in_order(feed: Datafeed) -> None:
    """From the first up to, not including, the last; the forming bar, too."""
    found = feed.bars(SYMBOL, "1", at("2025-11-28T14:30:00"), at("2025-12-01T14:30:00"))
    one_more = feed.bars(SYMBOL, "1", at("2025-11-28T14:30:00"), at("2025-12-01T14:30:01"))

    assert [("2025-11-28T14:30:00", 102.0, 3.0), ("2025-11-28T17:59:00", 102.123, 1.0)] == [
        (written(bar["time"]), bar["close"], bar["volume"]) for bar in found
    ]
    assert all(bar["open"] == bar["high"] == bar["low"] == bar["close"] for bar in found)
    assert [("2025-12-01T14:30:00", 103.1, 103.2)] == [
        (written(bar["time"]), bar["open"], bar["close"]) for bar in one_more[2:]
    ]


@pytest.mark.parametrize(
    ("resolution", "days"),
    [
        ("1D", ["2025-11-26", "2025-11-28", "2025-12-01"]),
        ("D", ["2025-11-26", "2025-11-28", "2025-12-01"]),
        ("1W", ["2025-11-24", "2025-12-01"]),
        ("1M", ["2025-11-03", "2025-12-01"]),
    ],
)
def test_days_and_more_are_stamped_with_their_trading_date(feed: Datafeed, resolution: str, days: list[str]) -> None:
    """At 00:00 UTC, where the library looks for them; of a week and a month the first one."""
    stamps = [at(f"{day}T00:00:00") for day in days]

    whole = feed.bars(SYMBOL, resolution, at("2025-01-01T00:00:00"), at("2026-01-01T00:00:00"))

    assert stamps == [bar["time"] for bar in whole]
    for first, stamp in enumerate(stamps):
        assert stamps[first:] == [bar["time"] for bar in feed.bars(SYMBOL, resolution, stamp, stamps[-1] + 1)]
        assert stamps[:first] == [bar["time"] for bar in feed.bars(SYMBOL, resolution, 0, stamp)]
        assert stamps[:first][-1:] == [bar["time"] for bar in feed.bars(SYMBOL, resolution, stamp - 1, stamp, 1)]


def test_a_date_of_an_overnight_session_is_its_own(tmp_path: Path) -> None:
    """In the currency market Monday begins on Sunday evening, and is stamped Monday."""
    declared = bl.from_(Trade).tumbling("1h", calendar="24x5-fx").ohlcv(price="price").rollup("1d").named("fx")
    rows = [
        {"broker": "A", "symbol": "EURUSD", "at": f"2025-11-{day}T23:00:00Z", "price": "1.1", "size": "1"}
        for day in ("02", "03", "04")
    ]
    declared.run(rows, tmp_path / "state")
    with serving({"fx": tmp_path / "state"}) as client:
        feed = Datafeed(client)
        found = feed.bars("A,EURUSD", "1D", at("2025-11-04T00:00:00"), at("2025-11-05T00:00:00"))
        symbol = feed.resolve("A,EURUSD")

    assert [at("2025-11-04T00:00:00")] == [bar["time"] for bar in found]
    assert ("1700-1700", "America/New_York", "forex") == tuple(symbol[name] for name in ("session", "timezone", "type"))


def test_countback_goes_before_from(feed: Datafeed) -> None:
    """As many as are asked for before `to`, also where `from` is later than they are."""
    stamps = [at("2025-11-26T14:31:00"), at("2025-11-26T20:59:00"), at("2025-11-28T14:30:00")]
    last = at("2025-11-28T17:59:00")

    assert stamps == [bar["time"] for bar in feed.bars(SYMBOL, "1", last - 60, last, 3)]
    assert stamps[2:] == [bar["time"] for bar in feed.bars(SYMBOL, "1", 0, last, 1)]


def test_no_data_says_where_there_is_some(feed: Datafeed) -> None:
    """The time of the last bar before; nothing where there is none at all."""
    asked: dict[str, Any] = {"symbol": SYMBOL, "resolution": "1"}
    holiday = feed.ask("history", **asked, from_=at("2025-11-27T00:00:00"), to=at("2025-11-28T00:00:00"))
    before = feed.ask("history", **asked, from_=0, to=at("2025-11-01T00:00:00"))
    days = feed.ask(
        "history", symbol=SYMBOL, resolution="1D", from_=at("2025-11-27T00:00:00"), to=at("2025-11-28T00:00:00")
    )

    assert {"s": "no_data", "nextTime": at("2025-11-26T20:59:00")} == holiday
    assert {"s": "no_data"} == before
    assert {"s": "no_data", "nextTime": at("2025-11-26T00:00:00")} == days


@pytest.mark.parametrize(("resolution", "timeframe"), [("1S", "1s"), ("1", "1m"), ("60", "1h")])
def test_a_chart_that_is_scrolled_back_has_every_bar(
    feed: Datafeed, market: Path, resolution: str, timeframe: str
) -> None:
    """Once, as the bucket has them, to the double nearest to each decimal."""
    with TimeBucket.open(market, timeframe) as bucket:
        for key in KEYS:
            expected = [
                {
                    "time": bar.start_ns // SECOND,
                    **{name: float(getattr(bar, name)) for name in ("open", "high", "low", "close", "volume")},
                }
                for bar in bucket.range(key)
            ]

            assert expected == Chart(feed, text(key), resolution).scrolled(at("2026-01-01T00:00:00"))


def test_an_unknown_resolution_is_an_error(feed: Datafeed) -> None:
    """With what to look at."""
    for resolution in ("5", "1H", "", "x", "1D-regular"):
        found = feed.ask("history", symbol=SYMBOL, resolution=resolution, from_=0, to=1)

        assert ("error", True) == (found["s"], "supported_resolutions" in found["errmsg"])


@pytest.mark.parametrize(("first", "last"), [(-(10**18), 10**18), (-1, -2), (10**18, -(10**18))])
def test_any_time_may_be_asked_for(feed: Datafeed, first: int, last: int) -> None:
    """Libraries ask for times before all and after all."""
    for resolution in ("1S", "1D", "1M"):
        assert feed.ask("history", symbol=SYMBOL, resolution=resolution, from_=first, to=last)["s"] in {"ok", "no_data"}


def test_the_time_of_the_server_is_text(client: httpx.Client) -> None:
    """Seconds since 1970, and nothing else."""
    assert client.get("/udf/time").text.isdigit()


def test_marks_are_on_partial_bars_and_on_half_days(feed: Datafeed) -> None:
    """The first bar of a file may have begun before it; New York closed early on the 28th."""
    span: dict[str, Any] = {"symbol": SYMBOL, "from_": at("2025-11-26T00:00:00"), "to": at("2025-12-02T00:00:00")}

    marks = feed.ask("marks", resolution="1", **span)
    days = feed.ask("timescale_marks", resolution="1D", **span)
    minutes = feed.ask("timescale_marks", resolution="1", **span)

    assert ([at("2025-11-26T14:30:00")], ["P"]) == (marks["time"], marks["label"])
    assert 1 == len({len(column) for column in marks.values()})
    assert [(at("2025-11-28T00:00:00"), "H")] == [(mark["time"], mark["label"]) for mark in days]
    assert [at("2025-11-28T14:30:00")] == [mark["time"] for mark in minutes]


def test_stores_are_told_apart_by_their_names(market: Path) -> None:
    """A ticker says the store; a symbol that one of them alone has needs none."""
    with memory_store(bars.plan()) as other:
        other.commit(
            bars.commit(bars.Keys(("A,BTC/USD",), ("one:x",)), finals=(bars.block([(0, 5, 1, 1, 1), (1, 5, 2, 1, 1)]),))
        )
        with serving({"one": market, "two": other}) as client:
            feed = Datafeed(client)
            tickers = [item["ticker"] for item in feed.ask("search", query="btc")]
            found = {ticker: feed.resolve(ticker)["exchange"] for ticker in tickers}
            alone = feed.resolve("one:x")
            close = feed.bars("two:one:x", "1S", 0, 10)

    assert {"one:A,BTC/USD": "one", "two:A,BTC/USD": "two"} == found
    assert ("two", "two:one:x", "c") == tuple(alone[name] for name in ("exchange", "ticker", "visible_plots_set"))
    assert [{"time": 5, "close": 0.02, "volume": 0.001}] == close


@pytest.mark.parametrize(
    ("name", "session", "zone"),
    [
        ("24x7", "24x7", "Etc/UTC"),
        ("24x7@Asia/Tokyo", "24x7", "Asia/Tokyo"),
        ("XLON", "0800-1630", "Europe/London"),
        ("XTKS", "0900-1130,1230-1530", "Asia/Tokyo"),
        ("XHKG", "0930-1200,1300-1600", "Asia/Hong_Kong"),
        (EXTENDED, "0400-2000", "America/New_York"),
        ("24x5-fx", "1700-1700", "America/New_York"),
        (
            'template:{"zone": "Europe/Berlin", "hours": "0900-1700", "days": "Mon-Thu"}',
            "0900-1700:2345",
            "Europe/Berlin",
        ),
    ],
)
def test_sessions_are_those_of_the_market(name: str, session: str, zone: str) -> None:
    """As the exchanges publish them for 2025: local hours, breaks, nights, days of the week from Sunday."""
    found = hours_of(resolve(name), at("2025-12-15T12:00:00") * SECOND)

    assert (session, zone) == (found.session, found.zone)
