"""Time zones as integer tables: where the offset from UTC changes, for whole columns of local times.

The rules come from the `tzdata` package, on every machine, so that the same versions decide the same everywhere.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from struct import Struct
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np
import tzdata

from barloom.errors import CalendarError
from barloom.time.timeframe import DAY, SECOND
from barloom.time.zone_names import nearest_zone, zone_names

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from barloom.time.calendar import Integers

__all__ = ["FIRST_DATE", "LAST_DATE", "TZ_VERSION", "Zone", "zone"]

FIRST_DATE: Final = date(1970, 1, 1)
LAST_DATE: Final = date(2100, 12, 31)
"""The dates for which offsets are tabled."""

TZ_VERSION: Final[str] = tzdata.IANA_VERSION
"""The version of the zone rules in use, such as ``2026a``."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STEP: Final = 28 * 86_400
"""Seconds between two looks at a zone that follows a yearly rule."""
_HEADER: Final = Struct(">20s6L")
_KIND: Final = Struct(">lBB")


class Zone:
    """The offsets of one zone from UTC, in nanoseconds, until the end of 2100."""

    def __init__(self, name: str, file: Traversable) -> None:
        self.name = name
        changes, offsets = _changes(file)
        self._changes = np.array(changes, np.int64) * SECOND
        self._offsets = np.array(offsets, np.int64) * SECOND
        self._switches = self._changes + np.maximum(self._offsets[:-1], self._offsets[1:])

    def __repr__(self) -> str:
        return f"Zone({self.name!r})"

    @property
    def changes(self) -> Integers:
        """The instants at which local clocks are put forward or back."""
        changes: Integers = self._changes[np.diff(self._offsets) != 0]
        return changes

    def offset(self, times: Integers) -> Integers:
        """How far local clocks are ahead of UTC at each time."""
        return self._offsets[np.searchsorted(self._changes, times, "right")]

    def to_local(self, times: Integers) -> Integers:
        """What local clocks show, as if it were UTC."""
        return times + self.offset(times)

    def to_utc(self, local: Integers) -> Integers:
        """The instant at which local clocks show a time.

        A time that clocks show twice is its first; one that they skip is as long after the change as it would have
        been without (a midnight that is skipped by an hour is the change itself).
        """
        return local - self._offsets[np.searchsorted(self._switches, local, "right")]

    def midnights(self, days: Integers) -> Integers:
        """The beginnings of local dates, given in days since 1970-01-01."""
        return self.to_utc(days * DAY)


@cache
def zone(name: str) -> Zone:
    """The zone of a name such as ``Europe/London``.

    Raises `CalendarError`, with the nearest names there are, for one that is unknown.
    """
    if name not in zone_names():
        near = nearest_zone(name)
        hint = "" if near is None else f"did you mean {near!r}? "
        message = f"there is no time zone {name!r}; {hint}write one such as 'Europe/London' or 'UTC'"
        raise CalendarError(message)
    return Zone(name, files("tzdata").joinpath("zoneinfo", *name.split("/")))


def _changes(file: Traversable) -> tuple[list[int], list[int]]:
    """The seconds at which the offset changes, and the offsets between them, one more.

    What a file of zone rules (RFC 9636) lists is read from it; what it tells by a yearly rule is looked up.
    """
    listed, offsets = _listed(file.read_bytes())
    with file.open("rb") as rules:
        info = ZoneInfo.from_file(rules)
    last = (LAST_DATE - _EPOCH.date()) // timedelta(seconds=1) + 2 * _STEP
    for before in range(listed[-1] if listed else last, last, _STEP):
        if _offset(info, before + _STEP) != offsets[-1]:
            listed.append(_change(info, before, before + _STEP))
            offsets.append(_offset(info, before + _STEP))
    return listed, offsets


def _listed(content: bytes) -> tuple[list[int], list[int]]:
    """The changes that a file lists one by one, with the offsets around them."""
    begin = _HEADER.size + _length(_HEADER.unpack_from(content)[1:], 4)
    _, _, _, times, kinds, _ = _HEADER.unpack_from(content, begin)[1:]
    begin += _HEADER.size
    changes = np.frombuffer(content, ">i8", times, begin).astype(np.int64)
    kind = np.frombuffer(content, np.uint8, times, begin + 8 * times)
    ahead = np.array([_KIND.unpack_from(content, begin + 9 * times + _KIND.size * at)[0] for at in range(kinds)])
    return changes.tolist(), [int(ahead[0]), *ahead[kind].tolist()]


def _length(counts: tuple[int, ...], width: int) -> int:
    """The bytes of a file's first block."""
    universal, standard, leaps, times, kinds, letters = counts
    return times * (width + 1) + kinds * _KIND.size + letters + leaps * (width + 4) + standard + universal


def _change(info: ZoneInfo, before: int, after: int) -> int:
    """The first second with another offset, found by halving; yearly rules name full minutes."""
    old = _offset(info, before)
    before, after = before // 60, after // 60
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(info, middle * 60) == old else (before, middle)
    return after * 60


def _offset(info: ZoneInfo, seconds: int) -> int:
    offset = (_EPOCH + timedelta(seconds=seconds)).astimezone(info).utcoffset()
    return 0 if offset is None else round(offset.total_seconds())
