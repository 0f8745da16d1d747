"""`Bars`: declared bars, and every place where they can be made."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from barloom.plan.build import renamed
from barloom.plan.ladder import length_of
from barloom.plan.suggest import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Unpack

    from barloom.embedded.compute import Computed
    from barloom.embedded.rebuild import RebuildSettings
    from barloom.embedded.run import RunSettings
    from barloom.feed.batch import Event
    from barloom.feed.opening import Feeds, Replayed
    from barloom.kafka.app import KafkaApp
    from barloom.kafka.config.declared import Kafka, KafkaTable
    from barloom.ksqldb.app import KsqldbApp
    from barloom.ksqldb.server.address import KsqlServer
    from barloom.plan.barplan import BarPlan
    from barloom.plan.bounds import Bound
    from barloom.plan.draft import Duration
    from barloom.read.arguments import Moment
    from barloom.runtime.report import RunReport
    from barloom.runtime.setting_back import SetBack
    from barloom.time.calendar import Calendar

__all__ = ["Bars"]


@dataclass(frozen=True, slots=True, repr=False)
class Bars:
    """Declared bars; `plan` is what everything else reads.

    `beside` is what stands beside them where they were loaded from, such as ``[kafka]``, and `where` that place.
    """

    plan: BarPlan
    beside: Mapping[str, object] = field(default_factory=dict, compare=False)
    where: str = field(default="the declaration", compare=False)

    def __repr__(self) -> str:
        plan = self.plan
        frames = listed(level.timeframe for level in plan.levels)
        columns = listed(item.name for item in plan.outputs)
        return f"<Bars {plan.name!r} of {plan.event.name}: by {listed(plan.event.key)}; {frames}; columns {columns}>"

    def renamed(self, name: str) -> Self:
        """The same bars under another name, with which the names of their topics begin."""
        return replace(self, plan=renamed(self.plan, name))

    def compute(  # noqa: PLR0913 - the settings of a run, by name
        self,
        frame: Any,  # noqa: ANN401 - a frame of Polars or pandas, or whatever else `open_source` understands
        at_end: Literal["close", "keep"] = "close",
        calendar: Calendar | None = None,
        *,
        max_rejected: int | str | None = None,
        complete_from: Bound | None = None,
        complete_until: Bound | None = None,
    ) -> Computed:
        """The bars of a frame of ticks, read in row order; nothing is stored.

        ``result["1m"]`` is a frame of finals; see also ``rejected`` and ``open``. `at_end` ``close`` makes finals
        (marked partial) of the slots that are open when the frame ends, ``keep`` gives them in `Computed.open`.

        With `max_rejected` (a number of rows, or a share such as ``"5%"``) `TooManyRejected` is raised where more rows
        are refused, or every one. `complete_from` and `complete_until` stand in for those of `Query.source`. Raises
        `SourceError` where a column is missing.
        """
        from barloom.embedded.compute import compute  # noqa: PLC0415 - polars is loaded only when something is computed

        return compute(
            self.plan,
            frame,
            at_end,
            calendar,
            max_rejected=max_rejected,
            complete_from=complete_from,
            complete_until=complete_until,
        )

    def run(self, source: Any, store: str | Path, **settings: Unpack[RunSettings]) -> RunReport:  # noqa: ANN401 - whatever `open_source` understands
        """Read a source to its end, or follow it, into a store, and say what was done; see `barloom.run`."""
        from barloom.embedded.run import run  # noqa: PLC0415 - an application on Kafka needs none of it

        return run(self.plan, source, store, **settings)

    @property
    def says_feed(self) -> bool:
        """Whether ``[feed]`` beside the bars names feeds to run."""
        table = self.beside.get("feed")
        return isinstance(table, dict) and bool(table.keys() & {"feeds", "url"})

    def feeds(self, *names: str, told: Callable[[Event], None] | None = None) -> Feeds:
        """Live feeds for `run`: those named, ``"kraken:BTC/USD"``, or else those of ``[feed]``, with its settings.

        `told` is called with everything that befalls them. Raises `DefinitionError` with what is wrong in ``[feed]``,
        and `ValueError` for a feed that cannot be.
        """
        from barloom.feed.opening import Feeds  # noqa: PLC0415 - an extra
        from barloom.feed.settings import declared_feeds  # noqa: PLC0415

        table = self.beside.get("feed", {})
        found, settings = declared_feeds(table if isinstance(table, dict) else {}, self.plan, self.where, names)
        return Feeds(found, settings, told)

    def replayed(self, path: str | Path, *, at_its_pace: bool = False) -> Replayed:
        """A recorded feed for `run`, with the settings of ``[feed]``; see `barloom.feed.replayed`."""
        from barloom.feed.opening import replayed  # noqa: PLC0415 - an extra
        from barloom.feed.settings import settings_in  # noqa: PLC0415

        table = self.beside.get("feed", {})
        settings = settings_in(table if isinstance(table, dict) else {}, self.where)
        return replayed(path, at_its_pace=at_its_pace, settings=settings)

    def rebuild(self, source: Any, store: str | Path, **settings: Unpack[RebuildSettings]) -> RunReport:  # noqa: ANN401
        """Read the whole source into a new store beside the old one, then put it in its place.

        The old one stays as ``STORE.before-1`` (or the next free number). Interrupted, it is untouched and the same
        call goes on where it stopped. Settings are those of `barloom.run`, but for ``resume`` and ``live_interval``.
        """
        from barloom.embedded.rebuild import rebuild  # noqa: PLC0415

        return rebuild(self.plan, source, store, **settings)

    def set_back(self, store: str | Path, to: Moment, *, really: bool = False) -> SetBack:
        """Let the stream time of a store stand at `to` again; without `really` say what that would do.

        Published finals stay, and are never made again. Raises `ValueError` where stream time is not after `to`.
        """
        from barloom.read.arguments import moment  # noqa: PLC0415
        from barloom.runtime.setting_back import set_back  # noqa: PLC0415

        return set_back(self.plan, Path(store), moment(to), really=really)

    @property
    def says_kafka(self) -> bool:
        """Whether ``[kafka]`` stands beside the bars, or a `barloom.kafka.Kafka` in their module."""
        from barloom.kafka.config.asked import declared_kafka  # noqa: PLC0415

        return declared_kafka(self.beside) is not None

    def kafka(
        self,
        said: Kafka | None = None,
        /,
        *,
        override: Mapping[str, object] | None = None,
        **settings: Unpack[KafkaTable],
    ) -> KafkaApp:
        """These bars as an application on Kafka.

        `settings` have the names and the notation of ``[kafka]``: ``brokers="localhost:9092", input="ticks"``; a
        `barloom.kafka.Kafka` does as well. What stands beside the bars in TOML comes along, and saying it again is an
        error, unless in `override`, which wins. Nothing is asked of the cluster yet.

        Raises `DefinitionError` with every problem found in the settings.
        """
        from barloom.front.ksqldb_topics import written_bars  # noqa: PLC0415 - Kafka is an extra
        from barloom.kafka.app import KafkaApp  # noqa: PLC0415
        from barloom.kafka.config.asked import settings_of  # noqa: PLC0415

        checked = settings_of(self.plan, self.beside, self.where, said, settings, override or {})
        return KafkaApp(self.plan, checked, written_bars)

    def ksqldb(  # noqa: PLR0913 - the settings of the statements, by name
        self,
        server: str | KsqlServer | None = None,
        *,
        source: str = "ticks",
        partitions: int = 3,
        replicas: int = 1,
        retention: Duration = "7d",
        namespace: str = "barloom",
        allow_degraded: str | Collection[str] = (),
    ) -> KsqldbApp:
        """These bars as a pipeline of ksqlDB on a server, given by its URL or as a `barloom.ksqldb.KsqlServer`.

        `source` is the topic of the ticks; `partitions` and `replicas` are those of every topic. `retention` is how
        long windows and topics are kept: longer than the longest time without a tick. `allow_degraded` names what may
        be left out, where that makes no bar wrong. Without a server there is only `KsqldbApp.script`.

        Raises `DefinitionError` for a wrong setting. Nothing is asked of the server yet.
        """
        from barloom.ksqldb.app import KsqldbApp  # noqa: PLC0415 - an extra
        from barloom.ksqldb.compile.settings import KsqlSettings  # noqa: PLC0415

        made = KsqlSettings(source, partitions, replicas, length_of(retention, "ksqldb(retention=…)"), namespace)
        allowed = (allow_degraded,) if isinstance(allow_degraded, str) else tuple(allow_degraded)
        return KsqldbApp.of(self.plan, made, server, allowed)
