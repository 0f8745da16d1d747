"""A run that refuses every row, or more than it may, does not end as one that went well."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

import barloom as bl
from barloom.embedded.rebuild import rebuild
from barloom.runtime.rejections import RejectLimit

if TYPE_CHECKING:
    from pathlib import Path


class Trade(bl.Event):
    """A trade that says who it is."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)
    number: int = bl.event_id()


BARS = bl.from_(Trade).where(bl.col("price") > 0).tumbling("1m").ohlcv(price="price").named("bars")
HEAD = "symbol,at,price,number\n"
GOOD = [f"A,2025-01-06T10:{minute:02}:00Z,1.00,{minute}" for minute in range(19)]


def written(folder: Path, *lines: str, name: str = "ticks.csv") -> Path:
    """A file of rows."""
    (folder / name).write_text(HEAD + "".join(f"{line}\n" for line in lines))
    return folder / name


@pytest.mark.parametrize(
    ("limit", "refused", "rows", "too_many"),
    [
        (None, 9, 10, False),
        (None, 10, 10, True),
        (None, 0, 0, False),
        ("5%", 5, 100, False),
        ("5%", 6, 100, True),
        ("0.1 %", 1, 1000, False),
        ("0.1%", 1, 999, True),
        ("0%", 1, 1_000_000, True),
        (3, 3, 10, False),
        ("3", 4, 10, True),
        (3, 2, 2, True),
        ("100%", 10, 10, False),
        (0, 0, 10, False),
    ],
)
def test_more_than_the_limit_or_every_row_is_too_many(
    limit: int | str | None,
    refused: int,
    rows: int,
    too_many: bool,  # noqa: FBT001 - the expected answer
) -> None:
    """The limit itself is allowed; every row is always too many, but where 100 % are allowed."""
    assert too_many == RejectLimit.of(limit).exceeded(refused, rows)


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        (0.05, 'did you mean "5%"'),
        ("0.125", 'did you mean "12.5%"'),
        ("five", "a whole number of rows"),
        ("101%", '"100%"'),
        (-1, "a whole number of rows"),
        (True, "a whole number of rows"),
        ("", "a whole number of rows"),
    ],
)
def test_a_limit_is_a_share_or_a_number_of_rows(tmp_path: Path, limit: object, says: str) -> None:
    """Anything else is a `ValueError` before a store is made, and a fraction is told the share that it may mean."""
    with pytest.raises(ValueError, match=says):
        bl.run(BARS, written(tmp_path, *GOOD), tmp_path / "state", max_rejected=limit)  # type: ignore[arg-type]

    assert not (tmp_path / "state").exists()


def test_a_run_within_its_limit_returns_its_report(tmp_path: Path) -> None:
    """One of twenty rows is 5 %."""
    report = bl.run(
        BARS, written(tmp_path, *GOOD, "A,2025-01-06T10:30:00Z,1.001,20"), tmp_path / "s", max_rejected="5%"
    )

    assert (20, 1, 20) == (report.ticks, report.refused, report.considered)


def test_a_run_beyond_its_limit_raises_with_the_first_row_of_each_reason(tmp_path: Path) -> None:
    """The error shows source, row, message and record of each, and holds the report; the bars made are committed."""
    late = "A,2025-01-06T09:00:00Z,1.00,30"
    bad = ("A,2025-01-06T10:30:00Z,1.001,20", late, "A,2025-01-06T10:31:00Z,2.002,21")
    file = written(tmp_path, *GOOD, *bad)

    with pytest.raises(bl.TooManyRejected) as raised:
        bl.run(BARS, file, tmp_path / "state", max_rejected="5%")

    said = str(raised.value)
    assert "3 of 22 rows were refused, 13.64 %, and at most 5 % may be" in said
    assert "invalid, 2 rows: " in said
    assert "ticks.csv, row 20: price: '1.001'" in said
    assert f"the record: {bad[0]}" in said
    assert "late, 1 row: " in said
    assert f"the record: {late}" in said
    assert bad[2] not in said
    assert {"invalid": 2, "late": 1} == raised.value.report.rejected
    assert {"invalid": 20, "late": 21} == {
        reason: row.row for reason, row in raised.value.report.first_rejected.items()
    }
    with bl.TimeBucket.open(tmp_path / "state", "1m") as bucket:
        assert 19 == len(list(bucket.range("A")))


def test_every_row_refused_is_told_whatever_the_limit(tmp_path: Path) -> None:
    """Also where there are fewer of them than the limit; without a limit the report alone tells."""
    file = written(tmp_path, "A,yesterday,1.00,1", "A,today,1.00,2")

    with pytest.raises(bl.TooManyRejected, match=r"every row was refused, 2 of 2"):
        bl.run(BARS, file, tmp_path / "one", max_rejected=1000)
    report = bl.run(BARS, file, tmp_path / "two")

    assert report.refused == report.considered == 2
    assert bl.run(BARS, file, tmp_path / "three", max_rejected="100%").refused == 2


def test_rows_that_where_leaves_out_and_duplicates_do_not_count(tmp_path: Path) -> None:
    """A feed that comes again is no failure, and a filter refuses nothing: one of one row that is left is refused."""
    first = written(tmp_path, *GOOD)
    again = written(tmp_path, GOOD[-1], "A,2025-01-06T10:18:30Z,-1.00,99", name="again.csv")
    worse = written(tmp_path, GOOD[-1], "A,2025-01-06T10:18:30Z,-1.00,99", "A,soon,1.00,100", name="worse.csv")
    bl.run(BARS, first, tmp_path / "state")

    report = bl.run(BARS, again, tmp_path / "state", max_rejected=0)
    with pytest.raises(bl.TooManyRejected, match="every row was refused, 1 of 1"):
        bl.run(BARS, worse, tmp_path / "state", max_rejected=0)

    assert ({"duplicate": 1}, 1, 0) == (report.rejected, report.filtered, report.refused)


def test_a_rebuild_that_refuses_too_much_leaves_the_old_store(tmp_path: Path) -> None:
    """Nothing stands beside it either, so that a rebuild of the mended input begins anew."""
    file, store = written(tmp_path, *GOOD), tmp_path / "state"
    bl.run(BARS, file, store)
    good = file.read_text()
    file.write_text(good.replace("1.00", "1.001"))

    with pytest.raises(bl.TooManyRejected, match="The store stays as it was"):
        rebuild(BARS, file, store)
    assert [store] == [path for path in tmp_path.iterdir() if path.is_dir()]
    with bl.TimeBucket.open(store, "1m") as bucket:
        assert 19 == len(list(bucket.range("A")))

    file.write_text(good + "A,2025-01-06T10:40:00Z,1.001,40\n")
    with pytest.raises(bl.TooManyRejected, match="1 of 20 rows"):
        rebuild(BARS, file, store, max_rejected="1%")
    assert rebuild(BARS, file, store, max_rejected="5%").refused == 1


def test_compute_takes_a_limit_too() -> None:
    """A frame of which one row in two does not fit."""
    frame = pl.DataFrame(
        {
            "symbol": ["A", "A"],
            "at": ["2025-01-06T10:00:00Z", "2025-01-06T10:01:00Z"],
            "price": ["1.00", "1.001"],
            "number": [1, 2],
        }
    )

    with pytest.raises(bl.TooManyRejected, match=r"1 of 2 rows were refused, 50\.00 %"):
        BARS.compute(frame, max_rejected="10%")
    assert 1 == BARS.compute(frame, max_rejected=1).rejected.height
