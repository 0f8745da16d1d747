"""TOML declares all that Python does, gives an equal plan, and is read strictly."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import barloom as bl
from barloom.errors import DefinitionError
from barloom.plan.language.registry import register_aggregate
from barloom.plan.toml import read_toml
from plan.plan_cases import QUOTE_TOML, Quote, only_problem, problems_of, quotes

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan

DESIGN = """
[event]
key = ["broker", "symbol"]
timestamp = "at"
[event.fields]
broker = "string"
symbol = "string"
at = "timestamp"
bid = "decimal(18, 6)"
ask = "decimal(18, 6)?"
size = "decimal(18, 2)"

[source]
columns = { bid = "data.b", broker = "=OANDA" }

[bars]
name = "bars"
where = "bid > 0.1"
base = "1s"
delay = "2s"
calendar = "24x7"
ohlcv = { price = "bid", size = "size" }
rollup = ["1m", "1h", "1d", "1w", "1mo"]
[bars.timeframes."1h"]
delay = "5m"
gap = "carry"
"""


class Tick(bl.Event):
    """The event of the example, under the name that TOML gives an unnamed one."""

    broker: str = bl.key()
    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    bid: Decimal = bl.decimal(18, 6)
    ask: Decimal | None = bl.decimal(18, 6)
    size: Decimal = bl.decimal(18, 2)


def with_bars(text: str) -> BarPlan:
    """The plan of a [bars] table over quotes."""
    return read_toml(f"{QUOTE_TOML}\n[bars]\n{text}")


MINIMAL = 'name = "bars"\nbase = "1s"\n'


def test_the_example_equals_its_python() -> None:
    """Both forms are made from one plan."""
    python = (
        bl.from_(Tick)
        .where(bl.col("bid") > "0.1")
        .tumbling("1s", delay="2s", calendar="24x7")
        .ohlcv(price="bid", size="size")
        .rollup("1m", bl.timeframe("1h", delay="5m", gap="carry"), "1d", "1w", "1mo")
        .source(columns={"bid": "data.b", "broker": "=OANDA"})
        .named("bars")
    )

    assert python.plan == read_toml(DESIGN)


def test_all_that_python_declares() -> None:
    """Every setting and aggregate has its form in TOML."""
    python = (
        bl.from_(Quote)
        .where((bl.col("bid") > "0.1") & ((bl.col("side") == "buy") | ~bl.col("active")))
        .tumbling("1s", delay="2s", calendar="XNYS", gap="null", carry_limit="2h", heartbeat=True, retention="1d")
        .select(
            open=bl.first("bid"),
            high=bl.max("bid", when=bl.col("size") >= 100),
            low=bl.min("bid", empty="null"),
            close=bl.last("bid"),
            mid=bl.last((bl.col("bid") + bl.col("ask")) * "0.5"),
            turnover=bl.sum(bl.col("bid") * bl.col("size"), empty="carry"),
            vwap=bl.vwap("bid", "size", scale=1, rounding="down"),
            mean=bl.avg("ask", rounding="half-up", empty="0"),
            deviation=bl.stddev("bid", when=bl.col("ask").is_not_null()),
            quoted=bl.count("ask"),
            rows=bl.count(),
        )
        .rollup(bl.timeframe("1m", gap="carry", heartbeat=True, retention="1w", carry_limit="1w"), "1h")
        .clock("off", max_ahead="1m", live_within="2m")
        .pass_headers("trace")
        .source(
            columns={"bid": "data.b"},
            format="csv",
            delimiter=";",
            null_values=["", "NA"],
            zone="Europe/Berlin",
            arrival="received",
            arrival_unit="ms",
            order="time",
            names=["a", "b"],
        )
        .named("bars")
    )
    toml = with_bars("""
