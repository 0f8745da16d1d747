"""Rows from Python: any iterable or async iterable of events, mappings or Polars frames."""

from __future__ import annotations

import reprlib
from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias, cast

import msgspec
import numpy as np
import polars as pl

from barloom.clock import SystemClock
from barloom.errors import SourceError
from barloom.source.columns import ARRIVAL, frame_expressions
from barloom.source.decode import Decoder
from barloom.source.feeds.live import LiveSource, Received
from barloom.source.feeds.marks import PlacedMarks
from barloom.source.feeds.word import CompleteTo, word_of
from barloom.source.foreign import adopted, is_foreign, is_lookalike, refuse_lookalikes
from barloom.source.lists import packed_all
from barloom.source.text.items import Items, refuse_items
from barloom.source.text.records import TextFields, column_at, refuse_lists
from barloom.source.text.rowtext import row_texts
from barloom.source.values import column_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from barloom.clock import Clock
    from barloom.plan.barplan import BarPlan
    from barloom.source.decoded import Problems
    from barloom.time.calendar import Integers

__all__ = ["FeedSource", "Row"]

Row: TypeAlias = object
"""An `Event` (or any object with the event's fields as attributes), a mapping with the input's names, or a frame.

Between rows a feed may give `CAUGHT_UP` and `BEHIND`, and `CompleteTo`.
"""

_PLAIN = (str, bytes, int, float, tuple, list, set, type(None))


