"""The parameters of a request: text in an address becomes a typed struct."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar, get_origin
from urllib.parse import parse_qsl

import msgspec

from barloom.plan.suggest import did_you_mean
from barloom.serve.api.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Asked", "asked"]

_MOST_PARAMETERS: Final = 1_000
_WHERE: Final = re.compile(r" - at `\$\.?(?P<name>\w*)[^`]*`$")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a request asks for; its fields are the parameters, a list one that may stand several times.

    A `lenient` one passes over parameters that it does not know, as clients of others send them.
    """

    lenient: ClassVar[bool] = False


A = TypeVar("A", bound=Asked)


def asked(kind: type[A], query: bytes) -> A:
    """The parameters of a query string; `Refused` names the one that is unknown, missing, repeated or wrong."""
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError as error:
        message = f"there are more than {_MOST_PARAMETERS} parameters"
        raise Refused(400, message) from error
    several = _several(kind)
    known = [pair for pair in pairs if pair[0] in several] if kind.lenient else pairs
    values = _gathered(known, several)
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _explained(str(error)) from error


@cache
def _several(kind: type[Asked]) -> Mapping[str, bool]:
    """Each parameter, and whether it may stand several times."""
    fields = msgspec.structs.fields(kind)
    return {field.encode_name: get_origin(field.type) is list for field in fields}


def _gathered(pairs: list[tuple[str, str]], several: Mapping[str, bool]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, value in pairs:
        if name not in several:
            message = f"there is no parameter {name!r}; {did_you_mean(name, several) if several else 'leave it out'}"
            raise Refused(400, message, name)
        held = values.get(name)
        if not several[name]:
            if held is not None:
                message = f"{name} stands there twice; give it once"
                raise Refused(400, message, name)
            values[name] = value
        elif isinstance(held, list):
            held.append(value)
        else:
            values[name] = [value]
    return values


def _explained(text: str) -> Refused:
    """What msgspec says of a value, by the name of the parameter."""
    match = _WHERE.search(text)
    if match is None:  # of a field that is missing it says the name within
        missing = text.replace("Object missing required field", "the request lacks").replace("`", "")
        return Refused(400, missing, missing.rpartition(" ")[2])
    said = text[: match.start()].replace("`", "").replace("Expected", "expected", 1)
    return Refused(400, f"{match['name']}: {said}", match["name"])
