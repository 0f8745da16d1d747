"""What a request is refused with: a status, and what was wrong, where, and how to mend it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

import msgspec

from barloom.errors import BarloomError, CalendarError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NotRunning", "Problem", "Refused", "UdfError", "sensible"]


class Problem(msgspec.Struct, omit_defaults=True):
    """Why a request has no answer (a problem of RFC 9457).

    `parameter` is the query parameter that is wrong, where it is one.
    """

    title: str
    status: int
    detail: str
    parameter: str | None = None


class NotRunning(msgspec.Struct):
    """The store does not answer now; the same request may succeed later. `state` is what it does instead."""

    http_status: ClassVar[int] = 503

    title: str
    status: int
    detail: str
    topic: str
    state: str
    at: str


class UdfError(msgspec.Struct):
    """A problem as the charting library reads it: `s` is ``error``."""

    s: str
    errmsg: str


class Refused(Exception):
    """A request that is answered with a `Problem`."""

    def __init__(self, status: int, detail: str, parameter: str | None = None, **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.parameter = parameter
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@contextmanager
def sensible(parameter: str | None) -> Iterator[None]:
    """What the reading rooms say of an argument that makes no sense is the asker's mistake."""
    try:
        yield
    except CalendarError as error:
        raise Refused(400, str(error), parameter) from error
    except BarloomError:
        raise
    except (TypeError, ValueError) as error:
        raise Refused(400, str(error), parameter) from error
