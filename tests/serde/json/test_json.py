"""JSON in and out, by the values it stands for."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from barloom.engine.blocks import BarId
from barloom.engine.frames import TIME, bar_frame
from barloom.errors import DefinitionError, SourceError
from barloom.plan.toml import read_toml
from barloom.serde.formats import Format
from barloom.serde.json.layout import Layout
from barloom.serde.open import Serde, open_serde
from barloom.store.protocol import SideRecord
from serde.material import CALENDAR, KEYS, START, bars, quotes

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan

GOOD = (
    b'{"broker":"B","number":5,"at":1700000040000,"bid":"12.3456","ask":null,"size":1234567890123456789.01,"buy":true}'
)


ROW = {"broker": "B", "number": 5, "at": 1700000040000, "bid": "AN8=", "ask": None, "size": 1, "buy": True}


def serde(times: str = "iso", **source: object) -> Serde:
    """JSON for `Quote`."""
    return open_serde(quotes(**source), CALENDAR, format=Format.JSON, json_times=times)  # type: ignore[arg-type]


def test_a_message_becomes_a_row_with_all_its_digits() -> None:
    """Decimals may be numbers or texts; a float would have lost the digits of this size."""

    rows = serde().events.decode([GOOD])

    expected = ("B", 5, START, Decimal("12.3456"), None, Decimal("1234567890123456789.01"), True)
    assert [expected] == rows.frame.rows()
    assert {} == rows.problems


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (None, "no value"),
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"null", "wrong type"),
        (b"[1,2]", "wrong type"),
        (b"7", "wrong type"),
        (GOOD + GOOD, "not JSON"),
        (GOOD + b"\n" + GOOD, "not JSON"),
        (b"{}", "broker: the key is missing"),
        (GOOD.replace(b'"B"', b"1.5"), "broker"),
        (GOOD.replace(b'"B"', b"true"), "broker"),
        (GOOD.replace(b'"B"', b'{"a":1}'), "broker"),
        (GOOD.replace(b'"12.3456"', b"12.34567"), "bid: '12.34567' does not fit decimal(18, 4)"),
        (GOOD.replace(b'"12.3456"', b'{"a":1}'), "'bid' is an object"),
        (GOOD.replace(b'"12.3456"', b'"12,3"'), "bid: '12,3' is not a number"),
        (GOOD.replace(b"1700000040000", b'"yesterday"'), "at"),
        (b"[" * 100_000, "wrong type"),
    ],
)
def test_a_poison_message_loses_only_itself(bad: bytes | None, says: str) -> None:
    """The rows beside it are read, and its problem says what is wrong."""

    rows = serde().events.decode([GOOD, bad, GOOD])

    assert [0, 2] == rows.index.tolist()
    assert 3 == rows.count
    assert 2 == rows.frame.height
    assert [1] == list(rows.problems)
    assert says in rows.problems[1]


@pytest.mark.parametrize(("bad", "says"), [(b"1", "JSON int"), (b"null", "JSON NoneType"), (None, "no value")])
def test_poison_beside_nested_messages(bad: bytes | None, says: str) -> None:
    """A mapping may lead into nested objects and arrays; a message without them has no such value."""
    nested = b'{"broker":"B","number":5,"at":1700000040000,"d":{"bid":[{"p":1.5}]},"size":1,"buy":false}'

    rows = serde(columns={"bid": "d.bid.0.p"}).events.decode([nested, bad, nested, GOOD])

    assert [Decimal("1.5"), Decimal("1.5")] == rows.frame["bid"].to_list()
    assert says in rows.problems[1]
    assert "bid: the value is missing" == rows.problems[3]


SAME = b'{"broker":"%s", "number": %d,"at":1700000040000,"note":"%s","w":%s,"bid":"%s","size":%s,"buy":"true"}'


@pytest.mark.parametrize("seed", range(4))
def test_messages_laid_out_alike_mean_what_each_means_alone(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read side by side, whole and damaged messages are what a parser says that each of them is."""
    chance = random.Random(seed)
    names = [
        b"B",
        b"",
        b"x" * 7,
        b"y" * 8,
        b"z" * 700,
        "ünï".encode(),
        b"a\\nb",
        b'a","number":1,"w":"',
        b"\xff",
        b"\x01",
    ]
    notes = [b"", b"n" * 8, b"m" * 15, b"}", b"{,:", b"\\u0041", b"\xff"]
    numbers = [b"1", b"-0", b"1.50", b"1e2", b"01", b"1-2", b"", b"null", b"true", b'"7"', b"1" * 30, b" 3", b"3 "]
    poll = [SAME % (b"B", 1, b"", b"1", b"1.25", b"2.5")]
    for _ in range(300):
        plain = chance.random() < 0.8
        pick = (lambda given: given[0]) if plain else chance.choice
        data = bytearray(
            SAME % (pick(names), chance.randrange(10**6), pick(notes), pick(numbers), b"1.5", pick(numbers))
        )
        if not plain and chance.random() < 0.5:
            place = chance.choice([len(data), chance.randrange(len(data))])
            data[place : place + chance.randint(0, 2)] = chance.choice([b"", b" ", b'"', b"\\", b",", b"0", b"}"])
        poll.append(bytes(data))

    together = serde().events.decode(poll)
    monkeypatch.setattr(Layout, "of", lambda _message: None)
    alone = serde().events.decode(poll)

    assert alone.frame.rows() == together.frame.rows()
    assert alone.index.tolist() == together.index.tolist()
    assert alone.problems == together.problems
    assert 100 < alone.frame.height < 300


