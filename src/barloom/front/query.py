"""The fluent declaration: ``from_(Quote).tumbling("1s").ohlcv(price="bid").rollup("1m").named("bars")``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Never

from barloom.errors import DefinitionError, Problem
from barloom.front.bars import Bars
from barloom.plan import aggregates
from barloom.plan.aggregates import Aggregate
from barloom.plan.barplan import InputKind
from barloom.plan.build import build
from barloom.plan.draft import BarsDraft, ColumnDraft, FilterDraft, LevelDraft, SourceDraft, Value
from barloom.plan.events import EventDraft
from barloom.plan.language.written import condition
from barloom.plan.suggest import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.bounds import Bound
    from barloom.plan.draft import Duration
    from barloom.plan.events import Event
    from barloom.plan.expressions import Expression, Operand

__all__ = ["Query", "from_", "timeframe"]

GapPolicy = Literal["omit", "carry", "null"]
TimeOf = Literal["partition", "key"]


def from_(event: type[Event]) -> Query:
    """Begin a declaration of bars over an event. Raises `DefinitionError` where it is not a class of events."""
    if not isinstance(getattr(event, "__event__", None), EventDraft):
        raise DefinitionError([Problem(f"{event!r} is not an event", "from_", "give a class derived from bl.Event")])
    return Query(BarsDraft(event.__event__))


def timeframe(  # noqa: PLR0913 - one argument a setting
    name: str,
    *,
    delay: Duration | None = None,
    gap: GapPolicy | None = None,
    carry_limit: Duration | None = None,
    heartbeat: bool | None = None,
    retention: Duration | None = None,
) -> LevelDraft:
    """A timeframe of `Query.rollup` with settings of its own.

    `delay` is the deadline after a slot's end for missing children (default: the next finer timeframe's), `gap` what
    stands in a slot without ticks, `carry_limit` for how much session time after a key's last tick (default one day),
    `heartbeat` whether quiet keys get a live bar at each new slot, `retention` how long bars are kept.
    """
    return LevelDraft(name, f"rollup({name!r})", delay, gap, carry_limit, heartbeat, retention)


@dataclass(frozen=True, slots=True, repr=False)
class Query:
    """A declaration in the making. Each step gives a new one; `named` checks it all and makes the bars."""

    draft: BarsDraft

    def __repr__(self) -> str:
        draft = self.draft
        parts = [f"by {listed(item.name for item in draft.event.having('key'))}"]
        parts += [f"{draft.base_where} {listed(item.timeframe for item in draft.bases)}"] if draft.bases else []
        parts += [f"rollup {listed(item.timeframe for item in draft.rollups)}"] if draft.rollups else []
        parts += [f"columns {listed(item.name for item in draft.columns)}"] if draft.columns else []
        return f"<Query of {draft.event.name}: {'; '.join(parts)}; not named yet>"

    def _with(self, **changes: Any) -> Query:  # noqa: ANN401 - the fields of the draft
        return Query(replace(self.draft, **changes))

    def _flawed(self, what: str, where: str, fix: str) -> Query:
        return self._with(problems=(*self.draft.problems, Problem(what, where, fix)))

    if not TYPE_CHECKING:  # checkers know every step, and should tell of others

        def __getattr__(self, name: str) -> Never:
            raise AttributeError(_no_step(name))

    def where(self, rows: Expression | str) -> Query:
        """Only rows that fulfil the condition count: an expression, or text in the grammar. Several are joined."""
        return self._with(filters=(*self.draft.filters, FilterDraft(condition(rows), "where")))

    def tumbling(  # noqa: PLR0913 - one argument a setting
        self,
        every: str,
        *more: str,
        delay: Duration = "0s",
        calendar: str | Mapping[str, object] = "24x7",
        on: str | None = None,
        gap: GapPolicy | None = None,
        carry_limit: Duration | None = None,
        heartbeat: bool | None = None,
        retention: Duration | None = None,
        close_grace: Duration | None = None,
        close_grace_when: Expression | str | None = None,
        time: TimeOf | None = None,
        idle_after: Duration | None = None,
    ) -> Query:
        """The one base window.

        `delay` is the tolerance for late ticks; `on` names the event time if no field is marked. `calendar` is a name
        (``24x7``, ``XNYS``, ``XTKS?break=span``) or a weekly template. `close_grace` lets the last slots of a session
        take ticks stamped up to that long after its close, if they fulfil `close_grace_when`. `time` says
        whose stream time, lateness and closing are: the ``"partition"``'s, or each ``"key"``'s own; then a key that is
        `idle_after` (1 h) behind the latest row is not waited for where slots are told to be closed for all keys.
        Coarser timeframes belong into `rollup`.
        """
        names = [*every, *more] if isinstance(every, (list, tuple)) else [every, *more]
        bases = [LevelDraft(name, "tumbling", delay, gap, carry_limit, heartbeat, retention) for name in names]
        based = self._based(bases, InputKind.TICKS, "tumbling", calendar, on)
        stated = {
            "close_grace": close_grace,
            "close_grace_when": close_grace_when,
            "time": time,
            "idle_after": idle_after,
        }
        knobs = ((name, Value(knob, f"tumbling({name}=…)")) for name, knob in stated.items() if knob is not None)
        return based._with(knobs=(*based.draft.knobs, *knobs))  # noqa: SLF001 - its own class

    def bars(  # noqa: PLR0913 - one argument a setting
        self,
        every: str,
        *,
        delay: Duration = "0s",
        calendar: str | Mapping[str, object] = "24x7",
        stamped: str = "start",
        keep: Literal["first", "last"] = "first",
        on: str | None = None,
        gap: GapPolicy | None = None,
        carry_limit: Duration | None = None,
        retention: Duration | None = None,
        time: TimeOf | None = None,
        idle_after: Duration | None = None,
    ) -> Query:
        """The rows are bars of the timeframe `every`, whose event time is their slot's `stamped` side.

        `stamped` is ``"start"``, ``"end"``, or ``"end-1ms"`` for the last moment of the slot; ``"date"`` for days,
        weeks and months that have a date; ``"clock"`` for hours that are stamped when the clock strikes, though the
        session opens within them. `keep` ``"last"``: rows are states of bars that still grow, and of each bar the last
        counts that comes before a newer one of the key begins, or before its deadline. `gap` fills the holes of the
        input. Where it does, or the last states count, bars of `every` are made as well, and kept for `retention`.
        `time` says whose stream time, lateness and closing are: the ``"partition"``'s, or each ``"key"``'s own;
        `idle_after` as for `tumbling`.
        """
        stated = {"time": time, "idle_after": idle_after}
        knobs = ((name, Value(knob, f"bars({name}=…)")) for name, knob in stated.items() if knob is not None)
        chosen = self._with(
            stamped=Value(stamped, "bars(stamped=…)"),
            keep=Value(keep, "bars(keep=…)"),
            knobs=(*self.draft.knobs, *knobs),
        )
        base = LevelDraft(every, "bars", delay, gap, carry_limit, None, retention)
        return chosen._based([base], InputKind.BARS, "bars", calendar, on)  # noqa: SLF001 - its own class

    def _based(
        self,
        bases: list[LevelDraft],
        kind: InputKind,
        step: str,
        calendar: str | Mapping[str, object],
        on: str | None,
    ) -> Query:
        if self.draft.bases:
            what = f"a second base window ({', '.join(item.timeframe for item in bases)})"
            return self._flawed(what, step, "there is one base window: put coarser timeframes into rollup")
        stamp = None if on is None else Value(on, f"{step}(on=…)")
        place = Value(calendar, f"{step}(calendar=…)")
        return self._with(bases=tuple(bases), base_where=step, input=kind, calendar=place, on=stamp)

    def group_by_key(self, *fields: str) -> Query:
        """Say that bars are grouped by the key fields, as they always are."""
        if not fields:
            return self
        keys = [item.name for item in self.draft.event.having("key")]
        what = f"grouping by {', '.join(map(str, fields))}"
        return self._flawed(
            what, "group_by_key", f"bars are grouped by the key fields only ({', '.join(keys)}): write group_by_key()"
        )

    def select(self, **columns: Aggregate) -> Query:
        """The columns of the bar by name."""
        query = self
        made = []
        for name, column in columns.items():
            where = f"select({name}=…)"
            if isinstance(column, Aggregate):
                made.append(ColumnDraft(name, column, where))
            else:
                query = query._flawed(f"{column!r} is not an aggregate", where, _as_aggregate(column))
        return query._with(columns=(*self.draft.columns, *made))  # noqa: SLF001

    def ohlcv(self, price: Operand, size: Operand | None = None, *, when: Expression | str | None = None) -> Query:
        """Select open, high, low, close of the price, volume (the sum of the size, if given) and count (of rows)."""
        preset = aggregates.ohlcv(price, size, when=when)
        columns = [ColumnDraft(name, made, "ohlcv") for name, made in preset.items()]
        query = self._with(columns=(*self.draft.columns, *columns))
        if self.draft.input is InputKind.TICKS:
            return query
        fix = 'select(open=bl.first("open"), high=bl.max("high"), low=bl.min("low"), close=bl.last("close"), …)'
        return query._flawed("ohlcv over bars would lose their highs and lows", "ohlcv", fix)  # noqa: SLF001

    def rollup(self, *timeframes: str | LevelDraft) -> Query:
        """Coarser timeframes, each made from the final bars of the coarsest finer one that tiles it."""
        made = [item if isinstance(item, LevelDraft) else timeframe(item) for item in timeframes]
        return self._with(rollups=(*self.draft.rollups, *made))

    def clock(
        self,
        mode: Literal["on", "off"] = "on",
        *,
        after: Duration | None = None,
        max_ahead: Duration | None = None,
        live_within: Duration | None = None,
    ) -> Query:
        """How the clock may close slots when nothing arrives.

        ``"off"``: only events move time. `after` (0 s) is how much later than time passes the clock closes slots, so
        that ticks are not late which a feed delivers after a stall of up to that long. `max_ahead` (10 s) is how far a
        tick may be ahead of its arrival, `live_within` (1 min) how recent the latest tick must be for the clock to
        count.
        """
        knobs = {**dict(self.draft.knobs), "clock": Value(mode, "clock")}
        for name, knob in (("after", after), ("max_ahead", max_ahead), ("live_within", live_within)):
            if knob is not None:
                knobs["clock_after" if name == "after" else name] = Value(knob, f"clock({name}=…)")
        return self._with(knobs=tuple(knobs.items()))

    def pass_headers(self, *names: str) -> Query:
        """Headers of input records that are handed through to the bars."""
        return self._with(knobs=(*self.draft.knobs, ("pass_headers", Value(names, "pass_headers"))))

    def source(  # noqa: PLR0913 - one argument a setting
        self,
        *,
        columns: Mapping[str, str | Sequence[str]] | None = None,
        format: Literal["csv", "jsonl", "parquet", "ipc"] | None = None,  # noqa: A002 - the setting's name
        delimiter: str | None = None,
        null_values: Sequence[str] | None = None,
        zone: str | None = None,
        ambiguous: Literal["refuse", "earlier", "later", "order"] | None = None,
        arrival: str | None = None,
        arrival_unit: str | None = None,
        order: Literal["row", "time"] | None = None,
        names: Sequence[str] | None = None,
        rows: str | None = None,
        check_units: bool | None = None,
        decimal_separator: Literal[".", ","] | None = None,
        thousands: Literal["", ".", ",", "'", " ", "_"] | None = None,
        complete_from: Bound | None = None,
        complete_until: Bound | None = None,
    ) -> Query:
        """How the input names and writes things.

        `columns` maps fields to columns, nested paths (``data.b``), constants (``=OANDA``) or a part of the file's name
        (``@file:([A-Z]+)-trades``, ``@member:…`` in a zip, ``@hive.symbol``), a time also to several of these; `zone`
        is the time zone of zoneless times, and `ambiguous` which one is meant of a local time that comes twice;
        `decimal_separator` and `thousands` are how numbers are written in text; `arrival` holds the time of receipt,
        written in `arrival_unit`; `order` ``"time"`` sorts files first; `names` are the column names of a file without
        a header; `rows` says where several ticks stand in one record of JSON (``data[*]``), at each of which paths
        begin then (``$.symbol`` is outside of it); `check_units` ``False`` takes numbers since 1970 in the declared
        unit also where they are plainly of another one. `complete_from` and `complete_until` say of which span the
        input has every row, so that its first and last bars are whole: a time, or a timeframe such as ``"1d"`` for the
        slot that holds the first or last row.
        """
        settings = {
            "columns": dict(columns) if isinstance(columns, Mapping) else columns,
            "format": format,
            "delimiter": delimiter,
            "null_values": null_values,
            "zone": zone,
            "ambiguous": ambiguous,
            "arrival": arrival,
            "arrival_unit": arrival_unit,
            "order": order,
            "names": names,
            "rows": rows,
            "check_units": check_units,
            "decimal_separator": decimal_separator,
            "thousands": thousands,
            "complete_from": complete_from,
            "complete_until": complete_until,
        }
        given = {name: value for name, value in settings.items() if value is not None}
        return self._with(source=SourceDraft({**self.draft.source.given, **given}))

    def named(self, name: str) -> Bars:
        """Check the whole declaration and make the bars. Raises `DefinitionError` with every problem found."""
        return Bars(build(replace(self.draft, name=Value(name, "named"))))


def _as_aggregate(column: object) -> str:
    """What a column may mean that is text in the grammar of TOML, or a column's name."""
    call = re.fullmatch(r"(\w+)\((\w*)\)", column) if isinstance(column, str) else None
    if call is not None:
        inner = f'"{call[2]}"' if call[2] else ""
        return f"write bl.{call[1]}({inner})"
    return f"write bl.last({column!r})" if isinstance(column, str) else "use one, such as bl.last(…)"


def _no_step(name: str) -> str:
    if name in ("plan", "compute", "run", "rebuild", "kafka", "ksqldb"):
        return f'there is no {name} of bars without a name: end their declaration by .named("bars")'
    steps = [step for step in dir(Query) if not step.startswith("_")]
    return f"a declaration has no step {name!r}" + ("" if name.startswith("_") else f"; {did_you_mean(name, steps)}")
