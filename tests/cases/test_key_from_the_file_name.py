"""A file for each symbol, and the symbol only in its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case

EXPECTED = [
    ("BTCUSDT", "2025-01-01T00:00:00Z", "3.00"),
    ("BTCUSDT", "2025-01-01T00:01:00Z", "4.00"),
    ("ETHUSDT", "2025-01-01T00:00:00Z", "30.00"),
    ("ETHUSDT", "2025-01-01T00:01:00Z", "40.00"),
]


def test_the_symbol_is_read_from_the_name(case: Callable[[str], Case]) -> None:
    """Both symbols in one run, merged by time: nothing is late."""
    files = case("key-from-the-file-name")
    files.sh("""sed 's/"=BTCUSDT"/"@file:^([A-Z]+)-"/' d.toml > named.toml""")
    files.barloom('run named.toml --source "*.csv" --store s')

    assert EXPECTED == files.bars("1m").select("symbol", "start", "close").sort("symbol", "start").rows()
    assert 0 == files.rejected().height


def test_a_constant_for_both_is_told(case: Callable[[str], Case]) -> None:
    """The report says that files of two names count as one key."""
    files = case("key-from-the-file-name")

    told = " ".join(files.barloom('run d.toml --source "*.csv" --store s').split())
    assert "all rows of BTCUSDT-1.csv, ETHUSDT-1.csv count as one key, symbol = 'BTCUSDT'" in told
