"""What a ksqlDB server does with the statements that barloom writes, worked out by plain loops.

Expressions are evaluated as the server's generated Java does: a comparison with null is false, text joined with null
holds the word ``null``, calculating with null fails, a failed cast or column is null, a DOUBLE becomes a DECIMAL by
its first digits and then half up. A window is closed for a record when its end plus the grace is not later than the
largest event time that the partition has seen, that record included; a final is emitted when its window is closed.
What WHERE leaves out, and what has a null in GROUP BY, is not seen by the aggregation at all. A statement that the
server's planner refuses does not run here either.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeAlias

from ksqldb.planner import refused
from ksqldb.reading_sql import Statement, Tree, statements, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

EXACT = Context(prec=300)
AGGREGATES = {"MIN", "MAX", "SUM", "COUNT"}
Row = dict[str, Any]
Value: TypeAlias = Any
"""What a column may hold: Decimal, int, float, text, `Stamp`, a list of texts, a truth, or nothing."""


class Stamp(int):
    """A TIMESTAMP, in milliseconds."""

    __slots__ = ()


class Failure(Exception):
    """The server's code throws."""


@dataclass(frozen=True)
class Record:
    """A record of a stream: its partition and offset, key and value by column, and event time."""

    partition: int
    offset: int
    row: Mapping[str, Any]
    time: int


@dataclass
class Topics:
    """By name: the records of every stream, those that every table wrote, and the last row of each of its windows."""

    records: dict[str, list[Record]] = field(default_factory=dict)
    written: dict[str, list[Record]] = field(default_factory=dict)
    tables: dict[str, dict[tuple[Any, ...], Row]] = field(default_factory=dict)


def run(script: str, ticks: Iterable[Record]) -> Topics:
    """Run a script over the records of its first stream, and return all that its sources hold in the end."""
    made = Topics()
    topics: dict[str, list[Record]] = {}
    sources: dict[str, Statement] = {}
    for statement in statements(script):
        if statement.kind == "SET":
            continue
        assert refused(statement, sources) is None, refused(statement, sources)
        sources[statement.name] = statement
        topic = str(statement.properties.get("KAFKA_TOPIC"))
        if statement.kind == "STREAM":
            known = topics.get(topic)
            made.records[statement.name] = list(ticks) if known is None else _retimed(statement, known)
        else:
            written, last = aggregate(statement, made.records[statement.source])
            topics[topic] = made.written[statement.name] = written
            made.tables[statement.name] = last
    return made


def _retimed(statement: Statement, records: list[Record]) -> list[Record]:
    """A stream over a topic of bars: its columns, and the event time from the one that it names."""
    names = [name for name, _, _ in statement.columns]
    assert all(names == list(record.row) for record in records), "other columns than the table's"
    column = str(statement.properties["TIMESTAMP"]).upper()
    return [Record(item.partition, item.offset, item.row, int(item.row[column])) for item in records]


def aggregate(statement: Statement, records: list[Record]) -> tuple[list[Record], dict[tuple[Any, ...], Row]]:
    """The records that a windowed aggregation writes, and the last row of each window."""
    written: list[Record] = []
    last: dict[tuple[Any, ...], Row] = {}
    for partition in sorted({record.partition for record in records}):
        table = _Table(statement, partition)
        for record in records:
            if record.partition == partition:
                table.take(record)
        written += table.written
        last |= table.last
    return written, last


class _Table:
    """One partition of a table."""

    def __init__(self, statement: Statement, partition: int) -> None:
        self._statement = statement
        self._partition = partition
        self._keys = [next(name for value, name in statement.items if value == key) for key in statement.group_by]
        self._calls = list(dict.fromkeys(map(_frozen, _aggregates(statement))))
        self._open: dict[tuple[Any, ...], dict[Any, Any]] = {}
        self._stream_time = -1
        self.written: list[Record] = []
        self.last: dict[tuple[Any, ...], Row] = {}

    def take(self, record: Record) -> None:
        row = {**record.row, "ROWOFFSET": record.offset}
        if self._statement.where is not None and not _holds(self._statement.where, row):
            return
        group = [_column(node, row, {}) for node in self._statement.group_by]
        if None in group:
            return
        self._stream_time = max(self._stream_time, record.time)
        size, grace = self._statement.window["size"], self._statement.window["grace"]
        start = record.time - record.time % size
        if start + size <= self._stream_time - grace:
            return
        key = (start, *group)
        state = self._open.setdefault(key, {})
        for call in self._calls:
            state[call] = _folded(call, state.get(call), row)
        self.last[key] = self._result(key, state)
        if self._statement.emit == "FINAL":
            self._close(self._stream_time - grace - size)
        else:
            self._emit(key, record.time)

    def _close(self, upto: int) -> None:
        for key in sorted(key for key in self._open if key[0] <= upto):
            self._emit(key, key[0])
            del self._open[key]

    def _emit(self, key: tuple[Any, ...], time: int) -> None:
        self.written.append(Record(self._partition, len(self.written), self.last[key], time))

    def _result(self, key: tuple[Any, ...], state: Mapping[Any, Any]) -> Row:
        start, *values = key
        row = dict(zip(self._keys, values, strict=True))
        bounds = {"WINDOWSTART": start, "WINDOWEND": start + self._statement.window["size"]}
        items = [(value, name) for value, name in self._statement.items if name not in row]
        return {**row, **{name: _column(value, bounds, state) for value, name in items}}


