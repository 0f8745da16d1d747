"""Where the log of a store stands: its epoch, how far it reaches, and from where on it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from barloom.store.backend import Family
from barloom.store.keys import encode_start
from barloom.store.log.position import Position, new_epoch

if TYPE_CHECKING:
    from barloom.store.backend import Backend, Batch

__all__ = ["Head", "begin_epoch", "head_version", "put_head", "read_head"]

_HEADS: Final = b"\xff"
"""Behind the entries of all levels."""


class Head(msgspec.Struct, frozen=True):
    """As of the last commit, which had the number `commit`; a batch that removes old entries counts as one.

    `end` is the number of the last item, `ends` of the last one of each level, and `gone` up to which number the items
    of each level are removed. `decided` is up to where the slots of each level are closed. `why` the epoch began
    (``made``, ``set-back``, ``import``, ``copy``), and `before` what the epoch before it was called. `whole`: every
    final of the store has been in the log.
    """

    epoch: str
    ends: list[int]
    gone: list[int]
    decided: list[int | None]
    end: int = 0
    commit: int = 0
    why: str = "made"
    before: str | None = None
    whole: bool = True

    @property
    def position(self) -> Position:
        """Behind the last item."""
        return Position(self.epoch, self.end)

    @classmethod
    def new(cls, levels: int, *, whole: bool) -> Head:
        """Of a log that begins."""
        return cls(new_epoch(), [0] * levels, [0] * levels, [None] * levels, whole=whole)

    def in_epoch(self, why: str) -> Head:
        """The same in an epoch that begins now."""
        return msgspec.structs.replace(self, epoch=new_epoch(), why=why, before=self.epoch)


def put_head(batch: Batch, head: Head, before: Head | None) -> None:
    """Note a head in the place of the one before.

    Each stands under a name of its own, of which the last counts. Beside a writer an older value of the same name may
    hide a newer one: a secondary instance of RocksDB keeps what it has in memory, until something is written again.
    """
    if before is not None:
        batch.delete_all(Family.LOG, [_place(before.commit)])
    batch.put(Family.LOG, _place(head.commit), msgspec.json.encode(head))


def read_head(backend: Backend) -> Head | None:
    """Where the log stands; none in a store that an older version wrote, or that nothing was committed to."""
    found = _last(backend)
    return None if found is None else msgspec.json.decode(found[1], type=Head)


def head_version(backend: Backend) -> bytes | None:
    """What is another one after every commit; none where there is no log."""
    found = _last(backend)
    return None if found is None else found[0]


def begin_epoch(backend: Backend, why: str) -> None:
    """Let the log be counted in a new epoch; nothing to do where there is none yet."""
    head = read_head(backend)
    if head is not None:
        batch = backend.batch()
        put_head(batch, msgspec.structs.replace(head.in_epoch(why), commit=head.commit + 1), head)
        backend.write(batch)


def _last(backend: Backend) -> tuple[bytes, bytes] | None:
    return next(backend.scan(Family.LOG, _HEADS, None, backwards=True), None)


def _place(commit: int) -> bytes:
    return _HEADS + encode_start(commit)
