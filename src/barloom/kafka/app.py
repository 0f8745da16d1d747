"""Bars as an application on Kafka: what ``bars.kafka(…)`` gives."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event as Flag
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, overload

from barloom.clock import SystemClock
from barloom.plan.events import Event
from barloom.plan.identity import topics
from barloom.read.arguments import moment
from barloom.read.bar import Bar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import Literal, Unpack

    from barloom.clock import Clock
    from barloom.kafka.app_topics import AppTopics
    from barloom.kafka.config.settings import KafkaSettings
    from barloom.kafka.events.reading import Poison, Whence
    from barloom.kafka.events.typed import EventReader, EventWriter
    from barloom.kafka.letters.dlq import DeadLetters
    from barloom.kafka.publish.reading import Opening
    from barloom.kafka.publish.report import PublishReport, PublishStatus
    from barloom.kafka.reader.messages import BarReader
    from barloom.kafka.reader.reader import Reader
    from barloom.kafka.reader.written import WrittenBars
    from barloom.kafka.runtime.job import Status
    from barloom.kafka.runtime.rebuilding import Rebuilt
    from barloom.kafka.state.forgetting import Known
    from barloom.kafka.state.setting_back import SetBack
    from barloom.kafka.state.standing import Standing
    from barloom.plan.barplan import BarPlan
    from barloom.plan.identity import Topics
    from barloom.read.arguments import Moment
    from barloom.runtime.report import RunProgress, RunReport
    from barloom.source.open import Spec
    from barloom.store.protocol import SideRecord
    from barloom.store.scanning import BarKind
    from barloom.telemetry.health import Health
    from barloom.telemetry.metrics import Metrics
    from barloom.time.calendar import Calendar

__all__ = ["KafkaApp", "Messages"]

B = TypeVar("B", bound=Bar)
E = TypeVar("E", bound=Event)


class Messages(TypedDict, total=False):
    """How messages are read, by `KafkaApp.bars` and `KafkaApp.events`.

    With a `group` its members share the partitions, and a new reader goes on behind what was committed; `from_` says
    where one without positions begins. `at_end` ``"stop"`` ends the loop once everything that was there has been given.
    `poison` ``"raise"`` raises `BadRow` for a message that cannot be read, instead of giving a `Problem`.
    """

    group: str | None
    from_: Whence
    at_end: Literal["wait", "stop"]
    poison: Poison


@dataclass(frozen=True, slots=True, repr=False)
class KafkaApp:
    """An application on Kafka: its bars, its checked settings, and what is done with them.

    `written` knows what is in topics of bars. Every method asks the cluster anew and raises `BrokerError`
    (`BrokerUnreachable`, `LoginRefused`, `AccessRefused`, `TopicMismatch`), and `MissingExtra` without ``[kafka]``.
    """

    plan: BarPlan
    settings: KafkaSettings
    written: WrittenBars

    def __repr__(self) -> str:
        settings = self.settings
        return f"<KafkaApp {settings.app!r} of bars {self.plan.name!r} on {settings.brokers}>"

    @property
    def names(self) -> Topics:
        """How the topics of the application are called."""
        return topics(self.plan, self.settings.app)

    def run(  # noqa: PLR0913 - the settings of a run, by name
        self,
        *,
        stop: Flag | None = None,
        on_status: Callable[[Status], None] | None = None,
        metrics: Metrics | None = None,
        health: Health | None = None,
        calendar: Calendar | None = None,
        clock: Clock | None = None,
    ) -> RunReport:
        """Be one instance of the application until `stop` is set; then commit, leave the group, and report.

        Missing topics are made. A broker that is away is waited for; what then was not committed is read again. Where
        the settings say ``metrics = "HOST:PORT"``, ``/metrics``, ``/healthz`` and ``/readyz`` are served there; give
        `metrics` and `health` to look at both from within. Raises `StoreMismatch` for another definition's changelog.
        """
        from barloom.kafka.runtime.running import run  # noqa: PLC0415 - each method loads what it needs
        from barloom.telemetry.serving import serving  # noqa: PLC0415

        clock = clock or SystemClock()
        with serving(self.settings.metrics, metrics, health, clock) as (counts, well):
            return run(
                self.plan,
                self.settings,
                stop=stop or Flag(),
                on_status=on_status,
                metrics=counts,
                health=well,
                calendar=calendar,
                clock=clock,
            )

    def publish(  # noqa: PLR0913 - the settings of a publisher, by name
        self,
        feed: Spec | Opening,
        *,
        name: str = "feed",
        topic: str | None = None,
        partitions: int | None = None,
        stop: Flag | None = None,
        on_status: Callable[[PublishStatus], None] | None = None,
        metrics: Metrics | None = None,
        health: Health | None = None,
        clock: Clock | None = None,
    ) -> PublishReport:
        """Write a feed into the input topic (the first one, or `topic`) until it ends or `stop` is set, exactly once.

        `feed` is whatever bars can be made of: live feeds of venues (`barloom.feed.open`), an iterable or async
        iterable of events or mappings with `barloom.CompleteTo` between them, files, frames. How far it was published
        is committed with its rows, in the topic ``<input>_positions``. A feed that can go on by itself does so from
        there; of an iterable the rows of each key come in the order of their numbers (`barloom.sequence`), and those
        published before are passed over. Give a function instead, and it is called with the last number and time of
        each key to open the feed behind them.

        Several of one `name` are one publisher and its standbys, which take over. A topic that is not there is made
        with so many `partitions`. Rows that the definition cannot hold are told in the report, and are missing. Raises
        `TopicMismatch`, `DefinitionError` for fields that cannot be written as they are read, and whatever the feed
        raises, once the rows before are committed.

        Example::

            app = bars.kafka(brokers="localhost:9092", input="trades")
            app.publish(bl.feed.open("kraken", ["BTC/USD"]))
        """
        from barloom.kafka.publish.running import publish  # noqa: PLC0415
        from barloom.telemetry.serving import serving  # noqa: PLC0415

        clock = clock or SystemClock()
        with serving(self.settings.metrics, metrics, health, clock) as (counts, well):
            return publish(
                self.plan,
                self.settings,
                feed,
                stop=stop or Flag(),
                name=name,
                topic=topic,
                partitions=partitions,
                on_status=on_status,
                metrics=counts,
                health=well,
                clock=clock,
            )

    def rebuild(  # noqa: PLR0913 - the settings of a rebuild, by name
        self,
        *,
        stop: Flag | None = None,
        begin: Moment | None = None,
        end: Moment | None = None,
        resume: bool = False,
        on_progress: Callable[[RunProgress], None] | None = None,
        clock: Clock | None = None,
    ) -> Rebuilt:
        """Make the bars from the messages from `begin` up to, not including, `end`, by their timestamps.

        Both are a `datetime` with a zone, nanoseconds since 1970, or text such as ``2025-11-10T12:34:00Z``.

        Without `begin` the input is read from its first message, without `end` up to where it ends now; `run` then goes
        on exactly there. `resume` goes on with a rebuild that was stopped. Raises `TopicMismatch` where the application
        has a state already, or its topics hold bars of another: give it another `app`, and the bars another name.
        """
        from barloom.kafka.runtime.rebuilding import rebuild  # noqa: PLC0415

        return rebuild(
            self.plan,
            self.settings,
            stop=stop or Flag(),
            begin=None if begin is None else moment(begin),
            end=None if end is None else moment(end),
            resume=resume,
            on_progress=on_progress,
            clock=clock,
        )

    def reader(  # noqa: PLR0913 - the settings of a reader, by name
        self,
        path: str | Path | None = None,
        *,
        partitions: Iterable[int] | None = None,
        calendar: Calendar | None = None,
        follow: bool = True,
        metrics: Metrics | None = None,
        clock: Clock | None = None,
    ) -> Reader:
        """Follow the live and final bars, and keep a copy of them in the directory `path`; see `Reader`.

        Example::

            with app.reader("copy") as reader:
                reader.wait_running(60)
                minutes = reader.bucket("1m")
                print(minutes.latest("ACME", 5))
        """
        from barloom.kafka.reader.opening import open_reader  # noqa: PLC0415

        return open_reader(
            self.plan,
            self.settings,
            path,
            partitions=partitions,
            calendar=calendar,
            follow=follow,
            metrics=metrics,
            clock=clock,
            written=self.written,
        )

    @overload
    def bars(self, timeframe: str, kind: BarKind = ..., **how: Unpack[Messages]) -> BarReader[Bar]: ...
    @overload
    def bars(self, timeframe: str, kind: BarKind = ..., *, typed: type[B], **how: Unpack[Messages]) -> BarReader[B]: ...
    def bars(
        self, timeframe: str, kind: BarKind = "final", *, typed: type[Any] = Bar, **how: Unpack[Messages]
    ) -> BarReader[Any]:
        """The final or live bars of a timeframe, message by message; `typed` is the class of the bars.

        Example::

            with app.bars("1m", group="signals") as reader:
                for message in reader:
                    act(message.bar)
                    message.commit()
        """
        from barloom.kafka.reader.messages import BarReader  # noqa: PLC0415

        return BarReader(self.plan, self.settings, timeframe, kind, typed=typed, written=self.written, **how)

    @overload
    def writer(
        self, event: type[E], *, topic: str | None = ..., transactional_id: str | None = ...
    ) -> EventWriter[E]: ...
    @overload
    def writer(
        self, event: None = ..., *, topic: str | None = ..., transactional_id: str | None = ...
    ) -> EventWriter[Mapping[str, object]]: ...
    def writer(
        self, event: type[Any] | None = None, *, topic: str | None = None, transactional_id: str | None = None
    ) -> EventWriter[Any]:
        """Write ticks into the input topic (the first one, or `topic`), as the settings say how they look there.

        Ticks are objects of the class `event`, or without one mappings with the names of the definition's fields. With
        a `transactional_id` they are written inside of ``with writer.transaction():``, all or none. Where messages hold
        the time of arrival (``[source] arrival``), it is one more field. Raises `DefinitionError` where messages hold
        their fields elsewhere than by name, or the class has other fields than the definition.

        Example::

            with app.writer(Quote) as writer:
                writer.write(Quote(symbol="EURUSD", at=now, bid=Decimal("1.17")), headers={"feed": b"7"})
        """
        from barloom.kafka.events.typed import EventWriter, check_event, writable  # noqa: PLC0415

        if event is not None:
            check_event(event, writable(self.plan))
        return EventWriter(self.plan, self.settings, topic=topic, transactional_id=transactional_id)

    def events(
        self,
        event: type[E],
        *,
        topics: str | Iterable[str] | None = None,
        columns: Mapping[str, str] | None = None,
        **how: Unpack[Messages],
    ) -> EventReader[E]:
        """The ticks of the input topics as objects of a class.

        `columns` says where its fields stand in messages, in place of what the definition says.
        """
        from barloom.kafka.events.typed import EventReader  # noqa: PLC0415

        chosen = (topics,) if isinstance(topics, str) else None if topics is None else tuple(topics)
        if columns is None and self.plan.source.columns:
            columns = {name: path for name, path in self.plan.source.columns.items() if isinstance(path, str)}
        return EventReader(event, self.settings, topics=chosen, columns=columns, **how)

    @property
    def topics(self) -> AppTopics:
        """The topics of the application: `plan` and `apply`."""
        from barloom.kafka.app_topics import AppTopics  # noqa: PLC0415

        return AppTopics(self.plan, self.settings)

    @property
    def dlq(self) -> DeadLetters:
        """The messages that could not be read, and putting them back."""
        from barloom.kafka.letters.dlq import DeadLetters  # noqa: PLC0415

        return DeadLetters(self.settings, self.names)

    def rejected(self) -> Iterator[SideRecord]:
        """The refused rows that their topic holds, with reasons; see `SideRecord`."""
        from barloom.kafka.letters.rejected import rejected_rows  # noqa: PLC0415

        return rejected_rows(self.plan, self.settings, self.names.late)

    def status(self) -> list[Standing]:
        """Every partition of the input: who has it, how it is, how far it is behind, and its stream time."""
        from barloom.kafka.state.standing import standing  # noqa: PLC0415

        return standing(self.settings, self.names)

    def set_back(self, partition: int, to: Moment, *, really: bool = False) -> SetBack:
        """Let the stream time of a partition stand at `to` again; without `really` say what that would do.

        Published finals stay, and are never made again. Raises `ValueError` where stream time is not after `to`.
        """
        from barloom.kafka.state.setting_back import set_back  # noqa: PLC0415

        return set_back(self.plan, self.settings, partition, moment(to), really=really)

    def reset(self, *, really: bool = False) -> Known:
        """Forget what the application knows, so that its next run begins anew; without `really` say what that is.

        The input and the bars stay; bars already published are published again.
        """
        from barloom.kafka.cluster.admin import Cluster  # noqa: PLC0415
        from barloom.kafka.state.forgetting import forget, known_of  # noqa: PLC0415

        cluster = Cluster.reach(self.settings, SystemClock())
        known = known_of(cluster, self.plan, self.settings)
        if really:
            forget(cluster, known)
        return known
