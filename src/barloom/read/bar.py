"""One bar, as an application sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, dataclass_transform

from barloom.plan.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

__all__ = ["STANDARD_FIELDS", "Bar"]

STANDARD_FIELDS = (
    "timeframe",
    "start",
    "end",
    "start_ns",
    "end_ns",
    "trading_date",
    "open_time",
    "close_time",
    "slots",
    "filled",
    "expected_slots",
    "final",
    "synthetic",
    "partial",
    "revision",
)
"""What every bar has beside its key fields and its outputs."""


@dataclass_transform(kw_only_default=True, frozen_default=True, eq_default=True)
class Bar:
    """A bar: its key fields and outputs are attributes under their declared names.

    `start` and `end` are UTC datetimes (`start_ns`, `end_ns` the same in nanoseconds), `open_time` and `close_time` the
    event times of the first and last tick in nanoseconds (none in a synthetic bar). `final` says whether the bar is
    closed, `revision` how many input rows are folded into it; `slots` of its `expected_slots` children are decided,
    `filled` of them had ticks.

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
    open_time: int | None
    close_time: int | None
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
    def lazily(cls, decode: Callable[[], dict[str, object]]) -> Bar:
        """A bar whose values come from `decode` when the first one is asked for."""
        bar = cls.__new__(cls)
        bar.__dict__["_decode"] = decode
        return bar

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - outputs are known to the definition, not to the type
        held = self.__dict__
        decode = held.get("_decode")
        if decode is not None and not name.startswith("__"):
            held.update(decode())
            held.pop("_decode", None)
        if name in held:
            return held[name]
        message = (
            f"a bar of {held.get('timeframe', 'no timeframe')} has no {name!r}; {did_you_mean(name, self.as_dict())}"
        )
        raise AttributeError(message)

    def __setattr__(self, name: str, value: object) -> None:
        message = f"a bar does not change: {name!r} cannot be set"
        raise AttributeError(message)

    def as_dict(self) -> dict[str, object]:
        """All fields by name: key, slot, outputs, then the book-keeping."""
        if "_decode" in self.__dict__:
            self.__getattr__("timeframe")
        return dict(self.__dict__)

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.as_dict().items() if name not in _SPELLED_TWICE)
        return f"{type(self).__name__}({fields})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bar) and self.as_dict() == other.as_dict()

    def __hash__(self) -> int:
        return hash(tuple(self.as_dict().items()))


_SPELLED_TWICE = ("start_ns", "end_ns")
