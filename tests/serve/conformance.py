"""What every place of bars answers over HTTP: what its `TimeBucket` answers, to the digit."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

import barloom as bl
from serve.serving import told

if TYPE_CHECKING:
    import httpx

__all__ = ["Place", "ReaderCases"]


@dataclass(frozen=True)
class Place:
    """Bars of one timeframe, as a bucket in the process and over HTTP; `keys` and `starts` are looked at."""

    client: httpx.Client
    bucket: Any
    timeframe: str
    keys: tuple[tuple[str, ...], ...]
    starts: tuple[str, ...]

    def ask(self, path: str, key: tuple[str, ...] | None = None, **parameters: object) -> httpx.Response:
        """A request about the timeframe."""
        named = {} if key is None else {"key": text(key)}
        return self.client.get(path, params={"timeframe": self.timeframe, **named, **parameters})  # type: ignore[dict-item]


def text(key: tuple[str, ...]) -> str:
    """A key as it stands in an address."""
    if len(key) == 1:
        return key[0]
    return ",".join(part.replace("\\", "\\\\").replace(",", "\\,") for part in key)


class ReaderCases:
    """Cases for one place; a subclass has the fixture `place`."""

    def test_one_bar_is_what_get_answers(self, place: Place) -> None:
        """Found with every field, or not found with the reason, whether it is for good, and the same words."""
        for key, start in product(place.keys, place.starts):
            answer, response = place.bucket.get(key, start), place.ask("/v1/bar", key, start=start)

            if isinstance(answer, bl.Found):
                assert (200, told(answer.bar)) == (response.status_code, response.json()["bar"])
            else:
                body = response.json()
                assert (404, False) == (response.status_code, body["found"])
                assert (answer.why.value, answer.decided, str(answer)) == (body["why"], body["decided"], body["text"])

    def test_bars_are_what_a_range_gives(self, place: Place) -> None:
        """The whole of a key, and between any two starts."""
        for key, (first, last) in product(place.keys, product((None, *place.starts), repeat=2)):
            bounds = {name: value for name, value in (("from", first), ("to", last)) if value is not None}

            response = place.ask("/v1/bars", key, **bounds)

            assert 200 == response.status_code
            assert [told(bar) for bar in place.bucket.range(key, first, last)] == self.same(response.json()["bars"])

    def test_the_last_bars_are_the_latest(self, place: Place) -> None:
        """As many as there are, the newest at the end."""
        for key, count in product(place.keys, (1, 2, 100)):
            bars = place.ask("/v1/bars", key, last=count).json()["bars"]

            assert [told(bar) for bar in place.bucket.latest(key, count)] == self.same(bars)

    def test_a_start_that_no_slot_has_is_refused(self, place: Place) -> None:
        """With the words of the bucket."""
        start = place.starts[0].replace("Z", ".001Z")
        with pytest.raises(ValueError, match="no slot of") as refused:
            place.bucket.get(place.keys[0], start)

        response = place.ask("/v1/bar", place.keys[0], start=start)

        assert (400, str(refused.value)) == (response.status_code, response.json()["detail"])

    def same(self, bars: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Bars of JSON as a place's own have their fields: all of them."""
        return bars
