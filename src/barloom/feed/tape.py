"""Everything that reached a feed, written down in its order, and read back: the same rows, and so the same bars."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

from barloom.errors import SourceError
from barloom.feed.batch import Position, SymbolId
from barloom.feed.intake import Intake, Moment
from barloom.feed.protocol import Tail, Trade
from barloom.source.files.unpacking import zstd_library

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from barloom.feed.continuity.continuity import Continuity
    from barloom.feed.continuity.rules import Want
    from barloom.feed.protocol import Venue

__all__ = ["Line", "RecordingIntake", "Tape", "play", "read_tape", "venues_on"]

_FLUSH: Final = 2.0
"""Seconds after which what was written is on the disk."""


class Line(msgspec.Struct, omit_defaults=True):
    """One thing that reached a feed: `at` is when, by the clock of day, and `now` by one that never goes back.

    `kind` says what: a message (`text`), trades that history gave (`trades`), its latest number (`tail`), that it did
    not answer or knows no such symbol, that a symbol was begun with or asked for no more, a connection that stands or
    was lost, and a turn in which time alone gave something.
    """

    at: int
    now: float
    kind: str
    venue: str = ""
    symbol: str = ""
    text: str = ""
    trades: list[tuple[Any, ...]] = []
    tail: tuple[int | None, int] | None = None
    symbols: list[str] = []
    position: tuple[int, int] | None = None
    heard: float = -1.0


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Line)


class Tape:
    """Writes lines of JSON, packed by zstd; whoever reads a tape whose writer was killed gets what was flushed."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = zstd_library("recording a feed").open(path, "wb")
        self._flushed = 0.0
        self.count = 0

    def write(self, line: Line) -> None:
        """Write one."""
        self._file.write(_ENCODER.encode(line) + b"\n")
        self.count += 1
        if line.now - self._flushed >= _FLUSH:
            self._flushed = line.now
            self._file.flush()

    def close(self) -> None:
        """No more is written."""
        self._file.close()


class RecordingIntake(Intake):
    """Writes down what comes before it takes it in."""

    def __init__(self, continuity: Continuity, venues: Mapping[str, Venue], tape: Tape) -> None:
        super().__init__(continuity, venues)
        self._tape = tape

    def _write(self, kind: str, when: Moment, **said: Any) -> None:  # noqa: ANN401 - fields of a line
        self._tape.write(Line(when.at, when.now, kind, **said))

    def began(self, of: SymbolId, position: Position | None, when: Moment) -> None:
        """A symbol is asked for."""
        self._write("begin", when, venue=of.venue, symbol=of.symbol, position=position)
        super().began(of, position, when)

    def removed(self, of: SymbolId, when: Moment) -> None:
        """A symbol is not asked for any more."""
        self._write("remove", when, venue=of.venue, symbol=of.symbol)
        super().removed(of, when)

    def heard(self, venue: str, text: bytes | str, when: Moment) -> bool:
        """A message came."""
        self._write("heard", when, venue=venue, text=text if isinstance(text, str) else text.decode(errors="replace"))
        return super().heard(venue, text, when)

    def answered(self, of: SymbolId, trades: Sequence[Trade], when: Moment) -> None:
        """The venue's history gave these."""
        self._write("answer", when, venue=of.venue, symbol=of.symbol, trades=list(trades))
        super().answered(of, trades, when)

    def compared(self, of: SymbolId, trades: Sequence[Trade], tail: Tail, heard: float, when: Moment) -> None:
        """The venue's history says which number is the latest."""
        said = {"venue": of.venue, "symbol": of.symbol, "trades": list(trades), "tail": (tail.last, tail.time)}
        self._write("compare", when, **said, heard=heard)
        super().compared(of, trades, tail, heard, when)

    def failed(self, of: SymbolId, when: Moment) -> None:
        """The venue's history did not answer."""
        self._write("fail", when, venue=of.venue, symbol=of.symbol)
        super().failed(of, when)

    def refused(self, of: SymbolId, message: str, when: Moment) -> None:
        """The venue does not know a symbol."""
        self._write("refuse", when, venue=of.venue, symbol=of.symbol, text=message)
        super().refused(of, message, when)

    def connected(self, venue: str, symbols: Iterable[str], when: Moment) -> None:
        """These are subscribed to."""
        listed = list(symbols)
        self._write("connect", when, venue=venue, symbols=listed)
        super().connected(venue, listed, when)

    def disconnected(self, venue: str, symbols: Iterable[str], why: str, when: Moment) -> None:
        """The connection of these was lost."""
        listed = list(symbols)
        self._write("lose", when, venue=venue, symbols=listed, text=why)
        super().disconnected(venue, listed, why, when)

    def turned(self, when: Moment) -> list[Want]:
        """Time has passed; written down where it made a difference."""
        wants = super().turned(when)
        if wants or self.continuity.moved:
            self._write("turn", when)
        return wants


def read_tape(path: Path) -> Iterator[Line]:
    """The lines of a tape; one that was not written to its end ends where it does.

    Raises `SourceError` where a line is none.
    """
    with _opened(path) as lines:
        for number, text in enumerate(lines, 1):
            try:
                yield _DECODER.decode(text)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                message = f"{path}, line {number} is none of a recorded feed ({error})"
                raise SourceError(message) from None


@contextmanager
def _opened(path: Path) -> Iterator[Iterator[bytes]]:
    library = zstd_library("reading a recorded feed")

    def whole(file: BinaryIO) -> Iterator[bytes]:
        try:
            for line in file:
                if not line.endswith(b"\n"):
                    return
                yield line
        except EOFError:
            return

    try:
        with library.open(path, "rb") as file:
            yield whole(file)
    except (FileNotFoundError, IsADirectoryError, library.ZstdError) as error:
        message = f"{path} is no recorded feed: {error}"
        raise SourceError(message) from None


def venues_on(path: Path) -> list[str]:
    """The names of the venues of which a tape has something."""
    return list(dict.fromkeys(line.venue for line in read_tape(path) if line.venue))


def play(line: Line, intake: Intake) -> None:
    """Let what was recorded reach a feed."""
    when, of = Moment(line.at, line.now), SymbolId(line.venue, line.symbol)
    match line.kind:
        case "heard":
            intake.heard(line.venue, line.text, when)
        case "turn":
            intake.turned(when)
        case "answer":
            intake.answered(of, _trades(line), when)
        case "compare":
            last, time = line.tail or (None, 0)
            intake.compared(of, _trades(line), Tail(line.symbol, last, time), line.heard, when)
        case "begin":
            intake.began(of, None if line.position is None else Position(*line.position), when)
        case "connect":
            intake.connected(line.venue, line.symbols, when)
        case "lose":
            intake.disconnected(line.venue, line.symbols, line.text, when)
        case _:
            _play_end(line, intake, of, when)


def _play_end(line: Line, intake: Intake, of: SymbolId, when: Moment) -> None:
    match line.kind:
        case "fail":
            intake.failed(of, when)
        case "refuse":
            intake.refused(of, line.text, when)
        case "remove":
            intake.removed(of, when)
        case _:
            message = f"a recorded feed has a line of the kind {line.kind!r}, which this version does not know"
            raise SourceError(message)


def _trades(line: Line) -> list[Trade]:
    return [Trade(*values) for values in line.trades]
