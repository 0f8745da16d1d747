"""Files that grow, are packed, renamed, linked and rotated in any order: each row is read exactly once."""

from __future__ import annotations

import gzip
import os
import shutil
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barloom.errors import SourceReplaced
from barloom.source.files import chain, contents, scanned, textfile
from barloom.source.open import open_source
from source.reading import csv_of, iso, plan, until_error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from barloom.plan.barplan import BarPlan

STEPS = [
    "new",
    "grow",
    "grow",
    "grow",
    "pack",
    "unpack",
    "rename",
    "move",
    "link",
    "symlink",
    "copy",
    "rotate",
    "run",
    "stop",
]


@dataclass
class _Folder:
    """The files by path: of which series each has how many rows; the model knows of no digest."""

    path: Path
    plan: BarPlan
    files: dict[str, tuple[int, int]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    series: int = 0
    names: int = 0
    given: set[tuple[int, int]] = field(default_factory=set)
    read: list[tuple[int, int]] = field(default_factory=list)
    positions: Mapping[str, bytes] = field(default_factory=dict)

    def fresh(self, suffix: str = ".csv") -> str:
        self.names += 1
        return f"{(self.names * 7) % 23:02}-{self.names}{suffix}"

    def write(self, name: str, series: int, rows: int) -> None:
        self.files[name] = (series, rows)
        text = csv_of([(f"S{series}", iso(row), f"{series}.25", row) for row in range(rows)]).encode()
        path = self.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)

    def new(self, name: str, rows: int) -> None:
        self.series += 1
        self.write(name, self.series, rows)

    def remove(self, name: str) -> None:
        for link in [link for link, target in self.links.items() if target == name]:
            (self.path / link).unlink()
            del self.links[link]
        (self.path / name).unlink()
        del self.files[name]

    def replace(self, name: str, other: str) -> None:
        series, rows = self.files[name]
        self.remove(name)
        self.write(other, series, rows)

    def do(self, step: str, which: int, rows: int) -> None:
        if step == "run":
            self.run()
        elif step == "stop":
            self.run(batches=which % 4)
        elif step == "new" or not self.files:
            self.new(self.fresh(), rows)
        else:
            self.change(step, sorted(self.files)[which % len(self.files)], rows)

    def change(self, step: str, name: str, rows: int) -> None:
        series, held = self.files[name]
        if step == "grow":
            self.write(name, series, held + rows)
        elif step == "pack":
            self.replace(name, self.fresh(".csv.gz"))
        elif step in {"unpack", "rename"}:
            self.replace(name, self.fresh())
        elif step == "move":
            self.replace(name, f"sub/{self.fresh()}")
        elif step == "copy":
            self.write(self.fresh(".csv.gz"), series, held)
        elif step in {"link", "symlink"}:
            link = self.fresh(".csv.gz" if name.endswith(".gz") else ".csv")
            (os.link if step == "link" else os.symlink)(self.path / name, self.path / link)
            self.links[link] = name
        elif step == "rotate":
            self.replace(name, self.fresh(".csv.gz" if name.endswith(".gz") else ".csv"))
            self.new(name, rows)

    def run(self, batches: int | None = None) -> None:
        """Read all, or so many batches; of two that may be one that is gone the user takes away the shorter."""
        if not self.files:
            return
        wanted = [str(self.path / name) for name in sorted([*self.files, *self.links])]
        source = open_source(self.plan, wanted)
        reading, error = until_error(islice(source.open(self.positions, 7), batches))
        if error is not None:
            assert isinstance(error, SourceReplaced)
            self.resolve(str(error))
            self.run(batches)
            return
        self.positions = reading.positions or self.positions
        self.read += [(int(row[0][1:]), row[3]) for row in reading.rows]
        self.given |= set(self.read)
        if batches is None:
            self.given |= {(series, row) for series, rows in self.files.values() for row in range(rows)}
        assert sorted(self.given) == sorted(self.read)

    def resolve(self, message: str) -> None:
        assert "both begin with" in message
        told = message.partition(" both begin")[0]
        named = {self.links.get(name, name) for name in [*self.files, *self.links] if f"/{name}" in told}
        assert len({self.files[name][0] for name in named}) == 1
        assert len(named) > 1
        for name in sorted(named, key=lambda each: self.files[each][1])[:-1]:
            self.remove(name)


@given(
    steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 50), st.integers(1, 12)), max_size=25),
    order=st.sampled_from(["row", "time"]),
    small=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_each_row_is_read_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]], order: str, *, small: bool
) -> None:
    """Whatever happens to the files between the runs; rows of a file removed before a run are nobody's."""
    folder = _Folder(tmp_path_factory.mktemp("folder"), plan(order=order))
    with pytest.MonkeyPatch.context() as patch:
        if small:
            for module in (chain, contents, textfile):
                patch.setattr(module, "BLOCK_BYTES", 128)
            for module in (contents, textfile):
                patch.setattr(module, "HEAD_BYTES", 80)
            patch.setattr(scanned, "_BLOCK_ROWS", 16)
        for step in steps:
            folder.do(*step)
        folder.run()

    assert sorted(folder.given) == sorted(folder.read)
    shutil.rmtree(folder.path)
