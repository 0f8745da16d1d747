"""``barloom explain``: why a bar is not final."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import instant, moment, on_the_grid
from barloom.cli.look.asking import about_key, lacks, whole_key
from barloom.cli.look.gaps import gap_body
from barloom.cli.look.reading import NO_TOPICS, Topics, bucket_in, opened
from barloom.cli.options import AsJson, KeyParts, MaybeStore, Start, TimeframeName  # noqa: TC001 - read at run time
from barloom.cli.screen import note, say

if TYPE_CHECKING:
    from barloom.read.explain import Explanation
    from barloom.read.gap_look import Numbers
    from barloom.time.session_at import SlotSessions

__all__ = ["explain"]


def explain(  # noqa: PLR0913 - the options of a command
    start: Start,
    /,
    *,
    timeframe: TimeframeName,
    key: KeyParts,
    store: MaybeStore = None,
    topics: Topics = NO_TOPICS,
    as_json: AsJson = False,
) -> Exit:
    """Explain."""
    at = instant(start, "the start")
    with opened(store, topics) as held, on_the_grid():
        bucket = bucket_in(held, timeframe)
        asked = whole_key(held, key)
        found = bucket.explain(asked, at)
        unknown = about_key(bucket, asked) if lacks(bucket, asked) else None
    if as_json:
        machine.emit("explain", {**_body(found), "key_known": unknown is None})
        return Exit.OK
    for line in str(found).splitlines():
        say(line)
    if unknown is not None:
        note(unknown)
    return Exit.OK


def _body(found: Explanation) -> dict[str, object]:
    return {
        "bar": found.bar,
        "start": moment(found.start),
        "end": moment(found.end),
        "state": found.state,
        "final": found.final,
        "closes_at": moment(found.closes_at),
        "deadline": moment(found.deadline),
        "stream_time": None if found.stream_time is None else moment(found.stream_time),
        "time": "key" if found.by_key else "partition",
        "needed_ns": found.needed,
        "child": found.child,
        "expected": found.expected,
        "decided": found.decided,
        "filled": found.filled,
        "missing": [moment(start) for start in found.missing],
        "lag_ns": found.lag,
        "in_session": found.in_session,
        "clock_works": found.clock_works,
        "clock": found.clock,
        "session": _session(found.sessions),
        "closed": found.closed or None,
        "closed_now": found.closed_now or None,
        "numbers": _numbers(found.numbers),
    }


def _numbers(found: Numbers | None) -> dict[str, object] | None:
    if found is None:
        return None
    told = {"missing": found.missing, "complete": found.complete, "why": found.why or None}
    return {**told, "refused": dict(found.refused), "gaps": [gap_body(gap) for gap in found.gaps]}


def _session(found: SlotSessions | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "first_trading_date": str(found.first),
        "last_trading_date": str(found.last),
        "trading_dates": found.count,
        "early_closes": found.early_closes,
        "zone": found.zone,
        "opens": moment(found.opens),
        "closes": moment(found.closes),
        "local": found.local,
    }
