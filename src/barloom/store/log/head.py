"""Where the log of a store stands: its epoch, how far it reaches, and from where on it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from barloom.store.backend import Family
from barloom.store.keys import after
from barloom.store.log.position import Position, new_epoch

if TYPE_CHECKING:
    from barloom.store.backend import Backend

__all__ = ["HEAD", "Head", "begin_epoch", "read_head"]

HEAD: Final = b"log"
"""Where it stands among what a store says of itself."""


class Head(msgspec.Struct, frozen=True):
    """As of the last commit.

    `end` is the number of the last item, `ends` of the last one of each level, and `gone` up to which number the items
    of each level are removed. `why` the epoch began (``made``, ``set-back``, ``import``, ``copy``), and `before` what
    the epoch before it was called. `whole`: every final of the store has been in the log.
    """

    epoch: str
    ends: list[int]
    gone: list[int]
    end: int = 0
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
        return cls(new_epoch(), [0] * levels, [0] * levels, whole=whole)

    def in_epoch(self, why: str) -> Head:
        """The same in an epoch that begins now."""
        return msgspec.structs.replace(self, epoch=new_epoch(), why=why, before=self.epoch)

    def encoded(self) -> bytes:
        """As it is stored."""
        return msgspec.json.encode(self)


def read_head(backend: Backend) -> Head | None:
    """Where the log stands; none in a store that an older version wrote, or that nothing was committed to.

    A scan sees what a writer committed as it ended, a look-up may not.
    """
    found = next((data for name, data in backend.scan(Family.META, HEAD, after(HEAD)) if name == HEAD), None)
    return None if found is None else msgspec.json.decode(found, type=Head)


def begin_epoch(backend: Backend, why: str) -> None:
    """Let the log be counted in a new epoch; nothing to do where there is none yet."""
    head = read_head(backend)
    if head is not None:
        batch = backend.batch()
        batch.put(Family.META, HEAD, head.in_epoch(why).encoded())
        backend.write(batch)
