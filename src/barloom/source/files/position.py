"""How far a file has been read, and how to know that it is still the same file."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import msgspec

from barloom.errors import SourceError

__all__ = [
    "ANOTHER_FRAME",
    "HEAD_BYTES",
    "REPLACED",
    "SORTED",
    "SORTING",
    "TAIL_BYTES",
    "TOTAL",
    "FilePosition",
    "digest",
    "rows_of",
    "rows_position",
]

HEAD_BYTES: Final = 16_384
TAIL_BYTES: Final = 256
REPLACED: Final = (
    "Files may grow, not change: put the old content back, name the file that it was moved to as well (what is here is "
    "new then), or make all bars anew with barloom rebuild"
)
"""What to do about a file that stands where another was, and that one is nowhere."""

ANOTHER_FRAME: Final = (
    'Where its rows are new, say resume="new"; a frame that has grown begins with the rows it had before'
)
"""What to do about a frame that is not the one of which rows were read before."""

SORTING: Final = "sorting"
"""Under this name the rows that are being sorted stand among the positions, and how many of them were given."""

SORTED: Final = "sorting to"
"""Under this name it stands how far each file was read for that sorting, by the file's key."""

TOTAL: Final = "rows"
"""Under this name the number of rows read from the whole input stands among the positions."""


class FilePosition(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where reading continues in a file.

    `rows` data rows are read. Text continues at content byte `byte`, after `skip` records there; other formats at
    their row. `head` and `tail` are digests of the content's first `head_length` bytes (rows in Parquet) and of the
    `tail_length` bytes before `byte`. `high` is the largest event time so far, `size` the file's size when its
    end was reached; `pending`: there was a last line without an end, left unread; `unended`: that line was read.

    `content` is what the content before `byte` (before those `skip` rows) is known by wherever it stands, and `block`
    what the whole blocks in it are known by (see `Chain`); version 0.1 wrote neither. `named` are the fields that came
    from the file's name. `last` are the latest times of fields where the order of the rows tells which time is meant
    (those before the `skip` records). `twin` names another file of which all content before `byte` was read, so that
    none of it was of this one.

    `limit` is the time after which rows in hand may not be stamped, taken when the file had `limit_size` bytes;
    `ahead`: some row was. `limits` are earlier ones, each up to a row, as far as some row was stamped later.
    """

    rows: int = 0
    byte: int = 0
    skip: int = 0
    head: str = ""
    head_length: int = 0
    tail: str = ""
    tail_length: int = 0
    high: int | None = None
    size: int | None = None
    pending: bool = False
    unended: bool = False
    content: str = ""
    block: str = ""
    named: dict[str, str] = {}
    last: dict[str, int] = {}
    twin: str = ""
    limit: int | None = None
    limit_size: int = 0
    ahead: bool = False
    limits: tuple[tuple[int, int], ...] = ()

    def encode(self) -> bytes:
        """As bytes for a store."""
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, name: str, data: bytes) -> FilePosition:
        """From a store; `SourceError` where another kind of source or another version wrote it."""
        try:
            return msgspec.json.decode(data, type=cls)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            message = f"the stored position of {name} cannot be read by this version of barloom ({error})"
            raise SourceError(message) from None


def digest(content: bytes) -> str:
    """A short digest of content."""
    return blake2b(content, digest_size=12).hexdigest()


def rows_position(rows: int) -> bytes:
    """The position of an input of which only the number of rows is known."""
    return str(rows).encode()


def rows_of(name: str, data: bytes | None) -> int:
    """The number of rows in such a position, none for a new input."""
    if data is None:
        return 0
    try:
        return int(data)
    except ValueError:
        message = f"the stored position of {name} cannot be read by this version of barloom"
        raise SourceError(message) from None
