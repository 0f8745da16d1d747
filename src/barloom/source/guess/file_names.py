"""What the names of files say: a symbol, a date, a directory as Hive names them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.source.files.inputs import InputFile

__all__ = ["Named", "date_in_names", "symbol_in_names", "timeframe_in_name"]

_KINDS: Final = frozenset(
    """
    trade trades tick ticks quote quotes kline klines candle candles candlestick bar bars ohlc ohlcv ohlcvt agg
    aggtrades data dat ascii mt nt csv txt tsv json jsonl all us eqy eq equity spot um cm futures future perp
    swap daily monthly day days hour hours minute minutes min second seconds sec month year prices price history
    historical export download bid ask last time sales taq sample test file book orderbook depth level hourly
    weekly h d m s t feed stream market mkt gmt utc am pm final merged part
    """.split()  # noqa: SIM905 - a long list of words
)
"""Words in names that say what a file holds, and never for whom."""

_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_PAIR: Final = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2,5}[-_][A-Z]{3,4}(?![A-Za-z0-9])")
_CODE: Final = re.compile(r"[A-Z]?\d{1,2}")
_SPAN: Final = re.compile(r"(?:^|[_-])(\d+)(mo|[smhdw])(?=[_.-]|$)")
_DATES: Final = ((r"(?<!\d)((?:19|20)\d{6})(?!\d)", "%Y%m%d"), (r"((?:19|20)\d\d-\d\d-\d\d)", "%Y-%m-%d"))
_LEVEL: Final = re.compile(r"(?:^|/)([^/=!]+)=([^/!]+)(?=[/!])")


class Named(NamedTuple):
    """A mapping of `[source] columns`, and what it gives for the first file."""

    path: str
    value: str


def symbol_in_names(files: Sequence[InputFile], levels: Sequence[str]) -> Named | None:
    """Where the names of files give the key: a directory of one of these names, or the first word that is no kind."""
    for level in levels:
        found = [dict(_LEVEL.findall(file.key)).get(level) for file in files]
        if all(found):
            return Named(f"@hive.{level}", str(found[0]))
    stems = [_stem(file) for file in files]
    words = _words(stems[0])
    mark = "@file:" if files[0].entry is None else "@member:"
    return next((Named(mark + regex, word) for word in words for regex in _regexes(stems, word)), None)


def _stem(file: InputFile) -> str:
    return Path(file.entry.name).name if file.entry is not None else file.path.name


def _words(name: str) -> list[str]:
    """The words of a name that may be a symbol, those in capitals first."""
    stem = name.partition(".")[0] or name.strip(".").partition(".")[0]
    pairs = [pair for pair in _PAIR.findall(stem) if not _KINDS & {*re.split("[-_]", pair.lower())}]
    words = [word for word in re.split(r"[^A-Za-z0-9]+", stem) if _WORD.fullmatch(word) and word.lower() not in _KINDS]
    words = [word for word in words if not _CODE.fullmatch(word)]
    return pairs + sorted(words, key=lambda word: (not word.isupper(), len(word) < len("ABC")))


def _regexes(names: Sequence[str], word: str) -> list[str]:
    """Expressions that find a word in the first of the names, and one at the same place in all others."""
    name = names[0]
    at = name.index(word)
    letters = "[A-Z0-9]+" if word.isupper() else "[A-Za-z0-9]+"
    letters = next((f"{letters}{sign}{letters}" for sign in "-_" if sign in word), letters)
    before, behind = name[:at], name[at + len(word) :]
    after = _literal(re.split(r"[A-Za-z0-9]", behind)[0][:1])
    simple = [f"^({letters}){after}"] if not before else [f"{_literal(before[-1:])}({letters}){after}"]
    whole = "^" + re.sub(r"\d+", lambda _: r"\d+", _literal(before)) + f"({letters}){after}"
    return [each for each in (*simple, whole) if _finds(each, names, word)][:1]


def _literal(text: str) -> str:
    """An expression for a text; a hyphen needs no backslash."""
    return re.escape(text).replace(r"\-", "-")


def _finds(regex: str, names: Sequence[str], word: str) -> bool:
    matches = [re.search(regex, name) for name in names]
    return all(matches) and matches[0] is not None and matches[0][1] == word


def date_in_names(files: Sequence[InputFile]) -> tuple[str, str] | None:
    """The mapping of a date that stands in the names of all files, and its pattern."""
    paths = [file.path.name for file in files]
    stems = [_stem(file) for file in files]
    for regex, pattern in _DATES:
        for mark, names in (("@file:", paths), ("@member:", stems)):
            if all(re.search(regex, name) for name in names) and (mark == "@file:" or files[0].entry is not None):
                return mark + regex, pattern
    return None


def timeframe_in_name(name: str) -> str | None:
    """A length that the name of a file gives: ``BTCUSDT-1m-2025-01.csv``, or Kraken's ``XBTUSD_60.csv``."""
    found = _SPAN.search(name)
    if found is not None:
        return found[1] + found[2]
    minutes = re.search(r"[A-Z]_(1|5|15|30|60|240|720|1440)\.", name)
    return (
        None
        if minutes is None
        else {"60": "1h", "240": "4h", "720": "12h", "1440": "1d"}.get(minutes[1], f"{minutes[1]}m")
    )
