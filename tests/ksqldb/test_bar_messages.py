"""Bars from the messages that ksqlDB writes: key, window and columns, every output computed anew from the partials."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from barloom.engine.frames import bar_schema
from barloom.errors import KsqlUnsupported, SourceError
from barloom.ksqldb.compile.phases import compile_script
from barloom.ksqldb.reader.bar_messages import KsqlBarDecoder
from barloom.ksqldb.reader.held import held_plan
from barloom.plan.toml import read_toml
from barloom.serde.avro.schema import AvroType, parse_schema
from ksqldb.written import framed, key_schema, typed, value_schema, windowed

if TYPE_CHECKING:
    from barloom.ksqldb.compile.script import Entity
    from barloom.plan.barplan import BarPlan

MS = 1_795_215_000_000
NS = 10**6
ROW = {
    "open": "1.5",
    "volume": "12345678901234567890123456789012345.67",
    "mean_sum": "1.0",
    "mean_count": 3,
    "rough": "0.3",
    "spread_sum": "14",
    "spread_sum_2": "6",
    "open_time": MS + 7,
    "close_time": MS + 59_990,
}
THIRD = Decimal("0.33333333333333333333")
"""1.0 / 3, rounded to the twenty digits that are declared."""


def plan(key: str = '["broker", "symbol"]') -> BarPlan:
    """A sum of 37 digits, a mean of 20 digits, a deviation that ksqlDB cannot compute, a column that it cannot sum."""
    return read_toml(
        f'[event]\nkey = {key}\ntimestamp = "ts"\n[event.fields]\nbroker = "string"\nsymbol = "string"\n'
        'ts = "timestamp(ms)"\nbid = "decimal(18, 6)"\nwide = "decimal(30, 2)"\nask = "decimal(8, 2)"\n'
        '[bars]\nname = "bars"\nbase = "1s"\nrollup = ["65m", "1m", "1d", "1w"]\nheartbeat = true\n[bars.select]\n'
        'open = "first(bid)"\nvolume = "sum(wide)"\nmean = "avg(bid, scale=20)"\nrough = "avg(bid, scale=2)"\n'
        'spread = "stddev(ask, scale=3)"\n'
        'widest = "max(wide * wide)"\n'
    )


class Schemas:
    """The schemas of a topic: 1 is the key's, 2 the value's, 3 a bare key's."""

    single = False

    def __init__(self, entity: Entity) -> None:
        self.documents = [
            key_schema(entity.key_columns),
            value_schema(entity),
            key_schema(entity.key_columns, bare=True),
        ]

    def schema(self, number: int) -> tuple[AvroType, str]:
        """The one with this number."""
        if number > len(self.documents):
            message = f"the schema {number} is not in the registry"
            raise LookupError(message)
        return parse_schema(json.dumps(self.documents[number - 1]), ""), f"the schema {number}"

    def key(self, *, bare: bool = False, start: int = MS, **fields: object) -> bytes:
        """A message key."""
        number = 3 if bare else 1
        return windowed(
            framed(number, self.documents[number - 1], next(iter(fields.values())) if bare else fields), start
        )


@pytest.fixture
def entity() -> Entity:
    """The table of the finals of a minute."""
    return compile_script(plan(), allow_degraded=["all"]).of("final", "1m")


@pytest.fixture
def schemas(entity: Entity) -> Schemas:
    """Its schemas."""
    return Schemas(entity)


@pytest.fixture
def decoder(schemas: Schemas) -> KsqlBarDecoder:
    """Reads it."""
    return KsqlBarDecoder(held_plan(plan()), schemas)


def message(schemas: Schemas, entity: Entity, **changed: object) -> bytes:
    """A message value."""
    return framed(2, schemas.documents[1], typed(entity, {**ROW, **changed}))


def test_the_plan_of_a_pipeline_is_what_it_can_have() -> None:
    """Without weeks, odd lengths, heartbeats and columns that have no sums; a day is then made of minutes."""
    held = held_plan(plan())

    assert ["1s", "1m", "1d"] == [str(level.timeframe) for level in held.levels]
    assert [None, 0, 1] == [level.child for level in held.levels]
    assert ["open", "volume", "mean", "rough", "spread"] == [output.name for output in held.outputs]
    assert not any(level.heartbeat for level in held.levels)
    with pytest.raises(KsqlUnsupported, match="calendar"):
        held_plan(
            read_toml(
                '[event]\nkey = "s"\ntimestamp = "t"\n[event.fields]\ns = "string"\nt = "timestamp"\n'
                '[bars]\nname = "b"\nbase = "1m"\ncalendar = "XNYS"\n[bars.select]\nn = "count()"\n'
            )
        )


def test_a_key_names_the_bar(decoder: KsqlBarDecoder) -> None:
    """The bytes of a real server: a record, then the start of the window."""
    key = bytes.fromhex("0000000001 02046231 020c584155555344 000001a1fb2701c0")

    assert (("b1", "XAUUSD"), MS * NS) == decoder.place(key)