def test_the_first_message_may_be_poison() -> None:
    """What is learned from a message that is unlike the others is forgotten with the poll."""
    made = serde().events
    for first in (b"{}", b"\xff", b"", GOOD[:-1], b'{"broker":"x"}', b'{"a":1,"a":2}', b'{"\xff":1}', None, b'{"a":1,'):
        rows = made.decode([first, *[GOOD] * 9])

        assert list(range(1, 10)) == rows.index.tolist()
        assert [0] == list(rows.problems)


def test_a_constant_and_a_renamed_member() -> None:
    """`columns` maps for messages what it maps for files."""

    rows = serde(columns={"broker": "=X", "bid": "b"}).events.decode([GOOD.replace(b'"bid"', b'"b"')])

    assert ["X"] == rows.frame["broker"].to_list()
    assert [Decimal("12.3456")] == rows.frame["bid"].to_list()


def test_nothing_but_poison_is_no_error() -> None:
    """A poll of garbage has no rows and one problem for each message."""

    rows = serde().events.decode([b"x", None])

    assert (0, 2, [0, 1]) == (rows.frame.height, rows.count, list(rows.problems))


@pytest.mark.parametrize("times", ["iso", "ms", "us", "ns"])
@pytest.mark.parametrize("wide", [True, False])
def test_bars_come_back_as_they_went(times: str, *, wide: bool) -> None:
    """Encoded and decoded, a block is the frame that `bar_frame` makes of it."""
    made = serde(times)
    plan = quotes()
    block = bars(plan, wide=wide)

    records = made.bars.encode([block], KEYS)[0]
    frame = made.bar_decoder.frame(0, records.keys, records.values)

    expected = bar_frame(plan, CALENDAR, KEYS, block)
    assert expected.equals(frame)
    assert expected.schema == frame.schema
    assert _counted(expected) == [made.bar_decoder.one(0, key, value) for key, value in zip(*records, strict=True)]
    places = list(zip(KEYS.rows(block.key), block.start.tolist(), strict=True))
    assert places == [made.bar_decoder.place(key) for key in records.keys]


def test_a_bar_is_plain_json() -> None:
    """Another program reads decimals as texts, and the start as it was asked for."""
    plan = quotes()
    records = serde().bars.encode([bars(plan, 2)], KEYS)[0]

    value = json.loads(records.values[0])

    assert {"broker": "OANDA", "number": 7, "start": "2023-11-14T22:14:00Z"} == json.loads(records.keys[0])
    assert ("OANDA", 7, "2023-11-14T22:14:00Z", "1m") == tuple(
        value[name] for name in ("broker", "number", "start", "timeframe")
    )
    assert ("0.0000", "0.00", 1, True) == tuple(value[name] for name in ("open", "volume", "count", "final"))


