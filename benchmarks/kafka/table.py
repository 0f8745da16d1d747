"""The one table that a benchmark prints."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NamedTuple

from scene import Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Row(NamedTuple):
    """A figure, its unit and the most it may be; `detail` says how it came about."""

    what: str
    value: float
    unit: str
    limit: float
    detail: str = ""

    def text(self) -> str:
        """One line."""
        verdict = "ok" if self.value <= self.limit else "OVER"
        return f"{self.what:<58} {self.value:6.2f} {self.unit:<2} at most {self.limit:g}  {verdict:<4} {self.detail}"


def main(about: str, measure: Callable[..., Iterator[Row]]) -> None:
    """Run one script: start the servers, measure, print the table."""
    parser = argparse.ArgumentParser(description=about, epilog="It starts a broker of its own: Java 17 and Maven.")
    parser.add_argument("--quick", action="store_true", help="small amounts, to see that it works: no figures")
    quick = parser.parse_args().quick
    with Scene.open() as scene:
        rows = list(measure(scene, quick=quick))
    for row in rows:
        print(row.text())
