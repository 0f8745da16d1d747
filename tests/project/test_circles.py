"""No module needs another that needs it, so that each can be read before those that build on it."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from project.tree import imports, modules, name_of


def graph() -> dict[str, set[str]]:
    """What each module imports of the others, also for its types, with the packages it enters by that.

    A package says for type checkers what it imports when it is asked for it: that does not count.
    """
    known = {name_of(path): path for path in modules()}
    needs = {}
    for name, path in known.items():
        is_package = path.name == "__init__.py"
        named = [each.module for each in imports(path) if not (is_package and each.typing_only)]
        entered = {around for each in named for around in within(each)} - set(within(name))
        needs[name] = (entered | set(named)) & known.keys() - {"barloom", name}
    del needs["barloom"]
    return needs


def within(module: str) -> list[str]:
    """A module, and the packages around it: they are run before it is."""
    parts = module.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


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
