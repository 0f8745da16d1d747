"""Times as HistData, MetaTrader, Dukascopy and others write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case

FORMS = {
    "%Y%m%d %H%M%S%f": "2012-02-01T05:00:03.660000000Z",
    "%Y.%m.%d %H:%M:%S.%f": "2025-11-10T05:00:01.123000000Z",
    "%d.%m.%Y %H:%M:%S.%f": "2025-11-10T05:00:01.123000000Z",
    "%Y/%m/%d %H:%M:%S": "2025-11-10T05:00:01.000000000Z",
    "%Y%m%dT%H%M%S%z": "2025-11-10T00:00:01.000000000Z",
}
"""The five rows of the file, in its zone five hours behind UTC (the last one says UTC itself)."""

MT = """
[event]
key = "symbol"
timestamp = "at"
[event.fields]
symbol = "string"
at = 'timestamp("%Y.%m.%d %H:%M:%S.%f", zone="Etc/GMT-2")'
bid = "decimal(18, 2)"
[source]
delimiter = "\\t"
columns = { symbol = "=EURUSD", at = ["<DATE>", "<TIME>"], bid = "<BID>" }
[bars]
name = "t"
base = "1m"
ohlcv = { price = "bid" }
"""


def _declared(case: Case, *patterns: str) -> None:
    text = (case.path / "d.toml").read_text()
    listed = ", ".join(f'"{pattern}"' for pattern in patterns)
    (case.path / "form.toml").write_text(text.replace('at = "timestamp"', f"at = 'timestamp({listed})'"))


@pytest.mark.parametrize("pattern", FORMS)
def test_one_form(case: Callable[[str], Case], pattern: str) -> None:
    """The row that is written so is read, and the others are refused."""
    forms = case("time-formats")
    _declared(forms, pattern)
    forms.barloom("run form.toml --source a.csv --store s --at-end close")

    assert [FORMS[pattern]] == forms.bars("1m")["open_time"].to_list()
    assert 4 == forms.rejected()["message"].str.ends_with(f"written as {pattern}").sum()


def test_all_of_them(case: Callable[[str], Case]) -> None:
    """Five ticks, since several patterns may be declared; the last is late, by its time in UTC."""
    forms = case("time-formats")
    _declared(forms, *FORMS)
    forms.barloom("run form.toml --source a.csv --store s --at-end close")

    assert ["1", "3"] == forms.bars("1m").sort("start")["count"].to_list()
    assert [("late", FORMS["%Y%m%dT%H%M%S%z"])] == forms.rejected().select("reason", "event_time").rows()


def test_date_and_time_in_two_columns(case: Callable[[str], Case]) -> None:
    """An export of MetaTrader: 00:00:01.123 in its server's zone, two hours ahead of UTC."""
    forms = case("time-formats")
    (forms.path / "mt.toml").write_text(MT)
    forms.barloom("run mt.toml --source mt.csv --store s --at-end close")

    assert ["2025-11-09T22:00:01.123000000Z"] == forms.bars("1m")["open_time"].to_list()
