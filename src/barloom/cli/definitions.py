"""Where a definition comes from: a TOML file, or an attribute of a Python module."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from barloom.cli.formats import UsageError
from barloom.plan.barplan import BarPlan

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["load"]


def load(definition: str) -> BarPlan:
    """The plan of ``bars.toml`` or ``package.module:attribute``.

    Raises `DefinitionError` with every mistake found, or `UsageError` where there is no such definition.
    """
    path = Path(definition)
    if path.suffix == ".toml" or path.is_file():
        return _from_file(path)
    module, colon, attribute = definition.partition(":")
    if colon and module and attribute:
        return _from_module(module, attribute)
    message = f"there is no definition {definition!r}: give a .toml file, or module:attribute of a definition in Python"
    raise UsageError(message)


def _from_file(path: Path) -> BarPlan:
    if not path.is_file():
        message = f"there is no definition file {str(path)!r} (in {Path.cwd()})"
        raise UsageError(message)
    return load_plan(path)


def _from_module(name: str, attribute: str) -> BarPlan:
    found: object = _import(name)
    for part in attribute.split("."):
        if not hasattr(found, part):
            names = ", ".join(sorted(item for item in vars(found) if not item.startswith("_")))
            message = f"{name} has no {attribute!r}; it has {names}"
            raise UsageError(message)
        found = getattr(found, part)
    plan = getattr(found, "plan", found)
    if not isinstance(plan, BarPlan):
        message = f"{name}:{attribute} is no definition of bars but {type(found).__name__}; it ends in .named('…')"
        raise UsageError(message)
    return plan


def _import(name: str) -> ModuleType:
    sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name + ".").startswith(error.name + "."):
            raise
        message = f"there is no module {name!r} (looked in {Path.cwd()} and the installed packages)"
        raise UsageError(message) from error
    finally:
        sys.path.pop(0)
