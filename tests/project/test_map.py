"""CONTRIBUTING.md leads to what is there: every file, folder and name that it tells exists."""

from __future__ import annotations

import ast
import re

import pytest

from project.tree import PACKAGE, ROOT, modules, name_of

PAGE = (ROOT / "CONTRIBUTING.md").read_text()
PLACE = re.compile(r"`((?:[\w.]+/)*\w+\.py)`((?:[\s,]*(?:and |knows )?`[A-Za-z]\w*(?:\.\w+)?`)*)")
FOLDER = re.compile(r"`((?:\w+/)+)`")


def files(written: str) -> list[str]:
    """The files that a path may mean: from the root, or the end of a path in the package."""
    whole = [ROOT / written] if (ROOT / written).is_file() else []
    return [str(path) for path in (*whole, *modules()) if str(path).endswith(f"/{written}")]


def defined(path: str) -> set[str]:
    """The functions, classes and methods of a module, as the page writes them."""
    with open(path) as file:  # noqa: PTH123 - a path as text
        tree = ast.parse(file.read())
    names = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.Assign):
            names |= {ast.unparse(target) for target in node.targets}
        if isinstance(node, ast.AnnAssign):
            names.add(ast.unparse(node.target))
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{item.name}" for item in node.body if isinstance(item, ast.FunctionDef)}
    return names


BEHIND = re.compile(r"`(\w+(?:\.(?!py`)\w+)?)`")
PLACES = sorted({(match[1], name) for match in PLACE.finditer(PAGE) for name in ["", *BEHIND.findall(match[2])]})


@pytest.mark.parametrize(("path", "name"), PLACES)
def test_what_the_page_names_is_there(path: str, name: str) -> None:
    """A path is a file's, and a name behind it is defined in it."""
    found = files(path)

    assert found, f"there is no {path}"
    assert not name or any(name in defined(place) for place in found), f"{path} defines no {name}"


def test_folders_are_there() -> None:
    """A folder that the page names is one of the package, of a room in it, or of the project."""
    rooms = {f"{path.name}/" for path in PACKAGE.rglob("*") if path.is_dir()}

    assert [] == [
        name
        for name in FOLDER.findall(PAGE)
        if name not in rooms and not (ROOT / name).is_dir() and not (PACKAGE / name).is_dir()
    ]


def test_every_room_is_on_the_map() -> None:
    """No folder of the package is left out of the table."""
    rooms = {name_of(path).split(".")[1] for path in modules() if path.parent != PACKAGE}

    assert set() == {room for room in rooms if f"| `{room}/` |" not in PAGE}
