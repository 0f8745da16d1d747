"""How a statement on a server differs from the one that was meant, as people read it: in SQL."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from barloom.ksqldb.compile.names import FORBIDDEN_COLUMNS, quoted
from barloom.ksqldb.server.canonical import BINARY, MARK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from barloom.ksqldb.server.canonical import Statement, Tree

__all__ = ["differences", "sql_of"]

_COMPLETED: Final = frozenset({"RETENTION_MS", "REPLICAS"})
"""Properties that the server adds where a statement is silent."""

_AS_THEY_ARE: Final = frozenset({"NULL", "TRUE", "FALSE", "*"}) | FORBIDDEN_COLUMNS
_CLAUSES: Final = {"GROUP": "GROUP BY", "PARTITION": "PARTITION BY"}
_COLUMN: Final = "column "


def differences(wanted: Statement, found: Statement) -> list[str]:
    """What differs between a statement and the server's, for people; empty where they do the same."""
    told = []
    if wanted.kind != found.kind:
        told.append(f"is a {found.kind.lower()}, not a {wanted.kind.lower()}")
    for name in sorted({*wanted.properties, *found.properties}):
        ours, theirs = wanted.properties.get(name), found.properties.get(name)
        if ours != theirs and not (ours is None and name in _COMPLETED):
            told.append(_told(name, ours, theirs))
    return [*told, *_of_parts(wanted, found)]


def _of_parts(wanted: Statement, found: Statement) -> Iterator[str]:
    for part in dict.fromkeys((*wanted.parts, *found.parts)):
        ours, theirs = wanted.parts.get(part), found.parts.get(part)
        if ours == theirs:
            continue
        if part.startswith(_COLUMN):
            yield _of_column(_leaf(part.removeprefix(_COLUMN)), ours, theirs)
        else:
            yield _told(
                _CLAUSES.get(part, part), *(None if each is None else _clause(part, each) for each in (ours, theirs))
            )


def _of_column(name: str, ours: Tree | None, theirs: Tree | None) -> str:
    """A column has its place, counted from nought, and what it is."""
    if ours is None or theirs is None:
        return f"there is no column {name}" if theirs is None else f"column {name} is one too many"
    (place, meant), (other, seen) = tuple(ours), tuple(theirs)
    if meant == seen:
        return f"column {name} is number {1 + int(str(other))}, not {1 + int(str(place))}"
    return _told(f"column {name}", sql_of(meant), sql_of(seen))


def _told(what: str, ours: str | None, theirs: str | None) -> str:
    if theirs is None:
        return f"{what} is not there, and should be {ours}"
    return f"{what} is {theirs}, and should not be there" if ours is None else f"{what} is {theirs}, not {ours}"


def _clause(part: str, tree: Tree) -> str:
    if part == "WINDOW":
        return _window(tree)
    if part in _CLAUSES and isinstance(tree, tuple):
        return ", ".join(map(sql_of, tree))
    return " ".join(tree) if isinstance(tree, tuple) and part == "EMIT" else sql_of(tree)  # type: ignore[arg-type]


def _window(tree: Tree) -> str:
    text = tree if isinstance(tree, str) else " ".join(map(str, tree))
    return text.replace("( ", "(").replace(" )", ")").replace(" ,", ",")


def sql_of(tree: Tree) -> str:  # noqa: PLR0911 - one case a form
    """A value or condition as SQL: what is operated on stands in parentheses where it is an operation itself."""
    if isinstance(tree, str):
        return _leaf(tree)
    head, *parts = tree
    match head:
        case "CAST":
            return f"CAST({sql_of(parts[0])} AS {parts[1]})"
        case "CASE":
            return " ".join(chain(("CASE",), _branches(parts), ("END",)))
        case "[]":
            return f"{_operand(parts[0])}[{sql_of(parts[1])}]"
        case "NOT":
            return f"NOT {_operand(parts[0])}"
        case "-" if len(parts) == 1:
            return f"-{_operand(parts[0])}"
        case str() if head in BINARY and len(parts) == 2:  # noqa: PLR2004 - both sides
            return f"{_operand(parts[0])} {head} {_operand(parts[1])}"
        case _:
            return f"{head}({', '.join(map(sql_of, parts))})"


def _branches(parts: Sequence[Tree]) -> Iterator[str]:
    """Words and what stands behind each, by turns."""
    for word, value in zip(parts[::2], parts[1::2], strict=True):
        yield f"{word} {sql_of(value)}"


def _operand(tree: Tree) -> str:
    text = sql_of(tree)
    return f"({text})" if isinstance(tree, tuple) and (tree[0] in BINARY or tree[0] == "NOT") else text


def _leaf(token: str) -> str:
    """Names as barloom writes them; words, numbers and texts as they are."""
    if token.startswith(MARK):
        return quoted(token.removeprefix(MARK))
    return token if token in _AS_THEY_ARE or not token.isidentifier() else quoted(token)
