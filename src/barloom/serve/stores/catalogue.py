"""The stores that are served, by name, as somebody with some access sees them."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, runtime_checkable

from barloom.errors import BadArguments, Problem
from barloom.plan.suggest import did_you_mean
from barloom.serve.api.refusals import Refused, sensible
from barloom.serve.stores.holding import Directory, Given
from barloom.serve.stores.local import LocalBars
from barloom.serve.stores.queried import QueriedBars
from barloom.time.timeframe import Timeframe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from barloom.clock import Clock
    from barloom.plan.barplan import BarPlan
    from barloom.read.readable import Readable
    from barloom.serve.safety.tokens import Access
    from barloom.serve.stores.key_text import KeyText
    from barloom.serve.stores.queried import QueriedBucket
    from barloom.serve.stores.served import Served

__all__ = ["Catalogue", "HasBuckets", "HasStore", "Servable", "Shelf"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@runtime_checkable
class HasStore(Protocol):
    """Something that keeps a store that can be read, such as a reader of Kafka topics."""

    @property
    def store(self) -> Readable:
        """What its buckets read."""
        ...


@runtime_checkable
class HasBuckets(Protocol):
    """Something whose bars are asked elsewhere, by timeframe, such as a pipeline of ksqlDB."""

    @property
    def plan(self) -> BarPlan:
        """The definition."""
        ...

    def buckets(self) -> Mapping[str, QueriedBucket]:
        """The bars of each timeframe that it has."""
        ...


Servable: TypeAlias = "str | Path | HasStore | HasBuckets | Readable"
"""What can be served: the directory of a store, a `barloom.kafka.Reader`, a pipeline of ksqlDB, a store in hand."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """One store as a request sees it."""

    name: str
    bars: Served
    access: Access

    @property
    def keys(self) -> KeyText:
        """How its keys are written."""
        return self.bars.texts

    def key(self, text: str, parameter: str = "key") -> tuple[object, ...]:
        """The key that a text writes; `Refused` where it is none, or one that the request may not read."""
        with sensible(parameter):
            key = self.keys.read(text)
        if self.access.limited and not self.access.reaches(self.keys.write(key)):
            message = f"the token {self.access.name!r} may not read this key"
            raise Refused(403, message)
        return key

    def timeframe(self, name: str) -> str:
        """A timeframe that has bars; `Refused` names those there are."""
        there = self.bars.timeframes()
        if name in there:
            return name
        with suppress(ValueError):
            if (known := str(Timeframe.parse(name))) in there:  # 60m is 1h
                return known
        message = f"{self.name} has no bars of {name!r}; {did_you_mean(name, there)}"
        raise Refused(404, message, "timeframe")


class Catalogue:
    """All that is served, by name."""

    def __init__(self, stores: Mapping[str, Servable], clock: Clock) -> None:
        wrong = [name for name in stores if not _NAME.fullmatch(name)]
        if wrong:
            fix = "use letters, digits, '.', '_' and '-', at most 64"
            raise BadArguments([Problem(f"{name!r} is no name for a store", "serve", fix) for name in wrong])
        self._shelves: dict[str, Served] = {}
        try:
            for name, given in stores.items():
                self._shelves[name] = _served(given, clock)
        except BaseException:
            self.close()
            raise

    @property
    def quick(self) -> bool:
        """Whether every store finds a bar without waiting for another machine."""
        return all(bars.quick for bars in self._shelves.values())

    @property
    def names(self) -> list[str]:
        """All names."""
        return list(self._shelves)

    def seen(self, access: Access) -> Iterator[Shelf]:
        """The stores that somebody sees."""
        return (Shelf(name, bars, access) for name, bars in self._shelves.items() if access.sees(name))

    def shelf(self, name: str | None, access: Access) -> Shelf:
        """A store by name; without one the only one. `Refused` names those there are."""
        if name is None:
            seen = list(self.seen(access))
            if len(seen) == 1:
                return seen[0]
            message = f"say which store: store={' or store='.join(shelf.name for shelf in seen) or '…'}"
            raise Refused(400 if seen else 404, message, "store")
        bars = self._shelves.get(name)
        if bars is None or not access.sees(name):
            message = f"there is no store {name!r}; see /v1/stores"
            raise Refused(404, message, "store")
        return Shelf(name, bars, access)

    def close(self) -> None:
        """Release all that was opened for it."""
        for bars in self._shelves.values():
            bars.close()


def _served(given: Servable, clock: Clock) -> Served:
    if isinstance(given, str | Path):
        return LocalBars(Directory(given, clock), clock)
    if isinstance(given, HasBuckets):
        return QueriedBars(given.plan, given.buckets())
    return LocalBars(Given(given.store if isinstance(given, HasStore) else given), clock)