class FeedSource(LiveSource[Row]):
    """Receives rows from an iterable, which may wait between them; each arrives when the iterable gives it.

    The mapping of the definition's ``[source]`` names what stands in mappings and frames; events have the fields as
    they are. An exception of the iterable surfaces after the rows before it, and so does an item that is no row.
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
        of_events = Decoder(replace(plan, source=replace(plan.source, columns={})))
        self._event_decoder = of_events.following({}, {}, name)
        texts = self._texts = TextFields.of(plan.event.fields)
        inner = plan.source.rows
        self._inner = None if inner is None else Items(inner, self._decoder.paths, texts)

    @property
    def caught_up(self) -> bool | None:
        """What the feed said last, or else what its iterable says by a `caught_up` of its own."""
        said = super().caught_up
        return word_of(self._rows) if said is None else said

    def _items(self) -> Iterable[Row] | AsyncIterable[Row]:
        return self._rows

    def _weight(self, item: Row) -> int:
        return max(item.height, 1) if isinstance(item, pl.DataFrame) else 1

    def _received(self, items: Sequence[tuple[Row, int]], *, ended: bool) -> Iterator[Received]:  # noqa: ARG002
        kinds, error = _kinds(items)
        for kind, rows, times, given in _stretches(kinds, items):
            marks = PlacedMarks.of(self._plan.event, given, self.name)
            if not rows:
                yield Received(self._decoder.empty(), lambda _: [], marks)
            elif kind is pl.DataFrame:
                frame = cast("pl.DataFrame", adopted(rows[0]))
                received = self._from_frame(frame).at(np.full(frame.height, times[0]))
                yield received.marked(None if marks is None else marks.at(marks.place * frame.height))
            elif kind is Mapping and self._inner is not None:
                yield self._from_items(_as_dicts(rows), np.array(times), marks)
            elif kind is Mapping:
                yield self._from_mappings(_as_dicts(rows)).at(np.array(times)).marked(marks)
            else:
                yield from (each.marked(marks) for each in self._whole_events(rows, np.array(times)))
        if error is not None:
            raise error

    def _from_frame(self, frame: pl.DataFrame) -> Received:
        if self._inner is not None:
            refuse_items("a frame")
        paths = self._decoder.paths
        chosen = frame.select(frame_expressions(paths, frame.schema, "the frame"))
        rows = self._decoder.decode(chosen.to_dict(), frame.height, {}, self.name)
        return Received(rows, lambda wanted: row_texts(chosen, paths, wanted))

    def _from_items(
        self, records: list[dict[str, object]], times: NDArray[np.int64], marks: PlacedMarks | None
    ) -> Received:
        """The items of mappings, each of which arrived with its mapping."""
        assert self._inner is not None  # noqa: S101 - asked before
        taken = self._inner.take(records, {})
        columns = self._inner.columns(taken)
        rows = self._decoder.decode(columns, taken.count, taken.refused, self.name)

        def texts(wanted: Integers) -> list[str]:
            whole = taken.whole
            return [_json(records[taken.record[row]]) if row in whole else taken.text(row) for row in wanted.tolist()]

        moved = None if marks is None else marks.at(np.searchsorted(taken.record, marks.place))
        return Received(rows, texts).at(times[taken.record]).marked(moved)

    def _from_mappings(self, records: list[dict[str, object]]) -> Received:
        refused: Problems = {}
        refuse_lists(records, self._decoder.paths.values(), refused)
        texts = self._texts
        columns = {
            name: column_at(records, path, refused, texts.wanted(name)) for name, path in self._decoder.paths.items()
        }
        rows = self._decoder.decode(columns, len(records), refused, self.name)
        return Received(rows, lambda wanted: [_json(records[row]) for row in wanted])

    def _whole_events(self, events: Sequence[Row], times: NDArray[np.int64]) -> Iterator[Received]:
        """Raises where one lacks a field, after giving those before it."""
        try:
            received = self._from_events(events)
        except SourceError:
            whole = self._whole(events)
            if whole:
                yield self._from_events(events[:whole]).at(times[:whole])
            raise
        yield received.at(times)

    def _whole(self, events: Sequence[Row]) -> int:
        """How many come before the first that lacks a field."""
        fields = attrgetter(*self._event_decoder.paths.values())
        for number, event in enumerate(events):
            try:
                fields(event)
            except AttributeError:
                return number
        return 0

    def _from_events(self, events: Sequence[Row]) -> Received:
        decoder = self._event_decoder
        try:
            found = {name: list(map(attrgetter(path), events)) for name, path in decoder.paths.items()}
        except AttributeError as error:
            message = f"{self.name} gave a row without a field of the event: {error}"
            raise SourceError(message) from None
        columns = {name: column_of(packed_all(of) if name in decoder.lists else of) for name, of in found.items()}
        rows = decoder.decode(columns, len(events), {}, self.name)
        names = [name for name in decoder.paths if name != ARRIVAL]
        return Received(
            rows, lambda wanted: [_json({name: getattr(events[row], name) for name in names}) for row in wanted]
        )


def _as_dicts(rows: Sequence[Row]) -> list[dict[str, object]]:
    return [dict(cast("Mapping[str, object]", row)) for row in rows]


def _stretches(
    kinds: Sequence[type], items: Sequence[tuple[Row, int]]
) -> Iterator[tuple[type, list[Row], list[int], list[tuple[int, CompleteTo]]]]:
    """Items of one kind that follow each other, a frame by itself, with times and the marks behind so many of them."""
    current: type = Mapping
    rows: list[Row] = []
    times: list[int] = []
    marks: list[tuple[int, CompleteTo]] = []
    for kind, (item, time) in zip(kinds, items, strict=False):
        if isinstance(item, CompleteTo):
            marks.append((len(rows), item))
            continue
        if rows and (kind is not current or kind is pl.DataFrame):
            yield current, rows, times, marks
            rows, times, marks = [], [], []
        current = kind
        rows.append(item)
        times.append(time)
    if rows or marks:
        yield current, rows, times, marks


def _kinds(items: Sequence[tuple[Row, int]]) -> tuple[list[type], SourceError | None]:
    """The kinds of the items before the first that is no row, and what is wrong with that one."""
    kinds: list[type] = []
    try:
        kinds.extend(_kind(item) for item, _ in items)
    except SourceError as error:
        return kinds, error
    return kinds, None


def _kind(item: Row) -> type:
    kind = _kind_of(type(item))  # type: ignore[arg-type]  # every class has a hash
    if kind is None:
        refuse_lookalikes(item)
        raise SourceError(_about_plain(item))
    return kind


@cache
def _kind_of(kind: type) -> type | None:
    """What objects of a class are read as: frames, mappings, or objects with attributes; none for what is no row."""
    if issubclass(kind, pl.DataFrame) or is_foreign(kind):
        return pl.DataFrame
    if issubclass(kind, Mapping):
        return Mapping
    return None if issubclass(kind, _PLAIN) or is_lookalike(kind) else object


def _about_plain(item: Row) -> str:
    """What a feed gave that is no row, and what it may give."""
    may = "it may give events, mappings or Polars frames"
    if item is None:
        return f"the feed gave None; {may}; while there is nothing to give it may simply wait"
    if isinstance(item, tuple | list):
        return f"the feed gave {reprlib.repr(item)}, values without names; {may}: {{'symbol': …, 'at': …}}"
    if isinstance(item, str | bytes) and item.lstrip()[:1] in ("{", b"{"):
        return f"the feed gave JSON text, {reprlib.repr(item)}; {may}: json.loads(text, parse_float=decimal.Decimal)"
    return f"the feed gave {reprlib.repr(item)}; {may}"


def _json(record: object) -> str:
    return msgspec.json.encode(record, enc_hook=str).decode()
