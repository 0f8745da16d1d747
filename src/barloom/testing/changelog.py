"""The engine's state as records of a compacted topic, and back."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from barloom.engine.blocks import BarBlock, Snapshot, Values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.engine.blocks import Keys, Numbers, Step
    from barloom.plan.barplan import BarPlan

__all__ = ["POSITION", "read_snapshot", "state_changes"]

POSITION: Final = ("position",)
"""The key of the record that holds the input position of the same transaction."""

_BOOLEANS: Final = frozenset({"synthetic", "partial"})
_COLUMNS: Final = tuple(
    item.name
    for item in fields(BarBlock)
    if item.name not in {"level", "final", "key", "partials", "missing", "complete"}
)

StoredBar: TypeAlias = tuple[tuple[int, ...], tuple[int | None, ...]]
"""One bar: its columns in the order of `_COLUMNS`, then its partials."""


def state_changes(plan: BarPlan, step: Step, keys: Keys) -> Iterator[tuple[tuple[Any, ...], object]]:
    """Key and value (none: delete) of every record that takes the state from before the step to after it."""
    for block in step.lives:
        for key, bar in _bars(block, keys):
            yield ("open", block.level, key, bar[0][_COLUMNS.index("start")]), bar
    for block in step.finals:
        for key, bar in _bars(block, keys):
            yield ("open", block.level, key, bar[0][_COLUMNS.index("start")]), None
            if block.level in plan.keeps_latest and not bar[0][_COLUMNS.index("synthetic")]:
                yield ("latest", block.level, key), bar
    for gone in step.retracted:
        for key, start in zip(keys.rows(gone.key), gone.start.tolist(), strict=True):
            yield ("open", gone.level, key, start), None
    for name, content in step.entries.items():
        yield ("entry", name), content


def read_snapshot(plan: BarPlan, records: Mapping[tuple[Any, ...], Any]) -> Snapshot:
    """The state that the latest records of each key amount to."""
    ids: dict[tuple[object, ...], int] = {}
    opened: dict[int, list[tuple[int, StoredBar]]] = {}
    latest: dict[int, list[tuple[int, StoredBar]]] = {}
    entries: dict[bytes, bytes] = {}
    for key, value in records.items():
        match key:
            case ("open", level, bar_key, _):
                opened.setdefault(level, []).append((ids.setdefault(bar_key, len(ids)), value))
            case ("latest", level, bar_key):
                latest.setdefault(level, []).append((ids.setdefault(bar_key, len(ids)), value))
            case ("entry", name):
                entries[name] = value
    partials = len(plan.partials)
    return Snapshot(
        keys=list(ids),
        open=tuple(_block(level, opened[level], partials, final=False) for level in sorted(opened)),
        latest=tuple(_block(level, latest[level], partials, final=True) for level in sorted(latest)),
        entries=entries,
    )


def _bars(block: BarBlock, keys: Keys) -> Iterator[tuple[tuple[object, ...], StoredBar]]:
    columns = zip(*(getattr(block, name).tolist() for name in _COLUMNS), strict=True)
    partials = zip(*(_optional(values) for values in block.partials), strict=True)
    yield from zip(keys.rows(block.key), zip(columns, partials, strict=True), strict=True)


def _optional(values: Values) -> list[int | None]:
    numbers: list[int | None] = values.numbers.tolist()
    if values.valid is None:
        return numbers
    return [number if valid else None for number, valid in zip(numbers, values.valid.tolist(), strict=True)]


def _block(level: int, bars: Sequence[tuple[int, StoredBar]], partials: int, *, final: bool) -> BarBlock:
    start = _COLUMNS.index("start")
    ordered = sorted(bars, key=lambda item: (item[1][0][start], item[0]))
    columns: dict[str, Any] = {
        name: np.array([bar[0][position] for _, bar in ordered], np.bool_ if name in _BOOLEANS else np.int64)
        for position, name in enumerate(_COLUMNS)
    }
    return BarBlock(
        level=level,
        final=final,
        key=np.array([key for key, _ in ordered], np.int64),
        partials=tuple(_values([bar[1][position] for _, bar in ordered]) for position in range(partials)),
        **columns,
    )


def _values(numbers: Sequence[int | None]) -> Values:
    valid = np.array([number is not None for number in numbers], np.bool_)
    return Values(_numbers([number or 0 for number in numbers]), None if bool(valid.all()) else valid)


def _numbers(numbers: Sequence[int]) -> Numbers:
    try:
        return np.array(numbers, np.int64)
    except OverflowError:
        return np.array(numbers, object)
