"""``barloom ksql``: a definition as the statements of a ksqlDB server."""

from __future__ import annotations

from typing import Annotated, Final

from cyclopts import App, Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import plural
from barloom.cli.ksqldb.options import NO_CHOICES, Choices
from barloom.cli.options import AsJson, Definition  # noqa: TC001 - the command line reads the annotations
from barloom.cli.screen import note, say
from barloom.read.exports.files import STDOUT, write_text

__all__ = ["ksql", "script"]

_EXAMPLES: Final = """\
Examples:
  barloom ksql plan bars.toml --url http://localhost:8088      what would be created, and what has drifted
  barloom ksql deploy bars.toml --url http://localhost:8088    create it, and wait until it works
  barloom ksql doctor bars.toml --url http://localhost:8088    what is wrong with it, and how to mend that
  barloom ksql script bars.toml                       print the statements
  barloom ksql script bars.toml --out bars.sql        for ksqlDB's own command line: ksql --file bars.sql
  barloom ksql script bars.toml --source md.ticks --partitions 12 --replicas 3 --retention 14d
  barloom ksql script bars.toml --allow-degraded clock,completeness,side-output"""

ksql = App(
    name="ksql",
    help="Compile a definition to ksqlDB statements that give the same bars; deploy and look after them.",
    help_format="plaintext",
    help_epilogue=_EXAMPLES,
)

for _module, _name, _help in (
    ("deploy", "plan", "Show what a deployment would do, and change nothing. Exit code 1 where something has drifted."),
    ("deploy", "deploy", "Create what is missing, stage by stage, and wait until all of it works."),
    ("wait", "wait", "Wait until the server, every query and every table really work, or say why they do not."),
    ("wait", "status", "Show where every stream, table and query stands. Exit code 1 where one does not work."),
    ("doctor", "doctor", "Go through all that is known to go wrong, within ten seconds. Exit code 1 where it did."),
    ("drop", "drop", "Drop what is named, downstream first. Without a name it shows what could be dropped."),
):
    ksql.command(f"barloom.cli.ksqldb.{_module}:{_name}", name=_name, help=_help)

_Out = Annotated[
    str, Parameter(name="--out", allow_leading_hyphen=True, help="The file to write; - for standard output.")
]


@ksql.command(name="script")
def script(
    definition: Definition,
    /,
    *,
    choices: Choices = NO_CHOICES,
    out: _Out = STDOUT,
    as_json: AsJson = False,
) -> Exit:
    """Print the statements as a file that ksqlDB's own command line accepts."""
    made = choices.pipeline(definition).script()
    if as_json:
        entities = [
            {"name": item.name, "kind": item.kind.value, "topic": item.topic, "stage": item.stage, "sql": item.sql}
            for item in made.entities
        ]
        body = {"settings": dict(made.settings), "entities": entities, "left_out": list(made.dropped)}
        machine.emit("ksql script", body)
    if out != STDOUT or not as_json:
        write_text(made.text(), out)
    if out != STDOUT and not as_json:
        say(f"Wrote {plural(len(made.entities), 'statement')} to {out}.")
        if made.dropped:
            note(f"left out, as the file's header says: {', '.join(made.dropped)}")
    return Exit.OK
