"""No module needs another that needs it, so that each can be read before those that build on it."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from project.tree import imports, modules, name_of


def graph() -> dict[str, set[str]]:
    """What each module imports of the others, also for its types; the front imports what it is asked for."""
    known = {name_of(path) for path in modules()}
    return {
        name_of(path): {found.module for found in imports(path) if found.module in known - {"barloom", name_of(path)}}
        for path in modules()
        if name_of(path) != "barloom"
    }


def circle(needs: dict[str, set[str]]) -> list[str]:
    """The modules of a circle, each needed by the one before; none where there is none."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_module_needs_itself() -> None:
    """Not even by way of others, and not even for its types."""

    assert [] == circle(graph())


def test_a_circle_is_seen() -> None:
    """One of two modules, and one of three that are not next to each other in the list."""

    assert {"a", "b"} == set(circle({"a": {"b"}, "b": {"a"}, "c": {"a"}}))
    assert {"a", "c", "d"} == set(circle({"a": {"c"}, "b": set(), "c": {"d"}, "d": {"a", "b"}}))
