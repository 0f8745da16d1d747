"""What the tests of this room share: a plan of ticks, and reading a whole source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from barloom.plan.barplan import BarPlan, EventPlan, Field, FieldKind, LevelPlan, NumberType, SourcePlan
from barloom.source.open import open_source
from barloom.time.timeframe import Timeframe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from barloom.source.protocol import Origin, SourceBatch
    from barloom.time.calendar import Integers

SYMBOL = Field("symbol", FieldKind.STRING)
AT = Field("at", FieldKind.TIMESTAMP, time_unit="iso")
PRICE = Field("price", FieldKind.DECIMAL, NumberType(18, 2))
SIZE = Field("size", FieldKind.INTEGER)
DAY = 1_735_689_600_000_000_000
"""2025-01-01T00:00:00Z in nanoseconds."""
SECOND = 1_000_000_000


def plan(*fields: Field, key: str = "symbol", **source: object) -> BarPlan:
    """A plan of ticks with these fields (or symbol, at, price, size) and settings of ``[source]``."""
    event = EventPlan("Tick", fields or (SYMBOL, AT, PRICE, SIZE), (key,), "at")
    base = LevelPlan(Timeframe.parse("1s"), None, 0)
    return BarPlan("bars", event, "24x7", (base,), (), (), source=SourcePlan(**source))


def with_time(unit: str) -> BarPlan:
    """The usual plan, but for the way times are written."""
    return plan(SYMBOL, replace(AT, time_unit=unit), PRICE, SIZE)


@dataclass
class Reading:
    """All that a source gave: rows with their offsets, refused rows, origins of all rows, and every batch."""

    rows: list[tuple[Any, ...]]
    offsets: list[int]
    invalid: list[tuple[int, str]]
    origins: list[Origin]
    notes: list[str]
    batches: list[SourceBatch]

    @property
    def positions(self) -> Mapping[str, bytes]:
        """Where to continue."""
        return self.batches[-1].positions if self.batches else {}

    @property
    def everything(self) -> list[tuple[int, Any]]:
        """Good and refused rows by offset: the row, or what is wrong with it."""
        good = list(zip(self.offsets, self.rows, strict=True))
        return sorted([*good, *self.invalid], key=lambda each: each[0])


def collect(batches: Iterable[SourceBatch]) -> Reading:
    """Read batches to the end."""
    reading = Reading([], [], [], [], [], [])
    for batch in batches:
        reading.rows += batch.ticks.frame.rows()
        reading.offsets += batch.ticks.offsets.tolist()
        reading.invalid += [(row.offset, row.message) for row in batch.invalid]
        good = zip(batch.ticks.offsets.tolist(), batch.origins(_all(batch)), strict=True)
        bad = [(row.offset, row.origin) for row in batch.invalid]
        reading.origins += [origin for _, origin in sorted([*good, *bad], key=lambda each: each[0])]
        reading.notes += batch.notes
        reading.batches.append(batch)
    return reading


def read(
    bars: BarPlan, spec: object, positions: Mapping[str, bytes] | None = None, rows: int = 1000, at_end: str = "keep"
) -> Reading:
    """Read an input from a position to its end."""
    return collect(open_source(bars, spec, at_end=at_end).open(positions or {}, rows))


def until_error(batches: Iterable[SourceBatch]) -> tuple[Reading, Exception | None]:
    """Read batches up to what goes wrong."""
    wrong: Exception | None = None

    def given() -> Iterator[SourceBatch]:
        nonlocal wrong
        try:
            yield from batches
        except Exception as error:  # noqa: BLE001 - it is what the test looks at
            wrong = error

    reading = collect(given())
    return reading, wrong


def csv_of(rows: Sequence[tuple[Any, ...]], header: str = "symbol,at,price,size") -> str:
    """Rows as CSV text."""
    return "".join(f"{line}\n" for line in [header, *(",".join(map(str, row)) for row in rows)])


def iso(second: float) -> str:
    """A time on 2025-01-01 as text, to the millisecond."""
    whole, milli = divmod(round(second * 1000), 1000)
    return f"2025-01-01T{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{milli:03}Z"


def put(path: Path, text: str | bytes) -> Path:
    """Write a file."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def tick(symbol: str, second: float, price: str, size: int) -> tuple[Any, ...]:
    """The row that is read for a tick."""
    return (symbol, DAY + round(second * SECOND), Decimal(price), size)


def _all(batch: SourceBatch) -> Integers:
    return np.arange(len(batch.ticks))
