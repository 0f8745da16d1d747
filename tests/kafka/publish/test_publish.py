"""A publisher writes each row of a feed once, with marks, and commits how far it came in the same transaction."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from barloom.clock import SystemClock
from barloom.errors import Fenced, TopicMismatch
from barloom.kafka.cluster.admin import Cluster
from barloom.kafka.events.typed import serde_of_ticks
from barloom.kafka.publish.job import PublishJob
from barloom.kafka.publish.leading import Leading
from barloom.kafka.publish.positions import read_positions
from barloom.kafka.publish.running import publish
from barloom.kafka.publish.topics import provide_topics
from barloom.kafka.publish.wire import Wire
from barloom.source.feeds.word import CompleteTo
from barloom.telemetry.health import Health
from barloom.telemetry.metrics import NoMetrics
from kafka.publish.trades import SECOND, START, Desk, Marked, Told, market, trade
from waiting import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from servers.broker import Broker
    from servers.registry import Registry
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


def test_avro_with_a_registry(desk: Desk, registry: Registry) -> None:
    """Rows and marks under the registered schemas, as an instance reads them: the marks close what is quiet."""
    settings = desk.settings_with(format="avro", registry={"url": registry.url})
    a = {"venue": "kraken", "symbol": "A"}
    publish(desk.plan, settings, [trade("A", 1), trade("A", 2), CompleteTo(START + 9 * SECOND, a)], stop=Event())

    serde = serde_of_ticks(desk.plan, settings, desk.input)
    records = desk.reader.records(desk.input)
    rows = serde.events.decode([record.value() for record in records if record.value() is not None])
    keys = [record.key() or b"" for record in records]
    assert ([1, 2], {}) == (rows.frame["trade_id"].to_list(), dict(rows.problems.items()))
    assert ([("kraken", "A")] * 3, {}) == serde.mark_keys.read(keys)
    assert 1 == len(set(keys))
    serde.close()


def test_where_time_is_the_partitions_every_partition_is_told(broker: Broker, topics: Topics) -> None:
    """The first mark and those of all keys are in all three."""
    desk = Desk(broker, topics, time="partition")
    give(desk, Marked([trade("A", 1), CompleteTo(START + SECOND)]))

    first = trade("A", 1)["time"] - HOUR
    assert [(number, at) for number in range(3) for at in (first, START + SECOND)] == [
        (told.partition, told.time) for told in desk.marks()
    ]
    assert {None} == {told.key for told in desk.marks()}


def test_topics_are_made_where_a_number_is_given(broker: Broker, topics: Topics) -> None:
    """With so many partitions; the positions have one, and the latest of each is kept."""
    desk = Desk(broker, topics)
    desk.input = f"{topics.prefix}new"
    desk.settings = desk.settings_with()
    with pytest.raises(TopicMismatch, match="--partitions NUMBER"):
        give(desk, [trade("A", 1)])
    give(desk, [trade("A", 1)], partitions=2)
    with pytest.raises(TopicMismatch, match="has 2 partitions, not 5"):
        give(desk, [trade("A", 2)], partitions=5)

    known = topics.admin.list_topics(timeout=PATIENCE).topics
    assert (2, 1) == (len(known[desk.input].partitions), len(known[f"{desk.input}_positions"].partitions))
    assert {"A": [1]} == desk.numbers()


def test_a_compacted_topic_is_refused(broker: Broker, topics: Topics) -> None:
    """It would keep one trade of each key."""
    desk = Desk(broker, topics)
    desk.input = topics.create("compacted", 1, {"cleanup.policy": "compact"})
    desk.settings = desk.settings_with()

    with pytest.raises(TopicMismatch, match=r"set cleanup\.policy = delete"):
        give(desk, [trade("A", 1)])


def test_files_are_published_once(desk: Desk, tmp_path: Path) -> None:
    """A file goes on from where it was left, and what is new in it is published the next time."""
    names = ["venue", "symbol", "trade_id", "time", "price", "size", "received_at"]
    lines = [",".join(str(trade("A", number)[name]) for name in names) for number in range(1, 4)]
    path = tmp_path / "trades.csv"
    path.write_text("\n".join([",".join(names), *lines[:2], ""]))
    give(desk, str(path))
    path.write_text("\n".join([",".join(names), *lines, ""]))
    report = give(desk, str(path))

    assert {"A": [1, 2, 3]} == desk.numbers()
    assert 1 == report.rows


def test_two_publishers_of_different_names_share_a_topic(desk: Desk) -> None:
    """Each of its own symbols; their positions stand side by side."""
    give(desk, [trade("A", 1), trade("A", 2)], name="one")
    give(desk, [trade("B", 1)], name="two")
    give(desk, [trade("A", 2), trade("A", 3)], name="one")

    assert {"A": [1, 2, 3], "B": [1]} == desk.numbers()
    assert {("kraken", "A"): 3, ("kraken", "B"): 1} == desk.positions()


def test_positions_are_read_when_nobody_can_move_them_any_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A predecessor that still lives commits at the worst moment, just before they are read: it is refused."""
    settings = desk.settings_with(commit_interval="60s", transaction_timeout="200s")
    feed = market("AB", 20)
    provide_topics(Cluster.reach(settings, SystemClock()), settings, desk.input, None)

    def job() -> PublishJob:
        clock = SystemClock()
        wire = Wire(desk.plan, settings, desk.input)
        id_ = f"{desk.input}-publish"
        return PublishJob(desk.plan, settings, desk.input, id_, feed, wire, 3, clock, NoMetrics(), Health(clock))

    first = Leading(job())
    while not first.sent.rows:
        first.turn()

    def read(*given: Any) -> Any:  # noqa: ANN401
        with pytest.raises(Fenced):
            first.commit()
        return read_positions(*given)

    monkeypatch.setattr("barloom.kafka.publish.leading.read_positions", read)
    second = Leading(job())
    while not second.turn():
        pass
    first.close()
    second.close()

    assert {"A": [*range(1, 21)], "B": [*range(1, 21)]} == desk.numbers()
