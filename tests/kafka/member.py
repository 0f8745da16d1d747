"""A member of the group in a thread of this process, which can be stopped at any point of its turn."""

# ruff: noqa: SLF001 - what interrupts an instance must reach inside

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from barloom.errors import BarloomError
from barloom.kafka.runtime.instance import Instance
from barloom.testing import Point
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.kafka.runtime.job import Job
    from barloom.kafka.runtime.watermarks import Seen
    from barloom.testing import PartitionWatcherStub


class _Killed(BaseException):
    """The member ends here, without a word to anybody."""


class Member:
    """Turns its instance until it is stopped, crashed or frozen."""

    def __init__(self, job: Job, transactional_id: str, watcher: PartitionWatcherStub) -> None:
        self.job = job
        self.instance = Instance(job, transactional_id)
        self.failure: BarloomError | None = None
        self.frozen = False
        self.settled_with: Seen | None = None
        self._watcher = watcher
        self._point: Point | None = None
        self._reached, self._go_on = Event(), Event()
        self._resting, self._may_turn = Event(), Event()
        self._may_turn.set()
        self._stop = self._killed = False
        self._interruptible()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it takes turns."""
        return self._thread.is_alive() and not self.frozen

    @property
    def partitions(self) -> frozenset[int]:
        """What it runs, restored and all."""
        return frozenset(self.instance._partitions)

    def latest(self) -> Seen | None:
        """Its last look at the ends of the logs."""
        return self.instance._watermarks.latest

    def rest(self) -> None:
        """Take no turns until it is told anything else."""
        if self._may_turn.is_set():
            self._resting.clear()
            self._may_turn.clear()
        while self.running and not self._resting.wait(0.01):
            pass

    def go_on(self) -> None:
        """Take turns again."""
        self._may_turn.set()

    def stop(self) -> None:
        """In good order: commit, leave the group."""
        self._stop = True
        self._join()

    def crash(self) -> None:
        """Die between two turns, or where it is frozen; its open transaction stays until a successor ends it."""
        self._killed = True
        self._go_on.set()
        self._join()

    def freeze_at(self, point: Point) -> None:
        """Stand still right after `point` of the next turn that gets there."""
        self._point = point
        self.go_on()
        assert self._reached.wait(PATIENCE), f"never came to {point}: {self.failure!r}"
        self.frozen = True

    def thaw(self) -> bool:
        """Go on; whether the turn came to its end and was committed."""
        before = self.settled_with
        self._point, self.frozen = None, False
        self.go_on()
        self._go_on.set()
        while self._thread.is_alive():
            if self.settled_with is not before:
                return True
            self._thread.join(0.01)
        return False

    def _join(self) -> None:
        self.go_on()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while self._may_go_on():
                seen = self.latest()
                self.instance.turn()
                if self.instance._commit_due is None:
                    self.settled_with = seen
            self.instance.stop()
        except _Killed:
            self._vanish()
        except BarloomError as error:
            self.failure = error
            self._watcher.lost(self._watcher.owned.copy())
            self.instance.close()
        else:
            self.instance.close()

    def _may_go_on(self) -> bool:
        if not self._may_turn.is_set():
            self._resting.set()
            self._may_turn.wait()
        if self._killed:
            raise _Killed
        return not self._stop

    def _vanish(self) -> None:
        """Be gone from the group, and leave the transaction as it is."""
        self.instance._watermarks.close()
        self.instance._threads.shutdown()
        self.instance._partitions.clear()
        self.instance._consumer.close()

    def _interruptible(self) -> None:
        instance, transactions = self.instance, self.instance._transactions
        self._replace(instance, "_take", before=Point.POLLED)
        self._replace(instance, "_stepped_over", before=Point.STEPPED)
        self._replace(transactions, "_move", before=Point.WRITTEN, after=Point.SENT)
        self._replace(transactions, "commit", after=Point.COMMITTED)
        for name in ("assigned", "revoked", "lost"):
            self._replace(instance, f"_on_{name}", tell=getattr(self._watcher, name))

    def _replace(
        self,
        owner: object,
        name: str,
        *,
        before: Point | None = None,
        after: Point | None = None,
        tell: Callable[[set[int]], None] | None = None,
    ) -> None:
        real = getattr(owner, name)

        def replaced(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever it is called with
            self._pass(before)
            answer = real(*given, **named)
            self._pass(after)
            if tell is not None:
                numbers = {item.partition for item in given[0]}
                tell(numbers if name == "_on_assigned" else numbers & self._watcher.owned)
            return answer

        vars(owner)[name] = replaced

    def _pass(self, point: Point | None) -> None:
        if point is None or point is not self._point:
            return
        self.instance._transactions._producer.flush(PATIENCE)  # what was written is in the log
        self._reached.set()
        self._go_on.wait()
        if self._killed:
            raise _Killed
