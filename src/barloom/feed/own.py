"""A feed of one's own, declared in TOML: any websocket that sends JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import urlsplit

import msgspec

from barloom.errors import DefinitionError, Problem
from barloom.feed.protocol import Addresses, Channel, Limits, Ping, Row
from barloom.feed.venues.reading import shown
from barloom.plan.paths import paths_of
from barloom.plan.rows import place_of, rows_steps
from barloom.source.columns import column_paths, is_known
from barloom.source.text.records import ABSENT, Written, value_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.feed.protocol import Answer, History, Message, Request, Tail, Trade
    from barloom.plan.barplan import BarPlan, SourcePlan
    from barloom.plan.rows import RowsStep
    from barloom.source.text.records import Json

__all__ = ["OWN_SETTINGS", "OwnFeed", "own_feed"]

_SETTINGS: Final[dict[str, tuple[type | tuple[type, ...], str]]] = {
    "url": (str, '"wss://example.com/stream"'),
    "subscribe": ((str, list), """'{"op":"subscribe","symbol":"{symbol}"}'"""),
    "unsubscribe": ((str, list), """'{"op":"unsubscribe","symbol":"{symbol}"}'"""),
    "rows": (str, '"data[*]"'),
    "name": (str, '"desk"'),
    "ping": (str, """'{"op":"ping"}'"""),
    "ping_every": ((int, float), "20"),
    "silence": ((int, float), "30"),
    "life": ((int, float), "86400"),
    "symbols_per_connection": (int, "100"),
    "messages_per_second": ((int, float), "5"),
}
"""The settings of ``[feed]`` that declare a feed: their types, and an example for each."""

OWN_SETTINGS: Final = tuple(_SETTINGS)
"""Their names; the other settings of ``[feed]`` are of continuity, and of others to read."""

_RECEIVED: Final = "@received"
"""The name of the time of receipt among the values of a row."""

_SCHEMES: Final = ("ws", "wss")
_DECODER: Final = msgspec.json.Decoder(float_hook=Written)


def own_feed(table: Mapping[str, object], plan: BarPlan, sequence: tuple[str, str] | None = None) -> OwnFeed:
    """The feed that the table ``[feed]`` declares.

    `sequence` names the fields with the first and the last number of a row, where one is declared. Settings that are
    not of `OWN_SETTINGS` are passed over. Raises `DefinitionError` with all that is wrong.
    """
    problems = [*_wrong_types(table), *_wrong_address(table.get("url"))]
    if problems:
        raise DefinitionError(problems)
    try:
        return OwnFeed(table, plan, sequence)
    except ValueError as error:
        fix = f"write rows = {_SETTINGS['rows'][1]}, and the paths of [source] as they are seen from there"
        raise DefinitionError([Problem(str(error), "feed.rows", fix)]) from None


def _wrong_types(table: Mapping[str, object]) -> Iterator[Problem]:
    for name, (kind, example) in _SETTINGS.items():
        value = table.get(name)
        good = value is None or (isinstance(value, kind) and not isinstance(value, bool))
        if isinstance(value, list):
            good = good and all(isinstance(item, str) for item in value)
        elif good and isinstance(value, int | float):
            good = value > 0
        if not good:
            yield Problem(f"{value!r} is no {name} of a feed", f"feed.{name}", f"write {name} = {example}")


def _wrong_address(url: object) -> Iterator[Problem]:
    example = f"write url = {_SETTINGS['url'][1]}"
    if url is None:
        yield Problem("a feed of your own needs its address", "feed.url", example)
    elif isinstance(url, str) and (urlsplit(url).scheme not in _SCHEMES or not urlsplit(url).hostname):
        yield Problem(f"{url!r} is no address of a websocket", "feed.url", example)


class OwnFeed:
    """Looks like a venue, without history: what it did not send is missing.

    The definition's ``[source]`` says where in a message its rows (or ``[feed] rows`` does) and their fields stand. The
    `values` of a `Row` are those that it names, by the names of fields; `plan` is the definition that reads them. In
    the texts to subscribe ``{symbol}`` stands for each symbol, and ``{symbols}`` for all of a connection as a list of
    JSON.
    """

    channels: Sequence[Channel] = (Channel.TRADES,)
    together: bool = True
    has_history: bool = False
    by_time: bool = False
    finds_time: bool = False

    def __init__(self, table: Mapping[str, object], plan: BarPlan, sequence: tuple[str, str] | None) -> None:
        rows = str(table["rows"]) if "rows" in table else plan.source.rows
        plan = replace(plan, source=replace(plan.source, rows=rows))
        url = urlsplit(str(table["url"]))
        query = f"?{url.query}" if url.query else ""
        self._path = f"{url.path or '/'}{query}"
        self.name: str = str(table.get("name", url.hostname))
        self.addresses: Addresses = Addresses(f"{url.scheme}://{url.netloc}", "")
        self.limits: Limits = _limits(table)
        self.ping: Ping = _ping(table)
        self._subscribe = _texts(table.get("subscribe"))
        self._unsubscribe = _texts(table.get("unsubscribe"))
        self.plan: BarPlan = replace(plan, source=_flat(plan))
        self._steps: Sequence[RowsStep] = () if rows is None else rows_steps(rows)
        paths = {name or _RECEIVED: path for name, path in column_paths(plan).items()}
        self._places = {name: place_of(path, self._steps) for name, path in paths.items()}
        self._key = [name for name in plan.event.key if name in paths]
        self._sequence = sequence

    def symbol(self, written: str) -> str:
        """As it is written."""
        return written

    def connect(self, symbols: Sequence[str], channels: Sequence[Channel]) -> str:  # noqa: ARG002
        """The path and query of its address, with the symbols where it names them."""
        return _filled(self._path, symbols[0] if symbols else "", ",".join(symbols))

    def subscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> Sequence[str]:  # noqa: ARG002
        """What ``subscribe`` says."""
        return _asked(self._subscribe, symbols)

    def unsubscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> Sequence[str]:  # noqa: ARG002
        """What ``unsubscribe`` says; nothing without it."""
        return _asked(self._unsubscribe, symbols)

    def read(self, text: str | bytes) -> Sequence[Message]:
        """Its rows; nothing of messages that hold none, such as answers to a subscription."""
        try:
            message = _DECODER.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            wrong = f"{self.name} sent what is no JSON ({error}): {shown(text)}"
            raise ValueError(wrong) from None
        found = [self._values(levels) for levels in _rows(message, self._steps)]
        return [self._row(values) for values in found if any(name in values for name in self._key or values)]

    def _values(self, levels: Sequence[Json]) -> dict[str, Json]:
        found = {name: value_at(levels[level], path) for name, (level, path) in self._places.items()}
        return {name: value for name, value in found.items() if value is not ABSENT}

    def _row(self, values: Mapping[str, Json]) -> Row:
        key = [values.get(name) for name in self._key]
        symbol = "" if None in key else "/".join(map(str, key))
        first, last = (None, None) if self._sequence is None else [_number(values.get(name)) for name in self._sequence]
        return Row(symbol, first, last, values)

    def history(self, symbol: str, after: int | None, time: int, limit: int = 0) -> Request:  # noqa: ARG002
        """There is none."""
        self._no_history()

    def read_history(self, symbol: str, asked: Request, answer: Answer) -> History:  # noqa: ARG002
        """There is none."""
        self._no_history()

    def latest(self, symbol: str) -> Request:  # noqa: ARG002
        """There is none."""
        self._no_history()

    def read_latest(self, symbol: str, answer: Answer) -> tuple[Tail, Sequence[Trade]]:  # noqa: ARG002
        """There is none."""
        self._no_history()

    def _no_history(self) -> NoReturn:
        message = f"{self.name} has no history (has_history says so)"
        raise NotImplementedError(message)


def _flat(plan: BarPlan) -> SourcePlan:
    """How values are read that stand by the names of their fields; constants stay as they are."""
    source = plan.source
    columns: dict[str, str | tuple[str, ...]] = {}
    for field in plan.event.fields:
        mapped = source.columns.get(field.name, field.name)
        names = [path if is_known(path) else name for name, path in paths_of(source, field.name).items()]
        columns[field.name] = names[0] if isinstance(mapped, str) else tuple(names)
    return replace(source, columns=columns, rows=None, arrival=source.arrival and _RECEIVED)


def _number(value: Json) -> int | None:
    """A whole number, also where it is written as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else None


