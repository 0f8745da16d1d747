"""A script of troubles, by hand or by chance from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from barloom.testing.venues.troubles import (
    ClockSkew,
    Disconnect,
    Duplicates,
    Forgotten,
    HistoryLag,
    Hole,
    Life,
    LostTail,
    Maintenance,
    OddAnswers,
    OutOfOrder,
    Restarted,
    RestDown,
    ServerErrors,
    Silence,
    SlowAnswers,
    TooMany,
    Trouble,
    WrongJson,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Script"]

_ODD: Final = ("short", "gappy", "empty", "shuffled", "doubled", "broken")


@dataclass(frozen=True, slots=True)
class Script:
    """What goes wrong, in any order; each trouble says itself when.

    ::

        import barloom as bl
        from barloom.testing import Disconnect, Hole, Script

        script = Script((Disconnect(at=100, misses=20), Hole(at="10s", count=3, symbol="BTC/USD")))
        chance = Script.random(7, trades=1_000, symbols=["BTC/USD"])
    """

    troubles: tuple[Trouble, ...] = ()

    @property
    def answers(self) -> bool:
        """Whether history, asked often enough, has every trade in the end: then nothing need be missing."""
        for_ever = any(isinstance(trouble, RestDown) and trouble.count is None for trouble in self.troubles)
        return not for_ever and not any(isinstance(trouble, Forgotten) for trouble in self.troubles)

    @classmethod
    def random(  # noqa: PLR0913 - each by its name
        cls,
        seed: int,
        trades: int = 1_000,
        symbols: Sequence[str] = (),
        *,
        answers: bool | None = None,
        restarts: bool = False,
        silences: bool = True,
    ) -> Script:
        """One to eight troubles by chance, for a market of so many trades since its opening; the same for a seed.

        `answers` true leaves out what history can never tell, false puts some in. `restarts` lets numbers of symbols
        begin anew. `silences` false leaves out what a client only notices by waiting.
        """
        # A string seeds by its hash sum, so that the throws are the same in every version.
        chance = Random(f"venue double {seed}")  # noqa: S311 - it is to be repeatable
        kinds = [kind for kind in _MAKERS if (silences or kind is not Silence) and kind is not Forgotten]
        if answers is None:
            answers = chance.random() < 0.7  # noqa: PLR2004 - most venues answer
        troubles = [_MAKERS[chance.choice(kinds)](chance, trades, symbols) for _ in range(chance.randint(1, 8))]
        if not answers:
            troubles.append(_MAKERS[Forgotten](chance, trades, symbols))
        if restarts and symbols:
            at, symbol = chance.randrange(trades // 4, trades), chance.choice(symbols)
            troubles.append(Restarted(at, symbol, chance.randint(1, 50)))
        return cls(tuple(troubles))


def _at(chance: Random, trades: int) -> int:
    return chance.randrange(1, max(trades, 2))


def _symbol(chance: Random, symbols: Sequence[str]) -> str | None:
    return chance.choice([None, *symbols])


def _requests(chance: Random) -> tuple[int, int]:
    return chance.randint(1, 6), chance.randint(1, 3)


_MAKERS: Final[dict[type, Callable[[Random, int, Sequence[str]], Trouble]]] = {
    ClockSkew: lambda r, n, s: ClockSkew(f"{r.choice([-3000, -900, 700, 2500])}ms"),  # noqa: ARG005
    Disconnect: lambda r, n, s: Disconnect(_at(r, n), r.randrange(40), r.random() < 0.6),  # noqa: ARG005, PLR2004
    Silence: lambda r, n, s: Silence(_at(r, n), r.randrange(40)),  # noqa: ARG005
    Duplicates: lambda r, n, s: Duplicates(_at(r, n), r.randint(1, 12)),  # noqa: ARG005
    OutOfOrder: lambda r, n, s: OutOfOrder(_at(r, n), r.randint(2, 9)),  # noqa: ARG005
    Hole: lambda r, n, s: Hole(_at(r, n), r.randint(1, 30), _symbol(r, s)),
    LostTail: lambda r, n, s: LostTail(r.choice([None, _at(r, n)]), r.randint(1, 6)),  # noqa: ARG005
    Forgotten: lambda r, n, s: Forgotten(_at(r, n), r.randint(1, 5), _symbol(r, s), r.random() < 0.3),  # noqa: PLR2004
    Maintenance: lambda r, n, s: Maintenance(_at(r, n), r.randint(0, 2), r.randrange(30)),  # noqa: ARG005
    Life: lambda r, n, s: Life(trades=r.randint(max(n // 5, 10), n + 10)),  # noqa: ARG005
    WrongJson: lambda r, n, s: WrongJson(_at(r, n), r.choice(["", "{", "[1,2", "null", "<html>", '{"a":1}'])),  # noqa: ARG005
    TooMany: lambda r, n, s: TooMany(*_requests(r), r.choice([429, 429, 418]), r.choice([0, 0, 1])),  # noqa: ARG005
    ServerErrors: lambda r, n, s: ServerErrors(*_requests(r), r.choice([500, 502, 503, 504])),  # noqa: ARG005
    RestDown: lambda r, n, s: RestDown(*_requests(r)),  # noqa: ARG005
    SlowAnswers: lambda r, n, s: SlowAnswers(*_requests(r)),  # noqa: ARG005
    OddAnswers: lambda r, n, s: OddAnswers(*_requests(r), r.choice(_ODD)),  # noqa: ARG005
    HistoryLag: lambda r, n, s: HistoryLag(*_requests(r), r.randint(1, 10)),  # noqa: ARG005
}
