"""``barloom simulate``: ticks of a market that does not exist, and the definition that fits them."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import UsageError, count, instant, plural
from barloom.cli.options import AsJson  # noqa: TC001 - the command line reads it
from barloom.cli.screen import err, say, spinner
from barloom.read.exports.files import naming
from barloom.simulate import Market
from barloom.time.calendars import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["simulate"]

_RATE: Final = 200.0
_DAYS: Final = 5

Out = Annotated[Path, Parameter(help="The directory for ticks and bars.toml; made where it is missing.")]
Ticks = Annotated[int, Parameter(help="How many rows.")]
Keys = Annotated[int, Parameter(help="How many symbols.")]
Seed = Annotated[int, Parameter(help="Another number is another market; the same number is the same market.")]
Rate = Annotated[
    float | None, Parameter(help="Rows a second on average (default: 200, or with a calendar as many as fill --days).")
]
Calendar = Annotated[str, Parameter(help="When the market trades: XNYS, 24x5-fx, 24x7@Asia/Tokyo, template:{…}.")]
Start = Annotated[str | None, Parameter(help="A trading date, or a time, to begin with (default: 2025-11-10).")]
Days = Annotated[
    int | None, Parameter(help="Over how many trading dates the ticks are spread (default with a calendar: 5).")
]
Outside = Annotated[float, Parameter(help="Which part of the ticks happens while the market is closed.")]
Delay = Annotated[str, Parameter(help="How late rows out of order may be and still count.")]
Form = Annotated[
    Literal["csv", "csv.gz", "jsonl", "jsonl.gz", "parquet"], Parameter(name="--format", help="How ticks are written.")
]


def simulate(  # noqa: PLR0913 - the options of a command
    *,
    out: Out,
    ticks: Ticks = 100_000,
    keys: Keys = 12,
    seed: Seed = 1,
    rate: Rate = None,
    calendar: Calendar = "24x7",
    start: Start = None,
    days: Days = None,
    outside: Outside = 0.001,
    delay: Delay = "2s",
    form: Form = "csv",
    as_json: AsJson = False,
) -> Exit:
    """Write the market."""
    if rate is not None and days is not None:
        message = "--rate and --days both say how fast it trades; give one of them"
        raise UsageError(message)
    if rate is None and days is None and calendar != "24x7":
        days = _DAYS
    if keys < 1:
        message = f"--keys {keys}: a market has at least one symbol"
        raise UsageError(message)
    if ticks < 0:
        message = f"--ticks {ticks}: give how many rows to write, 0 or more"
        raise UsageError(message)
    if rate is not None and not rate > 0:
        message = f"--rate {rate}: give more than 0 rows a second"
        raise UsageError(message)
    try:
        market = Market(
            ticks=ticks,
            keys=keys,
            seed=seed,
            rate=_RATE if rate is None else rate,
            delay=delay,
            calendar=resolve(calendar).name,
            start=None if start is None else _begin(start),
            days=days,
            outside=outside,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    out.mkdir(parents=True, exist_ok=True)
    path, definition = out / f"ticks.{form}", out / "bars.toml"
    with _progress(ticks) as tell, naming(path):
        rows = market.write(path, tell)
    with naming(definition):
        definition.write_text(market.definition, encoding="utf-8")
    if as_json:
        machine.emit("simulate", {"ticks": rows, "keys": keys, "file": str(path), "definition": str(definition)})
        return Exit.OK
    say(f"Wrote {plural(rows, 'tick')} of {plural(keys, 'symbol')} to {path}, and a definition to {definition}.")
    say(f"Next: barloom run {definition} --source {path} --store {out / 'state'}")
    return Exit.OK


def _begin(start: str) -> int | date:
    """A bare date is a trading date."""
    with suppress(ValueError):
        return date.fromisoformat(start)
    return instant(start, "--start")


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None] | None]:
    if not err().is_terminal:
        yield None
        return
    with err().status(f"0 of {count(total)} ticks", spinner=spinner()) as status:
        yield lambda rows: status.update(f"{count(rows)} of {count(total)} ticks")
