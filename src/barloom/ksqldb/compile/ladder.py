"""The statements of a ladder: the ticks, the base, and for each coarser timeframe its finals and its live bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.ksqldb.compile import ast
from barloom.ksqldb.compile.layout import BUCKET_END, BUCKET_START, CLOSE_TIME, OPEN_TIME
from barloom.ksqldb.compile.names import quoted, source_name, stored
from barloom.ksqldb.compile.printer import print_duration, print_statement
from barloom.ksqldb.compile.script import Entity, EntityKind, SqlColumn
from barloom.ksqldb.compile.settings import FOR_EVER
from barloom.ksqldb.compile.types import TIMESTAMP, of_field
from barloom.time.timeframe import DAY, MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.ksqldb.compile.columns import Columns
    from barloom.ksqldb.compile.script import Role
    from barloom.ksqldb.compile.settings import KsqlSettings
    from barloom.plan.barplan import BarPlan, LevelPlan

__all__ = ["Ladder", "grace_of", "window_length"]


def window_length(level: LevelPlan) -> int:
    """The length of a window in milliseconds."""
    return (DAY if level.timeframe.unit == "d" else level.timeframe.nanos) // MILLISECOND


def grace_of(level: LevelPlan) -> int:
    """The delay of the base in milliseconds, a part of one counted whole: stream time moves in whole ones."""
    return -(-level.delay // MILLISECOND)


class Ladder:
    """Makes the entities of `levels`, which are those of a plan that ksqlDB has windows for."""

    def __init__(self, plan: BarPlan, levels: tuple[LevelPlan, ...], columns: Columns, settings: KsqlSettings) -> None:
        self._plan = plan
        self._levels = levels
        self._columns = columns
        self._settings = settings
        self._retention = settings.retention // MILLISECOND

    def entities(self) -> Iterator[Entity]:
        """All entities, each behind those that it reads."""
        children = [None if not position else self._child(position) for position in range(len(self._levels))]
        ticks = self._ticks()
        yield ticks
        streams: dict[int | None, Entity] = {None: ticks}
        for position, level in enumerate(self._levels):
            source = streams[children[position]]
            final = self._table(level, source, "final")
            yield final
            if position:
                yield self._table(level, source, "live")
            if position in children:
                streams[position] = self._over(level, final)
                yield streams[position]

    def _child(self, position: int) -> int:
        """The coarsest finer level of which this one is a whole multiple: the base is always one."""
        length = window_length(self._levels[position])
        return max(spot for spot in range(position) if length % window_length(self._levels[spot]) == 0)

    def _ticks(self) -> Entity:
        event = self._plan.event
        keys = tuple(SqlColumn(stored(name), str(of_field(event.by_name[name]))) for name in event.key)
        values = [item for item in event.fields if item.name not in event.key]
        columns = (
            *(ast.Column(stored(name), of_field(event.by_name[name]), key=True) for name in event.key),
            *(ast.Column(stored(item.name), of_field(item)) for item in values),
        )
        name, topic, timestamp = source_name(self._settings.source), self._settings.source, stored(event.timestamp)
        properties = (*self._common(topic, self._retention), ("TIMESTAMP", quoted(timestamp)))
        return Entity(
            name=name,
            kind=EntityKind.STREAM,
            role="source",
            topic=topic,
            sql=print_statement(ast.CreateStream(name, columns, properties)),
            derived=False,
            stage=0,
            key_columns=keys,
            columns=tuple(SqlColumn(stored(item.name), str(of_field(item))) for item in values),
            partitions=self._settings.partitions,
            replicas=self._settings.replicas,
            retention_ms=self._retention,
            timestamp_column=timestamp,
            key_schema=self._settings.key_schema,
        )

    def _table(self, level: LevelPlan, source: Entity, role: Role) -> Entity:
        topic = self._plan.topic(role, level.timeframe)
        of_ticks = source.role == "source"
        size, grace = window_length(level), grace_of(level) if of_ticks else 0
        retention = max(self._retention, size + grace)
        select = ast.Select(
            items=tuple(self._items(source)),
            source=source.name,
            window=ast.Window(size, retention, grace),
            where=self._columns.where if of_ticks else None,
            group_by=self._grouped(source),
            final=role == "final",
        )
        name, kept = source_name(topic), self._kept(level, role, retention)
        return Entity(
            name=name,
            kind=EntityKind.TABLE,
            role=role,
            topic=topic,
            sql=print_statement(ast.CreateTableAs(name, self._common(topic, kept), select)),
            derived=True,
            stage=source.stage + 1,
            key_columns=source.key_columns,
            columns=self._values(),
            partitions=self._settings.partitions,
            replicas=self._settings.replicas,
            retention_ms=kept,
            reads=(source.name,),
            timeframe=str(level.timeframe),
            windowed=True,
            window=size,
            retention=retention,
            grace=grace,
            key_schema=self._settings.key_schema,
        )

    def _items(self, source: Entity) -> Iterator[ast.Item]:
        """The projection: key, slot, the declared columns with their partials, and the times of the ticks."""
        of_ticks = source.role == "source"
        begin, end = (source.timestamp_column or "",) * 2 if of_ticks else (OPEN_TIME, CLOSE_TIME)
        for column, value in zip(source.key_columns, self._grouped(source), strict=True):
            yield ast.Item(value, None if isinstance(value, ast.Name) else column.name)
        yield ast.Item(ast.Call("FROM_UNIXTIME", (ast.Pseudo("WINDOWSTART"),)), BUCKET_START)
        yield ast.Item(ast.Call("FROM_UNIXTIME", (ast.Pseudo("WINDOWEND"),)), BUCKET_END)
        yield from self._columns.of_ticks if of_ticks else self._columns.of_children
        yield ast.Item(ast.Call("MIN", (ast.Name(begin),)), OPEN_TIME)
        yield ast.Item(ast.Call("MAX", (ast.Name(end),)), CLOSE_TIME)

    def _grouped(self, source: Entity) -> tuple[ast.Expr, ...]:
        """The key, as a query groups by it.

        The server refuses to group a windowed stream by exactly its own key, which a single column is ("Group by on
        windowed should always require rekey"). A cast to the type that it has gives the same value, and is no column.
        """
        keys = tuple(ast.Name(column.name) for column in source.key_columns)
        if not source.windowed or len(keys) > 1:
            return keys
        return (ast.Cast(keys[0], of_field(self._plan.event.by_name[self._plan.event.key[0]])),)

    def _over(self, level: LevelPlan, table: Entity) -> Entity:
        """The stream over a table's topic: the same columns exactly, else the registry gets a second version."""
        name = f"{table.name}_S"
        keys = (*self._plan.event.key,)
        columns = (
            *(ast.Column(stored(key), of_field(self._plan.event.by_name[key]), key=True) for key in keys),
            *self._declared(),
        )
        properties = (
            *self._common(table.topic, table.retention_ms),
            ("WINDOW_TYPE", "TUMBLING"),
            ("WINDOW_SIZE", print_duration(window_length(level))),
            ("TIMESTAMP", quoted(BUCKET_START)),
        )
        return Entity(
            name=name,
            kind=EntityKind.STREAM,
            role="final_stream",
            topic=table.topic,
            sql=print_statement(ast.CreateStream(name, columns, properties)),
            derived=False,
            stage=table.stage + 1,
            key_columns=table.key_columns,
            columns=table.columns,
            partitions=table.partitions,
            replicas=table.replicas,
            retention_ms=table.retention_ms,
            reads=(table.name,),
            timeframe=table.timeframe,
            windowed=True,
            window=table.window,
            timestamp_column=BUCKET_START,
            key_schema=table.key_schema,
        )

    def _declared(self) -> tuple[ast.Column, ...]:
        """The columns of a bar's value."""
        return (
            ast.Column(BUCKET_START, TIMESTAMP),
            ast.Column(BUCKET_END, TIMESTAMP),
            *(ast.Column(item.name, item.type) for item in self._columns.layout.columns),
            ast.Column(OPEN_TIME, TIMESTAMP),
            ast.Column(CLOSE_TIME, TIMESTAMP),
        )

    def _values(self) -> tuple[SqlColumn, ...]:
        return tuple(SqlColumn(item.name, str(item.type)) for item in self._declared())

    @staticmethod
    def _kept(level: LevelPlan, role: Role, windows: int) -> int:
        """How long a table's topic keeps its records: finals as the definition says, and none shorter than `windows`.

        Records carry the time of their ticks, so that bars of replayed history would be deleted at once, also before
        the next timeframe has read them. The server raises what is less than the windows' own retention without saying
        so, and then refuses the stream over that topic.
        """
        if role == "live":
            return windows
        return max(windows, FOR_EVER if level.retention is None else level.retention // MILLISECOND)

    def _common(self, topic: str, kept: int) -> tuple[tuple[str, str | int], ...]:
        return (
            ("KAFKA_TOPIC", topic),
            ("KEY_FORMAT", "AVRO"),
            ("KEY_SCHEMA_FULL_NAME", self._settings.key_schema),
            ("VALUE_FORMAT", "AVRO"),
            ("PARTITIONS", self._settings.partitions),
            ("REPLICAS", self._settings.replicas),
            ("RETENTION_MS", kept),
        )
