"""Bars for people and their programs, over HTTP.

::

    import barloom as bl

    serving = bl.serve.app({"trades": "state"})
    with bl.serve.listen(serving, "127.0.0.1:0") as endpoint:
        print(endpoint.url)

`app` gives an ASGI application, which other servers run and other applications mount; `listen` serves it in a thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.errors import MissingExtra
from barloom.lazy import lazily

if TYPE_CHECKING:
    from barloom.serve.listening import Endpoint, Tls, listen
    from barloom.serve.safety.tokens import Token
    from barloom.serve.serving import Serving, app
    from barloom.serve.settings import Limits
    from barloom.serve.stores.catalogue import Servable

__all__ = ["Endpoint", "Limits", "Servable", "Serving", "Tls", "Token", "app", "listen"]

_HOMES = {
    "barloom.serve.serving": "Serving app",
    "barloom.serve.listening": "Endpoint Tls listen",
    "barloom.serve.safety.tokens": "Token",
    "barloom.serve.settings": "Limits",
    "barloom.serve.stores.catalogue": "Servable",
}

_EXTRA = ("anyio", "starlette", "uvicorn")
_get, __dir__ = lazily(globals(), _HOMES)


def __getattr__(name: str) -> object:
    try:
        return _get(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _EXTRA:
            raise
        raise MissingExtra("serve", "serving bars over HTTP") from error
