"""The time zone of times that are written without one, as far as the publisher of a file is known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from barloom.source.guess.layouts import LEAN
from barloom.source.guess.numbers import number_shape

if TYPE_CHECKING:
    from barloom.source.guess.sample import Sample
    from barloom.source.guess.times import TimeShape

__all__ = ["Zone", "zone_of"]

_NEW_YORK: Final = "America/New_York"
_NO_ZONE: Final = "no zone is written and UTC is only assumed: state yours"


class Zone(NamedTuple):
    """A time zone, and why."""

    name: str
    why: str


def zone_of(sample: Sample, shape: TimeShape, given: str | None) -> Zone:
    """The zone of a sample's times, where these are local."""
    if given:
        return Zone(given, "the zone that was given")
    return _of_publisher(sample) or _of_columns(sample, shape)


def _of_publisher(sample: Sample) -> Zone | None:
    if re.search(r"DAT_(?:ASCII|MT|NT|XLSX)_", sample.file):
        return Zone("Etc/GMT+5", "HistData's zone: New York without daylight saving")
    if re.match(r"EQY_US_", sample.file):
        return Zone(_NEW_YORK, "the exchange's zone")
    if sample.layout.startswith(LEAN):
        prices = [number_shape(sample.rows[name]) for name in ("price", "open", "bid") if name in sample.rows.columns]
        if all(each is not None and each.whole for each in prices):
            return Zone(_NEW_YORK, "shares in the United States; state another exchange's zone")
    return None


def _of_columns(sample: Sample, shape: TimeShape) -> Zone:
    if "<" in "".join(sample.rows.columns):
        return Zone("UTC", "times are of the broker's server, whose zone is not written: UTC is only assumed")
    if re.search(r"gmt|utc", " ".join(sample.rows.columns) + shape.form, re.IGNORECASE):
        return Zone("UTC", "as the column's name says")
    return Zone("UTC", _NO_ZONE)
