"""`import barloom as bl` is enough for everything documented, and what is for one wing is a public module of it."""

from __future__ import annotations

import ast
import inspect
import re
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING

import pytest

import barloom as bl
from barloom.embedded import rebuild, run
from docs.test_examples import PAGES, blocks
from project.tree import ROOT, modules, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FunctionType

PUBLIC = ("feed", "kafka", "ksqldb", "serve", "simulate", "testing", "time")
"""The public modules below the front; what they list is public, and nothing else is."""

LITERAL = re.compile(r"(?:Example|Examples)?::\n\n((?:[ ]{4,}[^\n]*\n|\n)+)")


def code() -> Iterator[tuple[str, str]]:
    """All code that a user is shown: where, and the text."""
    for page in PAGES:
        for block in blocks(page):
            if block.language == "python":
                yield f"{page.relative_to(ROOT)}:{block.line}", block.body
    for script in sorted((ROOT / "examples").rglob("*.py")):
        yield str(script.relative_to(ROOT)), script.read_text()
    for path in modules():
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                text = f"{inspect.cleandoc(ast.get_docstring(node) or '')}\n"
                for number, found in enumerate(filter(is_python, LITERAL.finditer(text))):
                    yield f"{name_of(path)}.{getattr(node, 'name', '')}#{number}", inspect.cleandoc(f"\n{found[1]}")


def is_python(found: re.Match[str]) -> bool:
    """Whether what a docstring shows is code, and no table or text of another kind."""
    try:
        ast.parse(inspect.cleandoc(f"\n{found[1]}"))
    except SyntaxError:
        return False
    return True


def names_used(text: str) -> Iterator[str]:
    """The dotted names of barloom that code uses: what it imports, and what it takes from `bl`."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "barloom")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "barloom":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and (found := dotted(node)) is not None:
            yield found


def dotted(node: ast.Attribute) -> str | None:
    """``bl.kafka.Kafka`` as ``barloom.kafka.Kafka``; none for what does not begin with `bl`."""
    written = ast.unparse(node)
    return re.sub(r"^bl\b", "barloom", written) if re.fullmatch(r"bl(\.\w+)+", written) else None


def is_public(name: str) -> bool:
    """Whether a name is what a public module lists, or stands on such a thing."""
    _, *parts = name.split(".")
    if not parts:
        return True
    if parts[0] in PUBLIC:
        return len(parts) == 1 or parts[1] in import_module(f"barloom.{parts[0]}").__all__
    return parts[0] in bl.__all__


@pytest.mark.parametrize(("where", "text"), [pytest.param(*item, id=item[0]) for item in code()])
def test_what_is_shown_needs_the_front_door_alone(where: str, text: str) -> None:
    """Pages, example scripts and docstrings take nothing from a module that is not public."""

    assert [] == sorted(f"{where} uses {name}" for name in set(names_used(text)) if not is_public(name))


def test_code_is_found() -> None:
    """The pages, the examples and the docstrings are really read."""
    places = [where for where, _ in code()]

    assert {"README.md", "docs", "examples", "barloom"} <= {re.split(r"[/:.]", place)[0] for place in places} | {
        "README.md" if place.startswith("README.md") else "" for place in places
    }


def test_what_is_not_public_is_seen() -> None:
    """By import, by attribute, and below a public module."""
    shown = "import barloom as bl\nfrom barloom.plan.load import load\nbl.kafka.Cluster\nbl.kafka.Kafka\nbl.nothing\n"

    assert ["barloom.kafka.Cluster", "barloom.nothing", "barloom.plan.load.load"] == sorted(
        name for name in set(names_used(shown)) if not is_public(name)
    )


@pytest.mark.parametrize("name", ["", *PUBLIC])
def test_public_names_are_there(name: str) -> None:
    """Everything that a public module lists can be used, and is listed by `dir`."""
    module = import_module(f"barloom.{name}".rstrip("."))

    assert module.__doc__
    assert [] == [item for item in module.__all__ if not hasattr(module, item)]
    assert set(module.__all__) <= set(dir(module))


def test_an_unknown_name_is_told() -> None:
    """As Python does for any module."""
    with pytest.raises(AttributeError, match=r"module 'barloom.kafka' has no attribute 'Kafak'"):
        _ = bl.kafka.Kafak  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("settings", "function"),
    [(run.RunSettings, run.run), (rebuild.RebuildSettings, rebuild.rebuild)],
)
def test_bars_hand_on_every_setting(settings: type, function: FunctionType) -> None:
    """`bars.run` and `bars.rebuild` take what the functions take by name, and nothing else."""
    taken = [name for name, item in inspect.signature(function).parameters.items() if item.kind is item.KEYWORD_ONLY]

    assert list(settings.__annotations__) == taken


def test_the_public_modules_are_those_of_the_front() -> None:
    """`bl.kafka` and the others are listed, and each is a folder with modules of its own."""
    listed = [name for name in bl.__all__ if (ROOT / "src" / "barloom" / name).is_dir()]

    assert list(PUBLIC) == listed
    assert set(chain(listed)) <= set(dir(bl))
