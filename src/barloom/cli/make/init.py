"""``barloom init``: a definition for files that nobody has described yet."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from barloom.cli.exits import Exit
from barloom.cli.formats import UsageError
from barloom.cli.options import listed
from barloom.cli.screen import say
from barloom.front.init import init as guessed
from barloom.read.exports.files import naming

__all__ = ["init"]

_Files = Annotated[str, Parameter(help="Files, quoted patterns or directories, packed or not.")]
_Out = Annotated[
    str, Parameter(name="--out", allow_leading_hyphen=True, help="The definition to write, or - for standard output.")
]
_Force = Annotated[bool, Parameter(negative="", show_default=False, help="Write over a definition that is there.")]
_Names = Annotated[
    str | None, Parameter(help="The columns of files without a header, separated by commas: --names time,price,size.")
]
_Zone = Annotated[
    str | None, Parameter(help="The time zone of times that are written without one, such as Europe/Berlin.")
]
_Delimiter = Annotated[
    str | None, Parameter(allow_leading_hyphen=True, help="What parts the columns, where it is not plain.")
]


def init(
    *files: _Files,
    out: _Out = "bars.toml",
    names: _Names = None,
    zone: _Zone = None,
    delimiter: _Delimiter = None,
    force: _Force = False,
) -> Exit:
    """Look at the files, and write what they are taken for."""
    if not files:
        message = "name the files to look at: barloom init trades.csv"
        raise UsageError(message)
    if out != "-" and Path(out).exists() and not force:
        message = f"{out} is there already: name another with --out, or write over it with --force"
        raise UsageError(message)
    text = guessed(files, names=listed(names), zone=zone, delimiter=delimiter)
    if out == "-":
        sys.stdout.write(text)
        return Exit.OK
    with naming(Path(out)):
        Path(out).write_text(text, encoding="utf-8")
    say(f"Wrote {out}. Read the reason beside each guess, then:", "good")
    say(f"  barloom check {out}")
    say(f"  barloom run {out} --source {' --source '.join(map(shlex.quote, files))} --store state")
    return Exit.OK
