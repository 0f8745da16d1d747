"""What people write by mistake in a definition is answered in its language, once, with what was meant."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import barloom as bl
from barloom.plan.toml import read_toml
from plan.plan_cases import Quote, problems_of

if TYPE_CHECKING:
    from collections.abc import Callable

RIGHT = """\
[event]
key = ["symbol"]
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp"
price = "decimal(18, 6)"
[source]
arrival = "at"
[bars]
name = "bars"
base = "1s"
rollup = ["1m"]
ohlcv = { price = "price" }
"""


@pytest.mark.parametrize(
    ("old", "new", "what", "where", "fix"),
    [
        (
            'base = "1s"',
            "base = 60",
            "60 is not a timeframe",
            "bars.base",
            'write base = "1m" for 60s, or base = "1h" for 60m',
        ),
        (
            'base = "1s"',
            "base = [60]",
            "60 is not a timeframe",
            "bars.base",
            'write base = "1m" for 60s, or base = "1h" for 60m',
        ),
        (
            'base = "1s"',
            'base = ["1h", "5s"]',
            "more than one granularity (1h, 5s)",
            "bars.base",
            'base = "5s", rollup = ["1m", "1h"]',
        ),
        ('base = "1s"', "base = true", "True is not a timeframe", "bars.base", 'write it as text, such as base = "5m"'),
        ('base = "1s"', "", "no base timeframe", "bars.base", 'declare one, such as base = "1s"'),
        ('rollup = ["1m"]', "rollup = 3600", "3600 is not a timeframe", "bars.rollup", 'write "1h" for 3600s'),
        ('rollup = ["1m"]', 'rollup = "1m, 1h"', "'1m, 1h' is not", "bars.rollup", 'write each for itself: "1m", "1h"'),
        ('key = ["symbol"]', "", "no key field", "event", 'key = ["symbol"]'),
        ('key = ["symbol"]', "key = 5", "5 is not a list of texts", "event.key", 'write key = ["symbol"]'),
        ('timestamp = "at"', "", "no event time", "event", 'timestamp = "at" under [event]'),
        ('timestamp = "at"', 'timestamp = ["at", "price"]', "more than one event time", "event", 'timestamp = "at"'),
        ('timestamp = "at"', 'timestamp = "price"', "the event time 'price'", "event.fields.price", '"timestamp(ms)"'),
        ("ohlcv = { price", "ohlcv = 5 # { price", "5 is not a table", "bars.ohlcv", 'write ohlcv = { price = "bid"'),
        ("ohlcv = { price", "# { price", "no columns are selected", "bars.select", 'close = "last(bid)"'),
        ("[bars]", "[[bars]]", "[[bars]] begins a list of tables", "bars", "write [bars], once"),
        ('arrival = "at"', 'key = "a"', "unknown key 'key'", "source.key", "it belongs into [event]"),
        ('arrival = "at"', 'order = "Time"', "'Time' is not possible", "source.order", "did you mean 'time'?"),
        ('arrival = "at"', 'zone = "New York"', "'New York' is", "source.zone", "did you mean 'America/New_York'?"),
        ('"decimal(18, 6)"', '"Decimal(18, 6)?"', "unknown type", "event.fields.price", '"decimal(18, 6)?"'),
        ('"decimal(18, 6)"', '"number"', "unknown type 'number'", "event.fields.price", '"decimal(18, 6)"'),
        ('symbol = "string"', 'symbol = "str"', "unknown type 'str'", "event.fields.symbol", 'did you mean "string"?'),
        ('"timestamp"', '"datetime"', "unknown type 'datetime'", "event.fields.at", 'did you mean "timestamp"?'),
        ('"timestamp"', '"timestamp(millis)"', "unknown type", "event.fields.at", 'did you mean "timestamp(ms)"?'),
        ("rollup", "where = true\nrollup", "true is not text", "bars.where", 'write where = "price > 0"'),
        (
            "rollup",
            'where = ["price > 0", "price < 9"]\nrollup',
            "['price > 0', 'price < 9'] is not text",
            "bars.where",
            'write where = "price > 0 and price < 9"',
        ),
        ("rollup", 'gap = "ffill"\nrollup', "unknown gap policy", "bars.base: gap", "did you mean 'carry'?"),
        ('name = "bars"', 'name = "my bars"', "'my bars' cannot name", "bars.name", "did you mean 'my_bars'?"),
    ],
)
def test_a_mistake_is_told_once_and_in_toml(old: str, new: str, what: str, where: str, fix: str) -> None:
    """Nothing that only follows from it stands beside it, and the way out is what one would write."""
    assert RIGHT.count(old) == 1 or old in ("rollup", '"timestamp"')
    found = problems_of(lambda: read_toml(RIGHT.replace(old, new, 1)))

    assert len(found) == 1
    assert found[0].what.startswith(what)
    assert found[0].where == where
    assert fix in found[0].fix
    assert "bl." not in found[0].fix
    assert "tumbling" not in found[0].fix


def test_a_setting_by_another_systems_name_is_told_with_its_own() -> None:
    """Beside what is missing by it."""
    found = problems_of(lambda: read_toml(RIGHT.replace("base =", "timeframe =")))

    assert ["bars.timeframe", "bars.base"] == [item.where for item in found]
    assert found[0].fix.startswith("did you mean 'base'?")


ANY: Any = None
"""For what type checkers would not let pass."""


def declared(every: Any = "1s", *rollup: Any, **columns: Any) -> bl.Query:  # noqa: ANN401 - what people write
    """A declaration with something wrong in it."""
    query = bl.from_(Quote).tumbling(every).rollup(*rollup)
    return query.select(**columns) if columns else query.ohlcv("bid")


@pytest.mark.parametrize(
    ("make", "what", "fix"),
    [
        (lambda: declared(60), "60 is not a timeframe", 'write "1m" for 60s, or "1h" for 60m'),
        (lambda: declared(timedelta(minutes=5)), "0:05:00 is not a timeframe", 'write "5m" for 300000ms'),
        (lambda: declared("1s", ["5m", "1h"]), "['5m', '1h'] is not a timeframe", 'each for itself: "5m", "1h"'),
        (lambda: declared("1s", 5), "5 is not a timeframe", 'write "5s", or "5m"'),
        (lambda: declared(close="last(bid)"), "'last(bid)' is not an aggregate", 'write bl.last("bid")'),
        (lambda: declared(rows="count()"), "'count()' is not an aggregate", "write bl.count()"),
        (lambda: declared(close="bid"), "'bid' is not an aggregate", "write bl.last('bid')"),
        (lambda: declared().where(ANY or True), "True is not a number or text", "write the field, or ~field"),
        (lambda: declared().where(ANY or len), "a function cannot stand", "nothing is called for each row"),
        (lambda: declared().where(ANY or pl.col("bid") > 0), "<Expr ", 'use columns of barloom, bl.col("price")'),
    ],
)
def test_a_mistake_in_python_is_told_once(make: Callable[[], bl.Query], what: str, fix: str) -> None:
    """With the line to write."""
    (problem,) = problems_of(lambda: make().named("bars"))

    assert problem.what.startswith(what)
    assert fix in problem.fix


def test_a_declaration_without_a_name_says_so() -> None:
    """It has no plan, and computes nothing."""
    for asked in ("plan", "compute"):
        with pytest.raises(AttributeError, match=r"without a name: end their declaration by \.named"):
            getattr(declared(), asked)


def test_a_step_that_there_is_not_names_the_nearest() -> None:
    """As a mistyped column does."""
    with pytest.raises(AttributeError, match="no step 'rolup'; did you mean 'rollup'"):
        getattr(declared(), "rolup")  # noqa: B009 - checkers know that it is none


def test_declarations_are_shown_in_one_line() -> None:
    """What they are of, in which timeframes, with which columns; wrong ones too."""
    query = bl.from_(Quote).tumbling("1s", delay="2s").rollup("1m").ohlcv("bid")

    assert repr(query) == (
        "<Query of Quote: by broker, symbol; tumbling 1s; rollup 1m; columns open, high, low, close, count; "
        "not named yet>"
    )
    assert repr(query.named("bars")) == (
        "<Bars 'bars' of Quote: by broker, symbol; 1s, 1m; columns open, high, low, close, count>"
    )
    assert repr(declared(60, ["5m"])).startswith("<Query of Quote: by broker, symbol; tumbling 60; rollup ['5m'];")
