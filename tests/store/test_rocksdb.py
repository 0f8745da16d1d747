"""The store on disk does what every store does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from barloom.store.opening import open_store
from store.conformance import StoreCases

if TYPE_CHECKING:
    from pathlib import Path

    from barloom.plan.barplan import BarPlan
    from barloom.store.barstore import BarStore


class TestRocksStore(StoreCases):
    """All cases, on disk: closed and opened between writers."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "store"

    def open(self, plan: BarPlan) -> BarStore:
        """A store in a new directory."""
        return open_store(self.folder, plan)

    def again(self, store: BarStore) -> BarStore:
        """The same directory, opened by the next writer."""
        store.close()
        return open_store(self.folder, store.plan)
