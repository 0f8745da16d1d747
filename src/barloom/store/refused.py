"""Refused rows as columns: a record of its own is made only of a row that is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, overload

import polars as pl

from barloom.engine.blocks import Reason
from barloom.store.protocol import SideRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["COLUMNS", "RefusedRows", "first_of_each", "in_order", "reasons_of"]

COLUMNS: Final = pl.Schema(
    {
        "offset": pl.Int64(),
        "origin": pl.String(),
        "row": pl.Int64(),
        "reason": pl.String(),
        "message": pl.String(),
        "raw": pl.String(),
        "by": pl.Int64(),
        "event_time": pl.Int64(),
        "by_clock": pl.Boolean(),
        "first_number": pl.Int64(),
        "last_number": pl.Int64(),
        "until": pl.Int64(),
        "hole": pl.String(),
    }
)
"""What stands in `RefusedRows.frame` under these names; `event_time` and the last four may be null."""

_BEFORE_MISSED: Final = COLUMNS.names().index("event_time")

_CHECKS: Final = {
    reason.name.lower(): place
    for place, reason in enumerate(
        (
            Reason.INVALID,
            Reason.FUTURE,
            Reason.OUT_OF_SESSION,
            Reason.BEYOND_CALENDAR,
            Reason.DUPLICATE,
            Reason.CONFLICT,
            Reason.GAP,
            Reason.LATE,
            Reason.RESTARTED,
        )
    )
}


class RefusedRows(Sequence[SideRecord]):
    """Refused rows; a sequence of `SideRecord`.

    `frame` has the columns of `COLUMNS`, one for each of `key` (null where a field could not be read), and one for each
    of `missed`, which tells of timeframes under which names the starts of missed slots stand.
    """

    def __init__(self, frame: pl.DataFrame, key: Sequence[str], missed: Mapping[str, str]) -> None:
        self.frame = frame
        self.key = tuple(key)
        self.missed = missed
        self._names = [*COLUMNS, *self.key, *missed.values()]

    def __len__(self) -> int:
        return self.frame.height

    def __iter__(self) -> Iterator[SideRecord]:
        return map(self._record, self.frame.select(self._names).iter_rows())

    @overload
    def __getitem__(self, place: int) -> SideRecord: ...

    @overload
    def __getitem__(self, place: slice) -> RefusedRows: ...

    def __getitem__(self, place: int | slice) -> SideRecord | RefusedRows:
        if isinstance(place, slice):
            return RefusedRows(self.frame[place], self.key, self.missed)
        return self._record(self.frame.select(self._names).row(place))

    def _record(self, values: tuple[object, ...]) -> SideRecord:
        told: list[Any] = list(values[: len(COLUMNS)])
        key = values[len(COLUMNS) : len(COLUMNS) + len(self.key)]
        starts: list[Any] = list(values[len(COLUMNS) + len(self.key) :])
        missed = {name: start for name, start in zip(self.missed, starts, strict=True) if start is not None}
        before, after = told[:_BEFORE_MISSED], told[_BEFORE_MISSED:]
        return SideRecord._make((*before, missed, None if None in key else key, *after))


def first_of_each(side: Sequence[SideRecord]) -> Iterator[SideRecord]:
    """The first row of each reason."""
    if isinstance(side, RefusedRows):
        rows = side.frame.filter(pl.col("hole").is_null())
        yield from RefusedRows(rows.unique("reason", keep="first", maintain_order=True), side.key, side.missed)
        return
    found: dict[str, SideRecord] = {}
    for record in side:
        if record.hole is None:
            found.setdefault(record.reason, record)
    yield from found.values()


def in_order(reasons: Mapping[str, int]) -> dict[str, int]:
    """Counts by reason in the order in which rows are checked, whatever was met first."""
    return {name: reasons[name] for name in sorted(reasons, key=lambda name: (_CHECKS.get(name, len(_CHECKS)), name))}


def reasons_of(side: Sequence[SideRecord]) -> Mapping[str, int]:
    """How many rows were refused for each reason."""
    if isinstance(side, RefusedRows):
        return dict(side.frame.filter(pl.col("hole").is_null())["reason"].value_counts().iter_rows())
    return Counter(record.reason for record in side if record.hole is None)
