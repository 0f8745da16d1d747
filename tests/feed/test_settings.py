"""[feed] of a definition: what it says, and what is wrong in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import barloom as bl
from feed.running import DEFINITION

if TYPE_CHECKING:
    from pathlib import Path


def bars_with(directory: Path, table: str, *, time: str = "key") -> bl.Bars:
    """Bars beside which a table stands."""
    path = directory / "bars.toml"
    path.write_text(f"{DEFINITION.format(time=time)}\n{table}")
    return bl.load(path)


def test_a_table_names_feeds_and_says_how_they_are_kept(tmp_path: Path) -> None:
    """Durations as everywhere, symbols of a venue together, other addresses where they are given."""
    bars = bars_with(
        tmp_path,
        """
[feed]
feeds = ["kraken:BTC/USD", "binance:ETHUSDT", "kraken:eth/usd"]
fill_within = "2m"
max_held = 1_000
[feed.venues.kraken]
rest = "http://127.0.0.1:1/"
""",
    )
    feeds = bars.feeds()

    assert bars.says_feed
    assert "<Feeds kraken:BTC/USD, kraken:ETH/USD, binance:ETHUSDT>" == repr(feeds)
    assert (120.0, 30.0, 1_000) == (
        feeds.settings.fill_within,
        feeds.settings.compared_every,
        feeds.settings.max_held,
    )
    assert "http://127.0.0.1:1" == feeds.feeds[0].addresses.rest
    assert "<Feeds okx:BTC-USDT>" == repr(bars.feeds("okx:BTC-USDT"))


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Each with where it stands and how to mend it."""
    bars = bars_with(
        tmp_path,
        """
[feed]
feeds = "kraken:BTC/USD"
fill_whithin = "60s"
check_every = "soon"
max_held = 0
[feed.venues.krakn]
websocket = "http://127.0.0.1"
""",
    )
    with pytest.raises(bl.DefinitionError) as caught:
        bars.feeds()
    told = str(caught.value)

    assert 6 == len(caught.value.problems)
    for part in ("feeds = ", "'fill_whithin'", "did you mean 'fill_within'", "check_every", "max_held = 0", "'krakn'"):
        assert part in told


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("kraken", "write VENUE:SYMBOL"),
        ("krakn:BTC/USD", "did you mean 'kraken'"),
        ("kraken:BTCUSD", "with a slash, such as BTC/USD"),
    ],
)
def test_a_feed_that_cannot_be_is_told(name: str, told: str) -> None:
    """How its name is written, which venues there are, how the venue writes symbols."""

    with pytest.raises(ValueError, match=told):
        bl.feed.named([name])


def test_a_definition_that_asks_for_a_column_that_feeds_do_not_have_is_told(tmp_path: Path) -> None:
    """With the ones there are."""
    path = tmp_path / "bars.toml"
    path.write_text(DEFINITION.format(time="key").replace("[source]", '[source]\ncolumns = { price = "px" }'))

    with pytest.raises(bl.SourceError, match=r"no column 'px' for the field 'price'.*'price'"):
        bl.load(path).run(bl.feed.named(["kraken:BTC/USD"]), tmp_path / "state")
