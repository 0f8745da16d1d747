"""``barloom simulate``: ticks of a market that does not exist, and the definition that fits them."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import UsageError, count, plural
from barloom.cli.options import AsJson  # noqa: TC001 - the command line reads it
from barloom.cli.screen import err, say
from barloom.simulate import Market

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["simulate"]

Out = Annotated[Path, Parameter(help="The directory for ticks and bars.toml; made where it is missing.")]
Ticks = Annotated[int, Parameter(help="How many rows.")]
Keys = Annotated[int, Parameter(help="How many symbols.")]
Seed = Annotated[int, Parameter(help="Another number is another market; the same number is the same market.")]
Rate = Annotated[float, Parameter(help="Rows a second on average.")]
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
    rate: Rate = 200.0,
    delay: Delay = "2s",
    form: Form = "csv",
    as_json: AsJson = False,
) -> Exit:
    """Write the market."""
    try:
        market = Market(ticks=ticks, keys=keys, seed=seed, rate=rate, delay=delay)
    except ValueError as error:
        raise UsageError(str(error)) from error
    out.mkdir(parents=True, exist_ok=True)
    path, definition = out / f"ticks.{form}", out / "bars.toml"
    with _progress(ticks) as tell:
        rows = market.write(path, tell)
    definition.write_text(market.definition, encoding="utf-8")
    if as_json:
        machine.emit("simulate", {"ticks": rows, "keys": keys, "file": str(path), "definition": str(definition)})
        return Exit.OK
    say(f"Wrote {plural(rows, 'tick')} of {plural(keys, 'symbol')} to {path}, and a definition to {definition}.")
    say(f"Next: barloom run {definition} --source {path} --store {out / 'state'}")
    return Exit.OK


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None] | None]:
    if not err().is_terminal:
        yield None
        return
    with err().status(f"0 of {count(total)} ticks") as status:
        yield lambda rows: status.update(f"{count(rows)} of {count(total)} ticks")
