"""Options that the commands of ``barloom ksql`` share, and the script that they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Group, Parameter

from barloom.cli.formats import UsageError
from barloom.ksqldb.compile.phases import EVERYTHING, compile_script
from barloom.ksqldb.compile.settings import KsqlSettings
from barloom.plan.load import load
from barloom.time.timeframe import parse_duration

if TYPE_CHECKING:
    from barloom.ksqldb.compile.script import Script

__all__ = ["NO_CHOICES", "Choices", "compiled", "deployed"]

_STATEMENTS = Group("Statements", sort_key=1)


@Parameter(name="*", group=_STATEMENTS)
@dataclass(frozen=True)
class Choices:
    """How the statements of a definition are made."""

    source: Annotated[str, Parameter(help="The topic of the ticks.")] = "ticks"
    partitions: Annotated[int, Parameter(help="How many partitions every topic has, that of the ticks included.")] = 3
    replicas: Annotated[int, Parameter(help="How many replicas every topic has.")] = 1
    retention: Annotated[
        str, Parameter(help="How long windows and topics are kept: longer than the longest time without a tick.")
    ] = "7d"
    namespace: Annotated[str, Parameter(help="What the names of schemas begin with.")] = "barloom"
    allow_degraded: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="Go on without this, where that makes no bar wrong: a name from the refusal, several with commas, "
            "or all.",
        ),
    ] = ()

    def allowed(self) -> list[str]:
        """What may be left out, name by name."""
        return [name.strip() for names in self.allow_degraded for name in names.split(",") if name.strip()]

    def settings(self) -> KsqlSettings:
        """The settings; `UsageError` or `DefinitionError` where they are wrong."""
        try:
            retention = parse_duration(self.retention)
        except ValueError as error:
            message = f"--retention: {error}"
            raise UsageError(message) from None
        return KsqlSettings(self.source, self.partitions, self.replicas, retention, self.namespace)


NO_CHOICES: Final = Choices()


def compiled(definition: str, choices: Choices) -> Script:
    """The script of a definition; `KsqlUnsupported` with everything that ksqlDB cannot do."""
    return compile_script(load(definition).plan, choices.settings(), allow_degraded=choices.allowed())


def deployed(definition: str, choices: Choices) -> Script:
    """The script of a definition that is on a server already: what may be left out was left out when it got there."""
    allowed = [*choices.allowed(), EVERYTHING]
    return compile_script(load(definition).plan, choices.settings(), allow_degraded=allowed)
