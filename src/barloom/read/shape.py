"""How the records of one timeframe become bars of one class."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import partial
from inspect import get_annotations
from types import NoneType
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, get_args

import numpy as np

from barloom.engine.exact import decimal_of
from barloom.engine.frames import PHASE, phase_of, tells_phase
from barloom.engine.results import result_of_one
from barloom.errors import DefinitionError, Problem
from barloom.plan.barplan import FieldKind
from barloom.plan.suggest import did_you_mean
from barloom.read.bar import STANDARD_FIELDS, Bar
from barloom.time.instants import date_of, to_datetime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from barloom.plan.barplan import BarPlan, Output
    from barloom.store.barstore import BarStore
    from barloom.store.codec import Record

__all__ = ["BarShape"]

B = TypeVar("B", bound=Bar)

_TYPES = {
    FieldKind.STRING: str,
    FieldKind.INTEGER: int,
    FieldKind.TIMESTAMP: int,
    FieldKind.BOOLEAN: bool,
    FieldKind.DECIMAL: Decimal,
}

_STANDING: dict[str, type] = {
    **dict.fromkeys(STANDARD_FIELDS, int),
    "timeframe": str,
    "start": datetime,
    "end": datetime,
    "trading_date": date,
    "final": bool,
    "synthetic": bool,
    "partial": bool,
}


class BarShape(Generic[B]):
    """Makes bars of a class from the records of one timeframe.

    Raises `DefinitionError` where the class asks for what the definition does not have.
    """

    def __init__(self, store: BarStore, level: int, bar: type[B]) -> None:
        _check(store.plan, bar)
        self._bar = bar
        self._readers = _readers(store, level)
        self._decode = store.layout.records.decode_one

    def make(self, key: bytes, start: int, record: bytes, *, final: bool) -> B:
        """The bar of a record; each value is computed when it is asked for."""
        return self._bar.stored(_Stored(self._readers, self._decode, key, start, record, final))


class _Stored:
    """One record and how to read it."""

    __slots__ = ("_data", "_decode", "_record", "final", "key", "names", "start")

    def __init__(  # noqa: PLR0913, PLR0917 - made for every bar that is read: keywords would cost
        self,
        readers: Mapping[str, _Reader],
        decode: Callable[[bytes], Record],
        key: bytes,
        start: int,
        data: bytes,
        final: bool,  # noqa: FBT001
    ) -> None:
        self.names = readers
        self.key = key
        self.start = start
        self.final = final
        self._decode = decode
        self._data = data
        self._record: Record | None = None

    @property
    def record(self) -> Record:
        """The decoded record."""
        record = self._record
        if record is None:
            record = self._record = self._decode(self._data)
        return record

    def value(self, name: str) -> object:
        """One field."""
        return self.names[name](self)


_Reader: TypeAlias = "Callable[[_Stored], object]"


def _readers(store: BarStore, level: int) -> dict[str, _Reader]:
    """How each field is read, in the order in which a bar shows them."""
    plan, grid = store.plan, store.calendar.grid(store.plan.levels[level].timeframe)
    timeframe = str(plan.levels[level].timeframe)
    decode_key = store.layout.keys.decode
    keys: dict[str, _Reader] = {
        name: partial(_key_field, decode_key, position) for position, name in enumerate(plan.event.key)
    }
    outputs = {output.name: _output(plan, output) for output in plan.outputs}
    return {
        **keys,
        "start": lambda bar: to_datetime(bar.start),
        "end": lambda bar: to_datetime(bar.record.end),
        **outputs,
        "timeframe": lambda _: timeframe,
        "start_ns": lambda bar: bar.start,
        "end_ns": lambda bar: bar.record.end,
        "trading_date": lambda bar: date_of(int(grid.trading_date(np.array([bar.start]))[0])),
        **_phase(store, level),
        "open_time": lambda bar: None if bar.record.synthetic else bar.record.open_time,
        "close_time": lambda bar: None if bar.record.synthetic else bar.record.close_time,
        "slots": lambda bar: bar.record.slots,
        "filled": lambda bar: bar.record.filled,
        "expected_slots": lambda bar: bar.record.expected,
        "final": lambda bar: bar.final,
        "synthetic": lambda bar: bar.record.synthetic,
        "partial": lambda bar: bar.record.partial,
        "revision": lambda bar: bar.record.revision,
    }


def _phase(store: BarStore, level: int) -> dict[str, _Reader]:
    if not tells_phase(store.plan):
        return {}
    calendar, timeframe = store.calendar, store.plan.levels[level].timeframe
    return {PHASE: lambda bar: phase_of(calendar, timeframe, np.array([bar.start]))[0]}


def _key_field(decode: Callable[[bytes], tuple[object, ...]], position: int, bar: _Stored) -> object:
    return decode(bar.key)[position]


def _output(plan: BarPlan, output: Output) -> _Reader:
    real = result_of_one(plan, output, synthetic=False)
    synthetic = result_of_one(plan, output, synthetic=True)
    scale = output.number.scale

    def whole(bar: _Stored) -> int | None:
        record = bar.record
        return (synthetic if record.synthetic else real)(record.partials)

    def exact(bar: _Stored) -> Decimal | None:
        value = whole(bar)
        return None if value is None else decimal_of(value, scale)

    return whole if output.number.integer else exact


def _check(plan: BarPlan, bar: type[Bar]) -> None:
    if not (isinstance(bar, type) and issubclass(bar, Bar)):
        message = f"bar is {getattr(bar, '__name__', bar)!r}, no class of bars; derive one from barloom.Bar"
        raise TypeError(message)
    types: dict[str, type] = {name: _TYPES[plan.event.by_name[name].kind] for name in plan.event.key}
    types |= {output.name: int if output.number.integer else Decimal for output in plan.outputs}
    types |= {PHASE: str} if tells_phase(plan) else {}
    problems = list(_problems(bar, types))
    if problems:
        raise DefinitionError(problems)


def _problems(bar: type[Bar], types: Mapping[str, type]) -> Iterator[Problem]:
    """What a class of bars asks for that the definition does not have."""
    known = {**_STANDING, **types}
    for name, declared in _declared(bar).items():
        where = f"{bar.__name__}.{name}"
        if name not in known:
            yield Problem(f"the bars have no {name!r}", where, did_you_mean(name, known))
            continue
        expected = known[name]
        if not _accepts(declared, expected):
            what = f"the bars hold {expected.__name__}, not {getattr(declared, '__name__', declared)}"
            yield Problem(what, where, f"declare it as `{name}: {expected.__name__}` (or `| None`)")


def _declared(bar: type[Bar]) -> dict[str, object]:
    """The fields that a class declares, with their types (as text where those cannot be resolved)."""
    found: dict[str, object] = {}
    for base in bar.__mro__:
        if base is not Bar and issubclass(base, Bar):
            found = {**_annotations(base), **found}
    return found


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
