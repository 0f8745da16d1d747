"""A small pipeline, written by hand: ticks, 1s bars and 1m bars, final and live."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import barloom as bl
from barloom.ksqldb.compile.script import Entity, EntityKind, Script, SqlColumn
from barloom.ksqldb.compile.settings import STREAM_PROPERTIES

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan

DAY = 86_400_000
KEY = (SqlColumn("BROKER", "VARCHAR"), SqlColumn("SYMBOL", "VARCHAR"))
TICK = (SqlColumn("TS", "TIMESTAMP"), SqlColumn("BID", "DECIMAL(18, 6)"))
BAR = (SqlColumn("BUCKET_START", "TIMESTAMP"), SqlColumn("HIGH", "DECIMAL(18, 6)"), SqlColumn("N", "BIGINT"))
WITH = (
    "KAFKA_TOPIC = '{topic}', KEY_FORMAT = 'AVRO', KEY_SCHEMA_FULL_NAME = 'barloom.BarKey', VALUE_FORMAT = 'AVRO', "
    "PARTITIONS = 3, REPLICAS = 1, RETENTION_MS = 604800000"
)


def plan() -> BarPlan:
    """The definition that the pipeline stands for."""

    class Quote(bl.Event):
        broker: str = bl.key()
        symbol: str = bl.key()
        ts: int = bl.timestamp(unit="ms")
        bid: Decimal = bl.decimal(18, 6)

    bars = bl.from_(Quote).tumbling("1s", delay="2s").select(high=bl.max("bid"), n=bl.count()).rollup("1m")
    return bars.named("bars").plan


def _entity(  # noqa: PLR0913, PLR0917 - what an entity is made of
    name: str, kind: EntityKind, role: str, topic: str, sql: str, stage: int, **more: object
) -> Entity:
    return Entity(
        name=name, kind=kind, role=role, topic=topic, sql=sql, stage=stage, key_columns=KEY, partitions=3, replicas=1,
        retention_ms=7 * DAY, key_schema="barloom.BarKey", **more,
    )  # fmt: skip


def _table(  # noqa: PLR0913, PLR0917
    role: str, name: str, source: str, stage: int, size: tuple[int, str, int], emit: str
) -> Entity:
    number, unit, length = size
    grace = 2 if source == "ticks" else 0
    high, count = ("bid", "COUNT(*)") if source == "ticks" else ("high", "SUM(n)")
    sql = (
        f"CREATE TABLE {name} WITH ({WITH.format(topic=name)}) AS SELECT\n  broker,\n  symbol,\n"
        f"  FROM_UNIXTIME(WINDOWSTART) AS bucket_start,\n  MAX({high}) AS high,\n  {count} AS n\nFROM {source}\n"
        f"WINDOW TUMBLING (SIZE {number} {unit}, RETENTION 7 DAYS, GRACE PERIOD {grace} SECONDS)\n"
        f"GROUP BY broker, symbol\nEMIT {emit};"
    )
    return _entity(
        name.upper(), EntityKind.TABLE, role, name, sql, stage, derived=True, columns=BAR, reads=(source.upper(),),
        timeframe=f"{number}{unit[0].lower()}", windowed=True, window=length, retention=7 * DAY, grace=grace * 1000,
    )  # fmt: skip


def script() -> Script:
    """The statements in their order: five entities in four stages."""
    ticks = _entity(
        "TICKS", EntityKind.STREAM, "source", "ticks",
        "CREATE STREAM ticks (broker VARCHAR KEY, symbol VARCHAR KEY, ts TIMESTAMP, bid DECIMAL(18, 6)) "
        f"WITH ({WITH.format(topic='ticks')}, TIMESTAMP = 'ts');",
        0, derived=False, columns=TICK, timestamp_column="TS",
    )  # fmt: skip
    stream = _entity(
        "BARS_FINAL_1S_S", EntityKind.STREAM, "final_stream", "bars_final_1s",
        "CREATE STREAM bars_final_1s_s (broker VARCHAR KEY, symbol VARCHAR KEY, bucket_start TIMESTAMP, "
        f"high DECIMAL(18, 6), n BIGINT) WITH ({WITH.format(topic='bars_final_1s')}, WINDOW_TYPE = 'TUMBLING', "
        "WINDOW_SIZE = '1 SECONDS', TIMESTAMP = 'bucket_start');",
        2, derived=False, columns=BAR, reads=("BARS_FINAL_1S",), timestamp_column="BUCKET_START", windowed=True,
        window=1000, timeframe="1s",
    )  # fmt: skip
    entities = (
        ticks,
        _table("final", "bars_final_1s", "ticks", 1, (1, "SECONDS", 1000), "FINAL"),
        stream,
        _table("final", "bars_final_1m", "bars_final_1s_s", 3, (1, "MINUTES", 60_000), "FINAL"),
        _table("live", "bars_live_1m", "bars_final_1s_s", 3, (1, "MINUTES", 60_000), "CHANGES"),
    )
    return Script(plan(), STREAM_PROPERTIES, entities, "A pipeline for tests.")
