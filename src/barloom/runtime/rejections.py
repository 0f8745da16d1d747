"""How many rows a run may refuse, and what is said where it refused more."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from barloom.errors import TooManyRejected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.runtime.report import RunReport

__all__ = ["KEPT", "REFUSED_REBUILD", "RejectLimit", "check_rejected"]

KEPT: Final = (
    "What was read is committed, and these rows are not read again. Mend the definition or the input, then rebuild the"
    " store, or delete it and run anew. A limit (max_rejected) of 100% lets any number of refused rows pass."
)
"""What becomes of a run that refused too much."""

REFUSED_REBUILD: Final = (
    "The store stays as it was, and the new one is gone. Mend the definition or the input, and rebuild again;"
    " A limit (max_rejected) of 100% lets any number of refused rows pass."
)
"""What becomes of a rebuild that refused too much."""

_SHARE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_ALL: Final = 100


@dataclass(frozen=True, slots=True)
class RejectLimit:
    """The most rows that may be refused: a number of them, or a share in percent. Neither: all but every one."""

    rows: int | None = None
    percent: Decimal | None = None

    @classmethod
    def of(cls, given: int | str | None) -> RejectLimit:
        """From ``"5%"``, ``"100"`` or ``100``; `ValueError` for what is neither a share nor a number of rows."""
        if given is None:
            return cls()
        if isinstance(given, str):
            written = given.strip()
            if written.isascii() and written.isdecimal():
                return cls(rows=int(written))
            share = _SHARE.fullmatch(written)
            if share is not None and Decimal(share[1]) <= _ALL:
                return cls(percent=Decimal(share[1]))
        elif isinstance(given, int) and not isinstance(given, bool) and given >= 0:
            return cls(rows=given)
        message = f"{given!r} is neither a share nor a number of rows{_meant(given)}"
        raise ValueError(message)

    def exceeded(self, refused: int, rows: int) -> bool:
        """Whether `refused` of `rows` are too many. Every single one always is, but where 100 % are allowed."""
        if self.percent == _ALL or not refused:
            return False
        if refused == rows or (self.rows is not None and refused > self.rows):
            return True
        return self.percent is not None and refused * _ALL > self.percent * rows


def _meant(given: object) -> str:
    """How what was given may have been meant."""
    try:
        share = Decimal(str(given).strip())
    except ArithmeticError:
        return '; write a share from "0%" to "100%", or a whole number of rows'
    if 0 < share < 1:
        return f'; did you mean "{(share * _ALL).normalize():f}%"?'
    return '; write a share from "0%" to "100%", or a whole number of rows'


def check_rejected(report: RunReport, limit: RejectLimit, kept: str) -> None:
    """Raise `TooManyRejected` where a run refused more rows than it may.

    The message shows the first row of each reason with its record; `kept` says what became of the run's outcome.
    """
    if limit.exceeded(report.refused, report.considered):
        raise TooManyRejected("\n".join([_head(report, limit), *_first_of_each(report), kept]), report)


def _head(report: RunReport, limit: RejectLimit) -> str:
    refused, rows = report.refused, report.considered
    if refused == rows:
        return f"every row was refused, {refused:,} of {rows:,}; the first of each reason:"
    most = f"{limit.percent} %" if limit.rows is None else f"{limit.rows:,}"
    share = f", {Decimal(refused * _ALL) / Decimal(rows):.2f} %" if limit.rows is None else ""
    return f"{refused:,} of {rows:,} rows were refused{share}, and at most {most} may be; the first of each reason:"


def _first_of_each(report: RunReport) -> Iterator[str]:
    for reason, rows in report.rejected.items():
        first = report.first_rejected[reason]
        yield f"  {reason}, {rows:,} {'row' if rows == 1 else 'rows'}: {first.origin}, row {first.row}: {first.message}"
        yield f"    the record: {first.raw}"
