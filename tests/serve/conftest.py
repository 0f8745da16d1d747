"""A market on an exchange, and a server of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serve.serving import make_market, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the store."""
    return make_market(tmp_path_factory.mktemp("market") / "state")


@pytest.fixture(scope="session")
def client(market: Path) -> Iterator[httpx.Client]:
    """A client of a server of that store alone."""
    with serving({"trades": market}) as found:
        yield found
