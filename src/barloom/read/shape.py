"""How the records of one timeframe become bars of one class."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from inspect import get_annotations
from types import NoneType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, get_args

import numpy as np

from barloom.engine.exact import decimal_of
from barloom.engine.results import OneResult, result_of_one
from barloom.errors import DefinitionError, Problem
from barloom.plan.barplan import FieldKind
from barloom.plan.suggest import did_you_mean
from barloom.read.bar import STANDARD_FIELDS, Bar
from barloom.time.instants import date_of, to_datetime

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from barloom.plan.barplan import NumberType
    from barloom.store.barstore import BarStore

__all__ = ["BarShape"]

B = TypeVar("B", bound=Bar)

_TYPES = {
    FieldKind.STRING: str,
    FieldKind.INTEGER: int,
    FieldKind.TIMESTAMP: int,
    FieldKind.BOOLEAN: bool,
    FieldKind.DECIMAL: Decimal,
}


class BarShape(Generic[B]):
    """Makes bars of a class from the records of one timeframe.

    Raises `DefinitionError` where the class asks for what the definition does not have.
    """

    def __init__(self, store: BarStore, level: int, bar: type[B]) -> None:
        plan = store.plan
        self._check(store, bar)
        self._bar = bar
        self._fields = plan.event.key
        self._timeframe = str(plan.levels[level].timeframe)
        self._grid = store.calendar.grid(plan.levels[level].timeframe)
        self._decode_key = store.layout.keys.decode
        self._decode_record = store.layout.records.decode_one
        self._outputs = {
            synthetic: [
                (output.name, result_of_one(plan, output, synthetic=synthetic), _decimals(output.number))
                for output in plan.outputs
            ]
            for synthetic in (False, True)
        }

    def make(self, key: bytes, start: int, record: bytes, *, final: bool) -> B:
        """The bar of a record; its values are decoded when asked for."""
        return cast("B", self._bar.lazily(partial(self._values, key, start, record, final)))

    def _values(self, key: bytes, start: int, data: bytes, final: bool) -> dict[str, object]:  # noqa: FBT001
        record = self._decode_record(data)
        synthetic = record.synthetic
        values: dict[str, object] = dict(zip(self._fields, self._decode_key(key), strict=True))
        values["start"] = to_datetime(start)
        values["end"] = to_datetime(record.end)
        values.update(_outputs(self._outputs[synthetic], record.partials))
        values["timeframe"] = self._timeframe
        values["start_ns"] = start
        values["end_ns"] = record.end
        values["trading_date"] = date_of(int(self._grid.trading_date(np.array([start]))[0]))
        values["open_time"] = None if synthetic else record.open_time
        values["close_time"] = None if synthetic else record.close_time
        values["slots"] = record.slots
        values["filled"] = record.filled
        values["expected_slots"] = record.expected
        values["final"] = final
        values["synthetic"] = synthetic
        values["partial"] = record.partial
        values["revision"] = record.revision
        return values

    def _check(self, store: BarStore, bar: type[Bar]) -> None:
        plan = store.plan
        types: dict[str, type] = {name: _TYPES[plan.event.by_name[name].kind] for name in plan.event.key}
        types |= {output.name: int if output.number.integer else Decimal for output in plan.outputs}
        problems = list(_problems(bar, types))
        if problems:
            raise DefinitionError(problems)


def _decimals(number: NumberType) -> int | None:
    """Digits behind the point (none: an integer)."""
    return None if number.integer else number.scale


def _outputs(
    outputs: list[tuple[str, OneResult, int | None]], partials: tuple[int | None, ...]
) -> Iterator[tuple[str, Decimal | int | None]]:
    for name, compute, decimals in outputs:
        whole = compute(partials)
        yield name, whole if whole is None or decimals is None else decimal_of(whole, decimals)


def _problems(bar: type[Bar], types: Mapping[str, type]) -> Iterator[Problem]:
    """What a class of bars asks for that the definition does not have."""
    known = {**types, **dict.fromkeys(STANDARD_FIELDS)}
    for name, declared in _declared(bar).items():
        where = f"{bar.__name__}.{name}"
        if name not in known:
            yield Problem(f"the bars have no {name!r}", where, did_you_mean(name, known))
            continue
        expected = known[name]
        if expected is not None and not _accepts(declared, expected):
            what = f"the bars hold {expected.__name__}, not {getattr(declared, '__name__', declared)}"
            yield Problem(what, where, f"declare it as `{name}: {expected.__name__}` (or `| None`)")


def _declared(bar: type[Bar]) -> dict[str, object]:
    """The fields that a class adds to those of every bar, with their types (text where only a type checker sees them)."""
    found: dict[str, object] = {}
    for base in bar.__mro__:
        if base is not Bar and issubclass(base, Bar):
            found = {**_annotations(base), **found}
    return {name: declared for name, declared in found.items() if name not in STANDARD_FIELDS}


def _annotations(bar: type[Bar]) -> dict[str, object]:
    try:
        return get_annotations(bar, eval_str=True)
    except NameError:
        return get_annotations(bar)


def _accepts(declared: object, expected: type) -> bool:
    if declared is Any or isinstance(declared, str):
        return True
    choices = set(get_args(declared)) - {NoneType} or {declared}
    return expected in choices
