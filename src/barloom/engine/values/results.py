"""What a bar says: the declared outputs, computed from its partial columns when it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from barloom.engine.blocks import Numbers, Values
from barloom.engine.values import exact
from barloom.engine.values.evaluate import PartialColumns, literal, number, ratio_power
from barloom.plan.nodes import NULL, Arithmetic, Column, Negate, Node, Number, Ratio, RootRatio

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from barloom.plan.barplan import BarPlan, Output
    from barloom.time.calendar import Booleans

__all__ = ["OneResult", "result_of_one", "results"]

OneResult: TypeAlias = "Callable[[Sequence[int | None]], int | None]"
"""From the partials of one bar to one output, as scaled integers; none is null."""


def results(plan: BarPlan, partials: Sequence[Values], synthetic: Booleans) -> list[Values]:
    """The output columns in the order of `BarPlan.outputs`, at the scale of each output's type.

    Raises `ExactnessError` where a value leaves 38 digits.
    """
    columns = PartialColumns(plan.partials, partials, len(synthetic))
    any_synthetic = bool(synthetic.any())
    return [_output(output, columns, synthetic if any_synthetic else None) for output in plan.outputs]


def _output(output: Output, columns: PartialColumns, synthetic: Booleans | None) -> Values:
    values, scale = number(output.result, columns)
    numbers = exact.rescale(values.numbers, output.number.scale - scale)
    exact.check_digits(numbers, output.name)
    values = Values(numbers, values.valid)
    if synthetic is None or output.empty is None:
        return values
    return _replaced(values, synthetic, _fixed(output))


def _fixed(output: Output) -> int | None:
    """The stated value of an empty slot, at the output's scale."""
    if output.empty == NULL:
        return None
    if not isinstance(output.empty, Number):
        message = f"{output.name}: the value of an empty slot is {output.empty!r}, not a number"
        raise TypeError(message)
    whole, scale = literal(output.empty.value)
    missing: int = 10 ** max(output.number.scale - scale, 0)
    surplus: int = 10 ** max(scale - output.number.scale, 0)
    return whole * missing // surplus


def _replaced(values: Values, where: Booleans, fixed: int | None) -> Values:
    numbers, valid = values
    if fixed is not None and abs(fixed) >= 1 << 63:
        numbers = exact.widen(numbers)
    replaced: Numbers = np.where(where, 0 if fixed is None else fixed, numbers)
    if fixed is None:
        return Values(replaced, ~where if valid is None else valid & ~where)
    return Values(replaced, None if valid is None else valid | where)


def result_of_one(plan: BarPlan, output: Output, *, synthetic: bool) -> OneResult:
    """`results` for single bars: compiled once, then called with Python integers."""
    if synthetic and output.empty is not None:
        fixed = _fixed(output)
        return lambda _: fixed
    scales = [partial.number.scale for partial in plan.partials]
    compute, scale = _compiled(output.result, scales)
    return _scaled(compute, output.number.scale - scale)


def _compiled(node: Node, scales: Sequence[int]) -> tuple[OneResult, int]:
    """A function of the partials, and the scale of what it returns."""
    match node:
        case Column(name):
            position = int(name)
            return (lambda partials: partials[position]), scales[position]
        case Number(value):
            whole, scale = literal(value)
            return (lambda _: whole), scale
        case Negate(operand):
            compute, scale = _compiled(operand, scales)
            return _negated(compute), scale
        case Arithmetic():
            return _arithmetic(node, scales)
        case Ratio() | RootRatio():
            return _ratio(node, scales)
        case _:
            message = f"{node!r} is not a number"
            raise TypeError(message)


def _scaled(compute: OneResult, power: int) -> OneResult:
    if power == 0:
        return compute
    factor: int = 10**power

    def scaled(partials: Sequence[int | None]) -> int | None:
        value = compute(partials)
        return None if value is None else value * factor

    return scaled


def _negated(compute: OneResult) -> OneResult:
    def negated(partials: Sequence[int | None]) -> int | None:
        value = compute(partials)
        return None if value is None else -value

    return negated


def _arithmetic(node: Arithmetic, scales: Sequence[int]) -> tuple[OneResult, int]:
    (left, left_scale), (right, right_scale) = _compiled(node.left, scales), _compiled(node.right, scales)
    if node.operator == "*":
        return _both(left, right, lambda one, other: one * other), left_scale + right_scale
    scale = max(left_scale, right_scale)
    left, right = _scaled(left, scale - left_scale), _scaled(right, scale - right_scale)
    if node.operator == "+":
        return _both(left, right, lambda one, other: one + other), scale
    return _both(left, right, lambda one, other: one - other), scale


def _ratio(node: Ratio | RootRatio, scales: Sequence[int]) -> tuple[OneResult, int]:
    (top, top_scale), (bottom, bottom_scale) = _compiled(node.numerator, scales), _compiled(node.denominator, scales)
    power = ratio_power(node, top_scale, bottom_scale)
    top, bottom = _scaled(top, max(power, 0)), _scaled(bottom, max(-power, 0))
    divide = exact.divide_one if isinstance(node, Ratio) else exact.root_one
    rounding = node.rounding
    return _both(top, bottom, lambda one, other: divide(one, other, rounding)), node.scale


def _both(left: OneResult, right: OneResult, combine: Callable[[int, int], int | None]) -> OneResult:
    def both(partials: Sequence[int | None]) -> int | None:
        one, other = left(partials), right(partials)
        return None if one is None or other is None else combine(one, other)

    return both
