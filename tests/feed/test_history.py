"""A hole is filled from a venue's history, whatever its answers are like; and nothing is believed that is not there."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import httpx
import pytest

import barloom as bl
from barloom.errors import VenueUnavailable
from barloom.feed.asking import Asker, Patience
from barloom.feed.budget import Budget
from barloom.feed.history import Fetched, HistoryClient
from barloom.feed.protocol import Limits
from barloom.feed.venues import VENUES, venue
from barloom.testing import FakeClock
from feed.rest import SYMBOLS, Print, answered

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import TypeVar

    T = TypeVar("T")

BEGIN = 1_700_000_000_000_000  # microseconds


def market(count: int, *, first: int = 5_000, step: int = 1_700, seed: int = 1) -> list[Print]:
    """Trades one after the other, several at a time."""
    chance = random.Random(seed)
    times = sorted(BEGIN + chance.randrange(count * step) for _ in range(count))
    return [Print(first + place, time, f"{100 + place % 7}.50", "0.10") for place, time in enumerate(times)]


class Rest:
    """A venue's REST interface, with `trouble` before or instead of answers."""

    def __init__(self, name: str, prints: Sequence[Print]) -> None:
        self.name = name
        self.prints = prints
        self.clock = FakeClock(BEGIN * 1000)
        self.asked: list[tuple[float, httpx.Request]] = []
        self.told: list[str] = []
        self.endless = False
        self.trouble: Callable[[int, httpx.Response], httpx.Response] = lambda _, good: good

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.endless:
            await asyncio.Event().wait()
        self.asked.append((self.clock.monotonic(), request))
        return self.trouble(len(self.asked), answered(self.name, request, self.prints))

    async def _sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    def run(self, what: Callable[[HistoryClient], Awaitable[T]], **settings: object) -> T:
        """Call a client, at a time that goes on only where it waits."""

        async def go() -> T:
            found = venue(self.name, rest="http://rest.invalid")
            tell = lambda symbol, text: self.told.append(f"{symbol}: {text}")  # noqa: E731
            async with Asker(
                found,
                tell,
                clock=self.clock,
                sleep=self._sleep,
                chance=lambda: 0.0,
                transport=httpx.MockTransport(self._answer),
                **settings,  # type: ignore[arg-type]
            ) as asker:
                return await what(HistoryClient(found, asker))

        return asyncio.run(go())

    def fetch(self, after: int, until: int, within: float | None = None) -> Fetched:
        """The trades behind a number, whose time is known."""
        time = next((item.time for item in self.prints if item.number == after), BEGIN) * 1000
        return self.run(lambda client: client.fetch(SYMBOLS[self.name], after, time, until, within=within))

    def expected(self, after: int, until: int) -> list[tuple[int, str]]:
        """The numbers and prices that are right."""
        return [(item.number, item.price) for item in self.prints if after < item.number <= until]


def numbers(fetched: Fetched) -> list[tuple[int | None, str]]:
    """The numbers and prices that came."""
    return [(trade.last, trade.price) for trade in fetched.trades]


@pytest.fixture(params=VENUES)
def rest(request: pytest.FixtureRequest) -> Rest:
    """Each venue's, with 3,500 trades."""
    return Rest(request.param, market(3_500))


def test_a_hole_is_filled_page_by_page(rest: Rest) -> None:
    """All numbers come, in their order, also where that takes several pages; nothing is told where all goes well."""

    fetched = rest.fetch(5_100, 7_777)

    assert rest.expected(5_100, 7_777) == numbers(fetched)
    assert [] == fetched.absent
    assert [] == rest.told


def test_one_number_is_one_request(rest: Rest) -> None:
    """A hole of one trade costs as little as can be."""

    assert [(6_000, rest.prints[1_000].price)] == numbers(rest.fetch(5_999, 6_000))
    assert 1 == len(rest.asked)


