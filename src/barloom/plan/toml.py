"""The same declaration as TOML, read strictly: every unknown key and wrong type is reported with its path."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast

from barloom.errors import DefinitionError, Problem
from barloom.plan.aggregates import ohlcv
from barloom.plan.barplan import Field, FieldKind, InputKind
from barloom.plan.build import build
from barloom.plan.draft import BarsDraft, ColumnDraft, FilterDraft, LevelDraft, SourceDraft, Value
from barloom.plan.events import EventDraft, FieldDraft, decimal_field, decimal_type, list_field, unquoted_separator
from barloom.plan.language.registry import read_aggregate
from barloom.plan.language.written import condition, value
from barloom.plan.patterns import TimeForm, form_problem, read_arguments
from barloom.plan.reading import SOURCE_SETTINGS, TIME_UNITS
from barloom.plan.sequence import SEQUENCE_ROLES, SEQUENCE_SETTINGS
from barloom.plan.suggest import did_you_mean, type_hint
from barloom.time.timeframe import Timeframe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from barloom.plan.barplan import BarPlan

__all__ = ["read_document", "read_plan", "read_toml"]

_FIELD: Final = re.compile(r"\s*(\w+)\s*(?:\(\s*(.*?)\s*\))?\s*(\?)?\s*")
_KINDS: Final = {"string": FieldKind.STRING, "int": FieldKind.INTEGER, "bool": FieldKind.BOOLEAN}
_LEVEL_SETTINGS: Final = ("delay", "gap", "carry_limit", "heartbeat", "retention")
_KNOBS: Final = (
    "clock",
    "max_ahead",
    "live_within",
    "close_grace",
    "close_grace_when",
    "time",
    "idle_after",
    "pass_headers",
)
_BARS: Final = (
    *("name", "where", "base", "input", "stamped", "keep", "calendar", "on", "ohlcv", "select", "rollup", "timeframes"),
    *_LEVEL_SETTINGS,
    *_KNOBS,
)
_EVENT: Final = ("name", "key", "timestamp", "event_id", "tiebreak", "sequence", "fields")
_HOMES: Final = {"event": set(_EVENT) - {"name"}, "bars": set(_BARS) - {"name"}, "source": set(SOURCE_SETTINGS)}
"""Where a setting belongs that stands in another table; every table may have a name."""

_OTHERS: Final = {
    **dict.fromkeys(("timeframe", "interval", "period", "window", "every", "tumbling", "resolution"), "base"),
    **dict.fromkeys(("filter", "condition"), "where"),
    **dict.fromkeys(("timezone", "tz"), "zone"),
    **dict.fromkeys(("lateness", "grace", "watermark"), "delay"),
}
"""Settings as others call them."""

_ADJUSTED: Final = "prices are taken as they come: give the factor as a field and write price * factor"
_SEE: Final = "see 'What barloom does not make' in docs/concepts.md"
_OUTSIDE: Final = {
    **dict.fromkeys(("splits", "split", "adjust", "adjustments", "factors", "dividends"), f"{_ADJUSTED}; {_SEE}"),
    **dict.fromkeys(
        ("roll", "rolls", "continuous", "back_adjust"), f"contracts are keys, and none follows another; {_SEE}"
    ),
    **dict.fromkeys(
        ("corrections", "cancels", "cancellations", "busts", "revisions"), f"no row takes another back; {_SEE}"
    ),
}
"""What is not made on purpose, by the names that people give it."""

_OF_DECIMALS: Final = ("round", "encoding")
_TABLES: Final = {
    "ohlcv": 'write ohlcv = { price = "bid", size = "size" }',
    "select": 'write [bars.select], and below it a line for each column, such as close = "last(bid)"',
    "timeframes": 'write [bars.timeframes."1h"], and below it the settings of that timeframe',
    "fields": 'write [event.fields], and below it a line for each field, such as price = "decimal(18, 6)"',
}
_TEXTS: Final = {"key": '["symbol"]', "timestamp": '"at"', "event_id": '"id"', "tiebreak": '"id"'}
_TEXT: Final = {"where": "price > 0", "on": "at", "input": "bars", "price": "price", "size": "size", "when": "size > 0"}
"""Examples for what should be text."""

_Table = dict[str, object]


def read_toml(text: str, name: str = "the definition") -> BarPlan:
    """The plan of a TOML text; `name` is how messages call it. Raises `DefinitionError` with every problem found."""
    return read_plan(read_document(text, name))


def read_document(text: str, name: str) -> Mapping[str, object]:
    """The tables of a TOML text. Raises `DefinitionError` where it is none."""
    from tomllib import TOMLDecodeError, loads  # noqa: PLC0415 - only where TOML is read

    try:
        return loads(text, parse_float=Decimal)
    except TOMLDecodeError as error:
        raise DefinitionError([Problem(f"is not TOML: {error}", name, "mend the syntax at that line")]) from None


def read_plan(document: Mapping[str, object]) -> BarPlan:
    """The plan that tables declare. Raises `DefinitionError` with every problem found."""
    draft = _Reader().bars(dict(document))
    if not (isinstance(document.get("event"), dict) and isinstance(document.get("bars"), dict)):
        raise DefinitionError(draft.problems)
    return build(draft)


class _Reader:
    """Collects problems while it walks through the tables."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def _problem(self, what: str, where: str, fix: str) -> None:
        self._problems.append(Problem(what, where, fix))

    def _table(self, parent: _Table, name: str, path: str) -> _Table:
        found = parent.get(name, {})
        if isinstance(found, dict):
            return found
        if isinstance(found, list) and all(isinstance(item, dict) for item in found):
            self._problem(f"[[{path}]] begins a list of tables", path, f"write [{path}], once")
        else:
            self._problem(f"{found!r} is not a table", path, _TABLES.get(name, f"write [{path}] and the keys below it"))
        return {}

    def _known(self, table: _Table, known: Iterable[str], path: str) -> None:
        for name in table:
            if name not in known:
                where = f"{path}.{name}" if path else name
                home = next((table for table, names in _HOMES.items() if name in names and table != path), None)
                fix = (
                    _OUTSIDE.get(name) or did_you_mean(_OTHERS.get(name, name), known)
                    if home is None
                    else f"it belongs into [{home}]"
                )
                self._problem(f"unknown key {name!r}", where, fix)

    def _text(self, table: _Table, name: str, path: str) -> str | None:
        found = table.get(name)
        if found is None or isinstance(found, str):
            return found
        self._problem(f"{_toml(found)} is not text", f"{path}.{name}", f"write {name} = {_as_text(name, path, found)}")
        return None

    def _texts(self, table: _Table, name: str, path: str) -> list[str]:
        found = table.get(name, [])
        listed = [found] if isinstance(found, str) else found
        if isinstance(listed, list) and all(isinstance(item, str) for item in listed):
            return cast("list[str]", listed)
        example = _TEXTS.get(name, '["…", "…"]')
        self._problem(f"{_toml(found)} is not a list of texts", f"{path}.{name}", f"write {name} = {example}")
        return []

    def _lengths(self, table: _Table, name: str) -> list[Any]:
        """Timeframes as they stand; what is no text is told where the ladder is made."""
        found = table.get(name, [])
        return found if isinstance(found, list) else [found]

    def bars(self, document: _Table) -> BarsDraft:
        self._known(document, ("event", "source", "bars", "kafka", "feed"), "")
        for name in ("event", "bars"):
            if name not in document:
                self._problem(f"the table [{name}] is missing", name, f"add [{name}]")
        event = self._event(self._table(document, "event", "event"))
        source = self._table(document, "source", "source")
        self._known(source, SOURCE_SETTINGS, "source")
        given = {name: found for name, found in source.items() if name in SOURCE_SETTINGS}
        draft = self._declared(self._table(document, "bars", "bars"), event)
        return replace(draft, source=SourceDraft(given), problems=tuple(self._problems))

    def _event(self, table: _Table) -> EventDraft:
        self._known(table, _EVENT, "event")
        types = self._table(table, "fields", "event.fields")
        roles: dict[str, set[str]] = {}
        for setting, role in ((name, name) for name in ("key", "timestamp", "event_id", "tiebreak")):
            for name in self._texts(table, setting, "event"):
                roles.setdefault(name, set()).add(role)
                if name not in types:
                    self._problem(f"unknown field {name!r}", f"event.{setting}", did_you_mean(name, types))
        sequence, settings = self._sequence(table, types)
        for role, name in sequence:
            roles.setdefault(name, set()).add(role)
        fields = [self._field(name, written, roles.get(name, set())) for name, written in types.items()]
        fields = [replace(item, settings=settings) if _in_sequence(item) else item for item in fields]
        known = {item.name for item in fields}
        absent = [
            FieldDraft(name, "event", None, frozenset(given)) for name, given in roles.items() if name not in known
        ]
        key = tuple(dict.fromkeys(name for name, given in roles.items() if "key" in given))
        return EventDraft(self._text(table, "name", "event") or "Tick", "event", (*fields, *absent), key=key)

    def _sequence(self, table: _Table, types: _Table) -> tuple[list[tuple[str, str]], tuple[tuple[str, object], ...]]:
        """The roles of the fields of a sequence, and its settings: of a name, or of a table with the names."""
        if not isinstance(table.get("sequence"), dict):
            named: _Table = {"field": table["sequence"]} if "sequence" in table else {}
        else:
            named = self._table(table, "sequence", "event.sequence")
            self._known(named, (*SEQUENCE_ROLES, *SEQUENCE_SETTINGS), "event.sequence")
            if not any(part in named for part in SEQUENCE_ROLES):
                fix = 'write { field = "trade_id" }, or { first = "f", last = "l" } of rows that have several numbers'
                self._problem("a sequence without a field", "event.sequence", fix)
        roles: list[tuple[str, str]] = []
        for part, role in SEQUENCE_ROLES.items():
            name = named.get(part)
            if name is not None and not isinstance(name, str):
                fix = 'name a field of integers, such as sequence = "trade_id"'
                self._problem(f"{_toml(name)} is no name of a field", "event.sequence", fix)
            elif isinstance(name, str):
                roles.append((role, name))
                if name not in types:
                    self._problem(f"unknown field {name!r}", "event.sequence", did_you_mean(name, types))
        return roles, tuple((name, named[name]) for name in SEQUENCE_SETTINGS if name in named)

    def _field(self, name: str, written: object, roles: set[str]) -> FieldDraft:
        where = f"event.fields.{name}"
        return FieldDraft(name, where, self._typed(name, written, where), frozenset(roles))

    def _typed(self, name: str, written: object, where: str) -> Field | None:  # noqa: PLR0911 - one for each kind
        if not name.isidentifier():
            self._problem(
                f"{name!r} is not a plain name", where, "use letters, digits and _, and map it in [source] columns"
            )
            return None
        if isinstance(written, dict):
            written = self._spelled(written, where)
        match = _FIELD.fullmatch(written) if isinstance(written, str) else None
        if match is None:
            self._problem(f"{written!r} is not a type", where, _TYPES)
            return None
        kind, arguments, nullable = match[1], match[2], match[3] is not None
        if kind in _KINDS and arguments is None:
            return Field(name, _KINDS[kind], None, nullable)
        if kind == "timestamp" and (arguments or "iso") in TIME_UNITS:
            return Field(name, FieldKind.TIMESTAMP, None, nullable, arguments or "iso")
        form = _form(arguments) if kind == "timestamp" else None
        if form is not None:
            return self._time(Field(name, FieldKind.TIMESTAMP, None, nullable, "iso", form), where)
        if kind == "list":
            separator = unquoted_separator(arguments)
            return list_field(name, separator, where, self._problems, nullable=nullable)
        if kind == "decimal":
            return self._decimal(name, arguments, where, nullable=nullable)
        self._problem(f"unknown type {written!r}", where, type_hint(kind, arguments, nullable=nullable) or _TYPES)
        return None

    def _time(self, field: Field, where: str) -> Field | None:
        problem = form_problem(field.form, where)
        if problem is not None:
            self._problems.append(problem)
        return field if problem is None else None

    def _spelled(self, table: _Table, where: str) -> object:
        """A field that is written as a table, ``{ type = "decimal(18, 2)", round = "half-even" }``, as one text."""
        self._known(table, ("type", *_OF_DECIMALS), where)
        kind, named = table.get("type"), {name: table[name] for name in _OF_DECIMALS if name in table}
        if not isinstance(kind, str) or not named:
            return kind
        begin, bracket, end = kind.rpartition(")")
        if not (bracket and kind.lstrip().startswith("decimal")):
            self._problem(f"{next(iter(named))} is only of a decimal, not of {kind!r}", where, "leave it out")
            return kind
        return ", ".join([begin, *(f"{name}={value}" for name, value in named.items())]) + f"){end}"

    def _decimal(self, name: str, arguments: str | None, where: str, *, nullable: bool) -> Field | None:
        given = [item.strip() for item in (arguments or "").split(",")]
        named = dict(_named(item) for item in given if "=" in item)
        digits = [int(item) if item.isdecimal() else item for item in given if "=" not in item]
        unknown = next((item for item in named if item not in _OF_DECIMALS), None)
        if unknown is not None:
            self._problem(f"unknown setting {unknown!r} of a decimal", where, did_you_mean(unknown, _OF_DECIMALS))
            return None
        if len(digits) != len(("precision", "scale")):
            self._problem(
                "a decimal without precision and scale",
                where,
                'write "decimal(18, 6)": digits in all, digits behind the point',
            )
            return None
        number = decimal_type(digits[0], digits[1], where, self._problems)
        how = (named.get("round"), named.get("encoding"))
        return decimal_field(name, number, *how, where, self._problems, nullable=nullable)

    def _declared(self, table: _Table, event: EventDraft) -> BarsDraft:
        self._known(table, _BARS, "bars")
        levels = self._levels(table)
        bases = [self._base(name, table, levels) for name in self._lengths(table, "base")]
        rollups = [self._level(name, "bars.rollup", levels) for name in self._lengths(table, "rollup")]
        for name, _ in levels.values():
            fix = did_you_mean(name, [str(item.timeframe) for item in (*bases, *rollups)])
            self._problem(f"{name!r} is not in the ladder", f'bars.timeframes."{name}"', fix)
        on = self._text(table, "on", "bars")
        where = self._text(table, "where", "bars")
        knobs = tuple(self._knobs(table))
        return BarsDraft(
            event,
            tuple(bases),
            "bars.base",
            self._input(table),
            Value(table.get("stamped", "start"), "bars.stamped"),
            Value(table.get("keep", "first"), "bars.keep"),
            tuple(rollups),
            Value(table.get("calendar", "24x7"), "bars.calendar"),
            None if on is None else Value(on, "bars.on"),
            () if where is None else (FilterDraft(condition(where), "bars.where"),),
            tuple(self._columns(table)),
            "bars.select",
            Value(table.get("name"), "bars.name"),
            knobs,
            toml=True,
        )

    def _knobs(self, table: _Table) -> Iterable[tuple[str, Value]]:
        for name in _KNOBS:
            if name == "clock" and isinstance(table.get(name), dict):
                yield from self._late_clock(self._table(table, name, "bars.clock"))
            elif name in table:
                yield name, Value(table[name], f"bars.{name}")

    def _late_clock(self, table: _Table) -> Iterable[tuple[str, Value]]:
        """``clock = { after = "30s" }``: it is on, and closes slots that much later than time passes."""
        self._known(table, ("after",), "bars.clock")
        if "after" in table:
            yield "clock_after", Value(table["after"], "bars.clock.after")
        else:
            self._problem("a clock as a table says when it closes slots", "bars.clock", 'write { after = "30s" }')

    def _input(self, table: _Table) -> InputKind:
        written = self._text(table, "input", "bars")
        known = [kind.value for kind in InputKind]
        if written is None or written in known:
            return InputKind(written or "ticks")
        self._problem(f"unknown input {written!r}", "bars.input", did_you_mean(written, known))
        return InputKind.TICKS

    def _levels(self, table: _Table) -> dict[object, tuple[str, _Table]]:
        """The tables of single timeframes, by timeframe however it is written."""
        found: dict[object, tuple[str, _Table]] = {}
        for name in self._table(table, "timeframes", "bars.timeframes"):
            path = f'bars.timeframes."{name}"'
            settings = self._table(self._table(table, "timeframes", "bars.timeframes"), name, path)
            self._known(settings, _LEVEL_SETTINGS, path)
            if _same(name) in found:
                self._problem(f"{name!r} is the same as {found[_same(name)][0]!r}", path, "keep one of the two")
            found[_same(name)] = (name, settings)
        return found

    def _base(self, name: str, table: _Table, levels: dict[object, tuple[str, _Table]]) -> LevelDraft:
        own: _Table = {setting: table[setting] for setting in _LEVEL_SETTINGS if setting in table}
        written, settings = levels.pop(_same(name), (name, {}))
        for setting in own:
            if setting in settings:
                self._problem(
                    f"{setting} of the base is given twice",
                    f'bars.timeframes."{written}".{setting}',
                    f"keep it or bars.{setting}",
                )
        return _level(name, "bars.base", {**own, **settings})

    def _level(self, name: str, where: str, levels: dict[object, tuple[str, _Table]]) -> LevelDraft:
        written, settings = levels.pop(_same(name), (name, {}))
        return _level(name, f'bars.timeframes."{written}"' if settings else where, settings)

    def _columns(self, table: _Table) -> Iterable[ColumnDraft]:
        preset = self._table(table, "ohlcv", "bars.ohlcv")
        self._known(preset, ("price", "size", "when"), "bars.ohlcv")
        price, size, when = (self._text(preset, name, "bars.ohlcv") for name in ("price", "size", "when"))
        if price is not None:
            if table.get("input") == "bars":
                fix = 'write [bars.select] with open = "first(open)", high = "max(high)", …'
                self._problem("ohlcv over bars would lose their highs and lows", "bars.ohlcv", fix)
            for name, made in ohlcv(value(price), None if size is None else value(size), when=when).items():
                yield ColumnDraft(name, made, "bars.ohlcv")
        elif isinstance(table.get("ohlcv"), dict) and "price" not in preset:
            self._problem("ohlcv without a price", "bars.ohlcv", 'write ohlcv = { price = "bid", size = "size" }')
        selected = self._table(table, "select", "bars.select")
        for name in selected:
            written = self._text(selected, name, "bars.select")
            if written is not None:
                yield ColumnDraft(name, read_aggregate(written), f"bars.select.{name}")


