"""Files in the layouts of publishers, written from the description that each gives of its own; prices are made up.

Every file of trades or quotes holds three rows: at 10:00:01.250 and 10:00:30 (of 100.25 and 101.5, sizes 2 and 3) and
at 10:01:05 (100.75, the size 1), in the zone of the layout. Every file of bars holds 10:00 and 10:01 of the same.
"""

from __future__ import annotations

import gzip
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TRADES = [("10:00:01.250", "100.25", "2"), ("10:00:30.000", "101.50", "3"), ("10:01:05.000", "100.75", "1")]
UTC = (1_762_768_801_250, 1_762_768_830_000, 1_762_768_865_000)
"""Those times of 2025-11-10 in UTC, in milliseconds."""

START = 1_762_768_800_000
CANDLES = [
    (START, "100.25", "101.50", "100.25", "101.50", "5"),
    (START + 60_000, "100.75", "100.75", "100.75", "100.75", "1"),
]


@dataclass(frozen=True)
class Layout:
    """What a publisher's file is called, what is in it, where its description stands, and what comes out.

    `start` is the first slot's start in UTC, `volume` its volume, where there is one; `key` the key of its bars.
    """

    name: str
    file: str
    source: str
    write: Callable[[Path], None]
    key: str
    start: str = "2025-11-10T10:00:00Z"
    volume: str | None = "5"


def text(*lines: str, end: str = "\n") -> Callable[[Path], None]:
    """A file of lines."""
    return lambda path: path.write_text(end.join(lines) + end, newline="")  # type: ignore[return-value]


def packed(*lines: str) -> Callable[[Path], None]:
    """The same by gzip."""
    return lambda path: path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))  # type: ignore[return-value]


def zipped(member: str, *lines: str) -> Callable[[Path], None]:
    """A zip archive with one file of lines."""

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(member, "\n".join(lines) + "\n")

    return write


def trades(form: Callable[[int, int, str, str], str]) -> list[str]:
    """A line of each trade: its number, the time in milliseconds, price and size."""
    return [form(7 + at, UTC[at], price, size) for at, (_, price, size) in enumerate(TRADES)]


def candles(form: Callable[[int, tuple[str, ...]], str]) -> list[str]:
    """A line of each bar: the start in milliseconds, open, high, low, close, volume."""
    return [form(start, values) for start, *values in CANDLES]  # type: ignore[arg-type]


KLINES = candles(lambda at, bar: f"{at * 1000},{','.join(bar)},{at * 1000 + 59_999_999},500.5,3,1.0,100.25,0")
FUTURES = candles(lambda at, bar: f"{at},{','.join(bar)},{at + 59_999},500.5,3,1.0,100.25,0")
NEW_YORK = "2025-11-10T15:00:00Z"

