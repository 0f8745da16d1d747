"""The numbers of keys with more than one run, as entries of the state, and the open holes in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from barloom.engine.holes.lacks import Lack, Lacks
from barloom.engine.holes.numbers import Epoch, KeyNumbers, Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.plan.barplan import Sequence as Declared

__all__ = ["HOLES", "OpenHole", "entry_of", "entry_text", "holes_in", "key_of", "read_entry"]

HOLES: Final = b"holes/"
"""How the entries of the state begin that hold the numbers of a key with holes; the key's fields follow as JSON."""

_Run = tuple[int, int, int, int, bool, bool]


class OpenHole(NamedTuple):
    """Numbers `first` to `last` of a key that have not come, and lie between two times (both included)."""

    key: tuple[object, ...]
    first: int
    last: int
    start: int
    end: int


class _Kept(msgspec.Struct, array_like=True):
    """What is kept of a key."""

    now: list[_Run]
    past: list[_Run]
    past_until: int
    largest: int
    original: bool
    anew: bool
    forgotten: tuple[bool, bool]
    lacks: list[tuple[int, int, int, int, bool, bool]]


_encode: Final = msgspec.msgpack.Encoder().encode
_decoder: Final = msgspec.msgpack.Decoder(_Kept)


def entry_of(key: Sequence[object]) -> bytes:
    """The name of the entry of a key."""
    return HOLES + msgspec.json.encode(key)


def key_of(name: bytes) -> tuple[object, ...]:
    """The key that the entry of this name is of."""
    return tuple(msgspec.json.decode(name[len(HOLES) :], type=list[str | int]))


def entry_text(numbers: KeyNumbers, lacks: Lacks) -> bytes:
    """The entry of a key."""
    return _encode(
        _Kept(
            _runs(numbers.now),
            _runs(numbers.past),
            numbers.past_until,
            numbers.largest,
            numbers.original,
            numbers.anew,
            (numbers.now.forgotten, numbers.past.forgotten),
            [(*place, lack.end, lack.missing, lack.refused, lack.unknown) for place, lack in lacks.slots.items()],
        )
    )


def read_entry(value: bytes, sequence: Declared) -> tuple[KeyNumbers, Lacks]:
    """The numbers of a key, and what its slots lack."""
    kept = _decoder.decode(value)
    numbers = KeyNumbers(sequence, Epoch([Run(*run) for run in kept.now], kept.forgotten[0]), kept.largest)
    numbers.past = Epoch([Run(*run) for run in kept.past], kept.forgotten[1])
    numbers.past_until, numbers.original, numbers.anew = kept.past_until, kept.original, kept.anew
    lacks = Lacks()
    lacks.slots = {(level, start): Lack(*rest) for level, start, *rest in kept.lacks}  # type: ignore[arg-type]
    return numbers, lacks


def holes_in(entries: Mapping[bytes, bytes]) -> Iterator[OpenHole]:
    """The holes of the state's entries, by key and number."""
    for name in sorted(name for name in entries if name.startswith(HOLES)):
        kept, key = _decoder.decode(entries[name]), key_of(name)
        for runs in (kept.past, kept.now):
            for hole in Epoch([Run(*run) for run in runs]).holes():
                yield OpenHole(key, hole.first, hole.last, hole.start, hole.end)


def _runs(epoch: Epoch) -> list[_Run]:
    return [(run.first, run.last, run.begin, run.end, run.given_up, run.told) for run in epoch.runs]
