"""Where a declaration comes from: a TOML file, or an attribute of a Python module."""

from __future__ import annotations

import reprlib
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn, Protocol, TypeAlias

from barloom.errors import DefinitionError, Problem
from barloom.plan.barplan import BarPlan
from barloom.plan.draft import BarsDraft
from barloom.plan.events import EventDraft
from barloom.plan.suggest import did_you_mean
from barloom.plan.toml import read_document, read_plan

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Declared", "Definition", "HasPlan", "definition_at", "in_module", "plan_of"]


class HasPlan(Protocol):
    """Bars, as the front door gives them."""

    @property
    def plan(self) -> BarPlan:
        """What everything else reads."""


_BESIDE: Final = ("__name__", "kafka", "feed")
"""What is kept of a module: all of it could not be copied to another process."""

Declared: TypeAlias = BarPlan | HasPlan | str | Path
"""A definition: bars, or what `definition_at` reads."""


class Definition(NamedTuple):
    """A definition and what stands beside it: the tables of its document, or the ``kafka`` of its module.

    `where` is how it was asked for.
    """

    plan: BarPlan
    beside: Mapping[str, object]
    where: str


def definition_at(target: str | Path) -> Definition:
    """What is declared in ``bars.toml`` or in ``module:attribute`` (imported with the current directory in reach).

    Raises `DefinitionError` where there is no such thing, or with every problem found in it.
    """
    if not isinstance(target, (str, Path)):
        message = f"{reprlib.repr(target)} is no path; load reads a TOML file, or an attribute of a module"
        raise TypeError(message)
    if "\n" in str(target):
        _fail("is the text of a definition", "load", "write it into a .toml file, and give the path of that")
    named = in_module(target)
    if named is not None:
        plan, names = _attribute(*named), vars(sys.modules[named[0]])
        return Definition(plan, {name: names[name] for name in _BESIDE if name in names}, str(target))
    document = read_document(_text(Path(target)), str(target))
    return Definition(read_plan(document), document, str(target))


def plan_of(declared: Declared) -> BarPlan:
    """The plan of a definition. Raises as `load`, and `TypeError` for what is none."""
    if isinstance(declared, BarPlan):
        return declared
    plan: object = getattr(declared, "plan", None)
    if isinstance(plan, BarPlan):
        return plan
    if isinstance(declared, (str, Path)):
        return definition_at(declared).plan
    raise TypeError(_no_definition(declared))


def _no_definition(given: object) -> str:
    if _has_no_name(given):
        return 'these bars have no name yet: end their declaration by .named("bars")'
    if isinstance(getattr(given, "__event__", None), EventDraft):
        name = given.__name__ if isinstance(given, type) else type(given).__name__
        fix = f'bl.from_({name}).tumbling("1m").ohlcv(price="…").named("bars")'
        return f"{name} is an event, not bars of it: declare them, such as {fix}"
    return (
        f"{reprlib.repr(given)} is no definition: give bars (what .named(…) gives), the path of a TOML file, or "
        '"module:attribute"'
    )


def _has_no_name(found: object) -> bool:
    return isinstance(getattr(found, "draft", None), BarsDraft)


def in_module(target: str | Path) -> tuple[str, str] | None:
    """The module and the attribute in it that a target names; none where it is a file."""
    text = str(target)
    module, colon, attribute = text.rpartition(":")
    if colon and not text.endswith(".toml") and _is_dotted(module) and _is_dotted(attribute):
        return module, attribute
    return None


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _fail(what: str, where: str, fix: str) -> NoReturn:
    raise DefinitionError([Problem(what, where, fix)]) from None


def _text(path: Path) -> str:
    where = str(path)
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        nearby = (
            sorted({item.name for item in path.parent.glob("*.toml")} - {"pyproject.toml"})
            if path.parent.is_dir()
            else []
        )
        fix = did_you_mean(path.name, nearby) if nearby else "give a .toml file, or module:attribute"
        _fail("there is no such definition", where, fix)
    except IsADirectoryError:
        _fail("is a directory", where, "give the .toml file in it")
    except UnicodeDecodeError:
        _fail("is not UTF-8 text", where, "save it as UTF-8; a definition is a .toml file or module:attribute")
    except OSError as error:
        _fail(f"cannot be read: {error.strerror}", where, "check the file and its permissions")


def _attribute(name: str, attribute: str) -> BarPlan:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: object = import_module(name)
    except DefinitionError:
        raise
    except ModuleNotFoundError as error:
        missing = f"there is no module {error.name!r}"
        _fail(
            missing,
            f"{name}:{attribute}",
            f"run it from the directory that holds {(error.name or name).split('.')[0]}.py, or install it",
        )
    except Exception as error:  # noqa: BLE001 - whatever the module raises is told as its own mistake
        _fail(f"importing {name!r} raised {type(error).__name__}: {error}", f"{name}:{attribute}", "mend the module")
    for part in attribute.split("."):
        if not hasattr(found, part):
            known = [item for item in dir(found) if not item.startswith("_")]
            _fail(f"{name!r} has no attribute {part!r}", f"{name}:{attribute}", did_you_mean(part, known))
        found = getattr(found, part)
    plan = getattr(found, "plan", found)
    if isinstance(plan, BarPlan):
        return plan
    if _has_no_name(found):
        _fail("is a declaration without a name", f"{name}:{attribute}", 'end it by .named("bars")')
    _fail(f"is a {type(found).__name__}, not bars", f"{name}:{attribute}", 'point to what .named("…") gave')
