"""Options that the commands of ``barloom ksql`` share, and the script that they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Group, Parameter

from barloom.cli.formats import UsageError
from barloom.front.load import load
from barloom.time.timeframe import parse_duration

if TYPE_CHECKING:
    from barloom.ksqldb import KsqldbApp, KsqlServer

__all__ = ["NO_CHOICES", "Choices"]

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

    def pipeline(self, definition: str, server: KsqlServer | None = None) -> KsqldbApp:
        """The pipeline of a definition; `UsageError` or `DefinitionError` where a choice is wrong."""
        try:
            parse_duration(self.retention)
        except ValueError as error:
            message = f"--retention: {error}"
            raise UsageError(message) from None
        return load(definition).ksqldb(
            server,
            source=self.source,
            partitions=self.partitions,
            replicas=self.replicas,
            retention=self.retention,
            namespace=self.namespace,
            allow_degraded=self.allowed(),
        )


NO_CHOICES: Final = Choices()
