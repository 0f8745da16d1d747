"""Of every bar that is not as published `verify` says why, where something shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import barloom as bl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

DEFINITION = """
[event]
name = "Trade"
key = "symbol"
timestamp = "at"
{more}
[event.fields]
symbol = "string"
id = "int?"
at = "timestamp"
price = "decimal(12, 2)"
size = "decimal(12, 3)"
[bars]
name = "trades"
base = "1m"
delay = "5s"
calendar = "{calendar}"
gap = "{gap}"
rollup = ["5m"]
ohlcv = {{ price = "price", size = "size" }}
"""
HEAD = "symbol,id,at,price,size\n"


def made(path: Path, rows: str, *, gap: str = "omit", calendar: str = "24x7", more: str = "") -> bl.Store:
    """A store of bars from rows of text."""
    (path / "bars.toml").write_text(DEFINITION.format(gap=gap, calendar=calendar, more=more))
    (path / "ticks.csv").write_text(HEAD + rows)
    bl.load(path / "bars.toml").run(path / "ticks.csv", path / "state", max_rejected="100%")
    return bl.Store(path / "state")


def reasons(store: bl.Store, path: Path, rows: str, timeframe: str = "1m", **how: object) -> dict[str, int]:
    """The totals of a comparison with published rows."""
    (path / "published.csv").write_text("symbol,start,open,high,low,close,volume,count\n" + rows)
    return dict(store.verify(timeframe, path / "published.csv", **how).reasons)  # type: ignore[arg-type]


def at(minute: int, second: float = 0) -> str:
    """A time of one morning."""
    return f"2025-11-10T09:{minute:02}:{second:06.3f}Z"


def row(minute: int, second: float, price: str, size: str = "1", symbol: str = "X") -> str:
    """One trade."""
    return f"{symbol},,{at(minute, second)},{price},{size}\n"


def candle(minute: int, prices: str, volume: str, count: int, symbol: str = "X") -> str:
    """One published bar."""
    return f"{symbol},{at(minute)},{prices},{volume},{count}\n"


def test_a_late_row_is_the_reason_of_the_bars_that_it_missed_at_every_level(tmp_path: Path) -> None:
    """It tells how many rows, by how much the latest was late, and where the first stands; others stay equal."""
    store = made(tmp_path, row(0, 0, "10") + row(1, 1, "11") + row(1, 30, "12") + row(0, 30, "9") + row(9, 0, "12"))
    published = candle(0, "10,10,9,9", "2", 2) + candle(1, "11,12,11,12", "2", 2)
    parent = candle(0, "10,12,9,12", "4", 4)
    (tmp_path / "5m.csv").write_text("symbol,start,open,high,low,close,volume,count\n" + parent)

    assert {"late": 1} == reasons(store, tmp_path, published)
    minutes = store.verify("1m", tmp_path / "published.csv")
    (cause,) = next(iter(minutes.causes.values()))
    assert ("late", 1, 4, None) == (cause.cause, cause.rows, cause.row, cause.carried_from)
    assert 25_000_000_000 == cause.by
    assert (1, 1) == (minutes.equal, minutes.different)
    assert {"late": 1} == dict(store.verify("5m", tmp_path / "5m.csv").reasons)


def test_a_late_row_of_another_key_or_slot_is_no_reason(tmp_path: Path) -> None:
    """Only what touches the slot and the key of a bar is evidence."""
    store = made(tmp_path, row(0, 0, "10") + row(0, 1, "10", symbol="Y") + row(2, 0, "5") + row(0, 9, "9", symbol="Y"))
    published = candle(0, "10,11,10,11", "2", 2) + candle(0, "10,10,9,9", "2", 2, "Y")

    assert {"late": 1, "unknown": 1} == reasons(store, tmp_path, published)


def test_a_row_that_was_refused_as_invalid_is_a_reason_where_its_time_and_key_are_known(tmp_path: Path) -> None:
    """A price that is none keeps the trade out of its bar alone; a row without a readable time shows nothing."""
    bad = f"X,,{at(0, 30)},9.999,1\nX,,sometime,9,1\nX,,{at(2, 30)},9.999,1\n"
    store = made(tmp_path, row(0, 0, "10") + bad + row(1, 1, "11") + row(3, 0, "11"))
    published = candle(0, "10,10,9.999,9.999", "2", 2) + candle(1, "11,12,11,12", "2", 2)

    assert {"invalid": 1, "unknown": 1} == reasons(store, tmp_path, published)


def test_rows_that_we_lack_are_no_reason_where_as_many_were_published(tmp_path: Path) -> None:
    """The venue left the late trade out, too: another high then has another reason, which nobody knows."""
    store = made(tmp_path, row(0, 0, "10") + row(0, 2, "11") + row(1, 30, "12") + row(0, 30, "9") + row(3, 0, "12"))

    assert {"unknown": 1} == reasons(
        store, tmp_path, candle(0, "10,12,10,11", "2", 2) + candle(1, "12,12,12,12", "1", 1)
    )


def test_the_same_rows_in_another_order_are_told_from_other_rows(tmp_path: Path) -> None:
    """Open or close alone differ, within the high and low, and as much was traded; one row has no other order."""
    rows = row(0, 0, "10") + row(0, 1, "11") + row(1, 1, "10") + row(2, 1, "10") + row(2, 2, "11") + row(9, 0, "1")
    store = made(tmp_path, rows)
    published = candle(0, "11,11,10,10", "2", 2) + candle(1, "10,10,10,11", "1", 1) + candle(2, "10,11,10,12", "2", 2)

    assert {"order": 1, "unknown": 2} == reasons(store, tmp_path, published)


def test_a_bar_that_began_before_the_first_row_is_partial(tmp_path: Path) -> None:
    """It says so itself; nothing else is needed. What was published before is older than what was read."""
    store = made(tmp_path, row(1, 30, "10") + row(2, 1, "11") + row(4, 0, "1"))
    published = candle(0, "9,9,9,9", "1", 1) + candle(1, "9,10,9,10", "2", 2) + candle(2, "11,11,11,11", "1", 1)

    assert {"partial": 1, "before_start": 1} == reasons(store, tmp_path, published, to=at(3))


def test_what_is_missing_says_where_it_stands(tmp_path: Path) -> None:
    """Late rows alone, empty and left out on purpose, not decided, no slot there, no such key, and unknown."""
    rows = row(0, 0, "10") + row(2, 0, "10") + row(9, 1, "10") + row(1, 5, "9")
    store = made(tmp_path, rows)
    published = (
        candle(0, "10,10,10,10", "1", 1)
        + candle(1, "9,9,9,9", "1", 1)
        + candle(2, "10,10,10,10", "1", 1)
        + candle(3, "10,10,10,10", "0", 0)
        + candle(4, "10,10,10,10", "1", 1)
        + candle(9, "10,10,10,10", "1", 1)
        + f"X,{at(5, 7)},1,1,1,1,1,1\n"
        + candle(5, "1,1,1,1", "1", 1, "NONE")
    )

    found = reasons(store, tmp_path, published)

    assert {"late": 1, "omitted": 1, "unknown": 1, "not_final": 1, "off_grid": 1, "no_key": 1} == found


def test_extra_bars_are_made_without_rows_or_lie_beside_the_file(tmp_path: Path) -> None:
    """A venue that publishes no empty minutes; a file that ends earlier, and one without a key."""
    rows = row(0, 0, "10") + row(0, 2, "7", symbol="Y") + row(2, 0, "10") + row(3, 0, "10") + row(9, 1, "10")
    store = made(tmp_path, rows, gap="carry")
    published = candle(0, "10,10,10,10", "1", 1) + candle(2, "10,10,10,10", "1", 1)

    found = reasons(store, tmp_path, published, to=at(4))

    assert {"synthetic": 1, "outside_file": 5} == found


def test_a_carried_bar_has_the_reason_of_the_one_that_it_was_carried_from(tmp_path: Path) -> None:
    """The last close is lacking the late trade, and so are the flat bars behind it, until a trade comes."""
    rows = row(0, 0, "10") + row(3, 1, "12") + row(0, 30, "9") + row(9, 1, "12")
    store = made(tmp_path, rows, gap="carry")
    flat = [candle(minute, "9,9,9,9", "0", 0) for minute in (1, 2)]
    published = candle(0, "10,10,9,9", "2", 2) + "".join(flat) + candle(3, "12,12,12,12", "1", 1)

    assert {"late": 3} == reasons(store, tmp_path, published, to=at(4))
    found = store.verify("1m", tmp_path / "published.csv", to=at(4))
    (source, *carried) = [found.causes[bar][0] for bar in dict.fromkeys(one.bar for one in found.differences)]
    assert source.carried_from is None
    assert [found.differences[0].bar.start] * 2 == [cause.carried_from for cause in carried]


def test_a_carried_bar_behind_one_that_is_equal_has_no_reason(tmp_path: Path) -> None:
    """The trade was late here, and the venue left it out as well: the bar it missed is equal."""
    store = made(tmp_path, row(0, 0, "10") + row(3, 1, "12") + row(0, 30, "9") + row(9, 1, "12"), gap="carry")
    published = candle(0, "10,10,10,10", "1", 1) + candle(1, "8,8,8,8", "0", 0)

    assert {"unknown": 1} == reasons(store, tmp_path, published, to=at(2))


def test_rows_out_of_session_are_the_reason_of_bars_that_a_venue_has_there(tmp_path: Path) -> None:
    """New York opens at 14:30 UTC: a venue that counts the trades before has bars where we have no slot."""
    (tmp_path / "bars.toml").write_text(DEFINITION.format(gap="omit", calendar="XNYS", more=""))
    times = ("14:29:30", "14:30:10", "14:32:00")
    (tmp_path / "ticks.csv").write_text(HEAD + "".join(f"X,,2025-11-10T{time}Z,10,1\n" for time in times))
    bl.load(tmp_path / "bars.toml").run(tmp_path / "ticks.csv", tmp_path / "state")
    rows = "".join(f"X,2025-11-10T14:{minute}:00Z,10,10,10,10,1,1\n" for minute in (28, 29, 30))

    found = reasons(bl.Store(tmp_path / "state"), tmp_path, rows)

    assert {"out_of_session": 1, "outside_session": 1} == found


def test_days_of_an_exchange_may_be_written_as_dates(tmp_path: Path) -> None:
    """A date alone is a trading date; trades before and after the session are what a day of all hours has more."""
    (tmp_path / "bars.toml").write_text(
        DEFINITION.format(gap="omit", calendar="XNYS", more="").replace('"5m"]', '"1d"]')
    )
    times = ("10T14:30:00", "10T21:30:00", "11T13:00:00", "11T14:30:00", "12T14:30:00", "13T14:30:00")
    (tmp_path / "ticks.csv").write_text(HEAD + "".join(f"X,,2025-11-{time}Z,10,1\n" for time in times))
    bl.load(tmp_path / "bars.toml").run(tmp_path / "ticks.csv", tmp_path / "state")
    rows = "".join(
        f"X,{day},10,10,10,10,{size},{size}\n" for day, size in ((20251110, 2), (20251111, 2), (20251112, 2))
    )

    found = reasons(bl.Store(tmp_path / "state"), tmp_path, rows, "1d")

    assert {"out_of_session": 2, "unknown": 1} == found


def test_equal_bars_have_no_reasons_and_nothing_compared_is_not_equal(tmp_path: Path) -> None:
    """Where neither side has a bar in what was asked for, nothing is known to be equal, and it is said."""
    store = made(tmp_path, row(0, 0, "10") + row(2, 1, "10"))
    published = candle(0, "10,10,10,10", "1", 1)

    assert {} == reasons(store, tmp_path, published)
    assert store.verify("1m", tmp_path / "published.csv").agrees
    nothing = store.verify("1m", tmp_path / "published.csv", from_="2026-01-01")
    assert (0, False) == (nothing.compared, nothing.agrees)
    assert any("nothing was compared" in note for note in nothing.notes)


def test_a_million_refused_rows_are_looked_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not once for each bar, and not at all where all bars are equal: counted by the blocks that are read."""
    from barloom.store.barstore import BarStore  # noqa: PLC0415

    late = "".join(row(0, 1 + place / 1000, "9") for place in range(2000))
    store = made(tmp_path, "".join(row(minute, 0, "10") for minute in range(20)) + late + row(29, 0, "1"))
    read = []
    blocks = BarStore.side

    def counted(held: BarStore) -> Iterator[object]:
        read.append(held)
        yield from blocks(held)

    monkeypatch.setattr(BarStore, "side", counted)
    wrong = "".join(candle(minute, "10,11,10,11", "2", 2) for minute in range(20))
    right = "".join(candle(minute, "10,10,10,10", "1", 1) for minute in range(20))

    assert {"late": 1, "unknown": 19} == reasons(store, tmp_path, wrong)
    assert {} == reasons(store, tmp_path, right, to=at(20))
    assert 1 == len(read)