def test_a_bare_key_names_the_bar_too() -> None:
    """As of a key of one field, which is written without a record."""
    one = plan('"symbol"')
    schemas = Schemas(compile_script(one, allow_degraded=["all"]).of("final", "1m"))
    decoder = KsqlBarDecoder(held_plan(one), schemas)

    assert (("A",), MS * NS) == decoder.place(schemas.key(bare=True, symbol="A"))
    assert (("A",), MS * NS) == decoder.place(schemas.key(SYMBOL="A"))


def test_outputs_are_computed_from_the_sums(decoder: KsqlBarDecoder, schemas: Schemas, entity: Entity) -> None:
    """Exactly: the DOUBLE quotient in the row is not looked at. What ksqlDB does not keep is not guessed."""
    keys, values = [schemas.key(BROKER="b1", SYMBOL="A")], [message(schemas, entity)]
    (record,) = decoder.kept(keys, values, final=True)

    bar = decoder.one(1, b"", record)

    assert ("b1", "A", "1m", True) == (bar["broker"], bar["symbol"], bar["timeframe"], bar["final"])
    assert (Decimal("1.5"), Decimal(ROW["volume"]), THIRD) == (bar["open"], bar["volume"], bar["mean"])
    assert Decimal("0.33") == bar["rough"]  # and not the 0.3 of the row
    assert Decimal("1.000") == bar["spread"]  # of a sample: the root of (14 - 36 / 3) / 2
    assert datetime(2026, 11, 20, 22, 51, tzinfo=UTC) == bar["end"]
    assert ((MS + 7) * NS, (MS + 59_990) * NS) == (bar["open_time_ns"], bar["close_time_ns"])
    assert {"slots", "filled", "expected_slots", "partial", "revision", "widest"}.isdisjoint(bar)


def test_many_bars_are_a_frame(decoder: KsqlBarDecoder, schemas: Schemas, entity: Entity) -> None:
    """With the columns that all frames of bars have; the same values as one by one, and nulls for what is lacking."""
    keys = [schemas.key(BROKER="b1", SYMBOL=name, start=MS + 60_000 * row) for row, name in enumerate("ABA")]
    values = [message(schemas, entity, open=f"{row}.25") for row in range(2)] + [message(schemas, entity, open=None)]
    records = [*decoder.kept(keys[:2], values[:2], final=True), *decoder.kept(keys[2:], values[2:], final=False)]

    frame = decoder.frame(1, [b""] * 3, records)

    assert bar_schema(held_plan(plan())) == frame.schema
    assert [Decimal("0.25"), Decimal("1.25"), None] == frame["open"].to_list()
    assert ([True, True, False], [THIRD] * 3) == (frame["final"].to_list(), frame["mean"].to_list())
    assert [date(2026, 11, 20)] * 3 == frame["trading_date"].to_list()
    assert [True] * 5 == [frame[name].is_null().all() for name in sorted(decoder.lacks)]
    for row, record in enumerate(records):
        one = decoder.one(1, b"", record)
        assert {name: one[name] for name in one if name in frame.columns} == {
            name: value for name, value in frame.row(row, named=True).items() if name in one
        }
    assert frame.schema == decoder.frame(1, [], []).schema


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (b"short", None, "does not end in the start of a window"),
        (b"text instead of avro", None, "does not begin with the number of a schema"),
        (None, b"\0\0\0\0\2\xff", "no bar of a ksqlDB pipeline"),
        (None, b"", "too few|does not begin with the number of a schema"),
        (None, b"\0\0\0\0\x63\0", "the schema 99 is not in the registry"),
    ],
)
def test_what_is_no_bar_is_said(entity: Entity, key: bytes | None, value: bytes | None, words: str) -> None:
    """Whether it is read alone or with others."""
    schemas = Schemas(entity)
    decoder = KsqlBarDecoder(held_plan(plan()), schemas)
    made = key or schemas.key(BROKER="b1", SYMBOL="A"), message(schemas, entity) if value is None else value
    records = decoder.kept([made[0]], [made[1]], final=True)

    with pytest.raises(SourceError, match=words):
        decoder.one(1, b"", records[0])
    with pytest.raises(SourceError):
        decoder.frame(1, [b""], records)


def test_bars_of_another_definition_are_said(entity: Entity) -> None:
    """The column that is missing is named."""
    schemas = Schemas(entity)
    schemas.documents[1]["fields"] = [field for field in schemas.documents[1]["fields"] if field["name"] != "MEAN_SUM"]
    decoder = KsqlBarDecoder(held_plan(plan()), schemas)
    records = decoder.kept([schemas.key(BROKER="b", SYMBOL="s")], [message(schemas, entity)], final=True)

    with pytest.raises(SourceError, match="has no column 'MEAN_SUM'"):
        decoder.frame(1, [b""], records)
    assert pl.DataFrame is type(decoder.frame(1, [], []))
