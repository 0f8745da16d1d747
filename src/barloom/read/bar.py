"""One bar, as an application sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self, dataclass_transform

from barloom.plan.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

__all__ = ["STANDARD_FIELDS", "Bar", "StoredValues", "field_names"]

STANDARD_FIELDS = (
    "timeframe",
    "start",
    "end",
    "start_ns",
    "end_ns",
    "trading_date",
    "open_time",
    "close_time",
    "open_time_ns",
    "close_time_ns",
    "slots",
    "filled",
    "expected_slots",
    "final",
    "synthetic",
    "partial",
    "revision",
)
"""What every bar has beside its key fields and its outputs."""


class StoredValues(Protocol):
    """The values of one bar, decoded one by one."""

    @property
    def names(self) -> Collection[str]:
        """The names of all fields, in order."""
        ...

    def value(self, name: str) -> object:
        """One of them."""
        ...


@dataclass_transform(kw_only_default=True, frozen_default=True, eq_default=True)
class Bar:
    """A bar: its key fields and outputs are attributes under their declared names.

    `start` and `end` are UTC datetimes, `open_time` and `close_time` the event times of the first and last tick, down
    to the microsecond that holds them (none in a synthetic bar); `start_ns`, `end_ns`, `open_time_ns` and
    `close_time_ns` are the same in nanoseconds since 1970. `final` says whether the bar is closed, `revision` how many
    input rows are folded into it; `slots` of its `expected_slots` children are decided, `filled` of them had ticks.
    Where the event declares a sequence, `missing` says how many of its numbers are known to be absent that may lie in
    the bar, and `complete` is ``yes``, ``no`` or ``unknown``. Where the calendar has extended hours, `phase` is
    ``pre``, ``regular`` or ``post``.

    For attributes that type checkers know, declare them once; the names and types are checked against the definition
    when a `TimeBucket` is opened with the class::

        class Minute(bl.Bar):
            symbol: str
            close: Decimal
            volume: Decimal

        bucket = bl.TimeBucket.open("state", "1m", bar=Minute)

    Values are decoded when one is first asked for. A bar never changes.
    """

    timeframe: str
    start: datetime
    end: datetime
    start_ns: int
    end_ns: int
    trading_date: date
    open_time: datetime | None
    close_time: datetime | None
    open_time_ns: int | None
    close_time_ns: int | None
    slots: int
    filled: int
    expected_slots: int
    final: bool
    synthetic: bool
    partial: bool
    revision: int

    def __init_subclass__(cls, **arguments: Any) -> None:  # noqa: ANN401 - passed on as they are
        super().__init_subclass__(**arguments)
        valued = [name for name in cls.__annotations__ if name in vars(cls)]
        if valued:
            message = (
                f"{cls.__name__}.{valued[0]}: a field of a bar has a type and no default, its value is in the store"
            )
            raise TypeError(message)

    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)

    @classmethod
    def stored(cls, values: StoredValues) -> Self:
        """A bar whose values are taken when they are asked for."""
        bar = cls.__new__(cls)
        bar.__dict__["_stored"] = values
        return bar

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - outputs are known to the definition, not to the type
        held = self.__dict__
        stored = held.get("_stored")
        if stored is not None and name in stored.names:
            value = held[name] = stored.value(name)
            return value
        message = f"a bar has no {name!r}"
        if not name.startswith("__"):
            message += f"; {did_you_mean(name, held if stored is None else stored.names)}"
        raise AttributeError(message)

    def __setattr__(self, name: str, value: object) -> None:
        message = f"a bar does not change: {name!r} cannot be set"
        raise AttributeError(message)

    def as_dict(self) -> dict[str, object]:
        """All fields by name: key, slot, outputs, then the book-keeping."""
        return {name: getattr(self, name) for name in field_names(self)}

    def __reduce__(self) -> tuple[object, ...]:
        return (_remade, (type(self), self.as_dict()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.as_dict().items() if name not in _SPELLED_TWICE)
        return f"{type(self).__name__}({fields})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bar) and self.as_dict() == other.as_dict()

    def __hash__(self) -> int:
        return hash(tuple(self.as_dict().items()))


def field_names(bar: Bar) -> Collection[str]:
    """The names of all fields of a bar, in order; a function, as a method would hide a column of its name."""
    held = vars(bar)
    stored: StoredValues | None = held.get("_stored")
    return held if stored is None else stored.names


def _remade(kind: type[Bar], values: dict[str, object]) -> Bar:
    """A copied or unpickled bar holds its values itself."""
    return kind(**values)


_SPELLED_TWICE = ("start_ns", "end_ns", "open_time_ns", "close_time_ns")
