"""The rules of the house that no linter knows, each at the strictness it has reached."""

from __future__ import annotations

import ast
import re
from collections import Counter
from statistics import median
from typing import TYPE_CHECKING

import pytest

from project.tree import PACKAGE, ROOT, imports, modules, name_of

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_MODULE = 500
LONGEST_MEDIAN = 10
WIDEST_FOLDER = 24
CLOCK = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
TEXTS = ["*.py", "*.md", "*.toml", "*.txt", "*.yml", "*.yaml", "Makefile", ".ci/run"]
FORGOTTEN = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
MACHINE = re.compile(r"(?<![\w.])/(home|root|Users|work)/\w")


def texts() -> list[tuple[str, str]]:
    """Every text of the project but this one: its path and content."""
    rooms = [ROOT / name for name in ("src", "tests", "docs", "benchmarks", "examples") if (ROOT / name).is_dir()]
    found = {path for pattern in TEXTS for path in ROOT.glob(pattern)}
    found |= {path for room in rooms for pattern in TEXTS for path in room.rglob(pattern)}
    return [
        (str(path.relative_to(ROOT)), path.read_text()) for path in sorted(found) if path.name != "test_ratchets.py"
    ]


def public_names(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """The public functions and classes of a module, with the public methods and classes inside of public classes."""
    found = []
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            found.append(node)
            if isinstance(node, ast.ClassDef):
                waiting += node.body
    return found


def exported(tree: ast.Module) -> list[str] | None:
    """What a module lists in ``__all__``."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return None


def test_no_module_is_long() -> None:
    """A module holds one idea; above 500 lines it holds two."""
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in modules()}

    assert {} == {name: length for name, length in lengths.items() if length > LONGEST_MODULE}


def test_no_folder_is_wide() -> None:
    """What more than 24 modules have in common is no longer seen: they need rooms of their own."""
    widths = Counter(path.parent.relative_to(PACKAGE) for path in modules() if path.name != "__init__.py")

    assert {} == {str(folder): width for folder, width in widths.items() if width > WIDEST_FOLDER}


def test_functions_are_short() -> None:
    """Half of all functions have at most ten lines, docstring and signature left out."""
    lengths = [
        node.end_lineno - node.body[bool(ast.get_docstring(node)) and len(node.body) > 1].lineno + 1
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
    ]

    assert median(lengths) <= LONGEST_MEDIAN


def test_every_module_says_what_it_is() -> None:
    """A module with code begins with a docstring."""
    trees = {name_of(path): ast.parse(path.read_text()) for path in modules()}

    assert [] == [name for name, tree in trees.items() if tree.body and not ast.get_docstring(tree)]


def test_every_public_name_has_a_docstring() -> None:
    """What a user or a neighbour room may call says what it means; an overload's rule stands at its implementation."""
    silent = [
        f"{name_of(path)}.{node.name}"
        for path in modules()
        for node in public_names(ast.parse(path.read_text()))
        if not ast.get_docstring(node)
        and not any(ast.unparse(mark).split(".")[-1] in {"overload", "override"} for mark in node.decorator_list)
        and not any(ast.unparse(mark).endswith((".setter", ".deleter")) for mark in node.decorator_list)
    ]

    assert [] == silent


def test_modules_list_what_they_offer() -> None:
    """`__all__` is there and leaves nothing public out."""
    wrong = []
    for path in modules():
        tree = ast.parse(path.read_text())
        listed = exported(tree)
        defined = {
            node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }
        public = {name for name in defined if not name.startswith("_")}
        if path.name in {"__init__.py", "__main__.py"}:
            continue  # these pass on what others define
        if listed is None:
            if public:
                wrong.append(f"{name_of(path)} has no __all__")
            continue
        if public - set(listed):
            wrong.append(f"{name_of(path)}.__all__ leaves out {sorted(public - set(listed))}")

    assert [] == wrong


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_what_a_module_lists_exists(path: Path) -> None:
    """Every name in `__all__` can be imported."""
    listed = exported(ast.parse(path.read_text())) or []
    module = __import__(name_of(path), fromlist=["*"])

    assert [] == [name for name in listed if not hasattr(module, name)]
    assert len(listed) == len(set(listed))


def test_only_the_clock_knows_the_time() -> None:
    """Nothing but `barloom.clock` imports `time` or asks `datetime` for the present."""
    wrong = [
        f"{name_of(path)}:{node.lineno} calls {ast.unparse(node.func)}"
        for path in modules()
        if name_of(path) != "barloom.clock"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ".".join(ast.unparse(node.func).split(".")[-2:]) in CLOCK
    ]
    wrong += [
        f"{name_of(path)}:{item.line} imports time"
        for path in modules()
        if name_of(path) != "barloom.clock"
        for item in imports(path)
        if item.module == "time"
    ]

    assert [] == wrong


def test_only_one_module_reads_the_environment() -> None:
    """What a program is told by its surroundings comes in through `barloom.environment`."""
    wrong = [
        name_of(path)
        for path in modules()
        if name_of(path) != "barloom.environment" and re.search(r"\b(environb?|getenvb?)\b", path.read_text())
    ]

    assert [] == wrong


def test_nothing_is_left_for_later_in_a_comment() -> None:
    """What is to be done stands in an issue, not in the code."""

    assert [] == [name for name, text in texts() if FORGOTTEN.search(text)]


def test_no_path_of_a_machine_is_written_down() -> None:
    """What runs here runs anywhere."""

    assert [] == [f"{name}: {found[0]}" for name, text in texts() if (found := MACHINE.search(text))]


def test_every_test_states_its_rule() -> None:
    """A test's docstring is the rule that it checks."""
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]

    assert [] == silent
