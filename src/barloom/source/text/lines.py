"""Blocks of whole lines from a stream of bytes, at most a block and a line in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.errors import SourceError
from barloom.source.files.bytestream import Broken
from barloom.source.files.chain import Chain

if TYPE_CHECKING:
    from barloom.source.files.bytestream import ByteStream

__all__ = ["LineBlocks"]

_LONGEST_LINE: Final = 16 << 20
_BLANK: Final = b" \t\r\n"


class LineBlocks:
    """Cuts a stream behind line ends.

    `offset` is the place in the content of what comes next, `broken` what is wrong with the stream where it ended
    early, `rest` what is there behind the last line end once the stream has ended. `chain` has taken in what was given
    and not given back.
    """

    def __init__(self, stream: ByteStream, block_bytes: int, name: str) -> None:
        self._stream = stream
        self._block_bytes = block_bytes
        self._name = name
        self._ended = False
        self.rest = b""
        self.offset = 0
        self.broken: str | None = None
        self._chain = Chain()
        self._unchained: list[bytes] = []

    @property
    def chain(self) -> Chain:
        """The digest of the content up to `offset`; what comes before it can no longer be given back."""
        for data in self._unchained:
            self._chain.update(data)
        self._unchained.clear()
        return self._chain

    def go_on_from(self, block: str) -> None:
        """Let the digest go on from that of the blocks up to `offset`."""
        self._chain = Chain(block)
        self._unchained.clear()

    @property
    def sealed(self) -> bool:
        """Whether the stream's end is proven to be its end."""
        return self._stream.sealed

    @property
    def consumed(self) -> int:
        """Bytes of the file read so far."""
        return self._stream.consumed

    def head(self, size: int) -> bytes:
        """The next bytes, which stay to be read; fewer at the end."""
        while len(self.rest) < size and self._more(size - len(self.rest)):
            pass
        return self.rest[:size]

    def take(self, size: int) -> bytes:
        """The next bytes; fewer at the end."""
        taken = self.head(size)
        self.rest = self.rest[len(taken) :]
        self.offset += len(taken)
        self._unchained.append(taken)
        return taken

    def skip_to(self, offset: int) -> None:
        """Go forward to a place in the content, or to its end."""
        held = min(len(self.rest), max(offset - self.offset, 0))
        self.take(held)
        if offset > self.offset and not self._ended:
            try:
                self.offset += self._stream.skip(offset - self.offset)
            except Broken as error:
                self._end(str(error))

    def skip_blank(self) -> None:
        """Go over blank lines."""
        while True:
            first = self.first_line()
            if first is None or first.strip(_BLANK):
                return
            self.take(len(first))

    def first_line(self) -> bytes | None:
        """The next line with its end, which stays to be read; none where no line end is left."""
        searched = 0
        while (place := self.rest.find(b"\n", searched)) < 0:
            searched = len(self.rest)
            self._check_length(searched)
            if not self._more(1 << 16):
                return None
        return self.rest[: place + 1]

    def block(self) -> bytes:
        """The next whole lines, a block of them and the rest of a line at most; nothing when no line end is left."""
        parts, size = [self.rest], len(self.rest)
        whole = b"\n" in self.rest
        self.rest = b""
        while size < self._block_bytes or not whole:
            if not whole:
                self._check_length(size)
            if not self._more(self._block_bytes - size):
                break
            parts.append(self.rest)
            size += len(self.rest)
            whole = whole or b"\n" in self.rest
            self.rest = b""
        joined = b"".join(parts)
        end = joined.find(b"\n", self._block_bytes) + 1 or joined.rfind(b"\n") + 1
        given, self.rest = joined[:end], joined[end:]
        self.offset += end
        self._unchained.append(given)
        return given

    def give_back(self, data: bytes) -> None:
        """Put back the end of what was taken since the digest was asked for, to be read again."""
        self.rest = data + self.rest
        self.offset -= len(data)
        left = len(data)
        while left:
            last = self._unchained.pop()
            if len(last) > left:
                self._unchained.append(last[: len(last) - left])
            left -= min(left, len(last))

    def _more(self, size: int) -> bool:
        if self._ended:
            return False
        try:
            data = self._stream.read(max(size, 1 << 16))
        except Broken as error:
            self._end(str(error))
            return False
        self._ended = not data
        self.rest += data
        return bool(data)

    def _end(self, reason: str) -> None:
        self._ended = True
        self.broken = reason

    def _check_length(self, size: int) -> None:
        if size > _LONGEST_LINE:
            message = f"{self._name} has no line end within {_LONGEST_LINE >> 20} MiB: it is no file of lines"
            raise SourceError(message)
