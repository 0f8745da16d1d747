"""What it costs to refuse a row, beside accepting it: CPU time of runs that differ in their rows alone.

``python benchmarks/refusing.py`` prints, for each kind of refusal and each form of input, how many times the CPU time
of a run that accepts every row a run takes that refuses every row (or, in the last kinds, one in a hundred). With names
(``late scale``) only these kinds; ``--rows`` sets how many rows. Files go into a store, frames through `compute`.
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # before Polars is imported: on one core

import argparse
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.embedded.compute import compute
from barloom.embedded.run import run
from barloom.plan.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barloom.plan.barplan import BarPlan

ROWS: Final = 200_000
ROUNDS: Final = 4
FORMS: Final = ("csv", "jsonl", "parquet", "frame")
_START: Final = 1_762_786_800_000  # 2025-11-10T15:00Z, a Monday on which New York trades
_DEFINITION: Final = """
[event]
key = "symbol"
timestamp = "at"
fields = {{ symbol = "string", at = "timestamp{unit}", price = "decimal(18, 2)", size = "decimal(18, 3)" }}
[source]
{source}
[bars]
name = "t"
base = "1m"
calendar = "{calendar}"
ohlcv = {{ price = "price", size = "size" }}
rollup = ["1h"]
"""


@dataclass(frozen=True)
class Kind:
    """What is wrong with rows: the columns that differ, and the settings (which the accepting run has as well)."""

    wrong: Mapping[str, pl.Expr]
    settings: Mapping[str, str] = field(default_factory=dict)
    right: Mapping[str, pl.Expr] = field(default_factory=dict)
    forms: tuple[str, ...] = FORMS
    line: str | None = None


def _iso(millis: pl.Expr) -> pl.Expr:
    return millis.cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%dT%H:%M:%S.%3fZ")


_N: Final = pl.col("n")
_AT: Final = _iso(_N + _START)
_ARRIVAL: Final = {"source": 'arrival = "arrived"'}
_NEW_YORK: Final = {"calendar": "XNYS"}
_FIRST_IS_LAST: Final = _iso(pl.when(_N == 0).then(_START + 8 * 3_600_000).otherwise(_N + _START - 5 * 3_600_000))
_TOO_FINE: Final = pl.format("100.2{}7", (_N % 1000).cast(pl.String).str.zfill(3))
_EPOCH: Final = {"at": (_N + _START).cast(pl.String)}
KINDS: Final[Mapping[str, Kind]] = {
    "late": Kind({"at": _FIRST_IS_LAST}),
    "session": Kind({"at": _iso(_N + _START - 12 * 3_600_000)}, _NEW_YORK),
    "future": Kind({"arrived": pl.lit("2025-11-01T10:00:00Z")}, _ARRIVAL, {"arrived": _AT}),
    "scale": Kind({"price": _TOO_FINE}),
    "no number": Kind({"price": pl.lit("n/a")}),
    "no time": Kind({"at": pl.format("x{}", _N)}),
    "no zone": Kind({"at": _AT.str.head(23)}),
    "missing": Kind({"price": pl.lit("")}),
    "unit": Kind({"at": pl.format("{}000", _N + _START)}, {"unit": "(ms)"}, _EPOCH),
    "two": Kind({"price": _TOO_FINE, "size": pl.lit("x")}),
    "fields": Kind({}, forms=("csv",), line=",9"),
    "1 % late": Kind({"at": pl.when((_N + 1) % 100 == 0).then(_iso(_N + _START - 3_600_000)).otherwise(_AT)}),
    "1 % scale": Kind({"price": pl.when(_N % 100 == 0).then(_TOO_FINE).otherwise(pl.lit("100.25"))}),
    "0.01 % fields": Kind({}, forms=("csv",), line=",9"),
}


def frames(kind: Kind, rows: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that are accepted and those that are refused."""
    columns = {"symbol": pl.format("S{}", _N % 50), "at": _AT, "price": pl.format("{}.25", _N % 7 + 100)}
    columns["size"] = pl.format("{}.5", _N % 90)
    right = pl.select(n=pl.int_range(rows, dtype=pl.Int64)).with_columns(**{**columns, **kind.right})
    return right.drop("n"), right.with_columns(**kind.wrong).drop("n")


def written(frame: pl.DataFrame, path: Path, extra: str | None, every: int) -> Path:
    """The rows as a file; `extra` is put behind every so many lines."""
    writers: Mapping[str, Callable[[Path], object]] = {
        ".csv": frame.write_csv,
        ".jsonl": frame.write_ndjson,
        ".parquet": frame.write_parquet,
    }
    writers[path.suffix](path)
    if extra is not None:
        head, *lines = path.read_text().splitlines()
        path.write_text(
            "\n".join([head, *(f"{line}{'' if n % every else extra}" for n, line in enumerate(lines))]) + "\n"
        )
    return path


def seconds(work: Callable[[], object]) -> float:
    """CPU time of one run."""
    before = time.process_time()
    work()
    return time.process_time() - before


def _into_store(plan: BarPlan, path: Path) -> None:
    store = path.with_suffix(".store")
    shutil.rmtree(store, ignore_errors=True)
    run(plan, str(path), store, at_end="close")


def _race(kind: Kind, name: str, form: str, rows: int, folder: Path) -> tuple[float, float]:
    """Seconds of accepting and of refusing, one after the other in every round; the best of each."""
    plan = read_toml(_DEFINITION.format(**{"unit": "", "source": "", "calendar": "24x7", **kind.settings}))
    good, bad = frames(kind, rows)
    every = 10_000 if name.startswith("0.01") else 1
    if form == "frame":
        works = [partial(compute, plan, frame) for frame in (good, bad)]
    else:
        paths = [
            written(good, folder / f"good.{form}", None, 1),
            written(bad, folder / f"bad.{form}", kind.line, every),
        ]
        works = [partial(_into_store, plan, path) for path in paths]
    taken = [[seconds(work) for work in works] for _ in range(ROUNDS)]
    return min(each[0] for each in taken), min(each[1] for each in taken)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", help=f"which: {', '.join(KINDS)}")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--forms", default=",".join(FORMS))
    asked = parser.parse_args()
    if unknown := sorted({*asked.kinds} - {*KINDS}):
        parser.error(f"no such kind: {', '.join(unknown)}; there are {', '.join(KINDS)}")
    print("| kind | form | accepting, µs a row | refusing | ratio |\n| --- | --- | --- | --- | --- |")
    for name, kind in KINDS.items():
        for form in kind.forms if not asked.kinds or name in asked.kinds else ():
            if form not in asked.forms.split(","):
                continue
            with tempfile.TemporaryDirectory() as folder:
                accepting, refusing = _race(kind, name, form, asked.rows, Path(folder))
            per_row = 1e6 / asked.rows
            ratio = refusing / accepting
            print(
                f"| {name} | {form} | {accepting * per_row:.2f} | {refusing * per_row:.2f} | {ratio:.1f} |", flush=True
            )


if __name__ == "__main__":
    main()
