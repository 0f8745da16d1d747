"""What people write by mistake in a TOML definition is answered in TOML, once, with what was meant."""

from __future__ import annotations

import pytest

from barloom.plan.toml import read_toml
from plan.plan_cases import problems_of

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
