"""One trade of each venue as it stands in its messages and answers, written down from the venues' documentation."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from barloom.feed.protocol import Message, Notice, Quote, Refusal, Tail, Trade

MS = 1_000_000
NOON = 1_700_000_000_123  # 2023-11-14T22:13:20.123Z


@dataclass(frozen=True)
class Shapes:
    """What one venue writes, and what it means."""

    name: str
    symbol: str
    careless: str
    wrong: str
    live: tuple[tuple[str, list[Message]], ...]
    past: str
    trades: list[Trade]
    unknown: tuple[int, str]
    broken: tuple[tuple[int, str], ...] = ()
    quiet: tuple[str, ...] = ()
    shut: tuple[str, ...] = field(default=())


def _trade(symbol: str, number: int, time: int, *rest: str) -> Trade:
    return Trade(symbol, number, number, time, *rest)


def _binance(name: str, quote: str, quoted_at: int | None) -> Shapes:
    item = '"a":26129,"p":"0.01633102","q":"4.70443515","f":27781,"l":27784,"T":1700000000123,"m":true'
    trade = _trade("ETHBTC", 26129, NOON * MS, "0.01633102", "4.70443515", "sell")
    bought = _trade("ETHBTC", 26130, NOON * MS, "0.01633103", "1", "buy")
    return Shapes(
        name,
        symbol="ETHBTC",
        careless="ethbtc",
        wrong="ETH/BTC",
        live=(
            (f'{{"stream":"ethbtc@aggTrade","data":{{"e":"aggTrade","E":1,"s":"ETHBTC",{item}}}}}', [trade]),
            (
                f'{{"stream":"ethbtc@bookTicker","data":{quote}}}',
                [Quote("ETHBTC", quoted_at, "0.0163", "31.21", "0.0164", "40.66")],
            ),
            (
                '{"code":2,"msg":"Invalid request: too many parameters"}',
                [Refusal(None, "Invalid request: too many parameters")],
            ),
            ('{"error":{"code":3,"msg":"Invalid JSON"},"id":7}', [Refusal(None, "Invalid JSON")]),
        ),
        past=f'[{{{item}}},{{"a":26130,"p":"0.01633103","q":"1","f":27785,"l":27785,"T":1700000000123,"m":false}}]',
        trades=[trade, bought],
        unknown=(400, '{"code":-1121,"msg":"Invalid symbol."}'),
        broken=((400, '{"code":-1130,"msg":"Data sent for parameter is not valid."}'), (403, "<html>"), (200, "{}")),
        quiet=('{"result":null,"id":1}', '{"stream":"ethbtc@kline_1m","data":{"e":"kline"}}'),
        shut=('{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}',),
    )


BINANCE = _binance("binance", '{"u":400,"s":"ETHBTC","b":"0.0163","B":"31.21","a":"0.0164","A":"40.66"}', None)
FUTURES = _binance(
    "binance-futures",
    '{"e":"bookTicker","u":4,"E":5,"T":1700000000123,"s":"ETHBTC","b":"0.0163","B":"31.21","a":"0.0164","A":"40.66"}',
    NOON * MS,
)

_KRAKEN_AT = 1_700_000_000_123_456 * 1_000
KRAKEN = Shapes(
    "kraken",
    symbol="BTC/USD",
    careless="btc/usd",
    wrong="BTCUSD",
    live=(
        (
            (
                '{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"sell","price":105944.20,"qty":2.7625e-4,'
                '"ord_type":"limit","trade_id":71,"timestamp":"2023-11-14T22:13:20.123456Z"},{"symbol":"BTC/USD","side":"buy",'
                '"price":105944,"qty":0.10000000,"ord_type":"market","trade_id":72,"timestamp":"2023-11-14T22:13:20.123456Z"}]}'
            ),
            [
                _trade("BTC/USD", 71, _KRAKEN_AT, "105944.20", "0.00027625", "sell"),
                _trade("BTC/USD", 72, _KRAKEN_AT, "105944", "0.10000000", "buy"),
            ],
        ),
        (
            (
                '{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":30.10,"bid_qty":1e-8,"ask":30.2,'
                '"ask_qty":5,"last":30.1,"volume":7,"vwap":30.15,"low":1,"high":2,"change":0.1,"change_pct":0.3}]}'
            ),
            [Quote("BTC/USD", None, "30.10", "0.00000001", "30.2", "5")],
        ),
        (
            '{"error":"Currency pair not supported BTC/XYZ","method":"subscribe","success":false,"symbol":"BTC/XYZ"}',
            [Refusal("BTC/XYZ", "Currency pair not supported BTC/XYZ")],
        ),
        (
            '{"channel":"status","type":"update","data":[{"system":"maintenance","version":"2.0.0"}]}',
            [Notice("kraken is maintenance")],
        ),
    ),
    past='{"error":[],"result":{"XXBTZUSD":[["105944.20","0.00027625",1700000000.1234569,"s","l","",71],'
    '["105944","0.10000000",1700000000.1234561,"b","m","",72]],"last":"1700000000123456100"}}',
    trades=[
        _trade("BTC/USD", 71, _KRAKEN_AT, "105944.20", "0.00027625", "sell"),
        _trade("BTC/USD", 72, _KRAKEN_AT, "105944", "0.10000000", "buy"),
    ],
    unknown=(200, '{"error":["EQuery:Unknown asset pair"]}'),
    broken=((200, '{"error":["EGeneral:Too many requests"]}'), (200, '{"error":[],"result":{}}'), (404, "")),
    quiet=(
        '{"channel":"heartbeat"}',
        '{"method":"pong","req_id":1}',
        '{"channel":"status","type":"update","data":[{"system":"online"}]}',
        '{"method":"subscribe","success":true,"result":{"channel":"trade","symbol":"BTC/USD"}}',
    ),
)

_MATCH = '"trade_id":10,"sequence":50,"maker_order_id":"a","taker_order_id":"b"'
_MATCHED = '"product_id":"BTC-USD","size":"5.23512","price":"400.23","side":"sell"'
COINBASE = Shapes(
    "coinbase",
    symbol="BTC-USD",
    careless="btc-usd",
    wrong="BTC/USD",
    live=(
        (
            f'{{"type":"match",{_MATCH},"time":"2023-11-14T22:13:20.123999Z",{_MATCHED}}}',
            [_trade("BTC-USD", 10, NOON * MS + 999_000, "400.23", "5.23512", "buy")],
        ),
        (
            f'{{"type":"last_match",{_MATCH},"time":"2023-11-14T22:13:20.123Z",{_MATCHED}}}',
            [_trade("BTC-USD", 10, NOON * MS, "400.23", "5.23512", "buy")],
        ),
        (
            '{"type":"heartbeat","sequence":90,"last_trade_id":20,"product_id":"BTC-USD","time":"2023-11-14T22:13:21Z"}',
            [Tail("BTC-USD", 20, 1_700_000_001_000 * MS)],
        ),
        (
            '{"type":"heartbeat","sequence":90,"last_trade_id":0,"product_id":"BTC-USD","time":"2023-11-14T22:13:21Z"}',
            [],
        ),
        (
            (
                '{"type":"ticker","sequence":3,"product_id":"BTC-USD","price":"4","best_bid":"4388.01","best_bid_size":"0.1",'
                '"best_ask":"4388.02","best_ask_size":"2","side":"buy","time":"2023-11-14T22:13:20.123Z","trade_id":20}'
            ),
            [Quote("BTC-USD", NOON * MS, "4388.01", "0.1", "4388.02", "2")],
        ),
        (
            '{"type":"error","message":"Failed to subscribe","reason":"FOO-USD is not a valid product"}',
            [Refusal("FOO-USD", "Failed to subscribe: FOO-USD is not a valid product")],
        ),
    ),
    past='[{"time":"2023-11-14T22:13:20.125Z","trade_id":11,"price":"401.00","size":"1.5","side":"buy"},'
    '{"time":"2023-11-14T22:13:20.1239999Z","trade_id":10,"price":"400.23","size":"5.23512","side":"sell"}]',
    trades=[
        _trade("BTC-USD", 10, NOON * MS + 999_000, "400.23", "5.23512", "buy"),
        _trade("BTC-USD", 11, (NOON + 2) * MS, "401.00", "1.5", "sell"),
    ],
    unknown=(404, '{"message":"NotFound"}'),
    broken=((400, '{"message":"Invalid request"}'), (200, '{"message":"what"}'), (403, "<html>")),
    quiet=('{"type":"subscriptions","channels":[{"name":"matches","product_ids":["BTC-USD"]}]}',),
)

_OKX = '"instId":"BTC-USDT","px":"102537.9","sz":"0.00013669","side":"sell","ts":"1700000000123"'
OKX = Shapes(
    "okx",
    symbol="BTC-USDT",
    careless="btc-usdt",
    wrong="BTCUSDT",
    live=(
        (
            f'{{"arg":{{"channel":"trades-all","instId":"BTC-USDT"}},"data":[{{{_OKX},"tradeId":"734864333","source":"0"}}]}}',
            [_trade("BTC-USDT", 734864333, NOON * MS, "102537.9", "0.00013669", "sell")],
        ),
        (
            f'{{"arg":{{"channel":"trades","instId":"BTC-USDT"}},"data":[{{{_OKX},"tradeId":"734864336","count":"3"}}]}}',
            [Trade("BTC-USDT", 734864334, 734864336, NOON * MS, "102537.9", "0.00013669", "sell")],
        ),
        (
            (
                '{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"data":[{"asks":[["111.06","55154","0","2"]],"bids":'
                '[["111.05","57745","0","2"]],"ts":"1700000000123","seqId":363996337}]}'
            ),
            [Quote("BTC-USDT", NOON * MS, "111.05", "57745", "111.06", "55154")],
        ),
        (
            (
                '{"event":"error","code":"60018","msg":"Wrong URL or channel:trades-all,'
                'instId:FOO-USDT doesn\'t exist.","connId":"a4d3ae55"}'
            ),
            [Refusal("FOO-USDT", "60018 Wrong URL or channel:trades-all,instId:FOO-USDT doesn't exist.")],
        ),
    ),
    past='{"code":"0","msg":"","data":[{"instId":"BTC-USDT","px":"102538","sz":"1","side":"buy","ts":"1700000000125",'
    f'"tradeId":"734864334"}},{{{_OKX},"tradeId":"734864333"}}]}}',
    trades=[
        _trade("BTC-USDT", 734864333, NOON * MS, "102537.9", "0.00013669", "sell"),
        _trade("BTC-USDT", 734864334, (NOON + 2) * MS, "102538", "1", "buy"),
    ],
    unknown=(200, '{"code":"51001","msg":"Instrument ID doesn\'t exist.","data":[]}'),
    broken=((200, '{"code":"50001","msg":"Service temporarily unavailable.","data":[]}'), (400, "<html>")),
    quiet=("pong", '{"event":"subscribe","arg":{"channel":"trades-all","instId":"BTC-USDT"},"connId":"a4d3ae55"}'),
    shut=('{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade."}',),
)

ALL = (BINANCE, FUTURES, COINBASE, KRAKEN, OKX)


def said(text: str) -> object:
    """What a text to a venue says."""
    return json.loads(text)