def _aggregates(statement: Statement) -> list[Tree]:
    return [node for value, _ in statement.items for node in walk(value) if _is_aggregate(node)]


def _is_aggregate(node: Tree) -> bool:
    return node[:1] == ("call",) and node[1] in AGGREGATES


def _frozen(node: Tree) -> Tree:
    return tuple(map(_frozen, node)) if isinstance(node, (list, tuple)) else node


def _folded(call: Tree, state: Value, row: Mapping[str, Value]) -> Value:
    _, name, (argument,) = call
    value = 1 if argument == ("star",) else _column(argument, row, {})
    if name == "COUNT":
        return (state or 0) + (value is not None)
    if name == "SUM":
        zero = Decimal(0) if state is None else state
        return zero if value is None else zero + value if isinstance(value, int) else EXACT.add(Decimal(zero), value)
    if value is None or state is None:
        return state if value is None else value
    return min(state, value) if name == "MIN" else max(state, value)


def _column(node: Tree, row: Mapping[str, Any], results: Mapping[Any, Any]) -> Value:
    """The value of a column: null where the server's code throws."""
    try:
        return evaluate(node, row, results)
    except Failure:
        return None


def _holds(node: Tree, row: Mapping[str, Any]) -> bool:
    return bool(_column(node, row, {}))


def evaluate(node: Tree, row: Mapping[str, Any], results: Mapping[Any, Any]) -> Value:  # noqa: C901, PLR0911, PLR0912 - a case each
    """An expression over a row, with the results of aggregates that are known."""
    if _is_aggregate(node):
        return results[_frozen(node)]
    match node:
        case ("column", name):
            return row[name]
        case ("nothing",):
            return None
        case ("text", value) | ("constant", value):
            return value
        case ("number", value):
            return value if value.as_tuple().exponent else int(value)
        case ("minus", operand):
            return EXACT.minus(_given(evaluate(operand, row, results)))
        case ("AND", left, right):
            return evaluate(left, row, results) and evaluate(right, row, results)
        case ("OR", left, right):
            return evaluate(left, row, results) or evaluate(right, row, results)
        case ("is null", operand):
            return evaluate(operand, row, results) is None
        case ("is not null", operand):
            return evaluate(operand, row, results) is not None
        case ("case", branches, otherwise):
            chosen = (then for when, then in branches if evaluate(when, row, results))
            return evaluate(next(chosen, otherwise), row, results)
        case ("item", operand, index):
            array = evaluate(operand, row, results)
            return None if array is None or index > len(array) else array[index - 1]
        case ("cast", operand, kind):
            return _cast(_column(operand, row, results), kind)
        case ("call", name, arguments):
            return FUNCTIONS[name](*(evaluate(argument, row, results) for argument in arguments))
        case (sign, left, right):
            return _operate(sign, evaluate(left, row, results), evaluate(right, row, results))
    raise AssertionError(node)


def _given(value: Value) -> Value:
    if value is None:
        raise Failure
    return value


def _operate(sign: str, left: Value, right: Value) -> Value:
    if sign in COMPARISONS:
        return left is not None and right is not None and COMPARISONS[sign](left, right)
    if isinstance(left, str) or isinstance(right, str):
        return f"{'null' if left is None else left}{'null' if right is None else right}"
    one, two = _given(left), _given(right)
    if isinstance(one, float) or isinstance(two, float):
        assert sign == "/"
        return one / two
    assert sign != "/", "a division of exact numbers is null or an integer in ksqlDB"
    assert isinstance(one, Decimal) or isinstance(two, Decimal), "integers overflow in silence"
    calculate = {"+": EXACT.add, "-": EXACT.subtract, "*": EXACT.multiply}
    return calculate[sign](Decimal(one), Decimal(two))


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _cast(value: Value, kind: str) -> Value:  # noqa: PLR0911 - one case a type
    if value is None:
        return None
    if kind == "VARCHAR":
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    if kind == "DOUBLE":
        return float(value)
    if kind == "BIGINT":
        return int(value)
    precision, scale = (int(digits) for digits in kind.removeprefix("DECIMAL(").removesuffix(")").split(","))
    try:
        exact = Decimal(value)
    except InvalidOperation:
        return None
    if isinstance(value, float):
        exact = Context(prec=precision, rounding=ROUND_HALF_UP).create_decimal(exact)
    if abs(exact) >= Decimal(10) ** (precision - scale):
        return None
    return exact.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, EXACT)


def _first_known(values: tuple[Value, ...]) -> Value:
    """COALESCE; the server asks for values of one type."""
    known = [value for value in values if value is not None]
    assert len({type(value) for value in known}) <= 1, "COALESCE of different types"
    assert len({value.as_tuple().exponent for value in known if isinstance(value, Decimal)}) <= 1, "different scales"
    return known[0] if known else None


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "UNIX_TIMESTAMP": lambda stamp: None if stamp is None else int(stamp),
    "FROM_UNIXTIME": Stamp,
    "LPAD": lambda text, length, pad: None if text is None else text.rjust(length, pad)[:length],
    "SPLIT": lambda text, by: None if text is None else text.split(by),
    "COALESCE": lambda *values: _first_known(values),
    "ABS": lambda value: None if value is None else abs(value) if isinstance(value, int) else EXACT.abs(value),
}
