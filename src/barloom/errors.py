"""Every error barloom raises, in one tree.

::

    BarloomError
    ├── DefinitionError (ValueError)        the declaration of bars is wrong; holds every problem found
    │   ├── BadArguments                    not the definition: what was asked for beside it
    │   └── KsqlUnsupported                 it is right, but asks for what ksqlDB cannot do; holds all of that
    ├── SourceError (ValueError)            the input as a whole cannot be read or continued
    │   ├── SourceReplaced                  a file is no longer the one that was read before
    │   └── BadRow                          a row was refused and ``strict`` asks to stop there
    ├── TooManyRejected (ValueError)        a run refused more rows than it may
    ├── ExactnessError (ArithmeticError)    a sum would leave 38 digits
    ├── CalendarError (LookupError)         a calendar is unknown, damaged or ends before the asked time
    ├── StoreError (RuntimeError)           the store cannot be used
    │   ├── StoreNotRunning                 reading a store whose state is not RUNNING
    │   ├── StoreLocked                     another writer has the store open
    │   ├── StoreMismatch                   the store was made by another definition
    │   ├── PositionGone                    a reader's position in the log cannot be gone on from
    │   ├── StoreFormat                     not a store, damaged, or of a format this version does not read
    │   └── StoreFull                       the disk or a quota is full
    ├── BrokerError (RuntimeError)          the Kafka cluster refuses or fails; `retriable` tells whether waiting helps
    │   ├── BrokerUnreachable               no broker answers
    │   ├── LoginRefused                    the credentials or certificates are wrong
    │   ├── AccessRefused                   an access rule (ACL) forbids it
    │   ├── TopicMismatch                   a topic is missing or is not as the definition needs it
    │   ├── Fenced                          another instance has taken over
    │   ├── RegistryUnavailable             the schema registry does not answer; always retriable
    │   └── SchemaMismatch                  the registry lacks a schema, or refuses one, that the definition needs
    ├── KsqlError (RuntimeError)            a ksqlDB server refuses or fails; keeps its code, message and statement
    │   ├── KsqlUnreachable                 no answer, or only a part of one
    │   ├── KsqlNotReady                    the server starts, restores or rebalances: the same may succeed later
    │   ├── KsqlUnauthorized                the credentials are wrong or do not suffice
    │   ├── KsqlRefused                     the server refuses the statement; `applied` are those done before it
    │   ├── KsqlNotServing                  a stream or table does not work, or did not begin to in time
    │   ├── KsqlDrifted                     the server holds other statements than the definition becomes
    │   └── KsqlTooOld                      the ticks are older than what a pipeline keeps
    ├── VenueUnavailable (ConnectionError)  a venue's REST interface gives no answer that is one, however often asked
    ├── AddressUnusable (OSError)           nothing can listen at an address, such as a port that is in use
    ├── WaitTimeout (TimeoutError)          a final did not come before the deadline
    └── MissingExtra (ImportError)          an optional part of barloom is not installed

A message says what was wrong, where, and how to mend it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

__all__ = [
    "AccessRefused",
    "AddressUnusable",
    "BadArguments",
    "BadRow",
    "BarloomError",
    "BrokerError",
    "BrokerUnreachable",
    "CalendarError",
    "DefinitionError",
    "ExactnessError",
    "Fenced",
    "KsqlDrifted",
    "KsqlError",
    "KsqlNotReady",
    "KsqlNotServing",
    "KsqlRefused",
    "KsqlTooOld",
    "KsqlUnauthorized",
    "KsqlUnreachable",
    "KsqlUnsupported",
    "LoginRefused",
    "MissingExtra",
    "PositionGone",
    "Problem",
    "RegistryUnavailable",
    "SchemaMismatch",
    "SourceError",
    "SourceReplaced",
    "StoreError",
    "StoreFormat",
    "StoreFull",
    "StoreLocked",
    "StoreMismatch",
    "StoreNotRunning",
    "TooManyRejected",
    "TopicMismatch",
    "VenueUnavailable",
    "WaitTimeout",
]


class BarloomError(Exception):
    """The root of all errors that barloom raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a definition."""

    what: str
    where: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}\n    fix: {self.fix}"


class DefinitionError(BarloomError, ValueError):
    """A declaration of bars is wrong; `problems` lists everything that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        listed = (f"  {number}. {problem}" for number, problem in enumerate(self.problems, 1))
        super().__init__("\n".join([self._head(len(self.problems)), *listed]))

    @staticmethod
    def _head(count: int) -> str:
        return "1 problem in the definition" if count == 1 else f"{count} problems in the definition"


class BadArguments(DefinitionError):
    """What is asked for beside a definition is wrong: an option, a name, an address; `problems` lists all of it."""

    @staticmethod
    def _head(count: int) -> str:
        return f"{'1 problem' if count == 1 else f'{count} problems'} in what was asked for"


class KsqlUnsupported(DefinitionError):
    """A definition asks for what ksqlDB cannot do; `problems` lists all of it, each with the reason and the way out.

    `droppable` names those that can be left out without making a bar wrong.
    """

    def __init__(self, problems: Iterable[Problem], *, droppable: Iterable[str] = ()) -> None:
        super().__init__(problems)
        self.droppable = tuple(dict.fromkeys(droppable))

    def __str__(self) -> str:
        if not self.droppable:
            return super().__str__()
        rest = "" if len(self.droppable) == len(self.problems) else "; the others have to change"
        return f"{super().__str__()}\nto go on without: --allow-degraded {','.join(self.droppable)}{rest}"

    @staticmethod
    def _head(count: int) -> str:
        return f"ksqlDB cannot do {'1 thing' if count == 1 else f'{count} things'} that the definition asks for"


