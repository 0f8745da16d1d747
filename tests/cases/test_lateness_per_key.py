"""Two feeds in one stream, of which one runs behind: each is in order for itself, so that nothing of it is late."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def by_key(case: Case) -> Case:
    """The case with a stream time for each key."""
    definition = (case.path / "d.toml").read_text(encoding="utf-8")
    (case.path / "k.toml").write_text(definition.replace("[bars]", '[bars]\ntime = "key"'), encoding="utf-8")
    return case


def test_a_key_is_late_by_its_own_rows_only(case: Callable[[str], Case]) -> None:
    """By hand: SLOW has two rows in 09:00, the last at 2; FAST, a second ahead of it, makes none of them late."""
    found = by_key(case("lateness-per-key"))
    found.barloom("run k.toml --source a.csv --store s")
    bars = {row["symbol"]: row for row in found.bars("1m").filter(start="2025-11-10T09:00:00Z").to_dicts()}

    assert ("2.00", "2.00") == (bars["SLOW"]["close"], bars["SLOW"]["volume"])
    assert ("1.00", "1.00") == (bars["FAST"]["close"], bars["FAST"]["volume"])
    assert 0 == found.rejected().height


def test_each_key_is_shown_where_it_stands(case: Callable[[str], Case]) -> None:
    """The store, one bar, and the table of times: SLOW is at 09:01:02, FAST at 09:02:01."""
    found = by_key(case("lateness-per-key"))
    found.barloom("run k.toml --source a.csv --store s")
    bar = found.barloom("explain --store s --timeframe 1m --key SLOW 2025-11-10T09:01:00Z")
    times = found.barloom("stream-time show k.toml --store s")

    assert "SLOW at 2025-11-10T09:01:02Z, of 2 keys" in found.barloom("status --store s")
    assert "stream time  2025-11-10T09:01:02Z, this key's own" in bar
    assert ["SLOW 2025-11-10T09:01:02Z", "FAST 2025-11-10T09:02:01Z"] == [
        " ".join(line.split()) for line in times.splitlines() if line.split()[:1] in (["SLOW"], ["FAST"])
    ]


def test_a_store_of_one_time_refuses_the_other(case: Callable[[str], Case]) -> None:
    """Whose time it is decides the bars: a store that was begun with the partition's is not gone on with by keys."""
    found = by_key(case("lateness-per-key"))
    found.barloom("run d.toml --source a.csv --store s")

    refused = found.barloom("run k.toml --source a.csv --store s", code=4)

    assert "time was the partition's, is each key's own" in refused