def test_a_bar_tells_the_version_of_its_format() -> None:
    """A reader takes one without for the first version, and refuses a newer one by name, alone and among others."""
    records = serde().bars.encode([bars(quotes(), 2)], KEYS)[0]
    decoder = serde().bar_decoder
    before = [value.replace(b'"format":2,', b"") for value in records.values]
    after = [*records.values[:1], *(value.replace(b'"format":2,', b'"format":3,') for value in records.values[1:])]

    assert [2, 2] == [json.loads(value)["format"] for value in records.values]
    assert all(b"format" not in value for value in before)
    assert decoder.frame(0, records.keys, records.values).equals(decoder.frame(0, records.keys, before))
    with pytest.raises(SourceError, match="has format 3, this barloom reads 2"):
        decoder.frame(0, records.keys, after)
    with pytest.raises(SourceError, match="has format 3, this barloom reads 2"):
        decoder.one(0, records.keys[1], after[1])


@pytest.mark.parametrize("times", ["iso", "ms", "us", "ns"])
def test_times_of_ticks_are_times_to_the_nanosecond(times: str) -> None:
    """Text with nine digits in every bar, or a number of the unit; what 0.1 wrote, nanoseconds, is read as well."""
    block, made = bars(quotes(), 3), serde(times)
    records = made.bars.encode([block], KEYS)[0]
    values = [json.loads(value, parse_float=Decimal) for value in records.values]
    old = [
        json.dumps({**value, "format": 1, "open_time": opens, "close_time": closes}, default=str).encode()
        for value, opens, closes in zip(values, block.open_time.tolist(), block.close_time.tolist(), strict=True)
    ]
    unit = {"iso": 1, "ms": 10**6, "us": 10**3, "ns": 1}[times]

    if times == "iso":
        assert [
            "2023-11-14T22:14:00.000000000Z",
            "2023-11-14T22:15:00.000000007Z",
            "2023-11-14T22:16:00.000000014Z",
        ] == [value["open_time"] for value in values]
        assert ["2023-11-14T22:14:00Z"] * 2 == [values[0]["start"], json.loads(records.keys[0])["start"]]
    else:
        assert block.open_time.tolist() == [int(value["open_time"] * unit) for value in values]
    for given in (records.values, old):
        frame = made.bar_decoder.frame(0, records.keys, given)
        assert TIME == frame["open_time"].dtype
        assert block.open_time.tolist() == frame["open_time"].to_physical().to_list()
        one = made.bar_decoder.one(0, records.keys[1], given[1])
        assert (block.open_time[1], block.close_time[1]) == (one["open_time"], one["close_time"])


def test_a_tombstone_has_the_key_of_its_bar() -> None:
    """A bar is taken back by a message of the same key."""
    plan = quotes()
    block = bars(plan)
    made = serde()

    gone = made.bars.tombstones(BarId(0, block.key, block.start), KEYS)

    assert made.bars.encode([block], KEYS)[0].keys == gone


def test_keys_of_another_run_are_not_mixed_up() -> None:
    """Numbers of keys mean something only together with their table."""
    plan = quotes()
    encoder = serde().bars
    block = bars(plan, 2)
    encoder.encode([block], KEYS)[0]

    records = encoder.encode([block], type(KEYS)([("other", 1), ("keys", 2), ("now", 3), ("!", 4)]))[0]

    assert b'{"broker":"other"' == records.keys[0][:17]


