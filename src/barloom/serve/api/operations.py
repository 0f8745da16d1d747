"""Typed handlers as operations of the API: what one takes and gives is read from its signature, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeAlias, Union, get_args, get_origin, get_type_hints

from barloom.serve.api.asking import Asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.serve.api.room import Room

    Handler: TypeAlias = Callable[[Any, Room], object]

__all__ = ["Operation", "operation"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One path that is answered to GET.

    `kind` are its parameters, `answers` what its handler may give back. A `quick` one waits for nothing, as long as the
    bars are on this machine. One that is `guarded` looks into stores, so that it may ask for a token.
    """

    path: str
    handler: Handler
    kind: type[Asked]
    answers: tuple[object, ...]
    tag: str
    quick: bool
    guarded: bool

    @property
    def name(self) -> str:
        """What clients call it."""
        return f"{self.tag}_{self.handler.__name__}"

    @property
    def summary(self) -> str:
        """The first line of what the handler says of itself."""
        return (self.handler.__doc__ or "").strip().partition("\n")[0]

    @property
    def description(self) -> str:
        """All that the handler says of itself."""
        lines = (self.handler.__doc__ or "").strip().splitlines()
        return "\n".join(line.strip() for line in lines)


def operation(path: str, *, tag: str, quick: bool = False, guarded: bool = True) -> Callable[[Handler], Operation]:
    """What makes an operation of a handler, whose arguments are a struct of parameters and a `Room`."""

    def made(handler: Handler) -> Operation:
        hints = get_type_hints(handler)
        answer = hints.pop("return")
        kind = next(hint for hint in hints.values() if isinstance(hint, type) and issubclass(hint, Asked))
        answers = get_args(answer) if get_origin(answer) in (Union, UnionType) else (answer,)
        return Operation(path, handler, kind, answers, tag, quick, guarded)

    return made