_TYPES: Final = (
    'write "string", "int", "bool", "decimal(18, 6)", "timestamp" or "timestamp(ns|us|ms|s|auto)", or "list", '
    'with a "?" if it may be null'
)


def _in_sequence(item: FieldDraft) -> bool:
    return not item.roles.isdisjoint(SEQUENCE_ROLES.values())


def _form(arguments: str | None) -> TimeForm | None:
    """The patterns and the zone between the brackets of ``timestamp(…)``; none where something else stands there."""
    read = None if arguments is None else read_arguments(arguments)
    if read is None:
        return None
    values, named = read
    is_form = all(quoted for _, quoted in values) and set(named) <= {"zone"}
    return TimeForm(tuple(value for value, _ in values), named.get("zone")) if is_form else None


def _named(item: str) -> tuple[str, str]:
    """A setting within the brackets of a type; quotes round its value may be there or not."""
    name, _, value = item.partition("=")
    return name.strip(), value.strip().strip("'\"")


def _toml(found: object) -> object:
    """A value about as it was written."""
    return str(found).lower() if isinstance(found, bool) else found


def _as_text(name: str, path: str, found: object) -> str:
    """What may have been meant, as text: a list of one text is that text, a number is quoted, else an example."""
    if isinstance(found, list) and found and all(isinstance(item, str) for item in found):
        return f'"{" and ".join(found) if name == "where" else found[0]}"'
    if path == "bars.select":
        return '"last(price)", or another aggregate in quotes'
    if isinstance(found, int | Decimal) and not isinstance(found, bool):
        return f'"{found}"'
    return f'"{_TEXT.get(name, "…")}"'


def _same(name: object) -> object:
    """What equal timeframes have in common."""
    try:
        return Timeframe.parse(cast("str", name))
    except ValueError:
        return name
    except TypeError:
        return repr(name)


def _level(name: str, where: str, settings: _Table) -> LevelDraft:
    known: _Table = {setting: settings[setting] for setting in _LEVEL_SETTINGS if setting in settings}
    return LevelDraft(name, where, **known)  # type: ignore[arg-type]  # types are checked when the ladder is made
