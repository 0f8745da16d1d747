"""Exit codes: the one table of what a finished command tells a script."""

from __future__ import annotations

import errno
from enum import IntEnum
from typing import Final

from barloom.errors import (
    AccessRefused,
    AddressUnusable,
    BadRow,
    BarloomError,
    BrokerError,
    BrokerUnreachable,
    CalendarError,
    DefinitionError,
    ExactnessError,
    Fenced,
    KsqlDrifted,
    KsqlError,
    KsqlNotReady,
    KsqlUnauthorized,
    KsqlUnreachable,
    LoginRefused,
    MissingExtra,
    SourceError,
    StoreError,
    TooManyRejected,
    TopicMismatch,
)

__all__ = ["STOPPED", "Exit", "exit_of"]

STOPPED: Final = "interrupted; what was committed is kept, and the same command continues there"


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    DIFFERENT = 1
    USAGE = 2
    INPUT = 3
    STORE = 4
    REFUSED = 5
    NOT_FOUND = 6
    UNREACHABLE = 7
    LOGIN = 8
    ACCESS = 9
    TOPICS = 10
    FENCED = 11
    CLUSTER = 12
    REJECTED = 13
    ADDRESS = 14
    BUG = 70
    INTERRUPTED = 130
    BROKEN_PIPE = 141

    @property
    def meaning(self) -> str:
        """One line for the table in the help and the reference."""
        return _MEANINGS[self]


_MEANINGS = {
    Exit.OK: "done",
    Exit.DIFFERENT: "`verify`, `calendar diff`, `topics check` or `ksql` found differences, or something wrong",
    Exit.USAGE: "the command line or the definition is wrong",
    Exit.INPUT: "a file cannot be read, continued or written",
    Exit.STORE: "the store cannot be used: not one, locked, of another definition, damaged or full",
    Exit.REFUSED: "a row was refused under `--strict`",
    Exit.NOT_FOUND: "`get` found no bar; the answer says why",
    Exit.UNREACHABLE: "no broker answers, or no ksqlDB server",
    Exit.LOGIN: "the credentials or certificates are wrong",
    Exit.ACCESS: "an access rule (ACL) of the cluster forbids it",
    Exit.TOPICS: "a topic is missing or is not as the definition needs it",
    Exit.FENCED: "another instance has taken over; nothing is lost",
    Exit.CLUSTER: "the Kafka cluster or ksqlDB refused or failed in another way",
    Exit.REJECTED: "every row was refused, or more than `--max-rejected` allows",
    Exit.ADDRESS: "nothing can listen at the address that was asked for: its port is in use, or it is not here",
    Exit.BUG: "a bug in barloom; `--debug` shows the traceback",
    Exit.INTERRUPTED: "interrupted; everything committed so far is kept, and the same command continues",
    Exit.BROKEN_PIPE: "the reader of the output went away",
}

_BY_ERROR: tuple[tuple[type[BaseException], Exit], ...] = (
    (BadRow, Exit.REFUSED),
    (TooManyRejected, Exit.REJECTED),
    (DefinitionError, Exit.USAGE),
    (CalendarError, Exit.USAGE),
    (MissingExtra, Exit.USAGE),
    (SourceError, Exit.INPUT),
    (ExactnessError, Exit.INPUT),
    (StoreError, Exit.STORE),
    (BrokerUnreachable, Exit.UNREACHABLE),
    (KsqlUnreachable, Exit.UNREACHABLE),
    (KsqlNotReady, Exit.UNREACHABLE),
    (KsqlUnauthorized, Exit.LOGIN),
    (KsqlDrifted, Exit.DIFFERENT),
    (KsqlError, Exit.CLUSTER),
    (LoginRefused, Exit.LOGIN),
    (AccessRefused, Exit.ACCESS),
    (TopicMismatch, Exit.TOPICS),
    (Fenced, Exit.FENCED),
    (BrokerError, Exit.CLUSTER),
    (AddressUnusable, Exit.ADDRESS),
    (BarloomError, Exit.INPUT),
    (OSError, Exit.INPUT),
)


def exit_of(error: BaseException) -> Exit:
    """The exit code of an error; `BUG` for one that nobody raised on purpose."""
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        return Exit.BROKEN_PIPE
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), Exit.BUG)
