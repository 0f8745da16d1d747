"""Messages of JSON that are all laid out alike, read side by side.

Most producers write each message with the same members in the same order and the same spaces: then all that differs is
the values. The layout is learned from one message; each other one is compared with it byte by byte, and those that
differ anywhere are left to a real parser.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from barloom.serde.poll import Poll
    from barloom.time.calendar import Booleans, Integers

__all__ = ["NUMBER", "Layout", "Spans"]

NUMBER: Final = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
"""What JSON takes for a number."""

_OPEN: Final = re.compile(rb"[ \t\r\n]*\{")
_MEMBER: Final = re.compile(
    rb'[ \t\r\n]*"([^"\\\x00-\x1f]*)"[ \t\r\n]*:[ \t\r\n]*'
    rb'(?:"([^"\\\x00-\x1f]*)"|(-?[0-9][0-9.eE+-]*))[ \t\r\n]*(,|\}[ \t\r\n]*$)'
)
_WORD: Final = 8
_LONGEST: Final = 64
_ONES: Final = np.uint64(0x0101010101010101)
_HIGHS: Final = np.uint64(0x8080808080808080)
_BLANK: Final = np.uint64(0x20)
_ONE: Final = np.uint64(1)
_QUOTE: Final = 0x22
_BACKSLASH: Final = 0x5C


class Spans(NamedTuple):
    """Where a member's value stands in each message: a text between its quotes, or a number."""

    at: Integers
    size: Integers
    quoted: bool


class Layout:
    """The members of a message, and the bytes before each value and behind the last."""

    def __init__(self, members: list[tuple[str, bool]], between: list[bytes]) -> None:
        self._members = members
        self._between = between

    @classmethod
    def of(cls, message: bytes) -> Self | None:
        """The layout of a flat object of texts without escapes and of numbers; none for any other message."""
        opening = _OPEN.match(message)
        place, done = (opening.end(), 0) if opening else (0, 0)
        members: list[tuple[str, bool]] = []
        between: list[bytes] = []
        while opening and place < len(message):
            found = _MEMBER.match(message, place)
            if found is None:
                return None
            quoted = found[3] is None
            start, end = found.span(2 if quoted else 3)
            members.append((found[1].decode(), quoted))
            between.append(message[done:start])
            place, done = found.end(), end
        names = [name for name, _ in members]
        if not members or message[done:].lstrip(b'" \t\r\n')[:1] != b"}" or len(set(names)) < len(names):
            return None
        return cls(members, [*between, message[done:]])

    def read(self, poll: Poll) -> tuple[dict[str, Spans], Booleans]:
        """The values of the members, and which messages have the layout; the spans of the others mean nothing."""
        words = poll.words
        cursor, last = poll.start, len(words) - 1
        good = ~poll.missing
        found: dict[str, Spans] = {}
        for (name, quoted), before, behind in zip(self._members, self._between, self._between[1:], strict=False):
            good &= _equal(words, cursor, before)
            start = np.minimum(cursor + len(before), last)
            cursor = _end(words, start, quoted=quoted, stop=behind[0])
            found[name] = Spans(start, cursor - start, quoted)
        good &= _equal(words, cursor, self._between[-1])
        good &= cursor + len(self._between[-1]) == poll.end
        return found, good


def _equal(words: NDArray[np.uint64], at: Integers, expected: bytes) -> Booleans:
    """Where these bytes stand."""
    same = np.ones(len(at), np.bool_)
    for place in range(0, len(expected), _WORD):
        part = expected[place : place + _WORD]
        value = np.uint64(int.from_bytes(part, "little"))
        mask = np.uint64((1 << (8 * len(part))) - 1)
        same &= words[np.minimum(at + place, len(words) - 1) if place else at] & mask == value
    return same


def _end(words: NDArray[np.uint64], start: Integers, *, quoted: bool, stop: int) -> Integers:
    """The first byte from each start that ends a value: in a text a quote, or what a text would have to escape.

    The lowest byte that these tricks with carries mark is always a true one.
    """
    end = start.copy()
    active: Integers | None = None
    for _ in range(_LONGEST):
        word = words[end if active is None else end[active]]
        marks = _zeros(word ^ (_ONES * np.uint64(_QUOTE if quoted else stop)))
        if quoted:
            marks |= _zeros(word ^ (_ONES * np.uint64(_BACKSLASH))) | ((word - _ONES * _BLANK) & ~word & _HIGHS)
        passed = (np.bitwise_count((marks & (~marks + _ONE)) - _ONE) >> 3).astype(np.int64)
        if active is None:
            end += passed
        else:
            end[active] += passed
        np.minimum(end, len(words) - 1, out=end)
        on = np.flatnonzero(marks == 0)
        if not len(on):
            break
        active = on if active is None else active[on]
    return end


def _zeros(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A high bit at the lowest byte that is zero, if there is one (and perhaps at others above it)."""
    marks: NDArray[np.uint64] = (word - _ONES) & ~word & _HIGHS
    return marks
