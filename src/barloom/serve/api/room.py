"""What a handler works with: the stores that its request sees, and how much it may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from barloom.serve.api.refusals import Refused
from barloom.serve.safety.tokens import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from barloom.clock import Clock
    from barloom.serve.safety.tokens import Access, Tokens
    from barloom.serve.settings import Limits
    from barloom.serve.stores.catalogue import Catalogue, Shelf

__all__ = ["House", "Room"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class House:
    """What all requests share."""

    catalogue: Catalogue
    tokens: Tokens
    limits: Limits
    clock: Clock

    def room(self, access: Access | None) -> Room:
        """The room of one request."""
        return Room(self, access or EVERYTHING, self.clock.monotonic() + self.limits.seconds)


@dataclass(frozen=True, slots=True)
class Room:
    """One request's view; `until` is when its time is over."""

    house: House
    access: Access
    until: float

    def shelf(self, name: str | None) -> Shelf:
        """A store by name; without one the only one there is."""
        return self.house.catalogue.shelf(name, self.access)

    @property
    def shelves(self) -> Iterator[Shelf]:
        """All stores that the request sees."""
        return self.house.catalogue.seen(self.access)

    def now(self) -> int:
        """The time of day in nanoseconds."""
        return self.house.clock.now()

    def rows(self, asked: int, parameter: str = "limit") -> int:
        """How many rows are asked for; `Refused` where that is more than may be."""
        most = self.house.limits.rows
        if asked <= most:
            return asked
        message = f"{parameter} is {asked}; at most {most} are answered at once, and the next page goes on by cursor="
        raise Refused(400, message, parameter)

    def timed(self, work: Iterable[T]) -> Iterator[T]:
        """The same, piece by piece, as long as there is time."""
        for piece in work:
            if self.house.clock.monotonic() > self.until:
                message = f"this takes longer than {self.house.limits.seconds:g} s; ask for fewer keys or less time"
                raise Refused(422, message)
            yield piece
