"""A bar that is decoded when the first of its fields is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["LazyBar"]

C = TypeVar("C")


class LazyBar(Generic[C]):
    """What is kept of one bar, and how to read it. `names` says how each field is read, in the order they are shown."""

    __slots__ = ("_content", "_data", "_decode", "final", "key", "names", "start")

    def __init__(  # noqa: PLR0913, PLR0917 - made for every bar that is read: keywords would cost
        self,
        names: Mapping[str, Callable[[LazyBar[C]], object]],
        decode: Callable[[bytes], C],
        key: bytes,
        start: int,
        data: bytes,
        final: bool,  # noqa: FBT001
    ) -> None:
        self.names = names
        self.key = key
        self.start = start
        self.final = final
        self._decode = decode
        self._data = data
        self._content: C | None = None

    @property
    def content(self) -> C:
        """What the bytes say."""
        content = self._content
        if content is None:
            content = self._content = self._decode(self._data)
        return content

    def value(self, name: str) -> object:
        """One field."""
        return self.names[name](self)
