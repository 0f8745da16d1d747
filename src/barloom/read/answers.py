"""What a reader is answered: a bar, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from barloom.read.bar import Bar
from barloom.time.instants import written

if TYPE_CHECKING:
    from typing import Literal

__all__ = ["OF_THE_KEY", "Found", "NotFound", "Why"]

B_co = TypeVar("B_co", bound=Bar, covariant=True)


class Why(Enum):
    """Why a slot has no bar."""

    OPEN = "open"
    EMPTY = "empty"
    OUTSIDE_SESSION = "outside the session"
    BEFORE_START = "before the start"
    NOT_YET = "not yet"
    EXPIRED = "expired"
    NO_ROW = "no row"


OF_THE_KEY: Final = (Why.OPEN, Why.EMPTY, Why.NOT_YET)
"""Where the slot itself may have a bar, of another key at least."""

_TEXTS = {
    Why.OPEN: "the slot is open and has no tick of this key yet",
    Why.EMPTY: "the slot is decided and had no tick of this key",
    Why.OUTSIDE_SESSION: "no session is open then",
    Why.BEFORE_START: "the slot ended before the first row that was read",
    Why.NOT_YET: "the stream has not reached the slot yet",
    Why.EXPIRED: "the slot is older than the bars that are kept",
    Why.NO_ROW: "ksqlDB has no row for it, and does not say why",
}


@dataclass(frozen=True, slots=True)
class Found(Generic[B_co]):
    """There is a bar; ``bar.final`` says whether it can still change.

    `as_of` says since when a reader of topics is cut off from them (nanoseconds UTC; none: the answer is of now).
    """

    bar: B_co
    as_of: int | None = None

    def __bool__(self) -> Literal[True]:
        return True


@dataclass(frozen=True, slots=True)
class NotFound:
    """There is no bar, a normal answer.

    `decided` says whether that is for good, as of `stream_time` (nanoseconds UTC; none: nothing was read yet). `as_of`
    says since when a reader of topics is cut off from them (none: the answer is of now). `key_known` is false where no
    bar of the timeframe has this key, which may be mistyped, or has not come yet; it is no part of a comparison.
    """

    why: Why
    decided: bool
    stream_time: int | None = None
    as_of: int | None = None
    key_known: bool = field(default=True, compare=False)

    def __bool__(self) -> Literal[False]:
        return False

    def __str__(self) -> str:
        if self.why is Why.NO_ROW:
            return _TEXTS[self.why]
        reached = "nothing was read yet" if self.stream_time is None else f"stream time {written(self.stream_time)}"
        cut_off = "" if self.as_of is None else f"; cut off from the topics since {written(self.as_of)}"
        unknown = "" if self.key_known else "; there is no bar of this key"
        return f"{_TEXTS[self.why]} ({reached}{cut_off}){unknown}"