def test_a_refused_row_says_why() -> None:
    """The side output in JSON."""
    late = SideRecord(9, "ticks", 4, "late", "came late", "raw", 5, {"1m": START}, ("B", 1), START)

    records = serde("ms").late.encode([late, SideRecord(10, "ticks", 5, "invalid", "bad", "\x00")])

    assert [b'{"broker":"B","number":1}', b""] == records.keys
    assert {
        "format": 1,
        "key": {"broker": "B", "number": 1},
        "event_time": START,
        "reason": "late",
        "by": 5,
        "missed": {"1m": START // 10**6},
        "message": "came late",
        "origin": "ticks",
        "row": 4,
        "offset": 9,
        "raw": "raw",
    } == json.loads(records.values[0])


def test_events_come_back_as_they_went() -> None:
    """What the encoder of events writes, the decoder reads: also times below the unit, and texts to be escaped."""
    frame = pl.DataFrame(
        {
            "broker": ['a"b', "ü\n", "plain"],
            "number": np.array([1, -2, 3]),
            "at": [START, START + 1, -1],
            "bid": [Decimal("1.5000"), Decimal("-0.0001"), Decimal(0)],
            "ask": [None, Decimal(2), None],
            "size": [Decimal("1e35"), Decimal("0.01"), Decimal(1)],
            "buy": [True, False, True],
        },
        schema_overrides={"bid": pl.Decimal(18, 4), "ask": pl.Decimal(18, 4), "size": pl.Decimal(38, 2)},
    )
    made = serde()

    records = made.event_encoder.encode(frame)
    rows = made.events.decode(records.values)

    assert frame.rows() == rows.frame.rows()
    assert {"broker": "plain", "number": 3} == json.loads(records.keys[2])
    assert b'"at":1700000040000.000001,' in records.values[1]


def _counted(frame: pl.DataFrame) -> list[dict[str, object]]:
    """The rows with times of ticks in nanoseconds, as single bars have them."""
    return frame.with_columns(pl.col("open_time", "close_time").to_physical()).rows(named=True)


def test_times_by_a_pattern_are_read_and_not_written() -> None:
    """What would be written as ISO 8601 would not be read again."""
    made = open_serde(_by_pattern(), CALENDAR, format=Format.JSON)

    rows = made.events.decode([b'{"symbol":"A","at":"10.11.2025 12:00"}'])
    assert [("A", 1_762_776_000_000_000_000)] == rows.frame.rows()
    with pytest.raises(DefinitionError, match=r"at: timestamp\(.*says how a time is read, not how one is written"):
        _ = made.event_encoder


def _by_pattern() -> BarPlan:
    fields = """symbol = "string"\nat = 'timestamp("%d.%m.%Y %H:%M", zone="UTC")'"""
    event = f'[event]\nkey = "symbol"\ntimestamp = "at"\n[event.fields]\n{fields}'
    return read_toml(f'{event}\n[bars]\nname = "bars"\nbase = "1m"\nselect = {{ ticks = "count()" }}')


@pytest.mark.parametrize("nested", [False, True])
def test_decimals_as_bytes_and_rounded(nested: bool) -> None:  # noqa: FBT001
    """Base64 is no digits, whatever its letters are; what has too many places is rounded, and counted by field."""
    plan = quotes(**({"columns": {name: f"after.{name}" for name in ROW}} if nested else {}))
    fields = {field.name: field for field in plan.event.fields}
    fields["bid"] = replace(fields["bid"], encoding="base64")
    fields["size"] = replace(fields["size"], rounding="half-even")
    plan = replace(plan, event=replace(plan.event, fields=tuple(fields.values())))
    scale = fields["bid"].number.scale  # type: ignore[union-attr]
    bids = {"1234": 0xD76DF8 - 2**24, "AN8=": 0xDF, "9999": -0x82083}
    rows = [{**ROW, "bid": bid, "size": size} for bid, size in zip(bids, (f"1.{'0' * 12}1", 2, 0.25), strict=True)]
    rows += [{**ROW, "bid": 1234}, {**ROW, "bid": "x"}]
    messages = [json.dumps({"after": row} if nested else row).encode() for row in rows]
    found = open_serde(plan, CALENDAR, format=Format.JSON).events.decode(messages)

    assert [Decimal(value).scaleb(-scale) for value in bids.values()] == found.frame["bid"].to_list()
    assert {"size": [0]} == {name: each.tolist() for name, each in found.rounded.items()}
    assert [3, 4] == list(found.problems)


def test_bytes_whose_letters_are_all_digits_are_no_number() -> None:
    """Messages that are laid out alike are read in bulk, and base64 is no digits there either."""
    plan = quotes()
    fields = (replace(field, encoding="base64") if field.name == "bid" else field for field in plan.event.fields)
    plan = replace(plan, event=replace(plan.event, fields=tuple(fields)))
    messages = [json.dumps({**ROW, "ask": "1", "bid": "1234", "buy": "true"}).encode() for _ in range(4)]
    found = open_serde(plan, CALENDAR, format=Format.JSON).events.decode(messages)

    assert [Decimal(0xD76DF8 - 2**24).scaleb(-4)] * 4 == found.frame["bid"].to_list()
