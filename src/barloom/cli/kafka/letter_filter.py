"""``--filter NAME=VALUE``: which dead letters are meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from barloom.cli.formats import UsageError, instant
from barloom.plan.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from barloom.kafka import Letter

__all__ = ["letter_filter", "place_of"]


_NAMES: Final = "error, topic, partition, offset, letter, key, tries, since, until"
_RANGE: Final = re.compile(r"(\d*)\.\.(\d*)|(\d+)")
_PLACE: Final = re.compile(r"(\d+)/(\d+)")


def letter_filter(written: Sequence[str]) -> Callable[[Letter], bool]:
    """Whether a letter meets every condition; `UsageError` for one that makes no sense.

    ``error=`` and ``key=`` are parts of the text, ``topic=``, ``partition=`` and ``offset=`` where the message came
    from, ``letter=2/17`` is one dead letter, ``since=`` and ``until=`` bound when it failed last. Numbers may be
    ranges: ``5..90``.
    """
    conditions = [_condition(text) for text in written]
    return lambda letter: all(condition(letter) for condition in conditions)


def place_of(text: str) -> tuple[int, int]:
    """Partition and offset of ``2/17``."""
    match = _PLACE.fullmatch(text.strip())
    if match is None:
        message = f"{text!r} is no dead letter; write its partition and offset as `dlq list` does, such as 2/17"
        raise UsageError(message)
    return int(match[1]), int(match[2])


def _condition(written: str) -> Callable[[Letter], bool]:
    name, equals, value = written.partition("=")
    make = _MAKERS.get(name)
    if make is None or not equals:
        hint = did_you_mean(name, list(_MAKERS)) if equals else f"write NAME=VALUE with one of {_NAMES}"
        message = f"--filter {written}: {hint}"
        raise UsageError(message)
    return make(value)


def _error(value: str) -> Callable[[Letter], bool]:
    return lambda letter: value.casefold() in letter.error.casefold()


def _key(value: str) -> Callable[[Letter], bool]:
    return lambda letter: value.encode() in (letter.key or b"")


def _topic(value: str) -> Callable[[Letter], bool]:
    return lambda letter: letter.origin is not None and letter.origin[0] == value


def _partition(value: str) -> Callable[[Letter], bool]:
    within = _number("partition", value)
    return lambda letter: letter.origin is not None and within(letter.origin[1])


def _offset(value: str) -> Callable[[Letter], bool]:
    within = _number("offset", value)
    return lambda letter: letter.origin is not None and within(letter.origin[2])


def _tries(value: str) -> Callable[[Letter], bool]:
    within = _number("tries", value)
    return lambda letter: within(letter.tries)


def _letter(value: str) -> Callable[[Letter], bool]:
    place = place_of(value)
    return lambda letter: (letter.partition, letter.offset) == place


def _since(value: str) -> Callable[[Letter], bool]:
    at = instant(value, "--filter since")
    return lambda letter: letter.last_seen_at is not None and letter.last_seen_at >= at


def _until(value: str) -> Callable[[Letter], bool]:
    at = instant(value, "--filter until")
    return lambda letter: letter.last_seen_at is not None and letter.last_seen_at < at


def _number(name: str, value: str) -> Callable[[int], bool]:
    match = _RANGE.fullmatch(value)
    if match is None or value == "..":
        message = f"--filter {name}={value}: write a number, or a range such as 5..90, 5.. or ..90"
        raise UsageError(message)
    low, high = match[1] or match[3] or "0", match[2] or match[3]
    return lambda number: int(low) <= number and (not high or number <= int(high))


_MAKERS: Final = {
    "error": _error,
    "topic": _topic,
    "partition": _partition,
    "offset": _offset,
    "letter": _letter,
    "key": _key,
    "tries": _tries,
    "since": _since,
    "until": _until,
}