def test_what_the_venue_lacks_is_named(rest: Rest) -> None:
    """Numbers that the venue does not give stay absent, and all others come, on both sides of a hole."""
    rest.prints = [item for item in rest.prints if item.number not in {5_300, 5_301, 6_400}]

    fetched = rest.fetch(5_100, 6_500)

    assert rest.expected(5_100, 6_500) == numbers(fetched)
    assert [(5_300, 5_301), (6_400, 6_400)] == fetched.absent
    assert any("lack 5300 to 5301, 6400" in text for text in rest.told)


def test_what_has_not_come_yet_comes_later(rest: Rest) -> None:
    """REST may be behind the websocket: it is asked again, and then has what was wanted."""
    whole = rest.prints

    def behind(turn: int, good: httpx.Response) -> httpx.Response:
        rest.prints = whole if turn >= 2 else whole[:200]
        return good

    rest.prints = whole[:200]
    rest.trouble = behind

    assert 5_300 == rest.fetch(5_198, 5_300).trades[-1].last
    assert [] != rest.told


@pytest.mark.parametrize("status", [429, 418])
def test_a_venue_that_is_asked_too_much_is_left_alone(rest: Rest, status: int) -> None:
    """As long as it says, nothing at all is asked; it is told."""
    headers = {"Retry-After": "37"}
    rest.trouble = lambda turn, good: httpx.Response(status, headers=headers) if turn == 1 else good

    fetched = rest.fetch(5_100, 5_150)

    assert [] == fetched.absent
    assert rest.asked[1][0] - rest.asked[0][0] >= 37
    assert [f"{SYMBOLS[rest.name]}: {rest.asked[0][1].url.path}: status {status}, silence for 37 s"] == rest.told


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("kraken", {"error": ["EGeneral:Too many requests"]}),
        ("kraken", {"error": ["EAPI:Rate limit exceeded"]}),
        ("okx", {"code": "50011", "msg": "Too Many Requests", "data": []}),
    ],
)
def test_too_much_may_be_said_in_a_good_answer(name: str, body: dict[str, object]) -> None:
    """With status 200: then nothing is asked for a while, of no symbol."""
    rest = Rest(name, market(300))
    rest.trouble = lambda turn, good: changed(good, body) if turn == 1 else good

    assert [] == rest.fetch(5_100, 5_150).absent
    assert rest.asked[1][0] - rest.asked[0][0] >= 5
    assert ["asked too much"] == [text.partition(" is ")[2].partition(":")[0] for text in rest.told]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "Tue, 14 Nov 2023 22:14:00 GMT", "Date": "Tue, 14 Nov 2023 22:13:25 GMT"}, 35),
        ({"Retry-After": "Tue, 14 Nov 2023 22:00:00 GMT", "Date": "Tue, 14 Nov 2023 22:13:25 GMT"}, 0),
        ({"Retry-After": "Tue, 14 Nov 2023 22:14:00 GMT"}, 5),
    ],
    ids=["ahead", "past", "no date"],
)
def test_the_end_of_silence_may_be_a_moment(headers: dict[str, str], expected: float) -> None:
    """By the venue's own clock; where that is not told it is as if nothing was."""
    rest = Rest("binance", market(300))
    rest.trouble = lambda turn, good: httpx.Response(429, headers=headers) if turn == 1 else good

    assert [] == rest.fetch(5_100, 5_150).absent
    assert max(expected, 0.5) == pytest.approx(rest.asked[1][0] - rest.asked[0][0])


def test_silence_is_of_all_symbols(rest: Rest) -> None:
    """Also who was not refused asks nothing meanwhile: another question waits until the silence is over."""
    headers = {"Retry-After": "37"}
    rest.trouble = lambda turn, good: httpx.Response(429, headers=headers) if turn == 1 else good
    symbol = SYMBOLS[rest.name]

    async def twice(client: HistoryClient) -> Fetched:
        await client.fetch(symbol, 5_000, BEGIN * 1000, 5_010, within=10)
        return await client.fetch(symbol, 5_100, BEGIN * 1000, 5_110)

    assert [] == rest.run(twice).absent
    assert rest.asked[1][0] - rest.asked[0][0] >= 37


