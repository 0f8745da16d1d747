"""Which file is which: a file is known by what is in it, and its path is only a name.

A file that begins with what was read under its own path goes on there. Where it does not, it goes on where the longest
content ends with which it begins and whose own file is gone. What several files hold is read once.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec.structs import replace

from barloom.errors import SourceReplaced
from barloom.source.feeds.live import RECEIVED
from barloom.source.files.contents import Relation, content_of, relation
from barloom.source.files.inputs import FRAME, InputFile
from barloom.source.files.position import SORTED, SORTING, TOTAL, FilePosition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.source.decode import Decoder
    from barloom.source.files.inputs import Input

__all__ = ["Recognised", "Twin", "recognise", "stored_positions"]

_NO_FILES = frozenset({TOTAL, SORTING, SORTED, RECEIVED, FRAME})


class Twin(NamedTuple):
    """A file that is not read, since all it holds stands in another (of which `main` is the key), and its end."""

    key: str
    main: str
    end: FilePosition


@dataclass(slots=True)
class Recognised:
    """The files to read, the positions by today's names, and what to say.

    `moved` has today's name for each former one, `twins` what to put down once their mains have been read so far.
    """

    files: list[Input]
    positions: dict[str, bytes]
    moved: dict[str, str] = field(default_factory=dict)
    twins: list[Twin] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def stored_positions(positions: Mapping[str, bytes]) -> dict[str, FilePosition]:
    """The positions of files of which rows were read: a file without rows identifies nothing."""
    found = {key: FilePosition.decode(key, data) for key, data in positions.items() if data and key not in _NO_FILES}
    return {key: position for key, position in found.items() if position.rows}


def recognise(decoder: Decoder, files: Sequence[Input], positions: Mapping[str, bytes]) -> Recognised:
    """Find for each file where it goes on.

    Raises `SourceReplaced` where two files may be the one that was read before. A file in the place of one that is
    nowhere keeps that one's position: reading it says what is wrong.
    """
    known = [file for file in files if isinstance(file, InputFile)]
    if len(known) < len(files):
        return Recognised(list(files), dict(positions))
    return _Recognising(decoder, known, positions).run()


def _being_sorted(positions: Mapping[str, bytes]) -> dict[str, FilePosition]:
    """How far files were read for a sorting that was not finished: they go on from before it, but are known by that."""
    stored = positions.get(SORTED)
    found = msgspec.json.decode(stored, type=dict[str, FilePosition]) if stored else {}
    return {key: position for key, position in found.items() if position.rows}


class _Recognising:
    """Finds for each file where it goes on.

    `_from` says by which stored name that is, `_passed` in which other file all of a file stands, `_lost` are files in
    the place of one that is nowhere.
    """

    def __init__(self, decoder: Decoder, files: Sequence[InputFile], positions: Mapping[str, bytes]) -> None:
        self._read = stored_positions(positions)
        self._stored = self._read | _being_sorted(positions)
        self._found = Recognised([], dict(positions))
        self._files = {file.key: file for file in self._once(files)}
        self._contents = {key: content_of(file, decoder) for key, file in self._files.items()}
        self._from: dict[str, str] = {}
        self._passed: dict[str, str] = {}
        self._lost: set[str] = set()

    def run(self) -> Recognised:
        loose = self._without_their_own()
        self._move(loose)
        self._read_once([key for key in loose if key not in self._lost])
        self._put_down(loose)
        self._found.files = [file for key, file in self._files.items() if key not in self._passed]
        return self._found

    def _once(self, files: Sequence[InputFile]) -> list[InputFile]:
        """Each file on the disk under one of its names: that by which it was read, or the first."""
        chosen: dict[tuple[int, int, str], InputFile] = {}
        for file in files:
            held = chosen.setdefault(file.place(), file)
            if held is not file and file.key in self._stored and held.key not in self._stored:
                chosen[file.place()] = file
        for file in files:
            if (held := chosen[file.place()]) is not file:
                self._found.notes.append(f"{file.name} is {held.name} under another name: it is read once")
        return [file for file in files if chosen[file.place()] is file]

    def _begins_alike(self, key: str, position: FilePosition) -> bool:
        return self._contents[key].may_begin_with(position) and position.named == dict(self._files[key].named)

    def _begins_with(self, key: str, position: FilePosition) -> bool:
        return self._begins_alike(key, position) and self._contents[key].begins_with(position)

    def _without_their_own(self) -> list[str]:
        """The files that do not go on with what was read under their own name.

        All that comes before the position is compared only where another file might be meant; otherwise the last of it
        is, when it is read.
        """
        own = {key: self._stored[key] for key in self._files if key in self._stored}
        alike = {key for key, position in own.items() if self._begins_alike(key, position)}
        strangers = [key for key in self._files if key not in alike or own[key].twin]
        for key in alike:
            if own[key].twin:
                if own[key].size == self._files[key].size() and self._contents[key].begins_with(own[key]):
                    self._passed[key] = own[key].twin
            elif not any(self._begins_alike(each, own[key]) for each in strangers) or self._begins_with(key, own[key]):
                self._from[key] = key
        return [key for key in self._files if key not in self._from and key not in self._passed]

    def _move(self, loose: Sequence[str]) -> None:
        """Let files go on with what was read under names whose own files are gone."""
        candidates: dict[str, list[str]] = defaultdict(list)
        self._lost = {key for key in loose if self._is_lost(key)}
        longest = {key: self._longest(key) for key in loose if key not in self._lost}
        for key, name in longest.items():
            if name == key:
                self._from[key] = key
            elif name is not None and name not in self._from and name not in self._passed:
                candidates[name].append(key)
        for name, keys in candidates.items():
            self._refuse_rivals(name, keys)
            self._from[keys[0]] = name

    def _longest(self, key: str) -> str | None:
        """Under which name most was read of what a file begins with."""
        likely = [name for name, position in self._stored.items() if self._begins_alike(key, position)]
        likely.sort(key=lambda name: (_length(self._stored[name]), not self._stored[name].twin))
        return next((name for name in reversed(likely) if self._contents[key].begins_with(self._stored[name])), None)

    def _is_lost(self, key: str) -> bool:
        """Whether what was read under this name stands nowhere now."""
        return self._is_displaced(key) and not any(self._begins_with(each, self._stored[key]) for each in self._files)

    def _is_displaced(self, key: str) -> bool:
        """Whether a loose file stands where another one was read."""
        return key in self._stored and not self._stored[key].twin

    def _refuse_rivals(self, name: str, keys: Sequence[str]) -> None:
        """Refuse more files of one content than it had names before."""
        old = self._stored[name]
        names = sum(each.content == old.content and _length(each) == _length(old) for each in self._stored.values())
        if len(keys) > names:
            listed = " and ".join(self._files[key].name for key in keys)
            message = (
                f"{listed} both begin with what was read as {name}, which is not among the sources: "
                "name the one that goes on with it, and leave the others out"
            )
            raise SourceReplaced(message)

    def _read_once(self, rest: Sequence[str]) -> None:
        """Of files that hold the same, or begin with all of another, read the one that holds most."""
        alike: dict[object, list[str]] = defaultdict(list)
        places = {key: place for place, key in enumerate(rest)}
        for key in self._files:
            if key not in self._passed and key not in self._lost:
                alike[self._kind(key)].append(key)
        for key in rest:
            others = alike[self._kind(key)] if self._contents[key].opening is not None else []
            for other in others:
                if key not in self._passed and other not in self._passed and other != key:
                    self._compare(key, other, is_first=places[key] < places.get(other, -1))

    def _kind(self, key: str) -> object:
        """The same for all files of which one may begin with another."""
        return self._files[key].named, self._files[key].typed, self._contents[key].opening

    def _compare(self, key: str, other: str, *, is_first: bool) -> None:
        how = relation(self._contents[key], self._contents[other])
        if how is Relation.WITHIN or (how is Relation.SAME and not is_first):
            self._pass_over(key, other)
        elif how in {Relation.BEYOND, Relation.SAME}:
            self._pass_over(other, key)

    def _pass_over(self, key: str, main: str) -> None:
        """Do not read a file, since another holds the same and perhaps more; that one goes on where either ended."""
        self._passed[key] = main
        if key in self._from and self._start_of(key) > self._start_of(main):
            self._from[main] = self._from[key]
        end = self._contents[key].end()
        if end is not None:
            self._found.twins.append(Twin(key, main, replace(end, named=dict(self._files[key].named))))
        names = self._files[key].name, self._files[main].name
        self._found.notes.append(f"{names[0]} holds nothing that {names[1]} does not hold: it is passed over")

    def _start_of(self, key: str) -> tuple[int, int]:
        return _length(self._stored[self._from[key]]) if key in self._from else (0, 0)

    def _put_down(self, loose: Sequence[str]) -> None:
        """Write the positions by today's names."""
        begun = {
            key: name
            for key, name in self._from.items()
            if name != key or self._stored[key].twin or key in self._passed
        }
        for name in [*begun.values(), *(key for key in loose if key in self._stored and key not in self._lost)]:
            if name not in self._from or self._from[name] != name or name in loose:
                self._found.positions[name] = b""
        for key, name in begun.items():
            self._put(key, name)
            if key not in self._passed and name != key:
                self._found.moved[name] = key
                self._tell_moved(key, name)
        for key in loose:
            if self._is_displaced(key) and key not in self._lost and key not in self._from and key not in self._passed:
                self._found.notes.append(f"{self._files[key].name} is new: what was read under this name has moved on")

    def _put(self, key: str, name: str) -> None:
        """Let the position of a stored name be that of a file."""
        read = self._read.get(name)
        twin = self._passed.get(key, "")
        self._found.positions[key] = b"" if read is None else replace(read, twin=twin, size=None).encode()

    def _tell_moved(self, key: str, name: str) -> None:
        rows = self._stored[name].rows
        self._found.notes.append(
            f"{self._files[key].name} holds what was read as {name}: it goes on behind row {rows:,}"
        )


def _length(position: FilePosition) -> tuple[int, int]:
    """How much of a content is before a position."""
    return position.byte, position.rows
