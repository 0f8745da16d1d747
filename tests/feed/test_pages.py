"""docs/feeds/venues.md knows every venue and every setting, and gives a source for what it says."""

from __future__ import annotations

import re
import tomllib

import pytest

from barloom.feed.own import OWN_SETTINGS, own_feed
from barloom.feed.venues import VENUES, venue
from barloom.plan.toml import read_plan
from docs.test_examples import ROOT, blocks

PAGE = ROOT / "docs" / "feeds" / "venues.md"
TEXT = PAGE.read_text()
SECTIONS = {
    "binance": "Binance, spot",
    "binance-futures": "Binance, USD-M futures",
    "coinbase": "Coinbase Exchange",
    "kraken": "Kraken",
    "okx": "OKX",
}


def section(name: str) -> str:
    """What the page says of a venue."""
    return TEXT.partition(f"\n## {SECTIONS[name]}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("name", VENUES)
def test_every_venue_has_its_table(name: str) -> None:
    """With what is asked of each, from its number to its connection; and it is in the list of all."""
    said = [row.split("|")[1].strip() for row in section(name).splitlines() if row.startswith("| ")]

    assert {"consecutive", "history", "depth", "weight", "precision", "ping", "connection"} <= set(said)
    assert f"| `{name}` |" in TEXT


@pytest.mark.parametrize("name", VENUES)
def test_statements_have_their_sources(name: str) -> None:
    """Each row names one, or says that nothing is documented; and each number of a source has its address."""
    rows = [row.split("|") for row in section(name).splitlines() if row.startswith("| ") and "---" not in row][1:]

    assert [] == [
        row[1]
        for row in rows
        if not re.search(r"\[\d+\]|seen in recordings", row[3])
        and not re.search(r"no (limit|depth) is documented|none is documented", row[2])
    ]
    used = set(re.findall(r"\[(\d+)\]", "".join(row[3] for row in rows)))
    assert used <= set(re.findall(r"\[(\d+)\] <https://", TEXT))


@pytest.mark.parametrize("name", VENUES)
def test_the_day_of_a_connection_is_told(name: str) -> None:
    """A connection that is cut after a day is so in the module and on the page."""

    assert ("24 hours" in section(name)) == (venue(name).limits.life == 24 * 60 * 60)


def test_every_setting_of_an_own_feed_is_told() -> None:
    """None is left out of the table."""
    table = TEXT.partition("## A feed of your own")[2]

    assert [] == [name for name in OWN_SETTINGS if f"`{name}`" not in table]


def test_the_example_of_an_own_feed_is_one() -> None:
    """It is declared as the page shows it, beside an event of such fields."""
    text = next(block.body for block in blocks(PAGE) if block.language == "toml")
    fields = {"symbol": "string", "at": "timestamp(ms)", "price": "decimal(18, 6)", "size": "decimal(18, 6)"}
    written = tomllib.loads(text)
    bars = {"name": "own", "base": "1s", "ohlcv": {"price": "price", "size": "size"}}
    event = {"key": ["symbol"], "timestamp": "at", "fields": fields}

    feed = own_feed(written["feed"], read_plan({"event": event, "bars": bars, "source": written["source"]}))

    assert "/stream?version=2" == feed.connect([], [])
    assert ['{"op":"subscribe","symbol":"EURUSD"}'] == list(feed.subscribe(["EURUSD"], []))
    assert 1 == len(feed.read('{"data":[{"s":"EURUSD","t":1700000000000,"p":1.07,"q":1}]}'))
