"""Every example of the README and the docs is run, and what it prints is what the page shows.

In a page, a ``toml``, ``text`` or ``python`` block with a name becomes a file, other ``python`` blocks are executed one
after the other, and in ``console`` blocks the lines after ``$ `` are run by a shell and their output compared: three
dots stand for any number of lines. A block that says ``needs=oracles`` is run where there is the real market data. All
blocks of a page share one directory; where one of them says ``needs=broker``, ``localhost:9092`` is a real one. The
server of a page at ``127.0.0.1:8080`` listens at a free port, and is stopped by its ``.pid`` if the page does not.

With ``BARLOOM_UPDATE_PAGES=1`` in the environment the pages get what was printed where it is not what they show.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tomllib
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
UPDATING = os.environ.get("BARLOOM_UPDATE_PAGES") == "1"
BROKER = "localhost:9092"
SERVER = "127.0.0.1:8080"
LISTENS = "barloom serve"
LANGUAGES = {"python", "toml", "console", "text", "sh", "json"}
FENCE = re.compile(r"^```(?P<language>\w*) ?(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
VOLATILE = (
    (re.compile(r"\d[\d,.]*( ?)(ms|µs|us|s)\b"), "<time>"),
    (re.compile(r"\d[\d,.]*[kM]? ticks/s"), "<speed>"),
    (re.compile(r"\d[\d,.]* (kB|MB|GB|B)\b"), "<size>"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}\+00:00"), "<now>"),
    (re.compile(r"first read \([^)]*\)"), "first read (<then>)"),
    (re.compile(r"[\d,]+ d( \d+ (h|min))? behind"), "<lag> behind"),
    (re.compile(r"[\d,]+ days left"), "<days> left"),
)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    info: str
    body: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text()
    for match in FENCE.finditer(text):
        yield Block(match["language"], match["info"].strip(), match["body"], text[: match.start()].count("\n") + 1)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A place like a checkout: examples in it, and the real market data beside it where it is here too."""
    place = tmp_path / "checkout"
    place.mkdir()
    (place / "examples").symlink_to(ROOT / "examples")
    if (ROOT.parent / "shared").is_dir():
        (tmp_path / "shared").symlink_to(ROOT.parent / "shared")
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, module in (("barloom", "barloom"), ("python", "")):
        script = commands / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {"-m " + module if module else ""} "$@"\n')
        script.chmod(0o755)
    return place


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_of_a_page_do_what_it_says(
    page: Path,
    directory: Path,
    need: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """A page's examples run in order, and print what the page shows."""
    monkeypatch.chdir(directory)
    names: dict[str, object] = {"__name__": "__main__"}
    found = list(blocks(page))
    if any("needs=broker" in block.info for block in found):
        bootstrap = request.getfixturevalue("broker").bootstrap
        found = [replace(block, body=block.body.replace(BROKER, bootstrap)) for block in found]
    if any(LISTENS in block.body for block in found) and not UPDATING:
        port = _free_port()
        found = [replace(block, body=_elsewhere(block.body, port)) for block in found]
    try:
        for block in found:
            assert block.language in LANGUAGES, f"{page.name}:{block.line}: say what language the block is in"
            if "needs=oracles" in block.info:
                need("oracles")
            _run(page, block, directory, names)
    finally:
        _stop(directory)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def _elsewhere(body: str, port: int) -> str:
    """The same with the server at another port."""
    there = f"127.0.0.1:{port}"
    return body.replace(SERVER, there).replace(f"{LISTENS} ", f"{LISTENS} --listen {there} ")


def _stop(directory: Path) -> None:
    """End the servers that a page has left running."""
    for file in directory.glob("*.pid"):
        with suppress(ProcessLookupError):
            os.kill(int(file.read_text()), signal.SIGKILL)


def _run(page: Path, block: Block, directory: Path, names: dict[str, object]) -> None:
    if block.language == "toml":
        tomllib.loads(block.body)
    if block.language in ("toml", "text") and block.info and "=" not in block.info:
        (directory / block.info).write_text(block.body)
    if block.language == "python" and block.info:
        (directory / block.info).write_text(block.body)
    elif block.language == "python":
        padding = "\n" * block.line
        exec(compile(padding + block.body, str(page), "exec"), names)  # noqa: S102 - the point of the test
    if block.language == "console":
        _converse(page, block, directory)


def _converse(page: Path, block: Block, directory: Path) -> None:
    status = 0
    shown: list[str] = []
    for part in re.split(r"^\$ ", block.body, flags=re.MULTILINE)[1:]:
        command, expected = _split(part)
        status, printed = _shell(command, status, directory)
        same = _matches(expected, printed)
        shown.append(f"$ {part}" if same else f"$ {command}\n{_tidy(printed)}")
        assert same or UPDATING, f"{page.name}:{block.line}: $ {command}\nshown:\n{expected}\nprinted:\n{printed}"
    if UPDATING:
        head = f"```{f'console {block.info}'.strip()}\n"
        page.write_text(page.read_text().replace(f"{head}{block.body}```", f"{head}{''.join(shown)}```", 1))


def _tidy(printed: str) -> str:
    text = printed.strip("\n")
    return f"{text}\n" if text else ""


def _split(part: str) -> tuple[str, str]:
    """A command (continued where a line ends in a backslash) and the output shown for it."""
    lines = part.splitlines()
    end = next(number for number, line in enumerate(lines, 1) if not line.endswith("\\"))
    return "\n".join(lines[:end]), "\n".join(lines[end:])


def _shell(command: str, status: int, directory: Path) -> tuple[int, str]:
    path = f"{directory.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"}
    done = subprocess.run(
        ["bash", "-c", f"(exit {status})\n{command}"],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    return done.returncode, done.stdout


def _matches(expected: str, printed: str) -> bool:
    wanted = [_settled(line) for line in expected.strip().splitlines()]
    if not wanted:
        return not printed.strip()
    pattern = "\n".join("<any>" if line == "..." else re.escape(line) for line in wanted)
    pattern = re.sub(r"(\n)?<any>(\n)?", lambda found: r"(?:.*\n)*?.*?" if any(found.groups()) else r"[\s\S]*", pattern)
    return re.fullmatch(pattern, "\n".join(_settled(line) for line in printed.strip().splitlines())) is not None


def _settled(line: str) -> str:
    for found, instead in VOLATILE:
        line = found.sub(instead, line)
    return re.sub(r"\s+", " ", line).strip()
