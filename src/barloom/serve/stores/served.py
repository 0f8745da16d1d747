"""What is asked of bars that are served, wherever they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import polars as pl

    from barloom.plan.barplan import BarPlan
    from barloom.read.answers import Found, NotFound
    from barloom.read.bar import Bar
    from barloom.read.explain import Explanation
    from barloom.read.frames import Part
    from barloom.read.gaps import Gap
    from barloom.read.status import Status
    from barloom.serve.stores.key_text import KeyText
    from barloom.store.protocol import SideRecord
    from barloom.store.stream_times import StreamTimes
    from barloom.time.calendar import Calendar

__all__ = ["Kind", "NotKept", "Onwards", "Page", "Served", "Wanted", "gathered"]

T = TypeVar("T")

Kind: TypeAlias = Literal["store", "topics", "ksqldb"]
"""Where bars stand: in the store of a run, in a copy of Kafka topics, or in ksqlDB."""


class NotKept(LookupError):
    """What is asked for does not exist where these bars stand; the message says what does."""


class Onwards(NamedTuple):
    """Where the next page goes on: behind the bar of an encoded key with this start, or with the key itself."""

    key: bytes
    start: int | None = None


class Page(NamedTuple):
    """Bars with the columns of `barloom.engine.frames.bar_schema`, and where the next page goes on, if there is one."""

    frame: pl.DataFrame
    onwards: Onwards | None


class Wanted(NamedTuple):
    """Bars of some keys, `most` in all.

    With `newest` each `Part` says how many of its key, and a key is never parted between two pages.
    """

    timeframe: str
    parts: Iterable[Part]
    most: int
    newest: bool = False
    descending: bool = False


class Served(Protocol):
    """The bars of one definition. Calls raise `StoreNotRunning` where nothing can be answered now.

    What a place does not have (ksqlDB lists no keys) raises `NotKept`.
    """

    @property
    def kind(self) -> Kind:
        """Where the bars stand."""
        ...

    @property
    def quick(self) -> bool:
        """Whether one bar is found without waiting for another machine."""
        ...

    @property
    def plan(self) -> BarPlan:
        """The definition."""
        ...

    @property
    def calendar(self) -> Calendar:
        """Its calendar, with the overrides in force."""
        ...

    @property
    def state(self) -> str:
        """``RUNNING``, or what it does instead."""
        ...

    @property
    def as_of(self) -> int | None:
        """Since when it is cut off from what it follows (nanoseconds UTC); none: it answers of now."""
        ...

    @property
    def epoch(self) -> str | None:
        """What becomes another one where bars are made anew; none where nobody says."""
        ...

    @property
    def texts(self) -> KeyText:
        """How its keys are written."""
        ...

    def timeframes(self) -> list[str]:
        """The timeframes that have bars, from fine to coarse."""
        ...

    def get(self, timeframe: str, key: tuple[object, ...], start: int) -> Found[Bar] | NotFound:
        """One bar, or why there is none."""
        ...

    def page(self, wanted: Wanted) -> Page:
        """Bars of some keys."""
        ...

    def keys(self, timeframe: str, first: bytes) -> Iterator[bytes]:
        """The encoded keys that have bars, in order from `first` on."""
        ...

    def decided_to(self, timeframe: str, key: bytes) -> int | None:
        """Slots that end at or before this time are decided for an encoded key; none where nobody says."""
        ...

    def explain(self, timeframe: str, key: tuple[object, ...], start: int) -> Explanation:
        """Where one bar stands."""
        ...

    def rejected(self, first: int) -> Iterator[tuple[int, SideRecord]]:
        """The refused rows that are kept, with their numbers, from number `first` on."""
        ...

    def gaps(self, key: tuple[object, ...] | None) -> list[Gap]:
        """What is missing in the numbers of a key, or of all, and what became of it."""
        ...

    def times(self) -> StreamTimes:
        """Where the stream stands: with several partitions, the least of them."""
        ...

    def status(self) -> Status:
        """What a store holds."""
        ...

    def close(self) -> None:
        """Release it."""
        ...


def gathered(
    wanted: Wanted, pick: Callable[[Part], list[T]], start_of: Callable[[T], int]
) -> tuple[list[T], Onwards | None]:
    """The bars of the parts, up to as many as are wanted, and where to go on; `pick` finds those of one part."""
    found = list[T]()
    for part in wanted.parts:
        room = wanted.most - len(found)
        bars = pick(part if wanted.newest else part._replace(most=room + 1, backwards=wanted.descending))
        if len(bars) > room:
            if wanted.newest or not room:
                return found, Onwards(part.key)
            return [*found, *bars[:room]], Onwards(part.key, start_of(bars[room - 1]))
        found += reversed(bars) if wanted.newest and not wanted.descending else bars
    return found, None
