"""What has been taken in already: event ids of open slots, and input bars whose parents are still open."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from barloom.time.calendar import Booleans, Integers

__all__ = ["ENTRY", "Seen"]

ENTRY = b"seen/"

_LONG_AGO = -(2**63)

Token: TypeAlias = str | int
Pair: TypeAlias = tuple[int, Token]


class _Mark(NamedTuple):
    expires: int
    content: str


class Seen:
    """Marks of accepted rows, each kept until stream time reaches its `expires`."""

    def __init__(self) -> None:
        self._marks: dict[Pair, _Mark] = {}
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
                self._mark(pair, _Mark(int(expires[row]), contents[row]))
        return repeated, conflicting

    def mark(self, pairs: Sequence[Pair], expires: Integers, contents: Sequence[str]) -> None:
        """Mark rows that were accepted before they were judged."""
        for pair, until, content in zip(pairs, expires.tolist(), contents, strict=True):
            self._mark(pair, _Mark(until, content))

    def _mark(self, pair: Pair, mark: _Mark) -> None:
        self._marks[pair] = mark
        self._by_expiry[mark.expires].append(pair)
        self._fresh.append(pair)

    def settle(
        self, stream_time: int, keys: Callable[[Integers], Sequence[tuple[object, ...]]]
    ) -> dict[bytes, bytes | None]:
        """Forget what has expired; gives the entries of the state that change."""
        changed: dict[bytes, bytes | None] = {}
        for moment in [moment for moment in self._by_expiry if moment <= stream_time]:
            for pair in self._by_expiry.pop(moment):
                if (mark := self._marks.get(pair)) is not None and mark.expires == moment:
                    del self._marks[pair]
        for name in [name for name, last in self._entries.items() if last <= stream_time]:
            del self._entries[name]
            changed[name] = None
        if fresh := [(pair, mark) for pair in self._fresh if (mark := self._marks.get(pair)) is not None]:
            name = ENTRY + self._written.to_bytes(8, "big")
            names = keys(np.array([pair[0] for pair, _ in fresh]))
            rows = [(key, pair[1], *mark) for key, (pair, mark) in zip(names, fresh, strict=True)]
            changed[name] = msgspec.json.encode(rows)
            self._entries[name] = max(mark.expires for _, mark in fresh)
            self._written += 1
        self._fresh.clear()
        return changed

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
            for key, (_, token, expires, text) in zip(ids([tuple(row[0]) for row in rows]), rows, strict=True):
                if token is not None:  # version 0.1 marked rows without an id as well
                    self._mark((key, token), _Mark(expires + longer, text))
            self._entries[name] = _LONG_AGO if longer else max(row[2] for row in rows)
            self._written = int.from_bytes(name[len(ENTRY) :], "big") + 1
        if not longer:
            self._fresh.clear()