@pytest.mark.parametrize(("status", "least"), [(429, 5), (418, 120)])
def test_a_venue_that_does_not_say_how_long(rest: Rest, status: int, least: float) -> None:
    """Without a `Retry-After` that makes sense it is left alone for a while, and for longer where it bans."""
    for headers in ({}, {"Retry-After": "soon"}):
        rest.asked.clear()
        rest.trouble = lambda turn, good, headers=headers: (  # type: ignore[misc]
            httpx.Response(status, headers=headers) if turn == 1 else good
        )

        assert [] == rest.fetch(5_100, 5_150).absent
        assert rest.asked[1][0] - rest.asked[0][0] >= least


@pytest.mark.parametrize(
    "bad",
    [
        lambda _: httpx.Response(500),
        lambda _: httpx.Response(503, headers={"Retry-After": "2"}),
        lambda _: httpx.Response(200, content=b"<html>maintenance</html>"),
        lambda good: httpx.Response(200, content=good.content[:-20]),
        lambda _: httpx.Response(200, content=b"{}"),
        lambda _: httpx.Response(301, headers={"Location": "http://elsewhere.invalid"}),
    ],
    ids=["500", "503", "html", "cut", "other JSON", "elsewhere"],
)
def test_an_answer_that_is_none_is_asked_for_again(rest: Rest, bad: Callable[[httpx.Response], httpx.Response]) -> None:
    """Told, and asked again after a pause that grows."""
    rest.trouble = lambda turn, good: bad(good) if turn <= 3 else good

    fetched = rest.fetch(5_100, 5_150)

    assert rest.expected(5_100, 5_150) == numbers(fetched)
    assert 3 == len(rest.told)
    pauses = [two - one for one, two in pairwise(time for time, _ in rest.asked)]
    assert pauses == sorted(pauses)
    assert pauses[2] >= 2


def test_a_line_that_breaks_is_tried_again(rest: Rest) -> None:
    """No connection, and no answer in time."""
    errors = [httpx.ConnectError("refused"), httpx.ReadTimeout("silence")]

    def broken(turn: int, good: httpx.Response) -> httpx.Response:
        if turn <= len(errors):
            raise errors[turn - 1]
        return good

    rest.trouble = broken

    assert [] == rest.fetch(5_100, 5_150).absent
    assert ["ConnectError refused", "ReadTimeout silence"] == [text.split(": ")[2] for text in rest.told]


def test_an_answer_that_never_ends_is_cut(rest: Rest) -> None:
    """The time-out is of a whole answer, however it trickles."""
    rest.endless = True

    with pytest.raises(VenueUnavailable, match="TimeoutError"):
        rest.run(lambda client: client.latest(SYMBOLS[rest.name]), patience=Patience(attempts=2, timeout=0.01))


def test_it_ends_where_nobody_answers(rest: Rest) -> None:
    """After eight attempts with pauses between, what there is comes back, and what is absent with it."""
    rest.trouble = lambda _, good: httpx.Response(500)  # noqa: ARG005

    fetched = rest.fetch(5_100, 5_150)

    assert Fetched([], [(5_101, 5_150)]) == fetched
    assert 8 == len(rest.asked)


def test_it_ends_in_time(rest: Rest) -> None:
    """What came within the time that is given is handed back; nothing waits beyond it."""
    rest.trouble = lambda turn, good: good if turn == 1 else httpx.Response(429, headers={"Retry-After": "3600"})
    whole = venue(rest.name)

    fetched = rest.fetch(5_100, 8_000, within=60)

    assert rest.clock.monotonic() - rest.asked[0][0] <= 60
    first = whole.history(SYMBOLS[rest.name], 5_100, 0).params
    page = int(first.get("limit", first.get("count", "0")))
    assert rest.expected(5_100, 5_100 + page)[: len(fetched.trades)] == numbers(fetched)
    assert 0 < len(fetched.trades) <= page
    assert 8_000 == fetched.absent[-1][1]


def test_limits_are_kept(rest: Rest) -> None:
    """In no window is more asked for than the venue allows, however much is wanted."""
    limits = venue(rest.name).limits
    rest.prints = market(30_000 if rest.name != "okx" else 6_000)
    last = rest.prints[-1].number
    weight = venue(rest.name).latest(SYMBOLS[rest.name]).weight

    assert [] == rest.fetch(5_000, last).absent
    times = [time for time, _ in rest.asked]
    for start in times:
        assert sum(weight for time in times if start <= time < start + limits.window) <= limits.weight


