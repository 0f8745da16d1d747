"""What the server says of itself: the description of its API, as JSON and as a page, and that it lives."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from barloom.serve.api.answers import Page
from barloom.serve.api.asking import Asked
from barloom.serve.api.openapi import description
from barloom.serve.api.operations import operation
from barloom.serve.api.page import STYLE, page_of
from barloom.serve.api.room import Room

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.serve.api.operations import Operation

__all__ = ["documents"]


def documents(operations: Sequence[Operation], *, guarded: bool) -> tuple[Operation, ...]:
    """The operations that tell of others; nobody needs a token for them, as they say nothing of any store."""

    @cache
    def made() -> dict[str, Any]:
        return description([*operations, healthz], guarded=guarded)

    @operation("/v1/openapi.json", tag="about", quick=True, guarded=False)
    def openapi(_asked: Asked, _room: Room) -> dict[str, Any]:
        """The description of the API: OpenAPI 3.1."""
        return made()

    @operation("/v1/docs", tag="about", quick=True, guarded=False)
    def docs(_asked: Asked, _room: Room) -> Page:
        """The same for people."""
        return Page(page_of(made()))

    @operation("/v1/docs.css", tag="about", quick=True, guarded=False)
    def style(_asked: Asked, _room: Room) -> Page:
        """How it looks."""
        return Page(STYLE, "text/css")

    @operation("/healthz", tag="about", quick=True, guarded=False)
    def healthz(_asked: Asked, _room: Room) -> str:
        """That the server lives: ``ok``."""
        return "ok\n"

    return openapi, docs, style, healthz