def _rows(value: Json, steps: Sequence[RowsStep]) -> Iterator[list[Json]]:
    """For each row the values that it stands in, from the message to the row, which is an object or a list."""
    if not steps:
        if isinstance(value, dict | list):
            yield [value]
        return
    step, *rest = steps
    inner = value_at(value, step.path) if step.path else value
    if inner is ABSENT or inner is None or (step.each and not isinstance(inner, list)):
        return
    for item in inner if step.each else [inner]:
        for levels in _rows(item, rest):
            yield [value, *levels]


def _limits(table: Mapping[str, object]) -> Limits:
    life = table.get("life")
    return Limits(
        symbols=int(str(table.get("symbols_per_connection", 100))),
        messages=float(str(table.get("messages_per_second", 5))),
        life=None if life is None else float(str(life)),
    )


def _ping(table: Mapping[str, object]) -> Ping:
    text = table.get("ping")
    every, silence = float(str(table.get("ping_every", 20))), float(str(table.get("silence", 30)))
    return Ping(every=every, text=None if text is None else str(text), silence=silence)


def _texts(value: object) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(map(str, value))  # type: ignore[call-overload]


def _asked(texts: Sequence[str], symbols: Sequence[str]) -> list[str]:
    """Each text once for each symbol that it names, or once where it names none or all."""
    listed = msgspec.json.encode(list(symbols)).decode()
    asked: list[str] = []
    for text in texts:
        each = symbols if "{symbol}" in text else symbols[:1] or [""]
        asked += [_filled(text, symbol, listed) for symbol in each]
    return asked


def _filled(text: str, symbol: str, symbols: str) -> str:
    return text.replace("{symbols}", symbols).replace("{symbol}", symbol)
