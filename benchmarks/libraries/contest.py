"""How readers are compared: the same rows side by side in one run, and awkward inputs whose right answer is known."""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from time import process_time
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

OURS = "barloom"
REFUSED = "refused"
RIGHT = "right"
SHOWN = 48
ENOUGH_SECONDS = 1.5
"""A reader that took longer in its first round gets no other one: what disturbed it is little beside that."""

Answer = str
"""What came of an awkward input, in words."""


@dataclass(frozen=True)
class Case:
    """An awkward input, and the answers that are right: found by hand, never by a reader."""

    name: str
    given: Any
    right: tuple[Answer, ...]


@dataclass(frozen=True)
class Reader:
    """One way to read: `speed` is called with the rows, `answer` with one awkward input.

    `needs` are the packages without which it does not run.
    """

    name: str
    needs: tuple[str, ...] = ()
    speed: Callable[[Any], object] | None = None
    answer: Callable[[Any], Answer] | None = None


@dataclass(frozen=True)
class Contest:
    """Readers of one thing. `make` gives that many rows, `size` how many of `unit` that is.

    `measure` does it in another way: it gives the table of speed, for a number of rows and of rounds.
    """

    name: str
    title: str
    readers: Sequence[Reader]
    cases: Sequence[Case] = ()
    make: Callable[[int], Any] | None = None
    rows: int = 0
    size: Callable[[Any, int], int] = lambda _, rows: rows
    unit: str = "rows"
    measure: Callable[[int, int], str] | None = None
    notes: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True)
class Speed:
    """What one reader took: `same` says whether its result is that of the first (none: it cannot be compared)."""

    seconds: float
    same: bool | None


def missing(reader: Reader) -> str:
    """Why a reader cannot run here; empty where it can."""
    for name in reader.needs:
        try:
            importlib.import_module(name)
        except ImportError as error:
            return str(error)
    return ""


def able(readers: Sequence[Reader]) -> list[Reader]:
    """The readers that can run here."""
    return [reader for reader in readers if not missing(reader)]


def race(contest: Contest, rows: int, rounds: int) -> tuple[int, Mapping[str, Speed]]:
    """How much was read, and each reader's best CPU time; the rounds take turns, so that all meet the same machine."""
    assert contest.make is not None  # noqa: S101 - only contests of speed are raced
    given = contest.make(rows)
    runners = [reader for reader in able(contest.readers) if reader.speed is not None]
    best = {reader.name: float("inf") for reader in runners}
    results: dict[str, object] = {}
    for number in range(rounds):
        for reader in runners:
            assert reader.speed is not None  # noqa: S101 - chosen above
            if number and best[reader.name] > ENOUGH_SECONDS:
                continue
            began = process_time()
            result = reader.speed(given)
            best[reader.name] = min(best[reader.name], process_time() - began)
            if number == 0:
                results[reader.name] = as_frame(result)
    first = results[runners[0].name]
    same = {name: _same(first, result) for name, result in results.items()}
    return contest.size(given, rows), {name: Speed(seconds, same[name]) for name, seconds in best.items()}


def answers(contest: Contest) -> Mapping[str, Mapping[str, Answer]]:
    """What each reader makes of each awkward input."""
    return {
        reader.name: {case.name: _answer(reader.answer, case.given) for case in contest.cases}
        for reader in able(contest.readers)
        if reader.answer is not None
    }


def as_frame(result: object) -> pl.DataFrame | None:
    """Columns of whatever kind as a frame of texts; none where they cannot be compared."""
    if isinstance(result, pl.Series):
        result = result.to_frame()
    elif not isinstance(result, pl.DataFrame):
        if not hasattr(result, "__arrow_c_stream__"):
            return None
        result = pl.DataFrame(result)
    if pl.Binary in result.dtypes:
        return None
    plain = result.with_columns(pl.all().to_physical()) if _has_times(result) else result
    frame = plain.cast(pl.String)
    return frame.rename(dict(zip(frame.columns, map(str, range(frame.width)), strict=True)))


def as_answer(value: object) -> Answer:
    """A single value in words: a decimal without zeros at its end."""
    if value is None:
        return "none"
    if isinstance(value, Decimal) and value.is_finite():
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)


@contextmanager
def _silence() -> Iterator[None]:
    """What a library's panic writes past Python goes nowhere."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _has_times(frame: pl.DataFrame) -> bool:
    return any(isinstance(kind, pl.Datetime) for kind in frame.dtypes)


def _same(first: object, other: object) -> bool | None:
    if not isinstance(first, pl.DataFrame) or not isinstance(other, pl.DataFrame):
        return None
    return first.equals(other)


def _answer(answer: Callable[[Any], Answer], given: object) -> Answer:
    """An exception is a refusal of all that was given; some libraries' are not `Exception`, and print on their own."""
    try:
        with _silence():
            return answer(given)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - whatever a library raises
        return REFUSED