LAYOUTS = [
    Layout(
        "binance-spot-trades",
        "BTCUSDT-trades-2025-11-10.csv",
        "https://github.com/binance/binance-public-data: no header, microseconds since 2025",
        text(*trades(lambda id_, at, price, size: f"{id_},{price},{size},200.5,{at}000,False,True")),
        "BTCUSDT",
    ),
    Layout(
        "binance-spot-klines",
        "BTCUSDT-1m-2025-11-10.zip",
        "https://github.com/binance/binance-public-data: no header, twelve columns, microseconds since 2025",
        zipped("BTCUSDT-1m-2025-11-10.csv", *KLINES),
        "BTCUSDT",
    ),
    Layout(
        "binance-futures-trades",
        "BTCUSDT-trades-2025-11.csv",
        "https://github.com/binance/binance-public-data: futures have a header, and milliseconds",
        text(
            "id,price,qty,quote_qty,time,is_buyer_maker",
            *trades(lambda id_, at, price, size: f"{id_},{price},{size},200.5,{at},true"),
        ),
        "BTCUSDT",
    ),
    Layout(
        "binance-futures-klines",
        "ETHUSDT-1m-2025-11.csv",
        "https://github.com/binance/binance-public-data: futures have a header, and milliseconds",
        text(
            "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,"
            "ignore",
            *FUTURES,
        ),
        "ETHUSDT",
    ),
    Layout(
        "kraken",
        "XBTUSD.csv",
        "https://support.kraken.com, downloadable historical market data: unixtime, price, volume; no header",
        text(*trades(lambda _, at, price, size: f"{at / 1000:.4f},{price},{size}.00000000")),
        "XBTUSD",
    ),
    Layout(
        "coinbase",
        "BTC-USD.json",
        "https://docs.cdp.coinbase.com/exchange, product trades: one JSON array, the latest trade first",
        lambda path: path.write_text(  # type: ignore[return-value]
            json.dumps(
                [
                    {"trade_id": 7 + at, "side": "buy", "size": size, "price": price, "time": f"2025-11-10T{time}Z"}
                    for at, (time, price, size) in reversed(list(enumerate(TRADES)))
                ]
            )
        ),
        "BTC-USD",
    ),
    Layout(
        "bitstamp",
        "bitstampUSD.csv",
        "https://api.bitcoincharts.com/v1/csv: whole seconds, price, amount; no header",
        text(*trades(lambda _, at, price, size: f"{at // 1000},{price}0000000000,{size}.000000000000")),
        "bitstampUSD",
    ),
    Layout(
        "dukascopy",
        "EURUSD_Ticks_10.11.2025-10.11.2025.csv",
        "https://www.dukascopy.com, historical data export: Gmt time, day first",
        text(
            "Gmt time,Ask,Bid,AskVolume,BidVolume",
            *(f"10.11.2025 {time},{float(price) + 0.25:.3f},{price},1.5,{size}" for time, price, size in TRADES),
            end="\r\n",
        ),
        "EURUSD",
        volume=None,
    ),
    Layout(
        "histdata",
        "DAT_ASCII_EURUSD_T_202511.csv",
        "https://www.histdata.com/f-a-q/data-files-detailed-specification: EST without daylight saving, no header",
        text(
            *(
                f"20251110 {time.replace(':', '').replace('.', '')},{price}0000,{float(price) + 0.25:.6f},0"
                for time, price, _ in TRADES
            )
        ),
        "EURUSD",
        start=NEW_YORK,
        volume=None,
    ),
    Layout(
        "lean",
        "20251110_trade.zip",
        "https://github.com/QuantConnect/Lean, Data/equity: ms since midnight in New York, prices times 10,000",
        zipped(
            "20251110_spy_Trade_Tick.csv",
            *(
                f"{at - 1_762_732_800_000},{int(float(price) * 10_000)},{size},P"
                for at, (_, price, size) in zip(UTC, TRADES, strict=True)
            ),
        ),
        "spy",
        start=NEW_YORK,
    ),
    Layout(
        "databento",
        "glbx-mdp3-20251110.trades.csv",
        "https://databento.com/docs/schemas-and-data-formats/trades: nanoseconds, prices times 1,000,000,000",
        text(
            "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,depth,price,size,flags,ts_in_delta,sequence,symbol",
            *trades(
                lambda id_, at, price, size: (
                    f"{at}000150,{at}000000,0,1,5482,T,A,0,{int(float(price) * 100)}0000000,{size},0,14000,{id_},ESZ5"
                )
            ),
        ),
        "ESZ5",
    ),
    Layout(
        "polygon",
        "2025-11-10.csv.gz",
        "https://polygon.io/docs/flat-files/stocks/trades: nanoseconds, one ticker after another",
        packed(
            "ticker,conditions,correction,exchange,id,participant_timestamp,price,sequence_number,sip_timestamp,size,tape,"
            "trf_id,trf_timestamp",
            *(
                f'{ticker},"12,37",0,4,{id_},{at}000000,{price},{id_},{at}000350,{size},1,0,0'
                for ticker in ("AAPL", "MSFT")
                for id_, (at, (_, price, size)) in enumerate(zip(UTC, TRADES, strict=True))
            ),
        ),
        "AAPL",
    ),
    Layout(
        "nyse-taq",
        "EQY_US_ALL_TRADE_20251110.gz",
        "https://www.nyse.com/market-data/historical/daily-taq: pipes, HHMMSS and nanoseconds, the date in the name",
        packed(
            "Time|Exchange|Symbol|Sale Condition|Trade Volume|Trade Price|Trade Stop Stock Indicator|"
            "Trade Correction Indicator|Sequence Number|Trade Id|Source of Trade|Trade Reporting Facility|"
            "Participant Timestamp|Trade Reporting Facility TRF Timestamp|Trade Through Exempt Indicator",
            *(
                f"{time.replace(':', '').replace('.', '')}000000|N|IBM|@ I|{size}|{price}||00|{id_}|{id_}|C||"
                f"{time.replace(':', '').replace('.', '')}000000||0"
                for id_, (time, price, size) in enumerate(TRADES)
            ),
        ),
        "IBM",
        start=NEW_YORK,
    ),
    Layout(
        "metatrader-ticks",
        "EURUSD_202511101000_202511101001.csv",
        "https://www.metatrader5.com/en/terminal/help/trading_advanced/custom_instruments: tabs, the server's time",
        text(
            "<DATE>\t<TIME>\t<BID>\t<ASK>\t<LAST>\t<VOLUME>\t<FLAGS>",
            *(f"2025.11.10\t{time}\t{price}\t{'' if time > '10:01' else price}\t\t\t6" for time, price, _ in TRADES),
        ),
        "EURUSD",
        volume=None,
    ),
    Layout(
        "metatrader-bars",
        "EURUSD_M1_202511101000_202511101001.csv",
        "https://www.metatrader5.com/en/terminal/help/trading_advanced/custom_instruments: tabs, the server's time",
        text(
            "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>",
            *candles(
                lambda at, bar: (
                    f"2025.11.10\t10:0{(at - START) // 60_000}:00\t" + "\t".join(bar[:4]) + f"\t{bar[4]}\t0\t2"
                )
            ),
        ),
        "EURUSD",
    ),
]
"""One file of each layout; each has its definition in `examples/layouts`, by its name."""
