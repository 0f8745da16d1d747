"""Aggregates by name, as the written grammar calls them: the built-in ones and those that users register."""

from __future__ import annotations

from inspect import Parameter, signature
from typing import TYPE_CHECKING, Final

from barloom.plan import aggregates
from barloom.plan.aggregates import Aggregate
from barloom.plan.expressions import Expression, Flaw
from barloom.plan.language.calls import Formula, parse_aggregate
from barloom.plan.language.tokens import GrammarError
from barloom.plan.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.plan.language.calls import Call

__all__ = ["read_aggregate", "register_aggregate"]

_BUILT_IN: Final = ("first", "last", "min", "max", "sum", "count", "avg", "vwap", "stddev", "delta")
_KNOWN: Final[dict[str, Callable[..., Aggregate]]] = {name: getattr(aggregates, name) for name in _BUILT_IN}
_OUTSIDE: Final = frozenset({"when", "empty"})


def register_aggregate(name: str, builder: Callable[..., Aggregate]) -> None:
    """Make an aggregate known to the written grammar: ``name(column, …, option=value)`` calls the builder.

    Expressions arrive as positional arguments, ``name=value`` as keywords; ``when`` and ``empty=`` work by themselves.
    Raises `ValueError` for a built-in name or one that the grammar cannot write.
    """
    if name in _BUILT_IN or not name.isidentifier():
        message = f"cannot register {name!r}: use a plain name other than {', '.join(_BUILT_IN)}"
        raise ValueError(message)
    _KNOWN[name] = builder


def read_aggregate(text: str) -> Aggregate:
    """The aggregate that a text in the grammar means; what is wrong with it is in its flaws."""
    try:
        written = parse_aggregate(text)
    except GrammarError as error:
        return _flawed(text, error.flaw)
    if isinstance(written, Formula):
        return aggregates.combined(written.result, tuple(_read(text, call) for call in written.calls))
    return _read(text, written)


def _read(text: str, call: Call) -> Aggregate:
    builder = _KNOWN.get(call.name)
    if builder is None:
        return _flawed(text, Flaw(f"unknown aggregate {call.name!r}", did_you_mean(call.name, _KNOWN), unread=True))
    flaw = _misfit(call, builder)
    return _flawed(text, flaw) if flaw else _called(call, builder)


def _flawed(text: str, flaw: Flaw) -> Aggregate:
    return Aggregate(text, (), aggregates.count().result, flaws=(flaw._replace(unread=True),))


def _called(call: Call, builder: Callable[..., Aggregate]) -> Aggregate:
    options = {name: value for name, value in call.named.items() if name not in _OUTSIDE}
    made = builder(*(Expression(node) for node in call.arguments), **options)
    filtered = made.filtered(None if call.when is None else Expression(call.when))
    return filtered.if_empty(call.named["empty"]) if "empty" in call.named else filtered


def _misfit(call: Call, builder: Callable[..., Aggregate]) -> Flaw | None:
    """What does not fit between a call and the builder's parameters."""
    parameters = signature(builder).parameters.values()
    plain = [item for item in parameters if item.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)]
    options = [item.name for item in parameters if item.kind is Parameter.KEYWORD_ONLY and item.name not in _OUTSIDE]
    usage = f"write {call.name}({', '.join([item.name for item in plain] + [f'{name}=…' for name in options])})"
    for name in call.named:
        if name != "empty" and name not in options:
            return Flaw(f"{call.name} has no option {name!r}", did_you_mean(name, [*options, "empty"]))
    try:
        signature(builder).bind(*call.arguments, **{k: v for k, v in call.named.items() if k not in _OUTSIDE})
    except TypeError:
        return Flaw(f"{call.name} is called with {len(call.arguments)} arguments", usage)
    return None
