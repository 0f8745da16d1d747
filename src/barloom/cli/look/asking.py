"""What the reading commands are asked for: a store, a timeframe, a key, a range of time."""

from __future__ import annotations

import shlex
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from barloom.cli.formats import UsageError, instant, plural
from barloom.plan.barplan import FieldKind
from barloom.plan.suggest import did_you_mean
from barloom.read.ranges import BarRange
from barloom.store.backend import Family

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan, Field
    from barloom.read.bar import Bar
    from barloom.read.bucket import TimeBucket
    from barloom.read.readable import Readable

__all__ = ["about_key", "key_fields", "lacks", "level_of", "near_keys", "range_asked", "whole_key"]

_NEAR: Final = 3
_OF_BARS: Final = (Family.FINAL, Family.OPEN)


def level_of(plan: BarPlan, timeframe: str) -> int:
    """The position of a timeframe whose bars are there."""
    try:
        level = plan.level_of(timeframe)
    except ValueError as error:
        message = f"--timeframe {timeframe}: {error}"
        raise UsageError(message) from error
    if level not in plan.published:
        message = f"--timeframe {timeframe}: these bars were the input and are not written again"
        raise UsageError(message)
    return level


def key_fields(store: Readable, parts: Sequence[str]) -> dict[str, object]:
    """The key fields that ``--key`` names, with values of their declared types."""
    plan = store.plan
    names = plan.event.key
    found: dict[str, object] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if len(names) == 1 and (not equals or name != names[0]):
            _refuse_another_name(store, part)
            name, value = names[0], part
        elif not equals or name not in names:
            hint = did_you_mean(name, names) if equals else "write " + " ".join(f"--key {name}=…" for name in names)
            message = f"--key {part}: the key has the fields {', '.join(names)}; {hint}"
            raise UsageError(message)
        if name in found:
            message = f"--key {part}: {name} is given twice"
            raise UsageError(message)
        found[name] = _value(plan.event.by_name[name], value)
    return found


def _refuse_another_name(store: Readable, part: str) -> None:
    """A single key may be given bare; text with ``=`` in it is only taken for one where the store has such a key."""
    field = store.plan.event.by_name[store.plan.event.key[0]]
    name, equals, value = part.partition("=")
    if not equals or (field.kind is FieldKind.STRING and _is_known(store, part)):
        return
    message = f"--key {part}: the key is {field.name}, not {name}; did you mean --key {field.name}={value}?"
    raise UsageError(message)


def _is_known(store: Readable, key: str) -> bool:
    encoded = store.layout.keys.encode((key,))
    places = [(family, store.layout.prefix(level, encoded)) for level in store.plan.published for family in _OF_BARS]
    return any((store.backend.first(family, place) or b"").startswith(place) for family, place in places)


def whole_key(store: Readable, parts: Sequence[str]) -> tuple[object, ...]:
    """The key that ``--key`` names, with every field."""
    plan = store.plan
    found = key_fields(store, parts)
    missing = [name for name in plan.event.key if name not in found]
    if missing:
        written = " ".join(f"--key {name}=…" for name in missing)
        message = f"the key is not complete: give {written}"
        raise UsageError(message)
    return tuple(found[name] for name in plan.event.key)


def near_keys(bucket: TimeBucket[Bar], key: Sequence[object]) -> list[tuple[object, ...]]:
    """The keys with bars that are most like one without any; none where there is nothing like it."""
    held = {_spelled(each): each for each in list(bucket.keys())}
    by_case: dict[str, list[str]] = {}
    for text in held:
        by_case.setdefault(text.lower(), []).append(text)
    near = get_close_matches(_spelled(key).lower(), by_case, n=_NEAR, cutoff=0.6)
    return [held[text] for name in near for text in by_case[name]][:_NEAR]


def about_key(bucket: TimeBucket[Bar], key: Sequence[object]) -> str:
    """That no bar of the timeframe has a key, and which ones are like it, as they are asked for."""
    near, held = near_keys(bucket, key), bucket.keys()
    options = [_options(bucket.store.plan, each) for each in near or held[:_NEAR]]
    if near:
        hint = f"did you mean {' or '.join(options)}?"
    else:
        one = f"the only key is {options[0]}" if held else "there is none yet"
        hint = f"there are {plural(len(held), 'key')}, such as {', '.join(options)}" if len(held) > 1 else one
    return f"No bar of {bucket.timeframe} has the key {_spelled(key)}; {hint}"


def lacks(bucket: TimeBucket[Bar], key: Sequence[object]) -> bool:
    """Whether no bar of the timeframe has a key."""
    return tuple(key) not in set(bucket.keys())


def _spelled(key: Sequence[object]) -> str:
    return " ".join(map(str, key))


def _options(plan: BarPlan, key: Sequence[object]) -> str:
    """A key as it is given on the command line."""
    names = plan.event.key
    parts = [str(key[0])] if len(names) == 1 else [f"{name}={value}" for name, value in zip(names, key, strict=True)]
    return " ".join(f"--key {shlex.quote(part)}" for part in parts)


def _value(field: Field, text: str) -> object:
    if field.kind is FieldKind.STRING:
        return _whole_letters(field, text)
    try:
        return int(text)
    except ValueError:
        message = f"--key {field.name}={text}: the field is a whole number"
        raise UsageError(message) from None


def _whole_letters(field: Field, text: str) -> str:
    """Bytes on the command line that are no text become halves of characters, which nothing can look up."""
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        message = f"--key {field.name}={text}: it is not UTF-8 text, as every stored key is"
        raise UsageError(message)
    return text


def range_asked(  # noqa: PLR0913 - one argument an option
    store: Readable, timeframe: str, parts: Sequence[str], begin: str | None, end: str | None, *, live: bool
) -> BarRange:
    """The range that the options name."""
    first = None if begin is None else instant(begin, "--from")
    last = None if end is None else instant(end, "--to")
    if first is not None and last is not None and first > last:
        message = f"--from {begin} is later than --to {end}: give the earlier one to --from"
        raise UsageError(message)
    level = level_of(store.plan, timeframe)
    return BarRange("live" if live else "final", level, key_fields(store, parts), first, last)
