"""The entries of a log as bytes: which bars became final, and which slots were closed, a few bytes for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

if TYPE_CHECKING:
    from barloom.time.calendar import Integers

__all__ = ["ClosedEntry", "Entry", "FinalsEntry", "Packed", "decoded", "encoded"]

_WIDTHS: Final = ((1 << 8, "<u1"), (1 << 16, "<u2"), (1 << 32, "<u4"))
_WIDEST: Final = "<u8"


class Packed(msgspec.Struct, frozen=True, array_like=True):
    """Integers as multiples of a step above the lowest, in as few bytes as they need (`form`: numpy's name of it)."""

    low: int
    step: int
    form: str
    data: bytes

    @classmethod
    def of(cls, numbers: Integers) -> Packed:
        """Some numbers, at least one."""
        low = int(numbers.min())
        above = (numbers - low).view(np.uint64)  # two that are far apart differ by more than int64 holds
        step = int(np.gcd.reduce(above)) or 1
        steps = above if step == 1 else above // np.uint64(step)
        largest = int(steps.max())
        form = next((form for limit, form in _WIDTHS if largest < limit), _WIDEST)
        return cls(low, step, form, steps.astype(form).tobytes())

    def numbers(self) -> Integers:
        """They themselves."""
        steps = np.frombuffer(self.data, self.form).astype(np.uint64)
        return (steps * np.uint64(self.step)).view(np.int64) + self.low


class FinalsEntry(msgspec.Struct, frozen=True, array_like=True, tag="f"):
    """Finals of one level and commit, numbered from `first` on.

    `keys`, encoded, have `runs` bars each, which begin at `starts`. They are numbered by start, and those of one start
    in the order of the keys. `before` is the number of the last item of the level ahead of them.
    """

    before: int
    first: int
    keys: list[bytes]
    runs: Packed
    starts: Packed


class ClosedEntry(msgspec.Struct, frozen=True, array_like=True, tag="c"):
    """Slots that were closed, as one item; see `ClosedSlots`. `starts` and `keys` are none where no slot has a bar."""

    before: int
    first: int
    after: int | None
    to: int
    starts: Packed | None
    keys: Packed | None
    reopened: bool


Entry = FinalsEntry | ClosedEntry

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final[msgspec.msgpack.Decoder[Entry]] = msgspec.msgpack.Decoder(FinalsEntry | ClosedEntry)


def encoded(entry: Entry) -> bytes:
    """An entry as it is stored."""
    return _ENCODER.encode(entry)


def decoded(data: bytes) -> Entry:
    """The entry of `encoded`'s bytes."""
    return _DECODER.decode(data)
