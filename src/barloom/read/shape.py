"""How the records of one timeframe become bars of one class."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from inspect import get_annotations
from types import NoneType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args

from barloom.engine.frames import PHASE, tells_phase
from barloom.errors import DefinitionError, Problem
from barloom.plan.barplan import FieldKind
from barloom.plan.suggest import did_you_mean
from barloom.read.bar import STANDARD_FIELDS, Bar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from barloom.plan.barplan import BarPlan
    from barloom.read.readable import Readable

__all__ = ["BarShape", "check_shape"]

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
    "open_time": datetime,
    "close_time": datetime,
    "trading_date": date,
    "final": bool,
    "synthetic": bool,
    "partial": bool,
}


class BarShape(Generic[B]):
    """Makes bars of a class from what a store holds of one timeframe.

    Raises `DefinitionError` where the class asks for what the definition does not have.
    """

    def __init__(self, store: Readable, level: int, bar: type[B]) -> None:
        check_shape(store.plan, bar)
        self._bar = bar
        self._values = store.values(level)

    def make(self, key: bytes, start: int, record: bytes, *, final: bool) -> B:
        """The bar of a record; each value is computed when it is asked for."""
        return self._bar.stored(self._values(key, start, record, final))


def check_shape(plan: BarPlan, bar: type[Bar], lacks: Collection[str] = ()) -> None:
    """Raise `DefinitionError` where a class of bars asks for what the definition or its topics do not have."""
    if not (isinstance(bar, type) and issubclass(bar, Bar)):
        message = f"bar is {getattr(bar, '__name__', bar)!r}, no class of bars; derive one from barloom.Bar"
        raise TypeError(message)
    types: dict[str, type] = {name: _TYPES[plan.event.by_name[name].kind] for name in plan.event.key}
    types |= {output.name: int if output.number.integer else Decimal for output in plan.outputs}
    types |= {PHASE: str} if tells_phase(plan) else {}
    types |= {} if plan.event.sequence is None else {"missing": int, "complete": str}
    problems = list(_problems(bar, types, lacks))
    if problems:
        raise DefinitionError(problems)


def _problems(bar: type[Bar], types: Mapping[str, type], lacks: Collection[str]) -> Iterator[Problem]:
    """What a class of bars asks for that the definition does not have."""
    known = {name: kind for name, kind in {**_STANDING, **types}.items() if name not in lacks}
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
