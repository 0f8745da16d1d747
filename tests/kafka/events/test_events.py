"""Applications write and read typed events: exact, with headers, and commits that never run ahead."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

import barloom as bl
from barloom.errors import BadRow, BrokerError, DefinitionError, Problem
from barloom.kafka.app import KafkaApp
from barloom.kafka.config.settings import KafkaSettings
from barloom.kafka.events.scan import scan
from barloom.kafka.reader.written import own_bars
from barloom.serde.formats import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")


class Quote(bl.Event):
    """A quote with one nullable side."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    bid: Decimal = bl.decimal(18, 6)
    ask: Decimal | None = bl.decimal(18, 6)
    seen: int = bl.field(unit="ms")


def quote(number: int, symbol: str = "A") -> Quote:
    """The one with this number."""
    at = datetime(2025, 11, 10, 9, 0, 0, number, tzinfo=UTC)
    return Quote(symbol=symbol, at=at, bid=Decimal(number) / 4, ask=None, seen=number)


@pytest.fixture(params=[Format.JSON, Format.AVRO_RAW])
def settings(request: pytest.FixtureRequest, topics: Topics, broker: Broker) -> KafkaSettings:
    """A topic of two partitions."""
    name = topics.create("quotes", partitions=2)
    return KafkaSettings(brokers=broker.bootstrap, app=name, input=(name,), format=request.param)


@pytest.fixture
def json_settings(topics: Topics, broker: Broker) -> KafkaSettings:
    """A topic of one partition."""
    name = topics.create("quotes", partitions=1)
    return KafkaSettings(brokers=broker.bootstrap, app=name, input=(name,), format=Format.JSON)


def test_an_event_comes_back_as_it_was_written(settings: KafkaSettings) -> None:
    """Every value exactly, nulls, headers in order, and where it stands in the log."""
    with bl.kafka.EventWriter(Quote, settings) as writer:
        writer.write(quote(1), headers={"feed": b"7", "empty": b""})

    with bl.kafka.EventReader(Quote, settings, at_end="stop") as reader:
        (message,) = reader

    assert quote(1) == message.event
    assert (("feed", b"7"), ("empty", b"")) == message.headers
    assert (settings.input[0], 0) == (message.topic, message.offset)
    assert message.timestamp is not None


def test_ticks_are_written_as_mappings_too(json_settings: KafkaSettings) -> None:
    """By the definition's fields, texts and times as anywhere else; a field that it has not is told."""
    plan = bl.from_(Quote).tumbling("1s").select(count=bl.count()).named("quotes").plan
    app = KafkaApp(plan, json_settings, own_bars)
    with app.writer() as writer:
        writer.write({"symbol": "EURUSD", "at": "2025-11-10T09:00:01Z", "bid": "0.25", "seen": 1})
        with pytest.raises(BadRow, match="there is no field 'bidd'; did you mean 'bid'"):
            writer.write({"symbol": "EURUSD", "at": "2025-11-10T09:00:02Z", "bidd": "0.25"})
        with pytest.raises(BadRow, match="cannot be written"):
            writer.write({"symbol": "EURUSD", "bid": "0.25"})

    with app.events(Quote, at_end="stop") as reader:
        events = [message.event for message in reader]

    assert [("EURUSD", Decimal("0.25"), None)] == [(event.symbol, event.bid, event.ask) for event in events]


def test_a_time_of_arrival_is_one_more_field(json_settings: KafkaSettings) -> None:
    """Where messages hold one, as those of a definition with ``[source] arrival`` do."""
    query = bl.from_(Quote).source(arrival="received").tumbling("1s").select(count=bl.count())
    app = KafkaApp(query.named("quotes").plan, json_settings, own_bars)
    tick = {"symbol": "EURUSD", "at": "2025-11-10T09:00:01Z", "bid": "0.25", "seen": 1}
    with app.writer() as writer:
        writer.write({**tick, "received": "2025-11-10T09:00:02Z"})
        with pytest.raises(BadRow, match="received: the time is missing"):
            writer.write(tick)

    (message,) = scan(json_settings, json_settings.input[0], 0)
    assert json.loads(message.value() or b"")["received"].startswith("2025-11-10T09:00:02")