class SourceError(BarloomError, ValueError):
    """The input as a whole cannot be read or continued."""


class SourceReplaced(SourceError):
    """A file is no longer the one that was read before, so reading cannot continue in it."""


class BadRow(SourceError):
    """A row was refused and ``strict`` asks to stop at the first."""


class TooManyRejected(BarloomError, ValueError):
    """A run refused more rows than ``max_rejected`` allows, or every one; `report` (a `RunReport`) tells of it."""

    def __init__(self, message: str, report: Any) -> None:  # noqa: ANN401 - its room lies above this one
        self.report = report
        super().__init__(message)


class ExactnessError(BarloomError, ArithmeticError):
    """A sum or product would leave 38 digits."""


class CalendarError(BarloomError, LookupError):
    """A calendar is unknown, damaged, or ends before the asked time."""


class StoreError(BarloomError, RuntimeError):
    """The store cannot be used."""


class StoreNotRunning(StoreError):
    """Reading a topic whose store is not RUNNING."""

    def __init__(self, topic: str, state: str, at: datetime) -> None:
        self.topic = topic
        self.state = state
        self.at = at
        super().__init__(f"the store of {topic!r} is {state}, not RUNNING (at {at.isoformat()})")


class StoreLocked(StoreError):
    """Another writer has the store open."""


class StoreMismatch(StoreError):
    """The store was made by another definition."""


class PositionGone(StoreError):
    """What is behind a position of the log cannot be given without a hole; `position` is its text, `why` the reason.

    Take what the store holds now, and go on from `end`, the position behind it. Where stream time was set back, nothing
    is lost: finals go on from `goes_on`, and only what is decided has to be asked anew. Both are none where there is
    no such position.
    """

    def __init__(self, position: str, why: str, *, end: str | None = None, goes_on: str | None = None) -> None:
        self.position = position
        self.why = why
        self.end = end
        self.goes_on = goes_on
        fix = "take what it holds now" + ("" if end is None else f", and go on from {end}")
        if goes_on is not None:
            fix = f"go on from {goes_on}, and ask anew what is decided"
        super().__init__(f"the position {position} is gone: {why}; {fix}")


class StoreFormat(StoreError):
    """Not a store, damaged, or of a format this version does not read."""


class StoreFull(StoreError):
    """The disk or a quota is full; nothing accepted before is lost."""


class BrokerError(BarloomError, RuntimeError):
    """The Kafka cluster refuses or fails. `retriable`: the same request may succeed later, unchanged."""

    def __init__(self, message: str, *, retriable: bool = False) -> None:
        self.retriable = retriable
        super().__init__(message)


class BrokerUnreachable(BrokerError):
    """No broker answers."""


class LoginRefused(BrokerError):
    """The credentials or certificates are wrong."""


class AccessRefused(BrokerError):
    """An access rule (ACL) of the cluster forbids it."""


class TopicMismatch(BrokerError):
    """A topic is missing or is not as the definition needs it."""


class Fenced(BrokerError):
    """Another instance has taken over, so this one must stop."""


class RegistryUnavailable(BrokerError):
    """The schema registry does not answer; the same request may succeed later, unchanged."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retriable=True)


class SchemaMismatch(BrokerError):
    """The schema registry lacks a schema that the definition needs, or refuses it as incompatible."""


class KsqlError(BarloomError, RuntimeError):
    """A ksqlDB server refuses or fails.

    `code` is the server's error code (such as 40001), `reason` its own message, `statement` the statement as it was
    sent; each is none where there is none. `retriable`: the same request may succeed later, unchanged.
    """

    retriable = False

    def __init__(
        self, message: str, *, code: int | None = None, reason: str | None = None, statement: str | None = None
    ) -> None:
        self.code = code
        self.reason = reason
        self.statement = statement
        super().__init__(message)


class KsqlUnreachable(KsqlError):
    """The ksqlDB server does not answer, or its answer broke off; whether a statement was applied is not known."""

    retriable = True


class KsqlNotReady(KsqlError):
    """The ksqlDB server starts, restores or rebalances. `state` is that of the store that was asked for, if it says."""

    retriable = True
    state: str | None = None


class KsqlUnauthorized(KsqlError):
    """The ksqlDB server refuses the credentials."""


class KsqlRefused(KsqlError):
    """The ksqlDB server refuses a statement. `applied` are the statements of the same request that it did before."""

    applied: tuple[str, ...] = ()


class KsqlNotServing(KsqlError):
    """A stream or table of ksqlDB does not work, or did not begin to in time.

    `entity` is its name, `topic` that of its topic, and `states` what was last seen of it, with the time (nanoseconds).
    """

    def __init__(
        self, message: str, *, entity: str, topic: str, states: tuple[tuple[int, str], ...], reason: str | None = None
    ) -> None:
        self.entity = entity
        self.topic = topic
        self.states = states
        super().__init__(message, reason=reason)


class KsqlDrifted(KsqlError):
    """The ksqlDB server holds other statements under the names of the definition."""


class KsqlTooOld(KsqlError):
    """The ticks are older than what a ksqlDB pipeline keeps of its work: Kafka would delete bars that are not done."""


class VenueUnavailable(BarloomError, ConnectionError):
    """A venue's REST interface gives no answer that is one, however often it is asked."""


class AddressUnusable(BarloomError, OSError):
    """Nothing can listen at an address: its port is in use, or the machine does not have it."""


class WaitTimeout(BarloomError, TimeoutError):
    """A final did not come before the deadline."""


class MissingExtra(BarloomError, ImportError):
    """An optional part of barloom is not installed."""

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs an optional part of barloom: pip install 'barloom[{extra}]'")
