"""Files of an exchange that wrote milliseconds until 2024 and microseconds since 2025-01-01."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case

STARTS = ["2024-12-31T00:00", "2024-12-31T00:01", "2025-01-01T00:00", "2025-01-01T00:01"]
CLOSES = ["1.00", "2.00", "3.00", "4.00"]


def test_rows_of_the_other_unit_are_refused_with_the_unit_that_fits(case: Callable[[str], Case]) -> None:
    """Declared in microseconds: the files of 2024 make no bar of 1970."""
    changes = case("epoch-unit-changes")
    changes.barloom('run d.toml --source "20*.csv" --store s --at-end close')

    assert [start[:16] for start in changes.bars("1m")["start"]] == STARTS[2:]
    assert 2 == changes.rejected()["message"].str.contains('declare "timestamp(ms)", or', literal=True).sum()


def test_auto_takes_each_row_in_its_unit(case: Callable[[str], Case]) -> None:
    """Both years in one run."""
    changes = case("epoch-unit-changes")
    changes.sh("sed 's/(us)/(auto)/' d.toml > auto.toml")
    changes.barloom('run auto.toml --source "20*.csv" --store s --at-end close')

    bars = changes.bars("1m").sort("start")
    assert STARTS == [start[:16] for start in bars["start"]]
    assert CLOSES == bars["close"].to_list()


def test_a_store_goes_on_with_another_unit(case: Callable[[str], Case]) -> None:
    """It was begun with (ms) and holds nanoseconds: a definition with (auto), or with (us), continues it."""
    changes = case("epoch-unit-changes")
    changes.sh("sed 's/(us)/(auto)/' d.toml > auto.toml; sed 's/(us)/(ms)/' d.toml > ms.toml")
    for definition, store in (("auto.toml", "s"), ("d.toml", "m")):
        changes.barloom(f"run ms.toml --source 2024.csv --store {store}")
        changes.barloom(f"run {definition} --source 2025.csv --store {store} --at-end close")

        assert CLOSES == changes.bars("1m", store).sort("start")["close"].to_list()