def murmur2(data: bytes) -> int:
    """Java's ``Utils.murmur2``, without its sign."""
    factor, mask = 0x5BD1E995, 0xFFFFFFFF
    state = 0x9747B28C ^ len(data)
    for place in range(0, len(data) - 3, 4):
        part = int.from_bytes(data[place : place + 4], "little") * factor & mask
        part = (part ^ part >> 24) * factor & mask
        state = state * factor & mask ^ part
    if rest := data[len(data) - len(data) % 4 :]:
        state = (state ^ int.from_bytes(rest, "little")) * factor & mask
    state = (state ^ state >> 13) * factor & mask
    return state ^ state >> 15


def test_partitions_are_those_that_java_clients_choose(settings: KafkaSettings) -> None:
    """By murmur2 of the key, so that a key has one partition whoever writes it."""
    assert [-973932308, -790332482] == [murmur2(data) - 2**32 for data in (b"21", b"foobar")]  # Kafka's own test
    with bl.kafka.EventWriter(Quote, settings) as writer:
        for number in range(20):
            writer.write(quote(number, f"S{number}"))

    with bl.kafka.EventReader(Quote, settings, at_end="stop") as reader:
        found = {message.key or b"": message.partition for message in reader}

    assert {key: (murmur2(key) & 0x7FFFFFFF) % 2 for key in found} == found
    assert {0, 1} == set(found.values())


def test_a_frame_is_written_row_by_row(settings: KafkaSettings) -> None:
    """Its columns have the names of the fields; each key keeps its order, in one partition."""
    names = ["A", "B", "C", "A", "B", "C"]
    events = [quote(number, name) for number, name in enumerate(names)]
    columns = ("symbol", "at", "bid", "ask", "seen")
    frame = pl.DataFrame({name: [getattr(event, name) for event in events] for name in columns})
    with bl.kafka.EventWriter(Quote, settings) as writer:
        writer.write_frame(frame)

    with bl.kafka.EventReader(Quote, settings, at_end="stop") as reader:
        found = list(reader)

    for name in "ABC":
        assert [event for event in events if event.symbol == name] == [
            message.event for message in found if message.event.symbol == name
        ]
        assert 1 == len({message.partition for message in found if message.event.symbol == name})


@pytest.mark.parametrize(
    ("change", "problem"),
    [({"bid": Decimal("0.0000001")}, "bid"), ({"bid": Decimal(10) ** 12}, "bid"), ({"symbol": None}, "symbol")],
)
def test_what_does_not_fit_its_field_is_not_written(
    json_settings: KafkaSettings, change: dict[str, object], problem: str
) -> None:
    """Never rounded, never cut; the message names the field."""
    fields = {"symbol": "A", "at": datetime(2025, 1, 1, tzinfo=UTC), "bid": Decimal(1), "ask": None, "seen": 1}
    with bl.kafka.EventWriter(Quote, json_settings) as writer:
        with pytest.raises(BadRow, match=f"row 0: {problem}"):
            writer.write(Quote(**{**fields, **change}))  # type: ignore[arg-type]
        writer.write(quote(1))

    with bl.kafka.EventReader(Quote, json_settings, at_end="stop") as reader:
        assert [quote(1)] == [message.event for message in reader]


def fail_after(writer: bl.kafka.EventWriter[Quote], event: Quote) -> None:
    """Write one, and then one that is refused."""
    writer.write(event)
    writer.write(Quote(symbol="A", at=event.at, bid=Decimal("0.0000001"), ask=None, seen=0))


def test_a_transaction_is_seen_whole_or_not_at_all(json_settings: KafkaSettings) -> None:
    """An error that leaves the block takes everything back."""
    with bl.kafka.EventWriter(Quote, json_settings, transactional_id=f"{json_settings.app}-w") as writer:
        with pytest.raises(BrokerError, match=r"inside of `with writer\.transaction"):
            writer.write(quote(0))
        with pytest.raises(BadRow), writer.transaction():
            fail_after(writer, quote(1))
        with writer.transaction():
            writer.write(quote(2))
            writer.write(quote(3))

    with bl.kafka.EventReader(Quote, json_settings, at_end="stop") as reader:
        assert [quote(2), quote(3)] == [message.event for message in reader]


def poison(settings: KafkaSettings) -> None:
    """A good one, one that is none, one without a value, a good one."""
    from confluent_kafka import Producer  # noqa: PLC0415

    producer = Producer({"bootstrap.servers": settings.brokers})
    with bl.kafka.EventWriter(Quote, settings) as writer:
        writer.write(quote(1))
        writer.flush()
        producer.produce(settings.input[0], b"\x00nonsense", b"k", headers={"from": "elsewhere"})
        producer.produce(settings.input[0], None, b"k")
        assert 0 == producer.flush(30)
        writer.write(quote(2))


