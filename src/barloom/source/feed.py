"""Rows from Python: any iterable or async iterable of events, mappings or Polars frames."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

import msgspec
import numpy as np
import polars as pl

from barloom.clock import SystemClock
from barloom.errors import SourceError
from barloom.source.columns import ARRIVAL, frame_expressions
from barloom.source.decode import Decoder
from barloom.source.live import LiveSource, Received
from barloom.source.records import column_at, refuse_lists
from barloom.source.rowtext import row_texts
from barloom.source.values import column_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from barloom.clock import Clock
    from barloom.plan.barplan import BarPlan
    from barloom.source.decoded import Problems

__all__ = ["FeedSource", "Row"]

Row: TypeAlias = object
"""An `Event` (or any object with the event's fields as attributes), a mapping with the input's names, or a frame."""

_PLAIN = (str, bytes, int, float, tuple, list, set, type(None))


class FeedSource(LiveSource[Row]):
    """Receives rows from an iterable, which may wait between them; each arrives when the iterable gives it.

    The mapping of the definition's ``[source]`` names what stands in mappings and frames; events have the fields as
    they are. An exception of the iterable surfaces after the rows before it.
    """

    def __init__(
        self,
        plan: BarPlan,
        rows: Iterable[Row] | AsyncIterable[Row],
        *,
        name: str = "the feed",
        clock: Clock | None = None,
    ) -> None:
        super().__init__(plan, name, clock or SystemClock())
        self._rows = rows
        self._event_decoder = Decoder(replace(plan, source=replace(plan.source, columns={})))

    def _items(self) -> Iterable[Row] | AsyncIterable[Row]:
        return self._rows

    def _weight(self, item: Row) -> int:
        return max(item.height, 1) if isinstance(item, pl.DataFrame) else 1

    def _received(self, items: Sequence[tuple[Row, int]], *, ended: bool) -> Iterator[Received]:  # noqa: ARG002
        for kind, group in groupby(items, key=lambda item: _kind(item[0])):
            rows, times = zip(*group, strict=True)
            if kind is pl.DataFrame:
                for frame, time in zip(rows, times, strict=True):
                    yield self._from_frame(frame).at(np.full(frame.height, time))
            elif kind is Mapping:
                yield self._from_mappings([dict(row) for row in rows]).at(np.array(times))
            else:
                yield self._from_events(rows).at(np.array(times))

    def _from_frame(self, frame: pl.DataFrame) -> Received:
        paths = self._decoder.paths
        chosen = frame.select(frame_expressions(paths, frame.schema, "the frame"))
        rows = self._decoder.decode(chosen.to_dict(), frame.height, {}, self.name)
        return Received(rows, lambda wanted: row_texts(chosen, paths, wanted))

    def _from_mappings(self, records: list[dict[str, object]]) -> Received:
        refused: Problems = {}
        texts = {name for name, dtype in self._decoder.schema.items() if dtype == pl.String}
        refuse_lists(records, self._decoder.paths.values(), refused)
        columns = {
            name: column_at(records, path, refused, text=name in texts) for name, path in self._decoder.paths.items()
        }
        rows = self._decoder.decode(columns, len(records), refused, self.name)
        return Received(rows, lambda wanted: [_json(records[row]) for row in wanted])

    def _from_events(self, events: Sequence[Row]) -> Received:
        decoder = self._event_decoder
        try:
            columns = {name: column_of(list(map(attrgetter(path), events))) for name, path in decoder.paths.items()}
        except AttributeError as error:
            message = f"{self.name} gave a row without a field of the event: {error}"
            raise SourceError(message) from None
        rows = decoder.decode(columns, len(events), {}, self.name)
        names = [name for name in decoder.paths if name != ARRIVAL]
        return Received(
            rows, lambda wanted: [_json({name: getattr(events[row], name) for name in names}) for row in wanted]
        )


def _kind(item: Row) -> type:
    if isinstance(item, pl.DataFrame):
        return pl.DataFrame
    if isinstance(item, Mapping):
        return Mapping
    if isinstance(item, _PLAIN):
        message = f"the feed gave a {type(item).__name__}; it may give events, mappings or Polars frames"
        raise SourceError(message)
    return object


def _json(record: object) -> str:
    return msgspec.json.encode(record, enc_hook=str).decode()