def test_symbols_share_what_may_be_asked() -> None:
    """Where a venue counts by symbol, symbols do not wait for each other; where it counts them together, they do."""
    clock = FakeClock(0)
    together, alone = (
        Budget(Limits(weight=2, window=10), clock),
        Budget(Limits(weight=2, window=10, by_symbol=True), clock),
    )

    assert [0, 0, 10] == [together.wait(symbol, 1) for symbol in "abc"]
    assert [0, 0, 0, 0, 10] == [alone.wait(symbol, 1) for symbol in "abcaa"]
    alone.silence(3)
    assert [3, 3] == [alone.wait(symbol, 1) for symbol in "bd"]
    clock.sleep(10)
    assert [0, 0] == [alone.wait("a", 2), together.wait("c", 5)]


def test_a_shuffled_answer_is_put_in_order(rest: Rest) -> None:
    """It is told, and the trades come by number."""
    rest.trouble = lambda _, good: shuffled(rest.name, good)

    fetched = rest.fetch(5_100, 5_160)

    assert rest.expected(5_100, 5_160) == numbers(fetched)
    assert any("out of order" in text for text in rest.told)


def test_a_number_that_comes_twice_stays_as_it_was(rest: Rest) -> None:
    """Where an answer says something else of a number that came before, the first word counts, and it is told."""
    rest.trouble = lambda _, good: doubled(rest.name, good)

    fetched = rest.fetch(5_100, 5_150)

    assert [number for number, _ in rest.expected(5_100, 5_150)] == [trade.last for trade in fetched.trades]
    assert any("came twice" in text for text in rest.told)


def test_an_unknown_symbol_is_not_asked_for_again(rest: Rest) -> None:
    """It is an error of that symbol, at once."""
    unknown = {
        "binance": (400, {"code": -1121, "msg": "Invalid symbol."}),
        "coinbase": (404, {"message": "NotFound"}),
        "kraken": (200, {"error": ["EQuery:Unknown asset pair"]}),
        "okx": (200, {"code": "51001", "msg": "Instrument ID doesn't exist", "data": []}),
    }
    status, body = unknown[rest.name.removesuffix("-futures")]
    rest.trouble = lambda _, good: httpx.Response(status, content=json.dumps(body))  # noqa: ARG005

    with pytest.raises(LookupError, match="knows no"):
        rest.fetch(5_100, 5_150)
    assert 1 == len(rest.asked)


def test_asking_needs_an_optional_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the error says what to install."""
    monkeypatch.setitem(sys.modules, "httpx", None)

    with pytest.raises(bl.MissingExtra, match=r"pip install 'barloom\[feed\]'"):
        Asker(venue("kraken"), lambda *_: None)


def test_the_latest_number(rest: Rest) -> None:
    """With its time, which is the answer's; without an answer it is an error."""
    tail, trades = rest.run(lambda client: client.latest(SYMBOLS[rest.name]))

    assert (8_499, 1_700_000_005_000_000_000) == (tail.last, tail.time)
    assert [8_499] == [trade.last for trade in trades]
    rest.trouble = lambda _, good: httpx.Response(500)  # noqa: ARG005
    with pytest.raises(VenueUnavailable, match="does not answer for"):
        rest.run(lambda client: client.latest(SYMBOLS[rest.name]))
    with pytest.raises(VenueUnavailable, match="not to be waited for"):
        rest.run(lambda client: client.latest(SYMBOLS[rest.name], within=1))


