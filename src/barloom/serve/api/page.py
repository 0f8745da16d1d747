"""The description of the API as a page: HTML without scripts, made of the OpenAPI document."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["STYLE", "page_of"]

STYLE: Final = """\
:root { color-scheme: light dark; --line: #8884; --quiet: #888; --code: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem; font-size: 1.1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; background: var(--code); border-radius: .2rem; }
code { padding: 0 .2em; } pre { padding: .6rem; overflow-x: auto; } pre code { background: none; padding: 0; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; }
td, th { vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); }
.quiet { color: var(--quiet); } nav a { margin-right: 1rem; } .description { white-space: pre-line; }
"""

_HEAD: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>barloom API</title>
<link rel="stylesheet" href="docs.css">
</head>
<body>
"""


def page_of(document: Mapping[str, Any]) -> str:
    """The page of an OpenAPI document."""
    operations = [(path, item["get"]) for path, item in document["paths"].items()]
    links = "".join(f'<a href="#{escape(item["operationId"])}">{escape(path)}</a> ' for path, item in operations)
    about = f"{document['info']['description']} Version {document['info']['version']}"
    head = f"<h1>barloom API</h1>\n<p>{escape(about)}"
    machine = 'For machines: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).'
    body = "\n".join(_operation(path, item) for path, item in operations)
    return f"{_HEAD}{head}. {machine}</p>\n<nav>{links}</nav>\n{body}\n</body>\n</html>\n"


def _operation(path: str, item: Mapping[str, Any]) -> str:
    head = f'<h2 id="{escape(item["operationId"])}"><code>GET {escape(path)}</code></h2>'
    about = f'<p class="description">{_marked(item["description"])}</p>'
    token = " -H 'Authorization: Bearer …'" if item.get("security") else ""
    example = f"<pre><code>{escape(f'curl{token} {_example(path, item)}')}</code></pre>"
    parameters = "".join(_parameter(each) for each in item["parameters"])
    asked = f"<table><tr><th>parameter</th><th></th><th></th></tr>{parameters}</table>" if parameters else ""
    answers = "".join(_response(status, each) for status, each in item["responses"].items())
    return f"{head}\n{about}\n{example}\n{asked}\n<table><tr><th>status</th><th></th><th></th></tr>{answers}</table>"


def _example(path: str, item: Mapping[str, Any]) -> str:
    """An address with all that has to be in it."""
    asked = "&".join(f"{each['name']}={_sample(each['schema'])}" for each in item["parameters"] if each["required"])
    return f"'http://127.0.0.1:8080{path}{'?' if asked else ''}{asked}'"


def _sample(schema: Mapping[str, Any]) -> str:
    return str(schema.get("examples", ["…"])[0])


def _parameter(parameter: Mapping[str, Any]) -> str:
    need = "" if parameter["required"] else ' <span class="quiet">optional</span>'
    name = f"<td><code>{escape(parameter['name'])}</code>{need}</td>"
    return f"<tr>{name}<td>{' '.join(_kind(parameter['schema']))}</td><td>{_marked(parameter['description'])}</td></tr>"


def _kind(schema: Mapping[str, Any]) -> Iterator[str]:
    """What a value is, in words."""
    if "enum" in schema:
        yield " or ".join(f"<code>{escape(str(choice))}</code>" for choice in schema["enum"])
    elif schema.get("type") == "array":
        yield "text, several times" if schema["items"].get("type") == "string" else "several times"
    else:
        yield {"string": "text", "integer": "number", "boolean": "true or false"}.get(schema.get("type", ""), "")
    if "minimum" in schema:
        yield f"from {schema['minimum']}"
    if schema.get("default") not in (None, "", []):
        yield f'<span class="quiet">default <code>{escape(str(schema["default"]))}</code></span>'


def _response(status: str, response: Mapping[str, Any]) -> str:
    media = " ".join(f"<code>{escape(name)}</code>" for name in response.get("content", {}))
    return f"<tr><td>{escape(status)}</td><td>{_marked(response['description'])}</td><td>{media}</td></tr>"


def _marked(text: str) -> str:
    """Text whose words between backticks are code."""
    pieces = escape(text).replace("``", "`").split("`")
    return "".join(f"<code>{piece}</code>" if place % 2 else piece for place, piece in enumerate(pieces))