name = "bars"
where = "bid > 0.1 and (side == 'buy' or not active)"
base = "1s"
delay = "2s"
calendar = "XNYS"
gap = "null"
carry_limit = "2h"
heartbeat = true
retention = "1d"
rollup = ["1m", "1h"]
clock = "off"
max_ahead = "1m"
live_within = "2m"
pass_headers = ["trace"]
[bars.timeframes."60s"]
gap = "carry"
heartbeat = true
retention = "1w"
carry_limit = "1w"
[bars.select]
open = "first(bid)"
high = "max(bid) when size >= 100"
low = "min(bid, empty=null)"
close = "last(bid)"
mid = "last((bid + ask) * 0.5)"
turnover = "sum(bid * size, empty=carry)"
vwap = "vwap(bid, size, scale=1, rounding=down)"
mean = "avg(ask, rounding=half-up, empty=0)"
deviation = "stddev(bid) when ask is not null"
quoted = "count(ask)"
rows = "count()"
[source]
columns = { bid = "data.b" }
format = "csv"
delimiter = ";"
null_values = ["", "NA"]
zone = "Europe/Berlin"
arrival = "received"
arrival_unit = "ms"
order = "time"
names = ["a", "b"]
""")

    assert python.plan == toml


def test_a_clock_that_lags() -> None:
    """A table says by how much; the clock is on then."""
    python = quotes().select(close=bl.last("bid")).clock(after="30s").named("bars").plan

    toml = with_bars('name = "bars"\nbase = "1s"\nclock = { after = "30s" }\nselect = { close = "last(bid)" }')
    assert (True, 30_000_000_000) == (toml.clock, toml.clock_after)
    assert (python.clock, python.clock_after) == (toml.clock, toml.clock_after)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('"30s"', r'bars.clock: unknown clock \'30s\'(.|\n)*clock = \{ after = "30s" \}'),
        ("true", "bars.clock: unknown clock True"),
        ("{}", r'bars.clock: a clock as a table says when(.|\n)*\{ after = "30s" \}'),
        ('{ afer = "30s" }', r"bars.clock.afer: unknown key(.|\n)*after"),
        ('{ after = "-1s" }', "bars.clock.after: "),
        ('{ after = "soon" }', "bars.clock.after: "),
    ],
)
def test_a_clock_that_is_none_is_told(written: str, told: str) -> None:
    """With its place and a way to write it."""
    with pytest.raises(DefinitionError, match=told):
        with_bars(f'name = "bars"\nbase = "1s"\nclock = {written}\nselect = {{ close = "last(bid)" }}')


def test_a_clock_that_is_off_does_not_lag() -> None:
    """It closes nothing, so that there is nothing to do later."""
    with pytest.raises(DefinitionError, match="a clock that is off closes nothing"):
        quotes().select(close=bl.last("bid")).clock("off", after="30s").named("bars")


def test_bars_as_input() -> None:
    """Bars as input, their stamp, and the event time named by the window."""

    class Candle(bl.Event):
        symbol: str = bl.key()
        opened: int = bl.field(unit="s")
        close: Decimal = bl.decimal(18, 6)
        id: str = bl.event_id()

    query = bl.from_(Candle).bars("1m", delay="3s", stamped="end", on="opened").select(close=bl.last("close"))
    toml = read_toml("""
[event]
name = "Candle"
key = "symbol"
event_id = "id"
[event.fields]
symbol = "string"
opened = "timestamp(s)"
close = "decimal(18, 6)"
id = "string"
[bars]
name = "bars"
input = "bars"
stamped = "end"
on = "opened"
base = "1m"
delay = "3s"
rollup = ["1h"]
select = { close = "last(close)" }
""")

    assert query.rollup("1h").named("bars").plan == toml


CANDLES = """
[event]
key = "symbol"
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp"
close = "decimal(18, 2)"
[bars]
name = "bars"
{}
[bars.select]
close = "last(close)"
"""


class Candle(bl.Event):
    """A bar of somebody else."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    close: Decimal = bl.decimal(18, 2)


