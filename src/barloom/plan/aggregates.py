"""Aggregates: partial columns, how they merge, how the result is read from them, and the value in an empty slot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from barloom.plan.barplan import MAX_DIGITS, Fold
from barloom.plan.expressions import DIVISION, Expression, Flaw, Operand, lit
from barloom.plan.language.written import condition, value
from barloom.plan.nodes import Arithmetic, Column, Logical, Negate, Node, Ratio, RootRatio, Rounding, replaced
from barloom.plan.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "DEFAULT_SCALE",
    "Aggregate",
    "EmptyRule",
    "Part",
    "aggregate",
    "avg",
    "combined",
    "count",
    "delta",
    "first",
    "last",
    "max",
    "min",
    "ohlcv",
    "ratio",
    "root_ratio",
    "stddev",
    "sum",
    "vwap",
]

EmptyRule: TypeAlias = str | int | Decimal | None
"""The value in a slot without ticks: ``"carry"``, ``"null"`` (or none), a literal such as ``"0"``, or ``"default"``."""

DEFAULT_SCALE: Final = -1
"""In a ratio: as many digits as the aggregate's `scale_of` expression has."""


@dataclass(frozen=True, slots=True)
class Part:
    """One partial column of an aggregate. Rows in which `given` is null are left out; `grown` as in `Partial`."""

    fold: Fold
    expression: Node | None = None
    when: Node | None = None
    given: Node | None = None
    grown: str | None = None
    shown: bool = False


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What becomes one column of the bar; made by `first`, `last`, `vwap`…, or by `aggregate` for one's own.

    `parts` are the partial columns by name, `result` the expression over them, `arguments` how it was called (none for
    one's own), `scale_of` the expression whose scale a ratio without one takes. Arithmetic between aggregates, such as
    ``bl.max("price") - bl.min("price")``, gives an aggregate of these `terms`, whose `result` reads them by position.
    """

    name: str
    parts: tuple[tuple[str, Part], ...]
    result: Node
    arguments: tuple[Node, ...] | None = None
    scale_of: Node | None = None
    when: Node | None = None
    empty: EmptyRule = "default"
    flaws: tuple[Flaw, ...] = ()
    terms: tuple[Aggregate, ...] = ()

    def __add__(self, other: Summand) -> Aggregate:
        return _between("+", self, other)

    def __radd__(self, other: Summand) -> Aggregate:
        return _between("+", other, self)

    def __sub__(self, other: Summand) -> Aggregate:
        return _between("-", self, other)

    def __rsub__(self, other: Summand) -> Aggregate:
        return _between("-", other, self)

    def __mul__(self, other: Summand) -> Aggregate:
        return _between("*", self, other)

    def __rmul__(self, other: Summand) -> Aggregate:
        return _between("*", other, self)

    def __neg__(self) -> Aggregate:
        return combined(Negate(Column("0")), (self,))

    def __truediv__(self, other: Summand) -> Aggregate:
        return replace(self, flaws=(*self.flaws, DIVISION))

    def filtered(self, when: Expression | str | None) -> Aggregate:
        """The same over the rows that fulfil `when` only."""
        if when is None:
            return self
        added = condition(when)
        if self.terms:
            made = combined(self.result, tuple(term.filtered(added) for term in self.terms))
            return replace(made, empty=self.empty, flaws=_distinct(self.flaws, made.flaws))
        parts = tuple((name, replace(part, when=_both(part.when, added.node))) for name, part in self.parts)
        both = _both(self.when, added.node)
        return replace(self, parts=parts, when=both, flaws=(*self.flaws, *added.flaws))

    def if_empty(self, rule: EmptyRule) -> Aggregate:
        """The same with another value in slots without ticks."""
        return replace(self, empty=rule)


Summand: TypeAlias = Aggregate | Decimal | int | str
"""What may stand beside an aggregate: another one, or an exact number."""


def combined(result: Node, terms: tuple[Aggregate, ...]) -> Aggregate:
    """Arithmetic between aggregates: `result` reads each as ``Column("0")``, ``Column("1")``…, by its position."""
    flaws = [flaw for term in terms for flaw in term.flaws]
    flaws += [_stated(term) for term in terms if _states(term)]
    parts = tuple((f"{place}.{name}", part) for place, term in enumerate(terms) for name, part in term.parts)
    return Aggregate("formula", parts, result, flaws=tuple(flaws), terms=terms)


EMPTY_FIX: Final = "the terms of a calculation have their own values in an empty slot: leave it out"


def _states(term: Aggregate) -> bool:
    return term.empty != "default"


def _stated(term: Aggregate) -> Flaw:
    return Flaw(f"empty= of {term.name} stands within a calculation", EMPTY_FIX)


def _distinct(*flaws: Iterable[Flaw]) -> tuple[Flaw, ...]:
    return tuple(dict.fromkeys(chain(*flaws)))


def _between(operator: Literal["+", "-", "*"], left: Summand, right: Summand) -> Aggregate:
    terms: list[Aggregate] = []
    flaws: list[Flaw] = []
    one, two = (_summand(side, terms, flaws) for side in (left, right))
    made = combined(Arithmetic(operator, one, two), tuple(terms))
    return replace(made, flaws=_distinct(made.flaws, flaws))


def _summand(side: Summand, terms: list[Aggregate], flaws: list[Flaw]) -> Node:
    """How a calculation reads one side, whose terms come behind those there are."""
    if not isinstance(side, Aggregate):
        literal = lit(side)
        flaws.extend(literal.flaws)
        if isinstance(side, Expression):
            flaws.append(Flaw("a column stands beside an aggregate", "aggregate it, such as bl.last(…)", unread=True))
            return lit(0).node
        return literal.node
    place = len(terms)
    if not side.terms:
        terms.append(side)
        return Column(str(place))
    flaws.extend(side.flaws)
    if _states(side):
        flaws.append(_stated(side))
    terms.extend(side.terms)
    return replaced(side.result, lambda name: Column(str(int(name) + place)))


def _both(one: Node | None, two: Node) -> Node:
    return two if one is None else Logical("and", one, two)


def _single(fold: Fold, over: Operand, when: Expression | str | None, empty: EmptyRule) -> Aggregate:
    read = value(over)
    name = fold.value
    made = Aggregate(name, ((name, Part(fold, read.node)),), Column(name), (read.node,), flaws=read.flaws)
    return made.filtered(when).if_empty(empty)


def first(over: Operand, *, when: Expression | str | None = None, empty: EmptyRule = "default") -> Aggregate:
    """The value of the first row by (event time, source offset). In an empty slot that is carried: the last one."""
    return _single(Fold.FIRST, over, when, empty)


def last(over: Operand, *, when: Expression | str | None = None, empty: EmptyRule = "default") -> Aggregate:
    """The value of the last row by (event time, source offset), carried where the gap policy says so."""
    return _single(Fold.LAST, over, when, empty)


def min(over: Operand, *, when: Expression | str | None = None, empty: EmptyRule = "default") -> Aggregate:  # noqa: A001 - the field's name for it
    """The smallest value. In an empty slot that is carried: the last one."""
    return _single(Fold.MIN, over, when, empty)


def max(over: Operand, *, when: Expression | str | None = None, empty: EmptyRule = "default") -> Aggregate:  # noqa: A001 - the field's name for it
    """The largest value. In an empty slot that is carried: the last one."""
    return _single(Fold.MAX, over, when, empty)


def sum(over: Operand, *, when: Expression | str | None = None, empty: EmptyRule = "default") -> Aggregate:  # noqa: A001 - the field's name for it
    """The exact sum; 0 in an empty slot."""
    return _single(Fold.SUM, over, when, empty)


def count(
    over: Operand | None = None, *, when: Expression | str | None = None, empty: EmptyRule = "default"
) -> Aggregate:
    """The number of rows, or of rows in which `over` has a value; 0 in an empty slot."""
    if over is not None:
        return _single(Fold.COUNT, over, when, empty)
    made = Aggregate("count", (("count", Part(Fold.COUNT)),), Column("count"), ())
    return made.filtered(when).if_empty(empty)


def avg(
    over: Operand,
    *,
    scale: int | None = None,
    rounding: Rounding = "half-even",
    when: Expression | str | None = None,
    empty: EmptyRule = "default",
) -> Aggregate:
    """The mean, rounded to `scale` digits (default: those of `over`); null in an empty slot.

    A parent merges the sums and counts of its children.
    """
    read = value(over)
    parts = {"sum": Part(Fold.SUM, read.node), "count": Part(Fold.COUNT, read.node)}
    result = ratio(_part("sum"), _part("count"), scale=scale, rounding=rounding)
    return _composed("avg", parts, result, (read,), when, empty)


def vwap(  # noqa: PLR0913 - one argument a choice
    price: Operand,
    size: Operand,
    *,
    scale: int | None = None,
    rounding: Rounding = "half-even",
    when: Expression | str | None = None,
    empty: EmptyRule = "default",
) -> Aggregate:
    """Turnover by volume, rounded to `scale` digits (default: the price's); null in an empty slot or without volume.

    A row without price counts for neither.
    """
    prices, sizes = value(price), value(size)
    parts = {
        "turnover": Part(Fold.SUM, (prices * sizes).node),
        "volume": Part(Fold.SUM, sizes.node, given=prices.node),
    }
    result = ratio(_part("turnover"), _part("volume"), scale=scale, rounding=rounding)
    return _composed("vwap", parts, result, (prices, sizes), when, empty)


def stddev(
    over: Operand,
    *,
    scale: int | None = None,
    rounding: Rounding = "half-even",
    when: Expression | str | None = None,
    empty: EmptyRule = "default",
) -> Aggregate:
    """The sample standard deviation, rounded to `scale` digits (default: those of `over`); null of fewer than two."""
    read = value(over)
    parts = {
        "squares": Part(Fold.SUM, (read * read).node),
        "sum": Part(Fold.SUM, read.node),
        "count": Part(Fold.COUNT, read.node),
    }
    number, total = _part("count"), _part("sum")
    spread = number * _part("squares") - total * total
    result = root_ratio(spread, number * (number - 1), scale=scale, rounding=rounding)
    return _composed("stddev", parts, result, (read,), when, empty)


def delta(
    total: Operand,
    *,
    reset: Literal["session", "smaller"] = "session",
    when: Expression | str | None = None,
    empty: EmptyRule = "default",
) -> Aggregate:
    """How much a running total, such as the day's volume so far, has grown since the last tick of the bar before.

    The total begins anew, at 0, with each trading date, and where a bar ends with a smaller one than the bar before;
    with `reset` ``"smaller"`` only there. In a key's first bar it counts from the first tick on; 0 in an empty slot.
    """
    read = value(total)
    flaws = list(read.flaws)
    if reset not in ("session", "smaller"):
        flaws.append(Flaw(f"unknown reset {reset!r}", "write session, or smaller"))
    grown = Part(Fold.SUM, read.node, grown=str(reset))
    parts = {"first": Part(Fold.FIRST, read.node), "last": Part(Fold.LAST, read.node), "settled": grown}
    parts["shown"] = replace(grown, shown=True)
    made = Aggregate("delta", tuple(parts.items()), Column("shown"), (read.node,), flaws=tuple(flaws))
    return made.filtered(when).if_empty(empty)


def _part(name: str) -> Expression:
    return Expression(Column(name))


def _composed(  # noqa: PLR0913, PLR0917 - the parts of an aggregate
    name: str,
    parts: Mapping[str, Part],
    result: Expression,
    arguments: tuple[Expression, ...],
    when: Expression | str | None,
    empty: EmptyRule,
) -> Aggregate:
    flaws = (*(flaw for argument in arguments for flaw in argument.flaws), *result.flaws)
    nodes = tuple(argument.node for argument in arguments)
    made = Aggregate(name, tuple(parts.items()), result.node, nodes, arguments[0].node, flaws=flaws)
    return made.filtered(when).if_empty(empty)


def ratio(
    numerator: Operand, denominator: Operand, *, scale: int | None = None, rounding: Rounding = "half-even"
) -> Expression:
    """In an aggregate's result: a division, rounded to `scale` digits. Null where the denominator is zero."""
    digits, flaws = _digits(scale, rounding)
    top, bottom = lit(numerator), lit(denominator)
    return Expression(Ratio(top.node, bottom.node, digits, rounding), (*top.flaws, *bottom.flaws, *flaws))


def root_ratio(
    numerator: Operand, denominator: Operand, *, scale: int | None = None, rounding: Rounding = "half-even"
) -> Expression:
    """In an aggregate's result: the square root of a quotient, rounded. Null where the denominator is not positive."""
    digits, flaws = _digits(scale, rounding)
    top, bottom = lit(numerator), lit(denominator)
    return Expression(RootRatio(top.node, bottom.node, digits, rounding), (*top.flaws, *bottom.flaws, *flaws))


def _digits(scale: object, rounding: object) -> tuple[int, list[Flaw]]:
    flaws: list[Flaw] = []
    if rounding not in get_args(Rounding):
        flaws.append(Flaw(f"unknown rounding {rounding!r}", did_you_mean(str(rounding), get_args(Rounding))))
    if scale is None:
        return DEFAULT_SCALE, flaws
    if isinstance(scale, int) and not isinstance(scale, bool) and 0 <= scale <= MAX_DIGITS:
        return scale, flaws
    flaws.append(Flaw(f"the scale {scale!r} is not a number of digits", f"give a whole number from 0 to {MAX_DIGITS}"))
    return 0, flaws


def aggregate(
    name: str,
    partials: Mapping[str, Aggregate],
    result: Callable[[Mapping[str, Expression]], Expression],
    *,
    scale_of: Operand | None = None,
    empty: EmptyRule = "default",
) -> Aggregate:
    """One's own aggregate: named partials, each one of `first last min max sum count`, and an expression over them.

    A parent bar merges the partials and reads the result from them, so it is right at every timeframe::

        def spread(over: bl.Operand) -> bl.Aggregate:
            return bl.aggregate(
                "spread",
                partials={"high": bl.max(over), "low": bl.min(over)},
                result=lambda p: p["high"] - p["low"],
            )

    Use `ratio` where the result divides. `bl.register_aggregate("spread", spread)` makes it known to TOML.
    """
    flaws: list[Flaw] = []
    parts: dict[str, Part] = {}
    for key, partial in partials.items():
        if isinstance(partial, Aggregate) and len(partial.parts) == 1 and not partial.terms:
            flaws.extend(partial.flaws)
            parts[key] = partial.parts[0][1]
        else:
            shown = repr(partial.name) if isinstance(partial, Aggregate) else repr(partial)
            fix = "use first, last, min, max, sum or count as partials, and ratio in the result"
            what = f"the partial {key!r} of {name!r} is not a single column but {shown}"
            flaws.append(Flaw(what, fix, unread=True))
    read = _result(name, list(partials), result)
    scale_node = None if scale_of is None else value(scale_of)
    flaws.extend([*read.flaws, *(scale_node.flaws if scale_node is not None else ())])
    scale_like = None if scale_node is None else scale_node.node
    return Aggregate(name, tuple(parts.items()), read.node, None, scale_like, empty=empty, flaws=tuple(flaws))


class _Partials(dict[str, Expression]):
    """The partials by name, as a result reads them; one that there is not becomes a flaw instead of an error."""

    def __init__(self, aggregate: str, names: list[str]) -> None:
        super().__init__({name: _part(name) for name in names})
        self.flaws: dict[str, Flaw] = {}
        self._aggregate = aggregate

    def __missing__(self, name: str) -> Expression:
        what = f"unknown partial {name!r} in the result of {self._aggregate!r}"
        self.flaws[name] = Flaw(what, did_you_mean(str(name), map(str, self)))
        return _part(name)


def _result(name: str, names: list[str], result: Callable[[Mapping[str, Expression]], Expression]) -> Expression:
    """The expression that one's own result gives; whatever it raises is a flaw."""
    known = _Partials(name, names)
    flaws: list[Flaw] = []
    read = lit(0)
    try:
        read = lit(result(known))
    except Exception as error:  # noqa: BLE001 - a user's function may raise anything
        what = f"the result of {name!r} raises {type(error).__name__}: {error}"
        listed = ", ".join(map(str, names)) or "none"
        flaws.append(Flaw(what, f"give a function from the partials (known are: {listed}) to an expression over them"))
    return Expression(read.node, (*read.flaws, *known.flaws.values(), *flaws))


def ohlcv(price: Operand, size: Operand | None = None, *, when: Expression | str | None = None) -> dict[str, Aggregate]:
    """The usual columns: open, high, low, close of the price, the sum of the size as volume (if given), and count."""
    columns = {
        "open": first(price, when=when),
        "high": max(price, when=when),
        "low": min(price, when=when),
        "close": last(price, when=when),
    }
    if size is not None:
        columns["volume"] = sum(size, when=when)
    return {**columns, "count": count(when=when)}
