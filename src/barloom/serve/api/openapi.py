"""The description of the API (OpenAPI 3.1), made of the operations: their parameters, answers and docstrings."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, TypeAlias, get_args, get_origin

import msgspec

from barloom.serve.api.answers import Page, Table
from barloom.serve.api.forms import Form
from barloom.serve.api.refusals import NotRunning, Problem, UdfError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from barloom.serve.api.operations import Operation

__all__ = ["description"]

Schema: TypeAlias = dict[str, Any]
"""A JSON schema, or a part of the document."""

_PROBLEM: Final = "application/problem+json"
_JSON: Final = Form.JSON.value
_WHEN: Final = {
    "400": "A parameter is unknown, missing or makes no sense.",
    "401": "A token is asked for.",
    "403": "The token may not read this, or the request comes from a page of another origin.",
    "404": "There is no such store, timeframe or symbol, or the store has nothing of the kind.",
    "406": "None of the forms is one that the header Accept takes.",
    "410": "The epoch is over: the bars were made anew.",
    "413": "The request has a body that is too large.",
    "421": "The request names a host that is not this one.",
    "422": "It takes too long.",
    "429": "The client asks for too much at once.",
    "502": "The server that holds the bars refuses.",
    "503": "The store does not answer now; the same may succeed later.",
}
_ALWAYS: Final = ("400", "413", "421", "429")
_OF_STORES: Final = ("404", "422", "502", "503")


def description(operations: Iterable[Operation], *, guarded: bool) -> Schema:
    """The document; `guarded` where a token is asked for."""
    listed = list(operations)
    structs: list[type[msgspec.Struct]] = [
        Problem,
        NotRunning,
        UdfError,
        *(kind for item in listed for kind in _structs(item)),
    ]
    schemas, components = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    by_kind: dict[type[Any], Schema] = dict(zip(structs, schemas, strict=True))
    _, asked = msgspec.json.schema_components([item.kind for item in listed])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "barloom",
            "version": version("barloom"),
            "description": "Live and final bars in many timeframes, exact to the digit.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            item.path: {"get": _operation(item, asked[item.kind.__name__], by_kind, guarded=guarded)} for item in listed
        },
        "components": {"schemas": components, **(_SECURITY if guarded else {})},
    }


_SECURITY: Final = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}


def _structs(item: Operation) -> Iterator[type[msgspec.Struct]]:
    """The structs that an operation answers with, or lists of them."""
    inner = (get_args(answer)[0] if get_origin(answer) is list else answer for answer in item.answers)
    return (kind for answer in inner if (kind := _struct(answer)) is not None)


def _struct(answer: object) -> type[msgspec.Struct] | None:
    inner = get_args(answer)[0] if get_origin(answer) is Table else answer
    return inner if isinstance(inner, type) and issubclass(inner, msgspec.Struct) else None


def _operation(item: Operation, asked: Schema, schemas: dict[type[Any], Schema], *, guarded: bool) -> Schema:
    fields, required = asked["properties"], asked.get("required", ())
    responses: Schema = {}
    for answer in item.answers:
        status, told = _answer(answer, schemas)
        responses[status] = told
    for status in _refusals(item, fields, guarded=guarded):
        content = _refusal(item, status, schemas)
        responses[status] = _joined(responses.get(status), {"description": _WHEN[status], "content": content})
    return {
        "operationId": item.name,
        "tags": [item.tag],
        "summary": item.summary,
        "description": item.description,
        "parameters": [_parameter(name, schema, required=name in required) for name, schema in fields.items()],
        "responses": dict(sorted(responses.items())),
        **({"security": [{"token": []}]} if guarded and item.guarded else {}),
    }


def _parameter(name: str, schema: Schema, *, required: bool) -> Schema:
    """A parameter; that it may be left out says `required`, and no null in its schema."""
    kept = {key: value for key, value in schema.items() if key != "description"}
    if kept.get("default", ...) is None:
        del kept["default"]
    if "anyOf" in kept:
        kept |= next(choice for choice in kept.pop("anyOf") if choice != {"type": "null"})
    about = schema.get("description") or schema.get("items", {}).get("description", "")
    return {"name": name, "in": "query", "required": required, "description": about, "schema": kept}


def _answer(answer: object, schemas: dict[type[Any], Schema]) -> tuple[str, Schema]:
    kind = _struct(answer)
    if kind is None:
        media = "text/html" if answer is Page else "text/plain" if answer is str else _JSON
        return "200", {"description": "The answer.", "content": {media: {"schema": _plain(answer)}}}
    content: Schema = {_JSON: {"schema": schemas[kind]}}
    if get_origin(answer) is Table:
        content |= {form.value: {} for form in Form if form is not Form.JSON}
    about = (kind.__doc__ or "").partition("\n")[0]
    return str(getattr(kind, "http_status", 200)), {"description": about, "content": content}


def _plain(answer: object) -> Schema:
    if answer in (Page, str):
        return {"type": "string"}
    schema: Schema = msgspec.json.schema_components([answer], ref_template="#/components/schemas/{name}")[0][0]
    return schema


def _refusals(item: Operation, fields: Schema, *, guarded: bool) -> list[str]:
    found = [*_ALWAYS, "403"]
    found += ["401"] if guarded and item.guarded else []
    found += [status for status in _OF_STORES if item.guarded]
    found += ["406"] if "format" in fields else []
    return found + (["410"] if "epoch" in fields else [])


def _refusal(item: Operation, status: str, schemas: dict[type[Any], Schema]) -> Schema:
    """The body of a refusal; the charting library reads its own, but for what is said at the door."""
    if item.tag == "udf" and status not in {"401", "413", "421", "429"}:
        return {_JSON: {"schema": schemas[UdfError]}, _PROBLEM: {"schema": schemas[Problem]}}
    running = [schemas[NotRunning]] if status == "503" else []
    return {_PROBLEM: {"schema": {"anyOf": [*running, schemas[Problem]]} if running else schemas[Problem]}}


def _joined(one: Schema | None, other: Schema) -> Schema:
    """Two answers of the same status."""
    if one is None:
        return other
    return {
        "description": f"{one['description']} Or: {other['description']}",
        "content": one["content"] | other["content"],
    }
