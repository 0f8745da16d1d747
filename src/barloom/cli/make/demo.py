"""``barloom demo``: what barloom does, shown on a market that it makes up."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from barloom.cli.exits import Exit
from barloom.cli.formats import count, moment, plural
from barloom.cli.look.chart import show_candles
from barloom.cli.make.kraken import TRADES, show_kraken
from barloom.cli.screen import Column, Sheet, heading, say, show
from barloom.front.load import load
from barloom.read.answers import Found
from barloom.read.bucket import TimeBucket
from barloom.read.exports.bars import export_bars
from barloom.read.ranges import BarRange
from barloom.simulate import Market
from barloom.store.opening import open_for_reading
from barloom.time.timeframe import MINUTE

if TYPE_CHECKING:
    from barloom.read.bar import Bar
    from barloom.runtime.report import RunReport
    from barloom.store.protocol import SideRecord

__all__ = ["demo"]

_MARKET: Final = Market(ticks=120_000, keys=8, seed=11, rate=25.0)
_KEY: Final = "AAA"
_BARS_SHOWN: Final = 60
_STEP: Final = 10_000
_KILLED_AFTER: Final = 70_000

Keep = Annotated[Path | None, Parameter(help="Keep the market, its definition and the store in this directory.")]


def demo(*, keep: Keep = None) -> Exit:
    """Show."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        return _Story(keep).tell()
    with TemporaryDirectory(prefix="barloom-demo-") as place:
        return _Story(Path(place)).tell()


@dataclass(frozen=True, slots=True)
class _Story:
    """The parts of the demonstration, in a directory."""

    place: Path

    def tell(self) -> Exit:
        self._market()
        self._run()
        self._bars()
        self._one_bar()
        self._rejected()
        right = self._killed()
        if TRADES.is_file():
            right &= show_kraken(self.place)
        say("Everything was as promised." if right else "Something was not as promised.", "good" if right else "bad")
        return Exit.OK if right else Exit.DIFFERENT

    @property
    def ticks(self) -> Path:
        return self.place / "ticks.csv"

    @property
    def definition(self) -> Path:
        return self.place / "bars.toml"

    @property
    def store(self) -> Path:
        return self.place / "state"

    def _market(self) -> None:
        rows = _MARKET.write(self.ticks)
        self.definition.write_text(_MARKET.definition, encoding="utf-8")
        kinds: Counter[str] = Counter()
        for frame in _MARKET.labelled():
            kinds.update(frame["kind"].to_list())
        heading(f"A market: {plural(rows, 'tick')} of {_MARKET.keys} symbols")
        say()
        say(f"  {count(kinds['out_of_order'])} come out of order, {count(kinds['late'])} too late,")
        say(f"  {count(kinds['duplicate'])} twice, and {count(kinds['future'])} from the future.")
        say()

    def _run(self) -> None:
        bars = load(self.definition)
        report, plan = bars.run(self.ticks, self.store), bars.plan
        ladder = " ".join(str(level.timeframe) for level in plan.levels)
        heading(f"Bars in seven timeframes: {ladder}")
        say()
        show(_totals(report))
        speed = count(round(report.ticks / report.seconds))
        say(f"  {count(report.ticks)} ticks in {report.seconds:.2f} s, {speed} ticks/s,")
        say("  every step written to disk as a whole. The last slots are open: more ticks may come.")
        say()

    def _bars(self) -> None:
        with TimeBucket.open(self.store, "1m") as bucket:
            show_candles(bucket.latest(_KEY, _BARS_SHOWN), f"{_KEY} 1m, final and live", height=10)
        say()
        names = ("timeframe", "start", "open", "high", "low", "close", "volume", "")
        sheet = Sheet(f"The latest bars of {_KEY}", [Column(name, right=name in names[2:7]) for name in names])
        for timeframe in ("1s", "1m", "15m", "1h", "1d"):
            with TimeBucket.open(self.store, timeframe) as bucket:
                for bar in bucket.latest(_KEY, 2):
                    sheet.add(timeframe, *_row(bar), style="" if bar.final else "quiet")
        show(sheet)

    def _one_bar(self) -> None:
        heading("One bar, at once")
        say()
        with TimeBucket.open(self.store, "1m") as bucket:
            *_, bar = (item for item in bucket.latest(_KEY, 10) if item.final)
            for start in (bar.start_ns, bar.start_ns + 60 * MINUTE):
                answer = bucket.get(_KEY, start)
                say(f'  >>> bucket.get("{_KEY}", "{moment(start)}")')
                if isinstance(answer, Found):
                    say(f"  Found: close {answer.bar.close}, volume {answer.bar.volume}, final {answer.bar.final}")
                else:
                    say(f"  NotFound: {answer}")
        say()

    def _rejected(self) -> None:
        sheet = Sheet("Refused, with reasons", (Column("reason"), Column("rows", right=True), Column("for example")))
        with open_for_reading(self.store) as store:
            examples: dict[str, SideRecord] = {}
            for _, record in store.scanner.side():
                examples.setdefault(record.reason, record)
            for reason, rows in sorted(store.totals().rejected.items()):
                sheet.add(reason, count(rows), f"row {count(examples[reason].row)}: {examples[reason].message}")
        show(sheet)

    def _killed(self) -> bool:
        """A run that is killed and started again gives the file of the undisturbed run."""
        other = self.place / "killed"
        script = [sys.executable, "-c", _VICTIM, str(self.definition), str(self.ticks), str(other)]
        subprocess.run(script, check=False)  # noqa: S603 - this very program
        report = load(self.definition).run(self.ticks, other, batch_rows=_STEP)
        ours, theirs = (self._exported(store) for store in (self.store, other))
        same = ours.read_bytes() == theirs.read_bytes()
        heading("Killed and continued")
        say()
        read = (_MARKET.ticks or 0) - report.ticks
        say(f"  A run was killed (kill -9) with {count(read)} ticks read.")
        say(f"  The same command went on there and read the other {count(report.ticks)}.")
        equal = "byte for byte" if same else "NOT"
        say(f"  Its bars are {equal} those of the undisturbed run.", "good" if same else "bad")
        say()
        return same

    def _exported(self, store: Path) -> Path:
        out = store.with_suffix(".csv")
        with open_for_reading(store) as opened:
            export_bars(opened, BarRange.of(opened, "1m"), str(out), "csv")
        return out


_VICTIM: Final = f"""
import os, signal, sys
import barloom as bl

def die(progress):
    if progress.ticks >= {_KILLED_AFTER}:
        os.kill(os.getpid(), signal.SIGKILL)

bl.load(sys.argv[1]).run(sys.argv[2], sys.argv[3], batch_rows={_STEP}, on_progress=die)
"""


def _totals(report: RunReport) -> Sheet:
    sheet = Sheet("", (Column("", style="bold"), *(Column(name, right=True) for name in report.bars)))
    sheet.add("final bars", *(count(number) for number in report.bars.values()))
    sheet.add("open", *(count(report.open.get(name, 0)) for name in report.bars))
    return sheet


def _row(bar: Bar) -> tuple[str, ...]:
    values = (format(getattr(bar, name), "f") for name in ("open", "high", "low", "close", "volume"))
    return (moment(bar.start_ns), *values, "final" if bar.final else f"live, {plural(bar.revision, 'tick')}")
