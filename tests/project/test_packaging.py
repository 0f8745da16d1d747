"""What is installed is what is declared."""

from __future__ import annotations

import re
import sys
import tomllib

from project.tree import ROOT, imports, modules, name_of

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def bare(requirement: str) -> str:
    """The name of a requirement, as import statements and constraints write it."""
    return re.split(r"[\[<>=~! ;]", requirement, maxsplit=1)[0].lower().replace("-", "_")


def declared() -> set[str]:
    """All packages that barloom asks for, optional ones included."""
    extras = PROJECT["optional-dependencies"]
    asked = [*PROJECT["dependencies"], *(item for name in extras for item in extras[name])]
    return {bare(item) for item in asked} - {"barloom"}  # an extra may consist of others


def test_every_imported_package_is_declared() -> None:
    """What a module imports is the standard library's, barloom's or a declared requirement."""
    known = {*sys.stdlib_module_names, "barloom", *declared()}

    undeclared = [
        f"{name_of(path)}:{item.line} imports {item.module}"
        for path in modules()
        for item in imports(path)
        if item.module.split(".")[0] not in known
    ]

    assert [] == undeclared


def test_every_declared_package_is_imported() -> None:
    """No requirement is left over from an earlier idea."""
    used = {item.module.split(".")[0] for path in modules() for item in imports(path)}

    assert [] == sorted({bare(item) for item in PROJECT["dependencies"]} - used)


def test_constraints_name_exact_versions_only() -> None:
    """Constraints work with any index: a name and a version on each line, no address, no hash."""
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]

    assert [] == [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line)]
    assert set() == declared() - {bare(line) for line in lines}