def test_where_a_time_begins(rest: Rest) -> None:
    """The number before the first trade at or after a time, also where the venue has to be searched for it."""
    for place in (0, 1, 1_234, 3_499):
        time = rest.prints[place].time // 1000 * 1000  # to the millisecond, which some venues have at the most
        expected = next(item.number for item in rest.prints if item.time // 1000 * 1000 >= time) - 1

        assert expected == rest.run(lambda client, time=time: client.number_before(SYMBOLS[rest.name], time * 1000))
    beyond = rest.prints[-1].time * 1000 + 5_000_000
    assert 8_499 == rest.run(lambda client: client.number_before(SYMBOLS[rest.name], beyond))


def test_a_market_without_trades(rest: Rest) -> None:
    """There is no number to begin at, and nothing to fetch."""
    rest.prints = []

    assert None is rest.run(lambda client: client.number_before(SYMBOLS[rest.name], BEGIN * 1000))
    assert [(1, 5)] == rest.fetch(0, 5).absent


def test_nothing_is_asked_where_nothing_is_wanted(rest: Rest) -> None:
    """An empty range costs no request."""

    assert Fetched([], []) == rest.fetch(5_100, 5_100)
    assert [] == rest.asked


def test_numbers_need_not_follow_time() -> None:
    """Where history goes by time, a number whose trade is older than those before it is found by looking back."""
    rest = Rest("kraken", market(400))
    late = rest.prints[250]
    moved = late._replace(time=rest.prints[200].time - 3_000_000)
    rest.prints = sorted([*rest.prints[:250], moved, *rest.prints[251:]], key=lambda item: item.time)

    fetched = rest.fetch(5_249, 5_260)

    assert list(range(5_250, 5_261)) == [trade.last for trade in fetched.trades]


def test_many_trades_of_one_moment() -> None:
    """More than a page of them: where history goes by time it goes on all the same, as far as the venue leads."""
    rest = Rest("kraken", market(2_500, step=2))

    assert [] == rest.fetch(5_000, 7_499).absent


@pytest.mark.parametrize("seed", range(12))
def test_whatever_the_trouble(rest: Rest, seed: int) -> None:
    """Any mixture of troubles that ends at some time leaves every number there, once and right."""
    chance = random.Random(seed)
    kinds = [
        lambda _: httpx.Response(chance.choice([429, 500, 502, 503])),
        lambda good: httpx.Response(200, content=good.content[: len(good.content) // 2]),
        lambda good: shuffled(rest.name, good),
        lambda good: doubled(rest.name, good),
        lambda good: thinned(rest.name, good, chance),
        lambda good: emptied(rest.name, good),
    ]
    rest.trouble = lambda turn, good: chance.choice(kinds)(good) if turn < 25 and chance.random() < 0.4 else good

    fetched = rest.fetch(5_050, 5_500)

    assert [number for number, _ in rest.expected(5_050, 5_500)] == [trade.last for trade in fetched.trades]
    assert [] == fetched.absent


def rows_of(name: str, good: httpx.Response) -> tuple[object, list[object]]:
    """An answer, and the list of trades in it."""
    body = json.loads(good.content)
    if name == "okx":
        return body, body["data"]
    if name == "kraken":
        return body, body["result"]["XXBTZUSD"]
    return body, body


def changed(good: httpx.Response, body: object) -> httpx.Response:
    """The answer with another body."""
    return httpx.Response(200, headers={"Date": good.headers["Date"]}, content=json.dumps(body))


def shuffled(name: str, good: httpx.Response) -> httpx.Response:
    """The trades in another order."""
    body, rows = rows_of(name, good)
    random.Random(3).shuffle(rows)
    return changed(good, body)


def doubled(name: str, good: httpx.Response) -> httpx.Response:
    """Each trade twice, the second time of another size."""
    body, rows = rows_of(name, good)
    text = json.dumps(rows)
    other = json.loads(text.replace('"0.10"', '"0.11"'))
    rows[:] = [*other, *rows] if name in {"coinbase", "okx"} else [*rows, *other]
    return changed(good, body)


def thinned(name: str, good: httpx.Response, chance: random.Random) -> httpx.Response:
    """Some trades left out."""
    body, rows = rows_of(name, good)
    rows[:] = [row for row in rows if chance.random() < 0.7]
    return changed(good, body)


def emptied(name: str, good: httpx.Response) -> httpx.Response:
    """No trades at all."""
    body, rows = rows_of(name, good)
    rows.clear()
    return changed(good, body)
