"""Imports point downwards only, so that each room can be read, tested and changed without those above it."""

from __future__ import annotations

from itertools import chain

from project.tree import imports, modules, name_of

WINGS = {"embedded", "feed", "kafka", "ksqldb", "serve", "simulate"}
"""A room for each place where bars are made or served. They know the core and never each other."""

LAYERS = [
    {"cli"},
    {"front"},
    WINGS,
    {"runtime"},
    {"read"},
    {"serde"},
    {"store", "source"},
    {"engine"},
    {"plan"},
    {"time"},
    {"telemetry"},
    {"errors", "clock", "environment", "lazy"},
]
"""From top to bottom; rooms of one layer do not know each other, but for the lowest: its modules stand alone."""

BESIDE = {"testing", "", "__main__"}
"""The public doubles and the package's front, which may look at everything."""

_NAMES = ("timeframe", "instants", "options", "zone_names", "declared.template", "calendars")
PLAIN_TIME = {f"barloom.time.{name}" for name in _NAMES}
"""All that a declaration may know of time.

Templates and calendars load numpy, but only where a declaration holds hours or names a calendar other than 24x7.
"""

HEIGHT = {room: height for height, layer in enumerate(reversed(LAYERS)) for room in layer}


def room_of(module: str) -> str:
    """The room of a dotted module name; empty for the package itself."""
    return [*module.split("."), ""][1]


def test_the_folders_are_the_rooms() -> None:
    """A new folder gets its place among the layers before it gets modules, and no place is left without its folder."""

    rooms = {room_of(name_of(path)) for path in modules()}

    assert {*HEIGHT, *BESIDE} == rooms


def test_the_command_line_reaches_into_no_wing() -> None:
    """It calls the front door and what a wing offers publicly: what it can do Python can, with the same words."""

    wrong = [
        f"{name_of(path)}:{item.line} imports {item.module}"
        for path in modules()
        if room_of(name_of(path)) == "cli"
        for item in imports(path)
        if room_of(item.module) in WINGS and item.module.count(".") > 1
    ]

    assert [] == wrong


def test_imports_point_downwards() -> None:
    """No module imports from a room above its own or beside it, not even for the types."""
    wrong = []
    for path in modules():
        room = room_of(name_of(path))
        if room in BESIDE:
            continue
        for item in imports(path):
            target = room_of(item.module)
            foreign = item.module.split(".")[0] == "barloom" and target != room
            if foreign and (target in BESIDE or HEIGHT[target] >= HEIGHT[room]):
                wrong.append(f"{name_of(path)}:{item.line} imports {item.module}")

    assert [] == wrong


def test_a_declaration_knows_only_the_names_of_timeframes() -> None:
    """`plan` imports nothing of `time` that would load numpy, but for the types."""

    wrong = [
        f"{name_of(path)}:{item.line} imports {item.module}"
        for path in modules()
        if room_of(name_of(path)) == "plan"
        for item in imports(path)
        if room_of(item.module) == "time" and item.module not in PLAIN_TIME and not item.typing_only
    ]

    assert [] == wrong


def test_the_engine_does_no_input_or_output() -> None:
    """`engine`, `plan` and `time` are pure: no clock, files, threads, network or database."""
    impure = {"asyncio", "io", "logging", "os", "pathlib", "queue", "random", "rocksdict", "socket", "structlog"}
    impure |= {"subprocess", "tempfile", "threading", "time", "uuid", "barloom.clock", "barloom.environment"}
    allowed = {("barloom.plan.load", "pathlib")}  # a definition is read from its file

    wrong = [
        f"{name_of(path)}:{item.line} imports {item.module}"
        for path in modules()
        if room_of(name_of(path)) in {"engine", "plan", "time"}
        for item in imports(path)
        if not item.typing_only
        and {item.module, item.module.split(".")[0]} & impure
        and (name_of(path), item.module) not in allowed
    ]

    assert [] == wrong


def test_imports_are_absolute() -> None:
    """A module's imports can be searched for by their full names."""

    assert [] == [
        f"{name_of(path)}:{item.line}" for path in modules() for item in imports(path) if item.module[0] == "."
    ]


def test_rooms_do_not_import_each_other_in_a_circle() -> None:
    """Modules can be loaded in some order: following imports at the top of modules never comes back."""
    graph = {name_of(path): {item.module for item in imports(path) if not item.typing_only} for path in modules()}

    done: set[str] = set()
    while len(done) < len(graph):
        free = {
            name for name, targets in graph.items() if name not in done and not (targets & graph.keys()) - done - {name}
        }
        assert free, f"these import each other: {sorted(set(chain(graph)) - done)}"
        done |= free
