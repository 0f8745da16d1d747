"""Events: a typed, frozen class whose annotations declare the input row."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    Literal,
    TypeVar,
    Union,
    cast,
    dataclass_transform,
    get_args,
    get_origin,
    overload,
)

from barloom.errors import Problem
from barloom.plan.barplan import MAX_DIGITS, Field, FieldKind, NumberType
from barloom.plan.nodes import Rounding
from barloom.plan.patterns import ISO, TimeForm, form_problem
from barloom.plan.suggest import did_you_mean, one_of

__all__ = [
    "Event",
    "EventDraft",
    "FieldDraft",
    "decimal",
    "decimal_field",
    "decimal_type",
    "event_id",
    "field",
    "key",
    "list_field",
    "list_problem",
    "sequence",
    "tiebreak",
    "timestamp",
    "unquoted_separator",
]

if TYPE_CHECKING:
    from collections.abc import Sequence

    class _TextOrInteger(str, int):  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues, reportIncompatibleMethodOverride]  # noqa: SLOT000
        """For type checkers only: what may be assigned to `str` and to `int`, but to nothing else."""


_Value = TypeVar("_Value", bound=str | int | datetime | list[str] | None)
_Units = Literal["ns", "us", "ms", "s", "auto"]

DEFAULT_SEPARATOR: Final = ","
ENCODINGS: Final = ("base64",)
UNITS: Final = ("ns", "us", "ms", "s", "auto")
_LIST: Final = list[str]
KINDS: Final = {str: FieldKind.STRING, int: FieldKind.INTEGER, bool: FieldKind.BOOLEAN}


@dataclass(frozen=True, slots=True)
class FieldDraft:
    """A declared field and the roles it was given; `field` is none where a problem was found.

    `settings` are those of a sequence.
    """

    name: str
    where: str
    field: Field | None
    roles: frozenset[str] = frozenset()
    settings: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class EventDraft:
    """The declared event before its roles are checked; `where` names it in messages.

    `key` is the order of the key fields where it is not that of the fields.
    """

    name: str
    where: str
    fields: tuple[FieldDraft, ...]
    problems: tuple[Problem, ...] = ()
    key: tuple[str, ...] = ()

    def having(self, role: str) -> list[FieldDraft]:
        """The fields that were given a role."""
        found = [item for item in self.fields if role in item.roles]
        return sorted(found, key=lambda item: self.key.index(item.name)) if role == "key" and self.key else found


@dataclass(frozen=True, slots=True)
class _Specifier:
    role: str
    precision: object = None
    scale: object = None
    unit: object = None
    form: TimeForm = ISO
    separator: object = None
    tiebreak: bool = False
    rounding: object = None
    encoding: object = None
    settings: tuple[tuple[str, object], ...] = ()


def key() -> _TextOrInteger:
    """A key field: text or an integer. Bars are made for each combination of the key fields."""
    return cast("_TextOrInteger", _Specifier("key"))


def event_id(*, tiebreak: bool = False) -> _TextOrInteger:
    """A unique id: a second row with the same key and id in an open slot is a duplicate and counts once.

    With `tiebreak` the id, an integer, also orders rows of equal event time, as `tiebreak` does.
    """
    return cast("_TextOrInteger", _Specifier("event_id", tiebreak=tiebreak))


def tiebreak() -> int:
    """A number that orders rows of equal event time, before their place in the source does: ``trade_id: int``.

    It decides which of them is the first and which the last of a bar (open and close).
    """
    return cast("int", _Specifier("tiebreak"))


def sequence(
    part: Literal["first", "last"] | None = None,
    *,
    restart_after: str | timedelta | None = None,
    give_up_after: str | timedelta | None = None,
    tiebreak: bool = False,
) -> int:
    """A number that goes up by one from tick to tick of a key, by which bars know what is missing: a trade's id.

    Of rows that stand for several numbers, as aggregated trades do, one field is the ``"first"`` and one the
    ``"last"`` of them. A number that was seen begins the numbers anew where its event time lies more than
    `restart_after` (1 s) beyond the largest of its key; otherwise its row is a duplicate. A hole is given up
    `give_up_after` (1 h) of stream time behind it. With `tiebreak` the number also orders rows of equal event time.
    """
    given = {"restart_after": restart_after, "give_up_after": give_up_after}
    settings = tuple((name, value) for name, value in given.items() if value is not None)
    role = "sequence" if part is None else f"sequence {part}"
    return cast("int", _Specifier(role, tiebreak=tiebreak, settings=settings))


@overload
def timestamp(*patterns: str, unit: Literal["iso"] = "iso", zone: str | None = None) -> datetime: ...
@overload
def timestamp(*, unit: _Units) -> int: ...
def timestamp(*patterns: str, unit: str = "iso", zone: str | None = None) -> datetime | int:
    """The event time.

    ``at: datetime = bl.timestamp()`` reads ISO 8601; ``at: int = bl.timestamp(unit="ns")`` counts since 1970. With
    ``unit="auto"`` each row is taken in the unit, of s, ms, us and ns, in which it is a time of the years 1980 to 2100.
    `patterns` are other ways to write a time, such as ``"%d.%m.%Y %H:%M:%S.%f"``; where there are several, the first
    that fits counts. `zone` is the time zone of times that name none.
    """
    return cast("int", _Specifier("timestamp", unit=unit, form=TimeForm(patterns, zone)))


def decimal(
    precision: int,
    scale: int,
    *,
    round: Rounding | None = None,  # noqa: A002 - as in TOML
    encoding: Literal["base64"] | None = None,
) -> Decimal:
    """An exact number of at most `precision` digits, `scale` of them behind the point.

    With `round` (``"half-even"`` and others) places that it does not have are rounded off, and counted in the report;
    without it such a number is refused. `encoding` ``"base64"`` reads the unscaled bytes that Kafka Connect and
    Debezium write.
    """
    return cast("Decimal", _Specifier("decimal", precision, scale, rounding=round, encoding=encoding))


@overload
def field() -> _Value: ...  # type: ignore[type-var]  # pyright: ignore[reportInvalidTypeVarUse]  # solved by the annotation
@overload
def field(*, unit: _Units) -> int: ...
@overload
def field(*, patterns: Sequence[str] = (), zone: str | None = None) -> datetime: ...
@overload
def field(*, separator: str) -> list[str]: ...
def field(
    *, unit: str | None = None, patterns: Sequence[str] = (), zone: str | None = None, separator: str | None = None
) -> Any:
    """A plain field. With `unit` an integer is a time since 1970, such as one named by ``tumbling(on=…)``.

    `patterns` and `zone` say how a `datetime` is written, as those of `timestamp` do. `separator` is what parts the
    elements of a ``list[str]`` where the input writes them as one text (default ``","``).
    """
    form = TimeForm((patterns,) if isinstance(patterns, str) else tuple(patterns), zone)
    return _Specifier("field", unit=unit, form=form, separator=separator)


@dataclass_transform(
    frozen_default=True, field_specifiers=(key, timestamp, decimal, event_id, tiebreak, sequence, field)
)
class Event:
    """One input row, declared by annotations.

    ::

        class Quote(bl.Event):
            symbol: str = bl.key()
            at: datetime = bl.timestamp()
            bid: Decimal = bl.decimal(18, 6)
            ask: Decimal | None = bl.decimal(18, 6)  # nullable
            side: str
            conditions: list[str]

    Types are `str`, `int`, `bool`, `Decimal`, `datetime` and `list[str]`, each possibly ``| None``. What is wrong with
    them is reported, all at once, when bars over the event are named.
    """

    __event__: ClassVar[EventDraft]

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        names = [name for name in vars(cls).get("__annotations__", {}) if not _is_class_variable(cls, name)]
        inherited = getattr(cls, "__event__", None)
        known: dict[str, FieldDraft] = {item.name: item for item in inherited.fields} if inherited else {}
        problems = list(inherited.problems) if inherited else []
        for name in names:
            known[name] = _field(cls, name, problems)
            if name in vars(cls):
                delattr(cls, name)
        cls.__event__ = EventDraft(cls.__name__, cls.__name__, tuple(known.values()), tuple(problems))
        dataclass(frozen=True)(cls)


def _is_class_variable(cls: type, name: str) -> bool:
    return "ClassVar" in str(cls.__annotations__[name])


def _field(cls: type, name: str, problems: list[Problem]) -> FieldDraft:
    where = f"{cls.__name__}.{name}"
    given = vars(cls).get(name)
    specifier = given if isinstance(given, _Specifier) else _Specifier("field")
    found: list[Problem] = []
    if name in vars(cls) and not isinstance(given, _Specifier):
        found.append(Problem(f"has the default {given!r}", where, "fields have no defaults; write only the type"))
    kind, nullable = _kind(cls, name, where, found)
    made = None if kind is None else _typed(name, kind, specifier, where, found, nullable=nullable)
    problems.extend(found)
    roles = frozenset({specifier.role, *(["tiebreak"] if specifier.tiebreak else [])} - {"field", "decimal"})
    return FieldDraft(name, where, made, roles, specifier.settings)


def _kind(cls: type, name: str, where: str, problems: list[Problem]) -> tuple[type | None, bool]:
    """The Python type of an annotation, and whether it may be none."""
    written = cls.__annotations__[name]
    annotation = _resolved(cls, written)
    options = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    types = [option for option in options if option is not NoneType and option is not None]
    if len(types) == 1 and types[0] in (*KINDS, Decimal, datetime, _LIST):
        return types[0], len(types) != len(options)
    shown = written if isinstance(written, str) else getattr(written, "__name__", str(written))
    if types == [float]:
        what, fix = "is a float, which is not exact", f"write {name}: Decimal = bl.decimal(precision, scale)"
    else:
        what, fix = f"has the type {shown}", "use str, int, bool, Decimal, datetime or list[str], possibly '| None'"
    problems.append(Problem(what, where, fix))
    return None, False


def _resolved(cls: type, written: object) -> object:
    if not isinstance(written, str):
        return written
    names = {"Decimal": Decimal, "datetime": datetime, **vars(sys.modules[cls.__module__])}
    try:
        return eval(written, names)  # noqa: S307 - an annotation of the user's own module, as typing resolves it
    except Exception:  # noqa: BLE001 - whatever an annotation raises, it is not a type
        return written


def _typed(  # noqa: PLR0913 - one field
    name: str, kind: type, specifier: _Specifier, where: str, problems: list[Problem], *, nullable: bool
) -> Field | None:
    if kind is Decimal:
        number = _number(name, specifier, where, problems)
        return decimal_field(name, number, specifier.rounding, specifier.encoding, where, problems, nullable=nullable)
    if kind == _LIST:
        separator = DEFAULT_SEPARATOR if specifier.separator is None else specifier.separator
        return list_field(name, separator, where, problems, nullable=nullable)
    if specifier.separator is not None:
        problems.append(Problem("has a separator but is no list", where, f"write {name}: list[str]"))
        return None
    if specifier.role == "decimal":
        problems.append(Problem(f"is a decimal but annotated {kind.__name__}", where, f"write {name}: Decimal"))
        return None
    if kind is datetime or specifier.role == "timestamp" or specifier.unit is not None:
        unit = _unit(kind, specifier, where, problems)
        return Field(name, FieldKind.TIMESTAMP, None, nullable, unit, specifier.form) if unit else None
    if specifier.form != ISO:
        problems.append(Problem(f"a time annotated {kind.__name__}", where, f"write {name}: datetime"))
    return Field(name, KINDS[kind], None, nullable)


def _number(name: str, specifier: _Specifier, where: str, problems: list[Problem]) -> NumberType | None:
    if specifier.role not in ("decimal", "field"):
        return NumberType(MAX_DIGITS, 0)
    if specifier.role == "field":
        problems.append(
            Problem("a Decimal without precision and scale", where, f"write {name}: Decimal = bl.decimal(18, 6)")
        )
        return None
    return decimal_type(specifier.precision, specifier.scale, where, problems)


def decimal_type(precision: object, scale: object, where: str, problems: list[Problem]) -> NumberType | None:
    """The number type of ``decimal(precision, scale)`` if there is one."""
    whole = all(isinstance(item, int) and not isinstance(item, bool) for item in (precision, scale))
    if whole and 1 <= cast("int", precision) <= MAX_DIGITS and 0 <= cast("int", scale) <= cast("int", precision):
        return NumberType(cast("int", precision), cast("int", scale))
    bounds = f"precision is 1 to {MAX_DIGITS} digits, and scale, the digits behind the point, is 0 to precision"
    fix = f"give two whole numbers: {bounds}"
    problems.append(Problem(f"decimal({precision}, {scale}) is not possible", where, fix))
    return None


def decimal_field(  # noqa: PLR0913, PLR0917 - what a decimal says
    name: str,
    number: NumberType | None,
    rounding: object,
    encoding: object,
    where: str,
    problems: list[Problem],
    *,
    nullable: bool,
) -> Field | None:
    """The field of a decimal type; none where something is wrong with how its numbers come."""
    wrong = []
    if rounding is not None and rounding not in get_args(Rounding):
        wrong.append(Problem(f"unknown rounding {rounding!r}", where, did_you_mean(str(rounding), get_args(Rounding))))
    if encoding is not None and encoding not in ENCODINGS:
        wrong.append(Problem(f"unknown encoding {encoding!r}", where, did_you_mean(str(encoding), ENCODINGS)))
    if rounding is not None and encoding is not None:
        what = "a decimal that comes as bytes has the places of the field, so that there is nothing to round"
        wrong.append(Problem(what, where, "leave round out, and declare the scale of the connector's schema"))
    problems += wrong
    if wrong or number is None:
        return None
    rounds, comes = cast("str | None", rounding), cast("str | None", encoding)
    return Field(name, FieldKind.DECIMAL, number, nullable, rounding=rounds, encoding=comes)


def _unit(kind: type, specifier: _Specifier, where: str, problems: list[Problem]) -> str | None:
    unit = specifier.unit or "iso"
    if kind is datetime and unit == "iso":
        return _checked("iso", specifier.form, where, problems)
    if specifier.form != ISO and (unit != "iso" or kind is int):
        what, fix = "a time with a pattern or a zone is no number since 1970", "leave the unit out, and write datetime"
    elif kind is int and unit in UNITS:
        return str(unit)
    elif kind is int and unit == "iso":
        what, fix = "a time counted by an int without a unit", f"add unit= {one_of(UNITS)}, or annotate it datetime"
    elif kind is datetime:
        what, fix = f"a datetime with the unit {unit!r}", "annotate it int to count since 1970, or leave the unit out"
    elif kind is int:
        what, fix = f"unknown unit {unit!r}", f"write {one_of(UNITS)}"
    else:
        what, fix = f"a time annotated {kind.__name__}", "annotate it datetime, or int with a unit"
    problems.append(Problem(what, where, fix))
    return None


def _checked(unit: str, form: TimeForm, where: str, problems: list[Problem]) -> str | None:
    problem = form_problem(form, where)
    if problem is not None:
        problems.append(problem)
    return unit if problem is None else None


def list_field(name: str, separator: object, where: str, problems: list[Problem], *, nullable: bool) -> Field | None:
    """The field of ``list(";")``; none, with a problem, where nothing can be parted like that."""
    if isinstance(separator, str) and separator and separator.isprintable() and not any(map(str.isalnum, separator)):
        return Field(name, FieldKind.STRING, None, nullable, separator=separator)
    what = f"{separator!r} cannot part the elements of a list"
    problems.append(Problem(what, where, """write a sign such as list(","), list("|") or list(" ")"""))
    return None


def unquoted_separator(written: str | None) -> str:
    """What stands in the parentheses of ``list(…)``, with or without quotes."""
    if written is None:
        return DEFAULT_SEPARATOR
    quoted = len(written) > 1 and written[0] == written[-1] and written[0] in "\"'"
    return written[1:-1] if quoted else written


def list_problem(item: FieldDraft, role: str) -> Problem | None:
    """What is wrong where a list is to be a key or an id."""
    if item.field is None or item.field.separator is None:
        return None
    return Problem(f"{item.name!r} is a list, which cannot be {role}", item.where, "declare it as string")
