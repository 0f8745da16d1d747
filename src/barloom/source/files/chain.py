"""A digest of content, chained over fixed blocks: to go on with it takes the last block only, whatever came before."""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["BLOCK_BYTES", "ROW_BYTES", "Chain", "bytes_of_rows", "is_current", "stamped"]

BLOCK_BYTES: Final = 1 << 19
ROW_BYTES: Final = 8
"""For so many bytes a row of typed columns stands in its content."""

_DIGITS: Final = 32
_SEED: Final = 1


class Chain:
    """Takes content in. `block` is the digest of all whole blocks so far, `digest` that of everything.

    A chain made with the `block` of a place that many bytes long goes on there.
    """

    def __init__(self, block: str = "") -> None:
        self.block = block
        self._begin()

    def _begin(self) -> None:
        # Accidents are to be told apart, not forgeries; of what the standard library has, this costs least everywhere.
        self._hash = sha1(self.block.encode(), usedforsecurity=False)
        self._room = BLOCK_BYTES

    def update(self, content: bytes) -> None:
        """Take in what comes next."""
        left = memoryview(content)
        while len(left) >= self._room:
            self._hash.update(left[: self._room])
            left = left[self._room :]
            self.block = self.digest()
            self._begin()
        if left:
            self._hash.update(left)
            self._room -= len(left)

    def digest(self) -> str:
        """What all content so far is known by."""
        return self._hash.hexdigest()[:_DIGITS]


def bytes_of_rows(frames: Iterable[pl.DataFrame]) -> bytes:
    """Typed rows as content, `ROW_BYTES` each, however they were packed or cut into groups."""
    return b"".join(_plain(frame).hash_rows(_SEED).to_numpy().tobytes() for frame in frames if frame.height)


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    coded = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Categorical | pl.Enum)]
    return frame.with_columns(pl.col(coded).cast(pl.String)) if coded else frame


def stamped(digest: str) -> str:
    """A digest of rows together with what decides how rows are hashed: another Polars may hash them otherwise."""
    return f"{digest}@{pl.__version__}"


def is_current(digest: str) -> bool:
    """Whether a digest of rows can be compared with those of today."""
    return digest.endswith(f"@{pl.__version__}")
