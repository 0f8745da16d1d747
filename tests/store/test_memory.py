"""The store in memory does what every store does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.store.barstore import BarStore
from barloom.store.opening import memory_store
from store.conformance import StoreCases

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan


class TestMemoryStore(StoreCases):
    """All cases, in memory: it is not closed between writers, since that would empty it."""

    def open(self, plan: BarPlan) -> BarStore:
        """A store in memory."""
        return memory_store(plan)

    def again(self, store: BarStore) -> BarStore:
        """Another store over the same memory."""
        return BarStore(store.plan, store.backend)
