"""``/v1/bar`` and ``/v1/explain``: one bar, or why there is none, or why it is not final."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

from barloom.read.answers import Found
from barloom.read.representable import slot_start
from barloom.serve.api.forms import json_bar
from barloom.serve.api.operations import operation
from barloom.serve.api.refusals import sensible
from barloom.serve.api.room import Room
from barloom.serve.v1.parameters import KeyName, OfStore, Styled, Time, TimeframeName, instant, told
from barloom.time.instants import written

if TYPE_CHECKING:
    from barloom.read.answers import NotFound
    from barloom.read.explain import Explanation

__all__ = ["AskedBar", "AskedExplanation", "BarFound", "BarMissing", "Explained", "bar", "explain"]


class AskedBar(Styled, frozen=True, kw_only=True):
    """Which bar."""

    timeframe: TimeframeName
    key: KeyName
    start: Time


class BarFound(Struct):
    """A bar; `bar.final` says whether it can still change."""

    found: bool
    bar: dict[str, Any]
    as_of: str | None


class BarMissing(Struct):
    """There is no bar: `why`, in a word and as `text`, and whether that is for good (`decided`).

    `key_known` is false where no bar of the timeframe has this key.
    """

    http_status: ClassVar[int] = 404

    found: bool
    why: str
    decided: bool
    text: str
    stream_time: str | None
    as_of: str | None
    key_known: bool


@operation("/v1/bar", tag="v1", quick=True)
def bar(asked: AskedBar, room: Room) -> BarFound | BarMissing:
    """One bar by its key and the start of its slot, or why there is none.

    A bar that is not there is status 404 with the reason; whether to ask again is yours to choose (`decided`).
    """
    shelf = room.shelf(asked.store)
    timeframe = shelf.timeframe(asked.timeframe)
    key, start = shelf.key(asked.key), instant(asked.start, "start")
    with sensible("start"):
        answer = shelf.bars.get(timeframe, key, slot_start(start))
    as_of = told(answer.as_of)
    if isinstance(answer, Found):
        return BarFound(True, json_bar(answer.bar, asked.style), as_of)  # noqa: FBT003 - a field
    return _missing(answer, as_of)


def _missing(answer: NotFound, as_of: str | None) -> BarMissing:
    return BarMissing(
        found=False,
        why=answer.why.value,
        decided=answer.decided,
        text=str(answer),
        stream_time=told(answer.stream_time),
        as_of=as_of,
        key_known=answer.key_known,
    )


class Explained(Struct):
    """Where a bar stands: as `text` for people, and part by part.

    `state` is ``final``, ``live``, or why there is none. The slot closes when stream time reaches `closes_at`, at the
    latest at `deadline`; `needed_ns` is how far it has to go. Of `expected` slots of `child`, `decided` are decided and
    `filled` had ticks; `missing` are the starts of the first undecided ones.
    """

    state: str
    final: bool
    text: str
    start: str
    end: str
    closes_at: str
    deadline: str
    stream_time: str | None
    needed_ns: int | None
    child: str | None
    expected: int
    decided: int | None
    filled: int | None
    missing: list[str]
    lag_ns: int | None
    in_session: bool | None
    session: str | None
    closed: str
    clock_works: bool
    clock: str
    as_of: str | None


class AskedExplanation(OfStore, frozen=True, kw_only=True):
    """Which bar."""

    timeframe: TimeframeName
    key: KeyName
    start: Time


@operation("/v1/explain", tag="v1")
def explain(asked: AskedExplanation, room: Room) -> Explained:
    """Why a bar is not final yet, or that it is: stream time, deadline, children, session."""
    shelf = room.shelf(asked.store)
    timeframe = shelf.timeframe(asked.timeframe)
    key, start = shelf.key(asked.key), instant(asked.start, "start")
    with sensible("start"):
        return _explained(shelf.bars.explain(timeframe, key, slot_start(start)))


def _explained(found: Explanation) -> Explained:
    return Explained(
        state=found.state,
        final=found.final,
        text=str(found),
        start=written(found.start),
        end=written(found.end),
        closes_at=written(found.closes_at),
        deadline=written(found.deadline),
        stream_time=told(found.stream_time),
        needed_ns=found.needed,
        child=found.child,
        expected=found.expected,
        decided=found.decided,
        filled=found.filled,
        missing=[written(start) for start in found.missing],
        lag_ns=found.lag,
        in_session=found.in_session,
        session=None if found.sessions is None else found.sessions.local,
        closed=found.closed,
        clock_works=found.clock_works,
        clock=found.clock,
        as_of=told(found.as_of),
    )
