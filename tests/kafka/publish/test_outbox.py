"""What a source gives becomes messages: new rows once, marks at their places, and all as the definition reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from barloom.errors import DefinitionError
from barloom.kafka.config.settings import kafka_settings
from barloom.kafka.publish.outbox import MarkMessage, Outbox
from barloom.kafka.publish.positions import Numbered, Positions
from barloom.kafka.publish.wire import Wire
from barloom.plan.toml import read_toml
from barloom.serde.formats import Format
from barloom.serde.open import open_serde
from barloom.source.feeds.feed import FeedSource
from barloom.source.feeds.word import CompleteTo
from barloom.time.always import AlwaysOpen
from kafka.publish.trades import DEFINITION, SECOND, START, trade

if TYPE_CHECKING:
    from barloom.kafka.publish.outbox import Outgoing
    from barloom.plan.barplan import BarPlan

NOW = START + 1000 * SECOND
HOUR = 3600 * SECOND
A, B = ("kraken", "A"), ("kraken", "B")


def plan(time: str = "key", **replaced: str) -> BarPlan:
    """The definition of trades, with some of its lines in other words."""
    text = DEFINITION.replace("NAME", "bars").replace("TIME", time)
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    return read_toml(text)


def wire(of: BarPlan, form: str = "json", **more: str) -> Wire:
    """What writes its messages."""
    settings = {"brokers": "nowhere:1", "input": "trades", "format": form, **more}
    return Wire(of, kafka_settings({"kafka": settings}, of), "trades")


def sent(
    items: list[Any],
    of: BarPlan | None = None,
    keys: dict[Any, Numbered] | None = None,
    *,
    marked: bool = False,
    replayable: bool = False,
) -> Outgoing:
    """What becomes of items, given as one batch."""
    of = of or plan()
    positions = Positions(keys=keys or {})
    outbox = Outbox(of, wire(of), positions, replayable=replayable, marked=marked)
    (batch,) = FeedSource(of, items).open({}, 1000)
    return outbox.take(batch, NOW)


def told(out: Outgoing) -> list[Any]:
    """The messages in order: symbol and number of rows, key and time of marks."""
    found: list[Any] = []
    for message in out.messages:
        if isinstance(message, MarkMessage):
            key = None if message.key is None else json.loads(message.key)["symbol"]
            found.append((key, message.time))
        else:
            rows = map(json.loads, message.values)
            found += [f"{row['symbol']}{row['trade_id']}" for row in rows]
    return found


def test_rows_and_marks_keep_their_order() -> None:
    """A mark of a key, of all keys, and rows between."""
    a = {"venue": "kraken", "symbol": "A"}
    out = sent([CompleteTo(1), trade("A", 1), CompleteTo(5, a), trade("B", 1), trade("A", 2), CompleteTo(6, a)])

    assert [(None, 1), "A1", ("A", 5), "B1", "A2", ("A", 6)] == told(out)
    assert (3, 3, 0) == (out.rows, out.marks, out.before)
    assert {A: Numbered(2, trade("A", 2)["time"]), B: Numbered(1, trade("B", 1)["time"])} == out.positions.keys


def test_what_was_published_is_left_out_and_marks_stay_behind_what_is_left() -> None:
    """A was published up to 2: a mark behind its second row stands where the rest goes on."""
    a = {"venue": "kraken", "symbol": "A"}
    before = {A: Numbered(2, trade("A", 2)["time"])}
    items = [trade("A", 1), trade("B", 1), trade("A", 2), CompleteTo(5, a), trade("A", 3), trade("B", 2)]
    out = sent(items, keys=before)

    assert ["B1", ("A", 5), "A3", "B2"] == told(out)
    assert (3, 2) == (out.rows, out.before)


@pytest.mark.parametrize(("later", "new"), [(1.0, False), (1.000001, True)])
def test_numbers_that_begin_anew_are_new(later: float, new: bool) -> None:  # noqa: FBT001 - a case
    """Number 1 comes again: more than a second behind the last that was published it is another trade."""
    at = trade("A", 9)["time"]
    again = trade("A", 1, time=at + int(later * SECOND))
    out = sent([again, trade("A", 2, time=again["time"])], keys={A: Numbered(9, at)})

    assert (["A1", "A2"] if new else []) == told(out)
    assert ({A: Numbered(2, again["time"])} if new else {}) == out.positions.keys


def test_a_number_that_comes_out_of_order_does_not_move_a_key_back() -> None:
    """Within one run it is new, and whoever goes on does so behind the largest."""
    out = sent([trade("A", 3), trade("A", 2)], keys={A: Numbered(1, trade("A", 1)["time"])})

    assert ["A3", "A2"] == told(out)
    assert 3 == out.positions.keys[A].number


def test_a_source_that_goes_on_by_itself_is_believed() -> None:
    """Its positions are committed, and nothing is left out by its number."""
    out = sent([trade("A", 1), trade("A", 1)], keys={A: Numbered(5, NOW)}, replayable=True)

    assert ["A1", "A1"] == told(out)
    assert {"rows", "received"} == out.positions.held.keys()
    assert {} == out.positions.keys


def test_where_marks_will_come_each_key_begins_with_one() -> None:
    """An hour before its first row, so that it says nothing but that there are marks; once for each key."""
    out = sent([trade("A", 1), trade("A", 2), trade("B", 1)], marked=True)

    of_a, of_b = ((name, trade(name, 1)["time"] - HOUR) for name in "AB")
    assert [of_a, "A1", "A2", of_b, "B1"] == told(out)


def test_where_time_is_the_partitions_all_begin_with_one() -> None:
    """One mark of all keys."""
    out = sent([trade("A", 1), trade("B", 1)], plan("partition"), marked=True)

    assert [(None, trade("A", 1)["time"] - HOUR), "A1", "B1"] == told(out)


def test_a_row_that_cannot_be_written_is_told() -> None:
    """With what is wrong; its neighbours are written."""
    out = sent([trade("A", 1), trade("A", 2, size="0.1234567891"), trade("A", 3)])

    assert ["A1", "A3"] == told(out)
    ((text, number),) = out.refused.items()
    assert ("size" in text, 1) == (True, number)


@pytest.mark.parametrize("form", ["json", "avro-raw"])
def test_the_definition_reads_what_is_written(form: str) -> None:
    """Also where its fields have other names in the input, or are constant; numbers exact, times to the nanosecond."""
    of = plan(
        **{
            "[source]": '[source]\ncolumns = { price = "p", at = "time", side = "=none" }',
            'timestamp = "time"': 'timestamp = "at"',
            'time = "timestamp(ns)"': 'at = "timestamp(ns)"\nside = "string"',
        }
    )
    rows = [{**trade("A", number), "p": f"{number}.00000001"} for number in range(1, 4)]
    (batch,) = FeedSource(of, rows).open({}, 10)
    assert batch.ticks.arrivals is not None
    messages = wire(of, form).encode(batch.ticks.frame, batch.ticks.arrivals)
    read = open_serde(of, AlwaysOpen(), format=Format(form)).events.decode(messages.values)

    assert {} == dict(read.problems.items())
    assert batch.ticks.frame.equals(read.frame)
    assert read.arrivals is not None
    assert [row["received_at"] for row in rows] == read.arrivals.tolist()


def test_json_has_the_names_of_the_input() -> None:
    """Those by which the definition reads its fields."""
    of = plan(**{"[source]": '[source]\ncolumns = { price = "p" }'})
    (value,) = sent([{**trade("A", 1), "p": "1"}], of).messages[0].values  # type: ignore[union-attr]  # rows

    assert ["venue", "symbol", "trade_id", "time", "p", "size", "received_at"] == [*json.loads(value)]


@pytest.mark.parametrize("more", [{}, {"key_format": "avro-raw"}])
def test_a_mark_has_the_very_key_of_its_rows(more: dict[str, str]) -> None:
    """Byte by byte, so that it comes into their partition, whatever the format of keys."""
    of = plan()
    (batch,) = FeedSource(of, [trade("A", 1), trade("B", 1)]).open({}, 10)
    assert batch.ticks.arrivals is not None
    made = wire(of, **more)
    messages = made.encode(batch.ticks.frame, batch.ticks.arrivals)

    assert messages.keys == made.keys([A, B])


def test_when_a_row_was_received_is_written_also_where_nobody_asks() -> None:
    """As `received_at`, from the row or else when it came."""
    of = plan(**{'arrival = "received_at"\narrival_unit = "ns"\n': ""})
    made = wire(of)
    (batch,) = FeedSource(of, [trade("A", 1)]).open({}, 10)
    (value,) = made.encode(batch.ticks.frame, batch.ticks.arrivals).values  # type: ignore[arg-type]  # a feed has them

    assert batch.received_at == json.loads(value)["received_at"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("[source]", '[source]\ncolumns = { price = "data.p" }', "price = 'data.p'"),
        ("[source]", '[source]\ncolumns = { symbol = "@key" }', "symbol = '@key'"),
        ("[source]", '[source]\nrows = "data[*]"', "ticks at 'data[*]'"),
        ('size = "decimal(18, 8)"', 'size = "decimal(18, 8, encoding=base64)"', "size in base64"),
    ],
)
def test_what_cannot_be_written_as_it_is_read_is_refused(old: str, new: str, problem: str) -> None:
    """Before anything is published, with what is in the way."""
    with pytest.raises(DefinitionError, match="messages of this definition hold") as raised:
        wire(plan(**{old: new}))

    assert problem in str(raised.value)
