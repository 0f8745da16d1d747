"""The project's own source, as the tests of its shape read it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "barloom"


class Import(NamedTuple):
    """A module that a module imports, where, and whether only for the types."""

    module: str
    line: int
    typing_only: bool


def modules() -> list[Path]:
    """All modules of the package, sorted."""
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """The dotted name of a module's file."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[Import]:
    """All imports of a module, also those inside of functions."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, id(node) in typing_only)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield Import("." * node.level, node.lineno, id(node) in typing_only)
                continue
            base = node.module or ""
            for alias in node.names:
                submodule = PACKAGE.parent.joinpath(*base.split("."), alias.name)
                whole = submodule.is_dir() or submodule.with_suffix(".py").exists()
                yield Import(f"{base}.{alias.name}" if whole else base, node.lineno, id(node) in typing_only)