@pytest.mark.parametrize(
    ("toml", "base", "settings"),
    [
        ('base = "1m"\nkeep = "last"', "1m", {"keep": "last"}),
        ('base = "1m"\ngap = "carry"\ncarry_limit = "1h"', "1m", {"gap": "carry", "carry_limit": "1h"}),
        ('base = "1m"\ngap = "null"\nretention = "1w"', "1m", {"gap": "null", "retention": "1w"}),
        ('base = "1m"\nstamped = "end - 1ms"\ngap = "carry"', "1m", {"stamped": "end-1ms", "gap": "carry"}),
        ('base = "1d"\nstamped = "date"\ngap = "carry"', "1d", {"stamped": "date", "gap": "carry"}),
        (
            'base = "1h"\nstamped = "clock"\ncalendar = "XNYS?anchor=clock"\ngap = "carry"',
            "1h",
            {"stamped": "clock", "calendar": "XNYS?anchor=clock", "gap": "carry"},
        ),
    ],
)
def test_bars_of_others_are_declared_alike_in_both_languages(toml: str, base: str, settings: dict[str, Any]) -> None:
    """How they are stamped, which of them counts, and what stands in their holes."""
    written = read_toml(CANDLES.format(f'input = "bars"\n{toml}'))
    query = bl.from_(Candle).bars(base, **settings).select(close=bl.last("close"))

    assert written == replace(query.named("bars").plan, event=written.event, outputs=written.outputs)


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ('base = "1m"\nkeep = "last"', "bars.keep: ticks are not states of a bar"),
        ('base = "1m"\ninput = "bars"\nkeep = "newest"\nrollup = ["1h"]', "bars.keep: 'newest' is not possible"),
        ('base = "1m"\ninput = "bars"\nretention = "1w"\nrollup = ["1h"]', "retention for the base 1m, which is the"),
        ('base = "1m"\ninput = "bars"\nheartbeat = true\ngap = "carry"', "heartbeat for the base 1m, which is the"),
        ('base = "1m"\ninput = "bars"\ngap = "omit"', "bars as input and no roll-up"),
    ],
)
def test_what_cannot_be_said_of_input_bars_is_told(toml: str, told: str) -> None:
    """Each where it is."""
    with pytest.raises(DefinitionError, match=told):
        read_toml(CANDLES.format(toml))


def test_key_order_is_that_of_the_list() -> None:
    """The key of TOML is a list, in its own order."""
    plan = read_toml(DESIGN.replace('["broker", "symbol"]', '["symbol", "broker"]'))

    assert ("symbol", "broker") == plan.event.key
    assert plan == replace(plan, event=replace(read_toml(DESIGN).event, key=("symbol", "broker")))


def test_own_aggregates_in_the_grammar() -> None:
    """A registered aggregate is called like a built-in one, with when and empty working by themselves."""

    def spread(over: bl.Operand, *, times: int = 1) -> bl.Aggregate:
        partials = {"high": bl.max(over), "low": bl.min(over)}
        return bl.aggregate("spread", partials, lambda p: (p["high"] - p["low"]) * times)

    register_aggregate("spread", spread)
    toml = with_bars(f'{MINIMAL}select = {{ s = "spread(bid, times=2, empty=0) when size > 1" }}')
    python = quotes().select(s=spread("bid", times=2).filtered("size > 1").if_empty("0")).named("bars").plan

    assert python.outputs == toml.outputs
    assert python.partials == toml.partials
    wrong = only_problem(lambda: with_bars(f'{MINIMAL}select = {{ s = "spread(bid, tims=2)" }}'))
    assert "spread has no option 'tims'" == wrong[0]
    assert "did you mean 'times'?" in wrong[2]
    with pytest.raises(ValueError, match="cannot register 'sum'"):
        register_aggregate("sum", spread)


