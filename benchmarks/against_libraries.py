"""Barloom's own readers beside the libraries that a newcomer would name: how fast, and how exact.

``python benchmarks/against_libraries.py`` prints a table of speed and one of awkward inputs for each reader; with names
(``numbers times``) only these, with ``--quick`` few rows, to see that all of it works. The libraries come with
``pip install 'barloom[compare]'``; what is not installed is named and left out.
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # before Polars is imported: all readers have one thread

import argparse
from typing import TYPE_CHECKING

from libraries.contest import able, answers, missing, race
from libraries.contests import ALL
from libraries.report import exactness, speeds

if TYPE_CHECKING:
    from libraries.contest import Contest

ROUNDS = 5
QUICK_ROWS = 2_000


def main() -> None:
    """Measure and print."""
    names = [contest.name for contest in ALL]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("contests", nargs="*", help=f"which readers: {' '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="few rows and one round")
    parser.add_argument("--exactness", action="store_true", help="awkward inputs only")
    asked = parser.parse_args()
    if unknown := sorted({*asked.contests} - {*names}):
        parser.error(f"no such reader: {', '.join(unknown)}; there are {', '.join(names)}")
    for contest in ALL:
        if asked.contests and contest.name not in asked.contests:
            continue
        print(f"\n### {contest.title}\n")
        for reader in contest.readers:
            if why := missing(reader):
                print(f"{reader.name} is left out: {why} (pip install 'barloom[compare]')")
        if not asked.exactness:
            print(_speeds(contest, quick=asked.quick))
        if contest.cases:
            print(exactness(contest, [reader.name for reader in able(contest.readers)], answers(contest)))
        for note in contest.notes:
            print(f"\n{note}")


def _speeds(contest: Contest, *, quick: bool) -> str:
    rows, rounds = (QUICK_ROWS, 1) if quick else (contest.rows, ROUNDS)
    if contest.measure is not None:
        return contest.measure(rows, rounds)
    size, taken = race(contest, rows, rounds)
    return speeds(contest, size, taken)


if __name__ == "__main__":
    main()
