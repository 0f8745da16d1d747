"""Public modules that import a name's home when the name is first used, so that every command begins at once."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["lazily"]


def lazily(
    names: dict[str, object], homes: Mapping[str, str], modules: tuple[str, ...] = ()
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of a public module whose `names` are its ``globals()``.

    `homes` has the public names by the module that defines them, several with blanks between; `modules` are public
    modules below this one.
    """
    where = {name: home for home, listed in homes.items() for name in listed.split()}
    own = names["__name__"]

    def get(name: str) -> object:
        if name in modules:
            return import_module(f"{own}.{name}")
        if name not in where:
            message = f"module {own!r} has no attribute {name!r}"
            raise AttributeError(message)
        found: object = getattr(import_module(where[name]), name)
        names[name] = found
        return found

    return get, lambda: sorted([*where, *modules])
