"""A publisher writes each row of a feed once, with marks, and commits how far it came in the same transaction."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from barloom.kafka.publish.running import publish
from barloom.source.feeds.word import CompleteTo
from kafka.publish.trades import START, Desk, Marked, Told, market, trade

if TYPE_CHECKING:
    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")
HOUR = 3600 * 1_000_000_000


@pytest.fixture
def desk(broker: Broker, topics: Topics) -> Desk:
    """Three partitions, each key with a time of its own."""
    return Desk(broker, topics)


def give(desk: Desk, feed: Any, **more: Any) -> Any:  # noqa: ANN401
    """Publish to the end of a feed."""
    return publish(desk.plan, desk.settings, feed, stop=Event(), **more)


def test_rows_are_written_in_order_under_their_names(desk: Desk) -> None:
    """Each as the definition reads it, with number and time of receipt; what it does not declare is left out."""
    report = give(desk, market("AB", 3))

    assert {"A": [1, 2, 3], "B": [1, 2, 3]} == desk.numbers()
    at = START + 100_000_000
    assert {
        "venue": "kraken",
        "symbol": "A",
        "trade_id": 1,
        "time": at,
        "price": "101.25000000",
        "size": "0.50000000",
        "received_at": at + 1000,
    } == next(row for row in desk.rows() if row["symbol"] == "A")
    assert (6, 0, {}) == (report.rows, report.before, report.refused)
    assert {("kraken", "A"): 3, ("kraken", "B"): 3} == desk.positions()


def test_what_was_published_before_is_passed_over(desk: Desk) -> None:
    """The same feed once more, and a little further: only what is new is written."""
    give(desk, market("AB", 3))
    report = give(desk, market("AB", 5))

    assert {"A": [1, 2, 3, 4, 5], "B": [1, 2, 3, 4, 5]} == desk.numbers()
    assert (4, 6) == (report.rows, report.before)


def test_the_first_row_of_a_key_has_a_mark_ahead_of_it(desk: Desk) -> None:
    """Where marks will come: the first says little yet, and for want of one no clock closes anything."""
    give(desk, Marked([trade("A", 1)]))

    first, second = desk.reader.records(desk.input)
    assert (None, first.key()) == (first.value(), second.key())
    assert [
        Told(first.partition() or 0, {"venue": "kraken", "symbol": "A"}, trade("A", 1)["time"] - HOUR)
    ] == desk.marks()


def test_marks_are_written_where_the_feed_gives_them(desk: Desk) -> None:
    """Of a key into its partition, between its rows; of all keys into every partition."""
    a = {"venue": "kraken", "symbol": "A"}
    give(
        desk, [trade("A", 1), CompleteTo(START + 5, a), trade("A", 2), CompleteTo(START + 7), CompleteTo(START + 9, a)]
    )

    home = next(record.partition() for record in desk.reader.records(desk.input) if record.value() is not None)
    ours = [told for told in desk.marks() if told.partition == home]
    assert [(a, START + 5), (None, START + 7), (a, START + 9)] == [(told.key, told.time) for told in ours]
    assert {0, 1, 2} == {told.partition for told in desk.marks() if told.key is None}
    values = [record.value() is None for record in desk.reader.records(desk.input) if record.partition() == home]
    assert [False, True, False, True, True] == values


def test_a_row_that_does_not_fit_is_told_and_left_out(desk: Desk) -> None:
    """Its neighbours are written, and its number is behind us."""
    report = give(desk, [trade("A", 1), trade("A", 2, price="much"), trade("A", 3)])

    assert {"A": [1, 3]} == desk.numbers()
    ((text, count),) = report.refused.items()
    assert ("price" in text, 1) == (True, count)


def test_what_a_feed_raises_is_raised_behind_its_rows(desk: Desk) -> None:
    """They are committed, with their positions."""

    def broken() -> Any:  # noqa: ANN401
        yield trade("A", 1)
        yield trade("A", 2)
        raise RuntimeError("the line is cut")

    with pytest.raises(RuntimeError, match="the line is cut"):
        give(desk, broken())

    assert {"A": [1, 2]} == desk.numbers()
    assert {("kraken", "A"): 2} == desk.positions()
