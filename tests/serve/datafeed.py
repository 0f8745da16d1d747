"""The client side of UDF as its public contract has it: what a charting library asks, and how it reads answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

__all__ = ["Chart", "Datafeed", "at"]


def at(text: str) -> int:
    """Seconds since 1970 of a time in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@dataclass(frozen=True)
class Datafeed:
    """Asks a server below ``/udf``."""

    client: httpx.Client

    def ask(self, path: str, **parameters: object) -> Any:  # noqa: ANN401 - JSON
        """An answer, which is JSON whatever its status is; the library does not look at the status."""
        named = {name.rstrip("_"): value for name, value in parameters.items()}
        return self.client.get(f"/udf/{path}", params=named).json()  # type: ignore[arg-type]

    def resolve(self, ticker: str) -> dict[str, Any]:
        """The symbol, with all that the library needs of one."""
        found: dict[str, Any] = self.ask("symbols", symbol=ticker, currencyCode="USD", unitId="")
        assert found.get("s") != "error", found
        for name in ("name", "ticker", "session", "timezone", "exchange", "minmov", "pricescale"):
            assert found[name] != "", name
        return found

    def bars(
        self, ticker: str, resolution: str, first: int, last: int, countback: int | None = None
    ) -> list[dict[str, Any]]:
        """Candles as the library makes them of columns, or an empty list with where there are some."""
        more = {} if countback is None else {"countback": countback}
        found = self.ask("history", symbol=ticker, resolution=resolution, from_=first, to=last, **more)
        if found["s"] == "no_data":
            return []
        assert found["s"] == "ok", found
        names = {"t": "time", "o": "open", "h": "high", "l": "low", "c": "close", "v": "volume"}
        columns = {names[short]: found[short] for short in names if short in found}
        assert len({len(column) for column in columns.values()}) == 1
        assert sorted(set(columns["time"])) == columns["time"], "times go up, each once"
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@dataclass
class Chart:
    """A chart that is scrolled back: it asks for so many bars before the first that it has, until there are none."""

    feed: Datafeed
    ticker: str
    resolution: str
    step: int = 2

    def scrolled(self, until: int) -> list[dict[str, Any]]:
        """All candles before a time."""
        held: list[dict[str, Any]] = []
        first, last = until - 3_600, until
        while True:
            more = self.feed.bars(self.ticker, self.resolution, first, last, self.step)
            if not more:
                return held
            held = [*more, *held]
            last = more[0]["time"]
            first = last - 3_600
