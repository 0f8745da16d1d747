"""The declared way of reading the input: checked against the event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.errors import Problem
from barloom.plan.barplan import SourcePlan
from barloom.plan.bounds import BOUNDS, bound, order_problem
from barloom.plan.paths import path_problem
from barloom.plan.patterns import TimeForm, form_problem
from barloom.plan.rows import column_problem, rows_steps
from barloom.plan.suggest import did_you_mean
from barloom.time.zone_names import known_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barloom.plan.draft import SourceDraft
    from barloom.plan.events import EventDraft

__all__ = ["SOURCE_SETTINGS", "plan_source"]

FORMATS: Final = ("csv", "jsonl", "parquet", "ipc")
AMBIGUOUS: Final = ("refuse", "earlier", "later", "order")
DECIMAL_SEPARATORS: Final = (".", ",")
THOUSANDS: Final = ("", ".", ",", "'", " ", "_")
TIME_UNITS: Final = ("iso", "ns", "us", "ms", "s", "auto")
SOURCE_SETTINGS: Final = (
    "columns",
    "format",
    "delimiter",
    "null_values",
    "zone",
    "ambiguous",
    "arrival",
    "arrival_unit",
    "order",
    "names",
    "rows",
    "check_units",
    "decimal_separator",
    "thousands",
    *BOUNDS,
)


def plan_source(draft: SourceDraft, event: EventDraft, problems: list[Problem]) -> SourcePlan:
    """The checked settings; what was not given has its default."""
    given = dict(draft.given)
    checked: dict[str, object] = {}
    if "columns" in given:
        checked["columns"] = _columns(given.pop("columns"), event, f"{draft.where}.columns", problems)
    bounds: dict[str, object] = {name: given.pop(name) for name in BOUNDS if name in given}
    for name, value in given.items():
        read = _READERS[name](value)
        if read is None:
            problems.append(Problem(f"{value!r} is not possible", f"{draft.where}.{name}", _fix(name, value)))
        else:
            checked[name] = read
    checked |= _bounds(bounds, checked.get("zone"), draft.where, problems)
    source = SourcePlan(**checked)  # type: ignore[arg-type]  # each reader makes its setting's type
    if source.thousands == source.decimal_separator:
        what = f"{source.thousands!r} would stand between thousands and before the decimals"
        problems.append(Problem(what, f"{draft.where}.thousands", 'state both, such as decimal_separator = ","'))
    problems += _of_rows(source, draft.where)
    crossed = order_problem(source, draft.where)
    if crossed is not None:
        problems.append(crossed)
    return source


def _bounds(given: Mapping[str, object], zone: object, where: str, problems: list[Problem]) -> dict[str, object]:
    """What the input is complete from and until."""
    checked: dict[str, object] = {}
    for name, value in given.items():
        try:
            checked[name] = bound(value, zone if isinstance(zone, str) else None)
        except ValueError as error:
            what, _, fix = str(error).partition("; ")
            problems.append(Problem(what, f"{where}.{name}", fix or "write a time such as 2025-01-01T00:00:00Z"))
    return checked


def _fix(name: str, value: object) -> str:
    near = _nearest(name, value) if isinstance(value, str) else None
    return _FIXES[name] if near is None else f"did you mean {near!r}? {_FIXES[name]}"


def _nearest(name: str, value: str) -> str | None:
    """What may have been meant by a word that is none of those there are."""
    if name == "zone":
        from barloom.time.zone_names import nearest_zone  # noqa: PLC0415 - only on the way to an error

        return nearest_zone(value)
    from difflib import get_close_matches  # noqa: PLC0415 - as above

    return next(iter(get_close_matches(value.lower(), _CHOICES.get(name, ()), n=1)), None)


def _columns(value: object, event: EventDraft, where: str, problems: list[Problem]) -> dict[str, str | tuple[str, ...]]:
    if not isinstance(value, dict):
        problems.append(Problem("is not a table", where, 'map fields to columns, such as { bid = "data.b" }'))
        return {}
    known = {item.name: item.field for item in event.fields}
    columns: dict[str, str | tuple[str, ...]] = {}
    for name, path in value.items():
        if name not in known:
            problems.append(Problem(f"unknown field {name!r}", where, did_you_mean(str(name), known)))
            continue
        problem = path_problem(path, known[name], f"{where}.{name}")
        if problem is not None:
            problems.append(problem)
        else:
            columns[name] = path if isinstance(path, str) else tuple(path)
    return columns


def _of_rows(source: SourcePlan, where: str) -> list[Problem]:
    """What is wrong with reading several ticks of a record."""
    if source.rows is None:
        return []
    steps, found = rows_steps(source.rows), []
    if source.format not in (None, "jsonl"):
        fix = f"leave rows out, or write format = 'jsonl'; {source.format} has one tick in a row"
        found.append(Problem(f"rows takes ticks from lists of JSON, and the format is {source.format!r}", where, fix))
    named = {f"{where}.columns.{name}": path for name, path in source.columns.items()}
    for place, written in {**named, f"{where}.arrival": source.arrival or "arrival"}.items():
        for path in (written,) if isinstance(written, str) else tuple(written):
            wrong = None if path.startswith(("=", "@")) else column_problem(path, steps)
            if wrong is not None:
                found.append(Problem(wrong[0], place, wrong[1]))
    return found


def _choice(choices: tuple[str, ...]) -> Callable[[object], str | None]:
    return lambda value: value if isinstance(value, str) and value in choices else None


def _time_unit(value: object) -> str | None:
    """A unit, or a pattern as those of `timestamp`."""
    if isinstance(value, str) and "%" in value:
        return value if form_problem(TimeForm((value,)), "") is None else None
    return _choice(TIME_UNITS)(value)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _character(value: object) -> str | None:
    return value if isinstance(value, str) and len(value) == 1 and value not in '"\r\n' else None


def _texts(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        return None
    return tuple(value)


def _names(value: object) -> tuple[str, ...] | None:
    names = _texts(value)
    return names if names and len(set(names)) == len(names) and all(names) else None


def _rows(value: object) -> str | None:
    try:
        return value if isinstance(value, str) and rows_steps(value) else None
    except ValueError:
        return None


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


_CHOICES: Final = {"format": FORMATS, "arrival_unit": TIME_UNITS, "order": ("row", "time"), "ambiguous": AMBIGUOUS}
_READERS: Final[dict[str, Callable[[object], object]]] = {
    "format": _choice(_CHOICES["format"]),
    "delimiter": _character,
    "null_values": _texts,
    "zone": known_zone,
    "ambiguous": _choice(_CHOICES["ambiguous"]),
    "arrival": _text,
    "arrival_unit": _time_unit,
    "order": _choice(_CHOICES["order"]),
    "names": _names,
    "rows": _rows,
    "check_units": _truth,
    "decimal_separator": _choice(DECIMAL_SEPARATORS),
    "thousands": _choice(THOUSANDS),
}
_FIXES: Final = {
    "format": "write 'csv', 'jsonl', 'parquet' or 'ipc', or leave it to the file's name",
    "delimiter": "write one character",
    "null_values": 'write a list of texts, such as ["", "NA"]',
    "zone": "write a time zone such as 'UTC' or 'Europe/Berlin'",
    "ambiguous": "write 'refuse', 'earlier', 'later' or 'order' (as the rows of the file follow each other)",
    "arrival": "write the column or path that holds the time of receipt",
    "arrival_unit": "write 'iso', 'ns', 'us', 'ms', 's', 'auto', or a pattern such as '%d.%m.%Y %H:%M:%S.%f'",
    "order": "write 'row' (as they stand) or 'time' (sort first)",
    "names": "list the column names of a file without a header, each once",
    "rows": "write where in a record the ticks stand, such as 'data[*]', or '[*]' where the record is their list",
    "check_units": "write true or false",
    "decimal_separator": "write '.' or ','",
    "thousands": """write '.', ',', "'", ' ' or '_', or leave it out""",
}
