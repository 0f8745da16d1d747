"""Structured logs: an event in a few words, and fields. They say little when all is well, and never a secret.

What is logged goes through the standard library's ``logging`` under ``barloom.…``, so that an application which embeds
barloom sees it where it sees its own. With structlog installed, `configure` writes it in structlog's forms.
"""

from __future__ import annotations

import json as json_module
import logging
import re
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

__all__ = ["Logger", "configure", "get_logger", "masked"]

ROOT: Final = "barloom"
_MASK: Final = "***"
_SECRET: Final = re.compile(r"password|passwd|secret|token|authorization|credential|jaas", re.IGNORECASE)
_IN_URL: Final = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_QUOTED: Final = re.compile(r'[\s="]')


class Logger:
    """A logger of events with fields: ``log.info("partition assigned", partition=3)``."""

    def __init__(self, name: str, fields: Mapping[str, object] | None = None) -> None:
        self._logger = logging.getLogger(name)
        self._fields = dict(fields or {})

    def bind(self, **fields: object) -> Logger:
        """A logger that adds these fields to each event."""
        return Logger(self._logger.name, self._fields | fields)

    def debug(self, event: str, **fields: object) -> None:
        """What helps to find a fault, and is not written by default."""
        self._log(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Something changed: started, took a partition over, stopped."""
        self._log(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Something is not as it should be, and barloom goes on."""
        self._log(logging.WARNING, event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Something failed."""
        self._log(logging.ERROR, event, fields)

    def exception(self, event: str, **fields: object) -> None:
        """Something failed, with the traceback of the error that is being handled."""
        self._log(logging.ERROR, event, fields, traceback=True)

    def _log(self, level: int, event: str, fields: Mapping[str, object], *, traceback: bool = False) -> None:
        if not self._logger.isEnabledFor(level):
            return
        known = masked({**self._fields, **fields})
        text = " ".join([event, *(f"{name}={_word(value)}" for name, value in known.items())])
        extra = {"barloom_event": event, "barloom_fields": known}
        self._logger.log(level, "%s", text, exc_info=traceback, extra=extra, stacklevel=3)


def get_logger(name: str) -> Logger:
    """The logger of a module: ``get_logger(__name__)``."""
    return Logger(name if name.partition(".")[0] == ROOT else f"{ROOT}.{name}")


def masked(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields with secrets covered: those whose name says so, and credentials within addresses."""
    return {name: _MASK if _SECRET.search(name) else _without_credentials(value) for name, value in fields.items()}


def _without_credentials(value: object) -> object:
    return _IN_URL.sub(_MASK, value) if isinstance(value, str) else value


def _word(value: object) -> str:
    text = str(value)
    return json_module.dumps(text, ensure_ascii=False) if text == "" or _QUOTED.search(text) else text


def configure(*, json: bool = False, level: str = "info", stream: TextIO | None = None) -> None:
    """Write barloom's events to `stream` (none: standard error), one line each; again replaces what was set before."""
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(_formatter(json=json))
    logger = logging.getLogger(ROOT)
    for old in [old for old in logger.handlers if isinstance(old, logging.StreamHandler)]:
        logger.removeHandler(old)
    logger.addHandler(handler)
    logger.setLevel(level.upper())
    logger.propagate = False


def _formatter(*, json: bool) -> logging.Formatter:
    if find_spec("structlog") is None:
        return _JsonFormatter() if json else logging.Formatter("%(asctime)s %(levelname)-8s %(message)s")
    import structlog  # noqa: PLC0415 - an extra

    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    shared: list[Any] = [_unpacked, structlog.stdlib.add_log_level, stamp]
    last: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if json:
        last += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    else:
        last += [structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, sort_keys=False)]
    return cast(
        "logging.Formatter",
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last),
    )


def _unpacked(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """A record of `Logger` as structlog's event and fields."""
    record = event["_record"]
    fields = getattr(record, "barloom_fields", {})
    return {**event, "event": getattr(record, "barloom_event", event["event"]), "logger": record.name, **fields}


class _JsonFormatter(logging.Formatter):
    """One JSON object a line, for where structlog is missing."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        body: dict[str, object] = {
            "event": getattr(record, "barloom_event", record.getMessage()),
            "logger": record.name,
            **getattr(record, "barloom_fields", {}),
            "level": record.levelname.lower(),
            "timestamp": self.formatTime(record),
        }
        if record.exc_info:
            body["exception"] = self.formatException(record.exc_info)
        return json_module.dumps(body, ensure_ascii=False, default=str)