BARS = """
[event]
key = "symbol"
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp"
open = "decimal(12, 2)"
high = "decimal(12, 2)"
low = "decimal(12, 2)"
close = "decimal(12, 2)"
volume = "decimal(12, 3)"
[bars]
name = "bars"
input = "bars"
stamped = "end"
base = "1m"
rollup = ["5m"]
[bars.select]
open = "first(open)"
high = "max(high)"
low = "min(low)"
close = "last(close)"
volume = "sum(volume)"
"""


def test_a_child_that_ends_with_its_parent_is_the_parent_s(tmp_path: Path) -> None:
    """Bars as input, stamped by their end: the one of 09:05 that was refused lacks in the five minutes from 09:00."""
    (tmp_path / "bars.toml").write_text(BARS)
    child = "X,2025-11-10T09:{:02}:00Z,10,10,10,{},1\n"
    rows = "".join(child.format(minute, "10") for minute in (1, 2, 3, 4))
    rows += child.format(5, "9.999") + child.format(6, "10") + child.format(12, "10")
    (tmp_path / "minutes.csv").write_text("symbol,at,open,high,low,close,volume\n" + rows)
    bl.load(tmp_path / "bars.toml").run(tmp_path / "minutes.csv", tmp_path / "state", max_rejected="100%")
    published = tmp_path / "published.csv"
    line = "X,2025-11-10T09:0{}:00Z,10,10,10,9.99,{}\n"
    published.write_text("symbol,start,open,high,low,close,volume\n" + line.format(0, 5) + line.format(5, 2))

    found = bl.Store(tmp_path / "state").verify("5m", published)

    assert {"invalid": 1, "unknown": 1} == dict(found.reasons)
