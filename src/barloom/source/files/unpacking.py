"""Files packed by zstd, bzip2 or xz as streams of bytes, unpacked block by block."""

from __future__ import annotations

import bz2
import lzma
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol

from barloom.errors import MissingExtra
from barloom.source.files.bytestream import Broken

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["PACKED", "Unpacked", "open_packed", "zstd_library"]

PACKED: Final = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd", ".bz2": "bzip2", ".xz": "xz"}
"""How a file is packed whose name ends so."""

_BLOCK: Final = 1 << 12
"""Bytes that are unpacked together. The engine gives nothing of them where one makes no sense."""

_BUFFER: Final = 1 << 16
_DAMAGED: Final = "is damaged: its compressed data makes no sense ({})"
_TOO_WIDE: Final = "takes more than 128 MB of memory to unpack (it was packed with --long); pack it anew without"


class _Engine(Protocol):
    """What the decompressors of the standard library have in common, and that of `compression.zstd`."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class Unpacked:
    """The content of a packed file; several frames one after the other are one content.

    `make` makes what unpacks a frame, `errors` are what it raises where the data makes no sense, and `padding` is what
    may stand behind a frame.
    """

    sealed = False

    def __init__(
        self, file: BinaryIO, make: Callable[[], _Engine], errors: tuple[type[Exception], ...], padding: bytes = b""
    ) -> None:
        self._file = file
        self._make = make
        self._errors = errors
        self._padding = padding
        self._engine = make()
        self._started = False
        self._rest = b""
        self._failure: str | None = None
        self._ended = False

    def read(self, size: int) -> bytes:
        """Up to `size` bytes of the content."""
        while not self._ended:
            if self._failure is not None:
                raise Broken(self._failure)
            if self._engine.eof and not self._next_frame():
                continue
            if self._engine.needs_input and not self._rest and not self._refill():
                continue
            output = self._decompress(size)
            if output:
                return output
        return b""

    def skip(self, count: int) -> int:
        """Unpack and forget."""
        left = count
        while left and (block := self.read(min(left, 1 << 20))):
            left -= len(block)
        return count - left

    @property
    def consumed(self) -> int:
        """The position in the file."""
        return self._file.tell()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _refill(self) -> bool:
        self._rest = self._file.read(_BLOCK)
        if self._rest:
            self._started = True
        elif self._started:
            self._failure = "is cut short: its compressed data ends in the middle"
        else:
            self._ended = True
        return bool(self._rest)

    def _decompress(self, size: int) -> bytes:
        data, self._rest = (self._rest, b"") if self._engine.needs_input else (b"", self._rest)
        try:
            output = self._engine.decompress(data, size)
        except self._errors as error:
            self._failure = _TOO_WIDE if "too much memory" in str(error) else _DAMAGED.format(error)
            return b""
        if self._engine.eof:
            self._rest = self._engine.unused_data + self._rest
        return output

    def _next_frame(self) -> bool:
        self._rest = self._rest.lstrip(self._padding) if self._padding else self._rest
        while not self._rest:
            self._rest = self._file.read(_BLOCK)
            if not self._rest:
                self._ended = True
                return False
            self._rest = self._rest.lstrip(self._padding) if self._padding else self._rest
        self._engine = self._make()
        return True


def open_packed(path: Path, packing: str) -> Unpacked:
    """A packed file's content. Raises `MissingExtra` where zstd is asked for and not installed."""
    if packing == "zstd":
        zstd = zstd_library()
        return Unpacked(path.open("rb", _BUFFER), zstd.ZstdDecompressor, (zstd.ZstdError,))
    if packing == "bzip2":
        return Unpacked(path.open("rb", _BUFFER), bz2.BZ2Decompressor, (OSError, ValueError))
    return Unpacked(path.open("rb", _BUFFER), lzma.LZMADecompressor, (lzma.LZMAError,), b"\0")


def zstd_library(purpose: str = "reading .zst files") -> Any:  # noqa: ANN401 - a module that may not be there
    """Part of Python from 3.14 on, and the same as a package before. Raises `MissingExtra` where it is not there."""
    name = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    try:
        return import_module(name)
    except ImportError:
        extra = "zstd"
        raise MissingExtra(extra, purpose) from None
