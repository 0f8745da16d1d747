"""`KsqlTimeBucket`: the live bars of one timeframe, asked of a ksqlDB server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, Self, TypeVar, overload

from barloom.clock import Clock, SystemClock
from barloom.errors import KsqlError, StoreNotRunning
from barloom.ksqldb.reader.bars import BarValues
from barloom.ksqldb.reader.held import LACKING, held_plan
from barloom.ksqldb.reader.lookup import WINDOW_START, row_at, rows_between
from barloom.ksqldb.server.answers import store_state
from barloom.read.answers import Found, NotFound, Why
from barloom.read.arguments import key_row, moment, number, within
from barloom.read.bar import Bar
from barloom.read.representable import slot_start
from barloom.read.shape import check_shape
from barloom.read.standing import Slot, off_the_grid
from barloom.time.instants import to_datetime
from barloom.time.timeframe import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.ksqldb.compile.script import Entity, Script
    from barloom.ksqldb.reader.rows import Rows
    from barloom.ksqldb.server.client import KsqlClient
    from barloom.read.arguments import KeyLike, Moment

__all__ = ["KsqlTimeBucket"]

B = TypeVar("B", bound=Bar)

_WIDER: Final = 16


class KsqlTimeBucket(Generic[B]):
    """The live bars of one timeframe of a script that is deployed on a ksqlDB server.

    Every call is a pull query (`latest` may be a few). It raises `StoreNotRunning` where the server's answer says that
    the table's store does not run (it starts, rebalances, shuts down, or its query was terminated), and another
    `KsqlError` where the server is not reached, refuses who asks, or has no such table.

    There are no finals here: a table of finals also answers with windows that are not final yet, and nothing in the row
    tells which. Finals are read from their topic: by `KafkaApp.bars`, or `KafkaApp.reader`, whose settings say
    ``written_by = "ksqldb"``. The base timeframe has no live table of its own, so that its bars come from the table of
    its finals, as live ones.

    `bar` is the class of the bars; what it declares is checked here (`DefinitionError`). What ksqlDB does not keep
    (`slots`, `filled`, `expected_slots`, `partial`, `revision`) is no attribute of them.
    """

    @overload
    def __init__(
        self: KsqlTimeBucket[Bar], client: KsqlClient, script: Script, timeframe: str, *, clock: Clock | None = ...
    ) -> None: ...
    @overload
    def __init__(
        self, client: KsqlClient, script: Script, timeframe: str, *, bar: type[B], clock: Clock | None = ...
    ) -> None: ...
    def __init__(
        self,
        client: KsqlClient,
        script: Script,
        timeframe: str,
        *,
        bar: type[Any] = Bar,
        clock: Clock | None = None,
    ) -> None:
        plan = held_plan(script.plan)
        level = plan.level_of(timeframe)
        check_shape(plan, bar, LACKING)
        self._client = client
        self._entity: Entity = script.of("live" if level else "final", str(plan.levels[level].timeframe))
        self._values = BarValues(plan, level)
        self._event = plan.event
        self._bar: type[B] = bar
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
        return self._values.timeframe

    def get(self, key: KeyLike | None = None, start: Moment | None = None, **fields: object) -> Found[B] | NotFound:
        """The live bar of a key in the slot that begins at `start`, or that there is none.

        The key is a tuple in the order of the key fields, the value of a single one, a mapping, or keywords. Raises
        `ValueError` for a start that no slot has. `NotFound` is never for good: ksqlDB does not say why it has no row,
        and right after a restart it may have none although there was one.
        """
        row = key_row(self._event, key, fields)
        if start is None:
            message = "say which slot: get(key, start)"
            raise TypeError(message)
        at = self._on_the_grid(slot_start(moment(start)))
        bars = self._bars(row, self._pulled(row_at(self._entity, row, at // MILLISECOND)))
        return Found(bars[0]) if bars else NotFound(Why.NO_ROW, decided=False)

    def range(
        self, key: KeyLike | None = None, from_: Moment | None = None, to: Moment | None = None, **fields: object
    ) -> Iterator[B]:
        """The bars of a key whose slots begin from `from_` up to, not including, `to`, in slot order.

        As far back as the table keeps its windows, and all of them at once: give bounds where these are many.
        """
        row = key_row(self._event, key, fields)
        first = None if from_ is None else within(moment(from_))
        last = None if to is None else within(moment(to))
        return iter(self._between(row, first, last))

    def latest(self, key: KeyLike | None = None, n: int = 1, **fields: object) -> list[B]:
        """The last `n` bars of a key in slot order, the newest one at the end.

        It looks at the time just before now, then further back, and at last at all windows that the table keeps.
        """
        count = number(n)
        row = key_row(self._event, key, fields)
        span, now = 2 * count * self._values.length, self._clock.now()
        kept = (self._entity.retention or 0) * MILLISECOND
        while span < kept:
            found = self._between(row, now - span, None)
            if len(found) >= count:
                return found[-count:]
            span *= _WIDER
        return self._between(row, None, None)[-count:]

    def _between(self, row: tuple[object, ...], first: int | None, last: int | None) -> list[B]:
        bounds = (None if bound is None else -(-bound // MILLISECOND) for bound in (first, last))
        return self._bars(row, self._pulled(rows_between(self._entity, row, *bounds)))

    def _bars(self, key: tuple[object, ...], rows: Rows) -> list[B]:
        """The bars of rows, which come in any order."""
        made = [(start, record) for record in rows.records if isinstance(start := record[WINDOW_START], int)]
        return [
            self._bar(**self._values.values(key, start * MILLISECOND, record, final=False))
            for start, record in sorted(made, key=lambda item: item[0])
        ]

    def _pulled(self, query: str) -> Rows:
        try:
            return self._client.pull(query)
        except KsqlError as error:
            self._failed(error)

    def _on_the_grid(self, at: int) -> int:
        length = self._values.length
        if at % length:
            begin = at - at % length
            raise ValueError(off_the_grid(self.timeframe, at, Slot(begin, begin + length)))
        return at

    def _failed(self, error: KsqlError) -> NoReturn:
        state = store_state(error)
        if state is None:
            raise error
        raise StoreNotRunning(self._entity.topic, state, to_datetime(self._clock.now())) from error
