"""How a feed is kept: settings of ``[feed]`` and of `bl.feed.open`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from barloom.errors import DefinitionError, Problem
from barloom.feed.own import OWN_SETTINGS, own_feed
from barloom.feed.venues import VENUES
from barloom.feed.venues import venue as venue_named
from barloom.plan.ladder import length_of
from barloom.plan.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from barloom.feed.protocol import Addresses, Venue
    from barloom.plan.barplan import BarPlan

__all__ = ["Feed", "FeedSettings", "declared_feeds", "feed_of", "feeds_of", "settings_in"]

_SECOND: Final = 1_000_000_000
_FILL_WITHIN: Final = 60.0
_MAX_HELD: Final = 200_000
_CHECKS: Final = 4
"""How often a quiet symbol is compared within `fill_within`, where nothing else is said."""

_NAMES: Final = ("feeds", "fill_within", "check_every", "max_held", "venues", *OWN_SETTINGS)
_VENUE_NAMES: Final = ("websocket", "rest")


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """For how long a feed waits, and how much it holds.

    `fill_within` is for how many seconds nothing may come of a hole until it is given up, `check_every` after how many
    seconds without a word of a symbol its last number is compared with the venue's (none: a quarter of that),
    `max_held` how many rows may be held while holes are open. `addresses` are other ones of venues than their own.
    """

    fill_within: float = _FILL_WITHIN
    check_every: float | None = None
    max_held: int = _MAX_HELD
    addresses: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def compared_every(self) -> float:
        """After how many seconds without a word a symbol is compared."""
        return self.fill_within / _CHECKS if self.check_every is None else self.check_every

    def venue(self, name: str) -> Venue:
        """A venue by its name, at the addresses that are set. Raises `ValueError` where there is none."""
        return venue_named(name, **self.addresses.get(name, {}))


@dataclass(frozen=True, slots=True)
class Feed:
    """Symbols of one venue, in its way of writing."""

    venue: Venue
    symbols: tuple[str, ...]

    @property
    def addresses(self) -> Addresses:
        """Where the venue is reached."""
        return self.venue.addresses


def feeds_of(written: Iterable[str], settings: FeedSettings) -> list[Feed]:
    """Feeds as the command line names them, ``venue:symbol``; those of one venue together.

    Raises `ValueError` for a venue that is not known and a symbol that it cannot have.
    """
    asked: dict[str, list[str]] = {}
    for text in written:
        name, colon, symbol = text.partition(":")
        if not (colon and symbol):
            message = f"{text!r} names no feed: write VENUE:SYMBOL, such as kraken:BTC/USD; venues: {', '.join(VENUES)}"
            raise ValueError(message)
        asked.setdefault(name, []).append(symbol)
    return [feed_of(settings.venue(name), symbols) for name, symbols in asked.items()]


def feed_of(venue: Venue, symbols: Sequence[str]) -> Feed:
    """Symbols of a venue, each once. Raises `ValueError` for one that it cannot have."""
    return Feed(venue, tuple(dict.fromkeys(venue.symbol(symbol) for symbol in symbols)))


def settings_in(table: Mapping[str, Any], where: str) -> FeedSettings:
    """What ``[feed]`` says. Raises `DefinitionError` with everything that is wrong in it."""
    reading = _Reading(where)
    reading.names(table, _NAMES, "[feed]")
    reading.feeds(table)
    fill_within = reading.seconds(table, "fill_within")
    check_every = reading.seconds(table, "check_every")
    most = table.get("max_held", _MAX_HELD)
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        reading.wrong(f"max_held = {most!r} is no number of rows", "write a whole number such as 200_000")
    addresses = {name: reading.addresses(name, said) for name, said in dict(table.get("venues", {})).items()}
    reading.end()
    return FeedSettings(_FILL_WITHIN if fill_within is None else fill_within, check_every, most, addresses)


def declared_feeds(
    table: Mapping[str, Any], plan: BarPlan, where: str, asked: Sequence[str] = ()
) -> tuple[list[Feed], FeedSettings]:
    """The feeds that ``[feed]`` declares, or those that are asked for, ``venue:symbol``, with its settings.

    Raises `DefinitionError` with what is wrong in the table, and `ValueError` for a feed that cannot be.
    """
    settings = settings_in(table, where)
    written = list(asked) or list(table.get("feeds", ()))
    if "url" not in table:
        return feeds_of(written, settings), settings
    sequence = plan.event.sequence
    own = own_feed(table, plan, None if sequence is None else (sequence.first, sequence.last))
    symbols = [text.removeprefix(f"{own.name}:") for text in written]
    return [feed_of(own, symbols)], settings


class _Reading:
    def __init__(self, where: str) -> None:
        self._where = where
        self._problems: list[Problem] = []

    def wrong(self, what: str, fix: str) -> None:
        """Something is wrong."""
        self._problems.append(Problem(what, f"[feed] of {self._where}", fix))

    def end(self) -> None:
        """Raise what was wrong."""
        if self._problems:
            raise DefinitionError(self._problems)

    def names(self, table: Mapping[str, Any], known: Sequence[str], place: str) -> None:
        """Names that mean nothing."""
        for name in table:
            if name not in known:
                self.wrong(f"{place} has no setting {name!r}", did_you_mean(name, known))

    def feeds(self, table: Mapping[str, Any]) -> None:
        """Which feeds are run where none are asked for."""
        found = table.get("feeds", [])
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            self.wrong(f"feeds = {found!r} is no list of feeds", 'write feeds = ["kraken:BTC/USD"]')

    def seconds(self, table: Mapping[str, Any], name: str) -> float | None:
        """A length of time, in seconds."""
        if name not in table:
            return None
        try:
            found = length_of(table[name], name) / _SECOND
        except DefinitionError as error:
            self._problems += error.problems
            return None
        if found <= 0:
            self.wrong(f"{name} = {table[name]!r} is no time at all", 'write a time such as "60s"')
        return found

    def addresses(self, name: str, said: Mapping[str, str]) -> Mapping[str, str]:
        """Where a venue is reached."""
        if name not in VENUES:
            self.wrong(f"there is no venue {name!r}", did_you_mean(name, VENUES))
        self.names(said, _VENUE_NAMES, f"[feed.venues.{name}]")
        schemes = {"websocket": ("ws://", "wss://"), "rest": ("http://", "https://")}
        for key, address in said.items():
            if key in schemes and not str(address).startswith(schemes[key]):
                self.wrong(f"venues.{name}.{key} = {address!r}", f"let it begin with {' or '.join(schemes[key])}")
        return {key: str(address) for key, address in said.items() if key in schemes}
