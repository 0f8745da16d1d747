"""Where records of CSV text begin and end, as RFC 4180 has it.

A record is a line, or the lines that a quoted field with line breaks holds together. A field is quoted when a quote is
its first character; within it a quote is written twice. What is not written so spoils its own line only: reading goes
on with the next one, and so does it behind a quote that is not closed within `LONGEST`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from barloom.source.problems import RowProblems
from barloom.source.text.rawtext import BLANK, blank_lines, line_bounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from barloom.time.calendar import Booleans, Integers

__all__ = ["LONGEST", "CsvRecords", "fields_of_lines", "other_width", "records_in"]

LONGEST: Final = 64 << 10
"""How many bytes a record may have that goes over line breaks."""

_QUOTE, _LINE_END, _RETURN = b'"\n\r'
_BARE: Final = "the row is not CSV: a quote stands in a field without quotes; put the field in quotes, and double it"
_BEHIND: Final = "the row is not CSV: something stands between the closing quote of a field and the delimiter"
_OPEN: Final = "the row is not CSV: a quote is opened and not closed; reading goes on with the next line"


class CsvRecords(NamedTuple):
    """Records of whole lines: record `n` is ``data[starts[n]:ends[n]]``, without its line end.

    `plain` ones are lines with the right number of fields, to be split in bulk; `problems` tells what is wrong with
    records that are none. Behind `length` stands a record that may go on where the data ends.
    """

    starts: Integers
    ends: Integers
    plain: Booleans
    problems: RowProblems
    length: int

    def texts(self, data: bytes) -> list[bytes]:
        """The records."""
        return [data[start:end] for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True)]


def fields_of_lines(data: bytes, delimiter: bytes) -> Integers:
    """How many fields each line has, in text without quotes."""
    bytes_ = np.frombuffer(data, np.uint8)
    return _counted(bytes_ == delimiter[0], line_bounds(bytes_)[0]) + 1


def records_in(data: bytes, delimiter: bytes, width: int, *, ended: bool) -> CsvRecords:
    """The records of whole lines that have `width` fields; `ended`: no more lines follow, or none that matter."""
    bytes_ = np.frombuffer(data, np.uint8)
    starts, ends = line_bounds(bytes_)
    fields, broken = _looked_at(bytes_, starts, delimiter[0])
    kept = ~blank_lines(data, starts, ends, BLANK.replace(delimiter, b""))
    plain = (fields == width) & ~broken & kept
    other = (fields != width) & ~broken & kept
    joined, wrong, stop = _over_lines(data, starts, ends, np.flatnonzero(broken).tolist(), delimiter, ended=ended)
    for first, last in joined:
        kept[first + 1 : last + 1] = False
        ends[first] = ends[last]
    kept[stop:] = False
    rows = np.cumsum(kept) - 1
    lines = np.flatnonzero(other & kept)
    problems = RowProblems.joined(
        [
            RowProblems(rows[lines], _other_widths(fields[lines], width)),
            RowProblems.of({int(rows[line]): text for line, text in wrong.items() if kept[line]}),
        ]
    )
    length = int(starts[stop]) if stop < len(starts) else len(data)
    return CsvRecords(starts[kept], ends[kept], plain[kept], problems, length)


def other_width(fields: int, width: int) -> str:
    """What is wrong with a record that has not as many fields as there are columns."""
    return f"the row has {fields} field{'' if fields == 1 else 's'}, the header has {width}"


def _other_widths(fields: Integers, width: int) -> pl.Series:
    counts, of_row = np.unique(fields, return_inverse=True)
    words = [other_width(count, width) for count in counts.tolist()]
    return pl.Series(words, dtype=pl.String).gather(of_row)


def _counted(where: Booleans, starts: Integers) -> Integers:
    """How often it holds in each line."""
    if not len(starts):
        return np.zeros(0, np.int64)
    counts: Integers = np.add.reduceat(where, starts, dtype=np.int64)
    return counts


def _looked_at(bytes_: NDArray[np.uint8], starts: Integers, delimiter: int) -> tuple[Integers, Booleans]:
    """How many fields each line has by itself, and where its quotes are not as they have to be on one line."""
    delimiters = bytes_ == delimiter
    places = np.flatnonzero(bytes_ == _QUOTE)
    if not len(places):
        return _counted(delimiters, starts) + 1, np.zeros(len(starts), np.bool_)
    inside: NDArray[np.uint8] = np.cumsum(bytes_ == _QUOTE, dtype=np.uint8) & np.uint8(1)
    carried: NDArray[np.uint8] = np.concatenate([np.zeros(1, np.uint8), inside])[starts]
    if carried.any() or inside[-1]:
        broken, inside = _line_by_line(bytes_, starts, places, inside, carried, delimiter)
    else:
        broken = np.zeros(len(starts), np.bool_)
        wrong = places[~_in_place(bytes_, places, np.arange(len(places)), delimiter)]
        broken[np.searchsorted(starts, wrong, "right") - 1] = True
    return _counted(delimiters & (inside == 0), starts) + 1, broken


def _line_by_line(  # noqa: PLR0913, PLR0917 - the lines and their quotes
    bytes_: NDArray[np.uint8],
    starts: Integers,
    places: Integers,
    inside: NDArray[np.uint8],
    carried: NDArray[np.uint8],
    delimiter: int,
) -> tuple[Booleans, NDArray[np.uint8]]:
    """Which lines are broken, and which bytes stand in quotes, when each line begins outside of them."""
    line = np.searchsorted(starts, places, "right") - 1
    of_line = np.bincount(line, minlength=len(starts))
    nth = np.arange(len(places)) - (np.cumsum(of_line) - of_line)[line]
    broken = of_line % 2 == 1
    broken[line[~_in_place(bytes_, places, nth, delimiter)]] = True
    return broken, inside ^ np.repeat(carried, np.diff(starts, append=len(bytes_))).astype(np.uint8)


def _in_place(bytes_: NDArray[np.uint8], places: Integers, nth: Integers, delimiter: int) -> Booleans:
    """Whether the n-th quotes of lines open a field, close one, or are the two halves of a doubled one."""
    before = np.where(places > 0, bytes_[places - 1], _LINE_END)
    behind, then = bytes_[places + 1], bytes_[np.minimum(places + 2, len(bytes_) - 1)]
    ends_line = (behind == _LINE_END) | ((behind == _RETURN) & (then == _LINE_END))
    touches = np.diff(places) == 1
    second = np.concatenate([[False], touches])
    first = np.concatenate([touches, [False]])
    opens = (before == delimiter) | (before == _LINE_END) | second
    closes = (behind == delimiter) | ends_line | first
    right: Booleans = np.where(nth % 2 == 0, opens, closes)
    return right


def _over_lines(  # noqa: PLR0913 - the lines, and those that are looked at
    data: bytes, starts: Integers, ends: Integers, broken: list[int], delimiter: bytes, *, ended: bool
) -> tuple[list[tuple[int, int]], dict[int, str], int]:
    """Which lines are one record, what is wrong with others, and the line from which on more has to be read."""
    record, opened, fields = _patterns(delimiter)
    joined: list[tuple[int, int]] = []
    problems: dict[int, str] = {}
    line_ends, passed = ends.tolist() if broken else [], 0
    for line in broken:
        if line < passed:
            continue
        start = int(starts[line])
        stop = start + LONGEST
        found = record.match(data, start, stop)
        if found is not None:
            passed = bisect_left(line_ends, found.end()) + 1
            joined.append((line, passed - 1))
        elif not ended and stop > len(data) and opened.match(data, start):
            return joined, problems, line
        else:
            problems[line] = _wrong(data, fields.match(data, start, stop), line_ends[line])
    return joined, problems, len(starts)


def _wrong(data: bytes, whole: re.Match[bytes] | None, line_end: int) -> str:
    """What is wrong behind the fields that are whole."""
    place = 0 if whole is None else whole.end()
    if place > line_end:
        return _OPEN
    if data[place] != _QUOTE:
        return _BARE
    return _BEHIND if re.compile(rb'"(?:[^"\n]|"")*+"').match(data, place, line_end) else _OPEN


@lru_cache(maxsize=8)
def _patterns(delimiter: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes], re.Pattern[bytes]]:
    """A record, a record that is open where the data ends, and the whole fields at a record's beginning."""
    part = re.escape(delimiter)
    content = rb'"(?:[^"]++|"")*+'
    field = rb"(?:" + content + rb'"|[^"\n' + part + rb"]*+)"
    fields = rb"(?:" + field + part + rb")*+"
    return (
        re.compile(fields + field + rb"\r?(?=\n)"),
        re.compile(fields + content + rb"\Z"),
        re.compile(fields),
    )