@pytest.mark.parametrize(
    ("text", "what", "where", "fix"),
    [
        (MINIMAL + 'ohlcv = { prise = "bid" }', "unknown key 'prise'", "bars.ohlcv.prise", "did you mean 'price'?"),
        (MINIMAL + 'ohlcv = { price = "bid" }\nbaze = 1', "unknown key 'baze'", "bars.baze", "did you mean 'base'?"),
        (
            MINIMAL + 'ohlcv = { price = "bid" }\n[bars.timeframes."5m"]\ngap = "omit"',
            "'5m' is not in the ladder",
            'bars.timeframes."5m"',
            "known are: 1s",
        ),
        (
            MINIMAL + 'ohlcv = { price = "bid" }\ndelay = "1s"\n[bars.timeframes."1s"]\ndelay = "2s"',
            "delay of the base is given twice",
            'bars.timeframes."1s".delay',
            "keep it or bars.delay",
        ),
        (
            MINIMAL + 'rollup = ["1m"]\nohlcv = { price = "bid" }\n[bars.timeframes."1m"]\ndelays = "2s"',
            "unknown key 'delays'",
            'bars.timeframes."1m".delays',
            "did you mean 'delay'?",
        ),
        (MINIMAL + "select = { close = 1 }\nohlcv.price='bid'", "1 is not text", "bars.select.close", 'close = "last('),
        (MINIMAL + "heartbeat = 1\nohlcv.price='bid'", "1 is not yes or no", "bars.base: heartbeat", "true or false"),
        (MINIMAL + 'select.x = "lost(bid)"', "unknown aggregate 'lost'", "bars.select.x", "did you mean 'last'?"),
        (MINIMAL + 'select.x = "vwap(bid)"', "vwap is called with 1 arguments", "bars.select.x", "vwap(price, size, "),
        (MINIMAL + 'select.x = "last(bid, when=1)"', "unexpected 'when'", "bars.select.x", "last(bid) when"),
        (MINIMAL + 'input = "bar"\nohlcv.price="bid"', "unknown input 'bar'", "bars.input", "did you mean 'bars'?"),
        (MINIMAL + 'clock = "of"\nohlcv.price="bid"', "unknown clock 'of'", "bars.clock", "'on' or 'off'"),
        (MINIMAL + 'max_ahead = "0s"\nohlcv.price="bid"', "0s is too short", "bars.max_ahead", "longer than zero"),
        (MINIMAL + "where = 'bid >'\nohlcv.price='bid'", "the text ends at character 6", "bars.where", "a column"),
    ],
)
def test_wrong_bars(text: str, what: str, where: str, fix: str) -> None:
    """Messages give the path in the document."""
    found = [item for item in problems_of(lambda: with_bars(text)) if item.where == where]

    assert found[0].what.startswith(what)
    assert fix in found[0].fix


@pytest.mark.parametrize(
    ("old", "new", "what", "where"),
    [
        ('"decimal(18, 6)"', '"decimal"', "a decimal without precision and scale", "event.fields.bid"),
        ('"decimal(18, 6)"', '"decimal(18)"', "a decimal without precision and scale", "event.fields.bid"),
        ('"decimal(18, 6)"', '"decimal(6, 18)"', "decimal(6, 18) is not possible", "event.fields.bid"),
        ('"decimal(18, 6)"', '"float"', "unknown type 'float'", "event.fields.bid"),
        ('"decimal(18, 6)"', "18", "18 is not a type", "event.fields.bid"),
        ('at = "timestamp"', 'at = "timestamp(minutes)"', "unknown type 'timestamp(minutes)'", "event.fields.at"),
        ('["broker", "symbol"]', '["brocker"]', "unknown field 'brocker'", "event.key"),
        ('["broker", "symbol"]', '["size"]', "a key field cannot be of type decimal", "event.fields.size"),
        ('timestamp = "at"', "", "no event time", "event"),
        ("[source]", "[sauce]", "unknown key 'sauce'", "sauce"),
        ("columns = {", "colums = {", "unknown key 'colums'", "source.colums"),
    ],
)
def test_wrong_documents(old: str, new: str, what: str, where: str) -> None:
    """Events and sources are checked as strictly as bars."""
    found = problems_of(lambda: read_toml(DESIGN.replace(old, new)))

    assert (what, where) in [(item.what, item.where) for item in found]


def test_wrong_syntax_names_the_line() -> None:
    """What is no TOML is told with the line."""
    what, where, _ = only_problem(lambda: read_toml("[event]\nkey = [\n[bars]\nx = = 1", "bars.toml"))

    assert what.startswith("is not TOML: ")
    assert "line" in what
    assert "bars.toml" == where


def test_empty_document() -> None:
    """An empty document lacks its tables, and that is said without noise about everything in them."""
    found = problems_of(lambda: read_toml(""))

    assert [("event", "the table [event] is missing"), ("bars", "the table [bars] is missing")] == [
        (item.where, item.what) for item in found
    ]
