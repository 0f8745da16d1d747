"""What has been taken in already: event ids of open slots, and input bars whose parents are still open."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from barloom.engine.times.protocol import Times
    from barloom.time.calendar import Booleans, Integers

__all__ = ["ENTRY", "Mark", "Pair", "Seen"]

ENTRY = b"seen/"

_LONG_AGO = -(2**63)

Token: TypeAlias = str | int
Pair: TypeAlias = tuple[int, Token]


class Mark(NamedTuple):
    """Until which stream time an accepted row is known again, and what it said."""

    expires: int
    content: str


class Seen:
    """Marks of accepted rows, each kept until stream time reaches its `expires`."""

    def __init__(self, times: Times) -> None:
        self._times = times
        self._marks: dict[Pair, Mark] = {}
        self._by_expiry: defaultdict[int, list[Pair]] = defaultdict(list)
        self._entries: dict[bytes, int] = {}
        self._fresh: list[Pair] = []
        self._written = 0

    def judge(
        self,
        pairs: Sequence[Pair],
        expires: Integers,
        before: Integers,
        late: Booleans,
        contents: Sequence[str],
    ) -> tuple[Booleans, Booleans]:
        """Which rows repeat an accepted one, and which of these with another content.

        The others, if not late, are marked.
        A mark counts for a row only while the stream time before that row is less than the mark's `expires`.
        """
        repeated = np.zeros(len(pairs), np.bool_)
        conflicting = np.zeros(len(pairs), np.bool_)
        counts = Counter(pairs)
        for row, pair in enumerate(pairs):
            mark = self._marks.get(pair) if counts[pair] > 1 or pair in self._marks else None
            if mark is not None and mark.expires > before[row]:
                repeated[row] = True
                conflicting[row] = mark.content != contents[row]
            elif not late[row]:
                self._mark(pair, Mark(int(expires[row]), contents[row]))
        return repeated, conflicting

    def mark(self, pairs: Sequence[Pair], expires: Integers, contents: Sequence[str]) -> None:
        """Mark rows that were accepted before they were judged."""
        for pair, until, content in zip(pairs, expires.tolist(), contents, strict=True):
            self._mark(pair, Mark(until, content))

    def _mark(self, pair: Pair, mark: Mark) -> None:
        self._marks[pair] = mark
        self._by_expiry[mark.expires].append(pair)
        self._fresh.append(pair)

    def settle(self, keys: Callable[[Integers], Sequence[tuple[object, ...]]]) -> dict[bytes, bytes | None]:
        """Forget what has expired; gives the entries of the state that change."""
        changed: dict[bytes, bytes | None] = dict.fromkeys(self._forget())
        pairs = dict.fromkeys(self._fresh)
        if fresh := [(pair, mark) for pair in pairs if (mark := self._marks.get(pair)) is not None]:
            name = ENTRY + self._written.to_bytes(8, "big")
            names = keys(np.array([pair[0] for pair, _ in fresh]))
            rows = [(key, pair[1], *mark) for key, (pair, mark) in zip(names, fresh, strict=True)]
            changed |= dict.fromkeys(self._wrote(name, fresh))
            changed[name] = msgspec.json.encode(rows)
            self._written += 1
        self._fresh.clear()
        return changed

    def _forget(self) -> list[bytes]:
        """Forget the marks that have expired; gives the entries of which none is left."""
        now = self._times.time.now
        for moment in [moment for moment in self._by_expiry if moment <= now]:
            for pair in self._by_expiry.pop(moment):
                if (mark := self._marks.get(pair)) is not None and mark.expires == moment:
                    del self._marks[pair]
        gone = [name for name, last in self._entries.items() if last <= now]
        for name in gone:
            del self._entries[name]
        return gone

    def _wrote(self, name: bytes, marks: Sequence[tuple[Pair, Mark]]) -> list[bytes]:
        """An entry holds these marks; gives the entries of which none is left by that."""
        self._entries[name] = max((mark.expires for _, mark in marks), default=_LONG_AGO)
        return []

    def load(
        self,
        entries: Mapping[bytes, bytes],
        ids: Callable[[Sequence[tuple[object, ...]]], Iterable[int]],
        longer: int = 0,
    ) -> None:
        """From the state; marks that have to live `longer` than it says are written anew by the next step."""
        for name, content in sorted(entries.items()):
            if not name.startswith(ENTRY):
                continue
            rows = msgspec.json.decode(content, type=list[tuple[list[str | int], str | int | None, int, str]])
            marks: list[tuple[Pair, Mark]] = []
            for key, (_, token, expires, text) in zip(ids([tuple(row[0]) for row in rows]), rows, strict=True):
                if token is not None:  # version 0.1 marked rows without an id as well
                    marks.append(((key, token), Mark(expires + longer, text)))
                    self._mark(*marks[-1])
            self._wrote(name, [] if longer else marks)
            self._written = int.from_bytes(name[len(ENTRY) :], "big") + 1
        if not longer:
            self._fresh.clear()
