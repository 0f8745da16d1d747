"""`KsqlTimeBucket`: the live bars of one timeframe, asked of a ksqlDB server."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn, Self

from barloom.clock import Clock, SystemClock
from barloom.engine.exact import decimal_of, scaled_integer
from barloom.engine.results import result_of_one
from barloom.errors import KsqlError, StoreNotRunning
from barloom.ksql.answers import store_state
from barloom.ksql.columns import compile_columns
from barloom.ksql.layout import CLOSE_TIME, OPEN_TIME
from barloom.ksql.lookup import row_at
from barloom.plan.nodes import columns_of
from barloom.read.answers import Found, NotFound, Why
from barloom.read.arguments import key_row, moment
from barloom.read.bar import Bar
from barloom.read.representable import slot_start
from barloom.time.instants import nanos_of, to_datetime, written
from barloom.time.timeframe import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.ksql.client import KsqlClient
    from barloom.ksql.script import Entity, Role, Script
    from barloom.plan.barplan import BarPlan, NumberType
    from barloom.read.arguments import KeyLike, Moment

__all__ = ["KsqlTimeBucket"]


class KsqlTimeBucket:
    """The live bars of one timeframe of a script that is deployed on a ksqlDB server.

    Every `get` is one pull query. It raises `StoreNotRunning` where the server's answer says that the table's store
    does not run (it starts, rebalances, shuts down, or its query was terminated), and another `KsqlError` where the
    server is not reached, refuses who asks, or has no such table.

    There are no finals here: a table of finals also answers with windows that are not final yet, and nothing in the row
    tells which. Finals are read from their topic, with a `BarReader`. The base timeframe has no live table of its own,
    so that its bars come from the table of its finals, as live ones.
    """

    def __init__(self, client: KsqlClient, script: Script, timeframe: str, *, clock: Clock | None = None) -> None:
        plan = script.plan
        self._client = client
        self._entity = _table(script, str(plan.levels[plan.level_of(timeframe)].timeframe))
        self._rows = _Rows(plan, self._entity)
        self._plan = plan
        self._clock = clock or SystemClock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()

    @property
    def timeframe(self) -> str:
        """The timeframe of these bars."""
        return self._rows.timeframe

    def get(self, key: KeyLike | None = None, start: Moment | None = None, **fields: object) -> Found[Bar] | NotFound:
        """The live bar of a key in the slot that begins at `start`, or that there is none.

        The key is a tuple in the order of the key fields, the value of a single one, a mapping, or keywords. Raises
        `ValueError` for a start that no slot has. `NotFound` is never for good: ksqlDB does not say why it has no row,
        and right after a restart it may have none although there was one.
        """
        row = key_row(self._plan.event, key, fields)
        if start is None:
            message = "say which slot: get(key, start)"
            raise TypeError(message)
        at = self._on_the_grid(slot_start(moment(start)))
        try:
            found = self._client.pull(row_at(self._entity, row, at // MILLISECOND))
        except KsqlError as error:
            self._failed(error)
        if not len(found):
            return NotFound(Why.NO_ROW, decided=False)
        return Found(self._rows.bar(row, at, found.records[0]))

    def _on_the_grid(self, at: int) -> int:
        length = self._rows.length
        if at % length:
            held = written(at - at % length)
            message = f"no slot of {self.timeframe} begins at {written(at)}; the one that holds it begins at {held}"
            raise ValueError(message)
        return at

    def _failed(self, error: KsqlError) -> NoReturn:
        state = store_state(error)
        if state is None:
            raise error
        raise StoreNotRunning(self._entity.topic, state, to_datetime(self._clock.now())) from error


def _table(script: Script, timeframe: str) -> Entity:
    role: Role = (
        "live" if any(item.role == "live" and item.timeframe == timeframe for item in script.entities) else "final"
    )
    try:
        return script.of(role, timeframe)
    except KeyError as error:
        raise ValueError(error.args[0]) from error


class _Rows:
    """Makes bars of rows.

    Every output is computed from the partials in the row, as barloom's own engine does it, so that quotients have all
    the digits that the definition asks for and not only those of ksqlDB's DOUBLE.
    """

    def __init__(self, plan: BarPlan, entity: Entity) -> None:
        self.timeframe = entity.timeframe or ""
        self.length = (entity.window or 0) * MILLISECOND
        self._keys = plan.event.key
        self._partials = plan.partials
        self._held: Mapping[int, str] = compile_columns(plan)[0].layout.partials
        self._outputs = {
            output.name: (result_of_one(plan, output, synthetic=False), output.number)
            for output in plan.outputs
            if all(int(name) in self._held for name in columns_of(output.result))
        }

    def bar(self, key: Sequence[object], start: int, row: Mapping[str, object]) -> Bar:
        """The bar of a row. What ksqlDB does not keep (`slots`, `revision`, …) is no attribute of it."""
        partials = [
            _whole(row.get(self._held.get(position, "")), partial.number)
            for position, partial in enumerate(self._partials)
        ]
        outputs = {name: _read(compute(partials), number) for name, (compute, number) in self._outputs.items()}
        return Bar(
            **dict(zip(self._keys, key, strict=True)),
            start=to_datetime(start),
            end=to_datetime(start + self.length),
            **outputs,
            timeframe=self.timeframe,
            start_ns=start,
            end_ns=start + self.length,
            trading_date=to_datetime(start).date(),
            open_time=_nanos(row[OPEN_TIME]),
            close_time=_nanos(row[CLOSE_TIME]),
            final=False,
            synthetic=False,
        )


def _whole(value: object, number: NumberType) -> int | None:
    """A value as the engine has it: an integer at the scale of its type."""
    match value:
        case Decimal():
            return scaled_integer(value, number.scale)
        case datetime():
            return nanos_of(value)
        case int():
            return value
        case _:
            return None


def _read(value: int | None, number: NumberType) -> int | Decimal | None:
    return value if value is None or number.integer else decimal_of(value, number.scale)


def _nanos(value: object) -> int | None:
    return nanos_of(value) if isinstance(value, datetime) else None