def test_a_poison_message_is_given_as_a_problem(json_settings: KafkaSettings) -> None:
    """With its place, its headers and its commit handle; never silently passed over."""
    poison(json_settings)

    with bl.kafka.EventReader(Quote, json_settings, at_end="stop") as reader:
        found = list(reader)

    assert [quote(1), Problem, Problem, quote(2)] == [
        type(item.value) if isinstance(item.value, Problem) else item.value for item in found
    ]
    assert str(found[1].value).startswith(f"{json_settings.input[0]}[0] offset 1: ")
    assert (("from", b"elsewhere"),) == found[1].headers
    with pytest.raises(BadRow, match="offset 1"):
        _ = found[1].event


def test_a_poison_message_is_raised_where_that_is_wanted(json_settings: KafkaSettings) -> None:
    """Each by itself; what stands behind it is read on."""
    poison(json_settings)
    with bl.kafka.EventReader(Quote, json_settings, at_end="stop", poison="raise") as reader:
        found = [next(reader).event]
        for offset in (1, 2):
            with pytest.raises(BadRow, match=f"offset {offset}"):
                next(reader)
        found += [message.event for message in reader]

    assert [quote(1), quote(2)] == found


def group_reads(settings: KafkaSettings) -> list[int]:
    """What a new member of the group gets."""
    with bl.kafka.EventReader(Quote, settings, group=settings.app, at_end="stop") as reader:
        return [message.event.seen for message in reader]


@pytest.mark.parametrize(
    ("done", "again"),
    [
        ([], [0, 1, 2, 3, 4]),
        ([0], [1, 2, 3, 4]),
        ([1, 2, 4], [0, 1, 2, 3, 4]),
        ([1, 2, 0], [3, 4]),
        ([4, 3, 2, 1, 0], []),
    ],
)
def test_a_commit_never_runs_ahead_of_an_earlier_message(
    json_settings: KafkaSettings, done: list[int], again: list[int]
) -> None:
    """A group goes on at the first message that is not done with, whatever was committed behind it."""
    with bl.kafka.EventWriter(Quote, json_settings) as writer:
        for number in range(5):
            writer.write(quote(number))
    with bl.kafka.EventReader(Quote, json_settings, group=json_settings.app, at_end="stop") as reader:
        messages = list(reader)
        for number in done:
            messages[number].commit()

    assert again == group_reads(json_settings)


def test_without_a_group_there_is_nothing_to_commit(json_settings: KafkaSettings) -> None:
    """That is said, and not quietly passed over."""
    with bl.kafka.EventWriter(Quote, json_settings) as writer:
        writer.write(quote(1))
    with bl.kafka.EventReader(Quote, json_settings, at_end="stop") as reader:
        message = next(reader)
        with pytest.raises(BrokerError, match="without a group"):
            message.commit()


def test_events_can_be_awaited(json_settings: KafkaSettings) -> None:
    """With ``async for``, without holding up the loop."""
    with bl.kafka.EventWriter(Quote, json_settings) as writer:
        for number in range(3):
            writer.write(quote(number))

    async def read() -> list[int]:
        with bl.kafka.EventReader(Quote, json_settings, at_end="stop") as reader:
            return [message.event.seen async for message in reader]

    assert [0, 1, 2] == asyncio.run(read())


def test_reading_from_the_end_gives_only_what_comes(json_settings: KafkaSettings) -> None:
    """What stood there before is passed over."""
    with bl.kafka.EventWriter(Quote, json_settings) as writer:
        writer.write(quote(1))
        writer.flush()
        with bl.kafka.EventReader(Quote, json_settings, from_="end") as reader:
            assert reader.poll(1.0) is None
            writer.write(quote(2))
            writer.flush()

            assert quote(2) == next(reader).event


@pytest.mark.parametrize("option", ["from_", "at_end", "poison"])
def test_a_choice_that_there_is_not_is_told(option: str) -> None:
    """With those that there are, before anything is connected."""
    settings = KafkaSettings(brokers="127.0.0.1:1", app="x", input=("x",), format=Format.JSON)
    make: Callable[..., object] = bl.kafka.EventReader

    with pytest.raises(DefinitionError, match="write one of"):
        make(Quote, settings, **{option: "middle"})
