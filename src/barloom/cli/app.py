"""The commands of ``barloom`` and their help."""

from __future__ import annotations

from typing import Final, NamedTuple

from cyclopts import App, Group

from barloom.cli.exits import Exit

__all__ = ["app"]

_BEGIN: Final = Group("Begin here", sort_key=1)
_MAKE: Final = Group("Make bars", sort_key=2)
_READ: Final = Group("Read bars", sort_key=3)
_KEEP: Final = Group("Look after a store", sort_key=4)
_KAFKA: Final = Group("Run on Kafka", sort_key=5)

_EPILOGUE: Final = """\
A first session:
  barloom demo                                      see it work, no data needed
  barloom simulate --out market                     a market and a definition to play with
  barloom check market/bars.toml                    what will be built
  barloom run market/bars.toml --source market/ticks.csv --store state
  barloom export --store state --timeframe 1m --out bars.csv

With files of your own:
  barloom init trades.csv                           a first bars.toml, guessed from them

--debug anywhere shows the traceback of an error.
Exit codes: """ + ", ".join(f"{code.value} {code.name.lower().replace('_', ' ')}" for code in Exit)

app = App(
    name="barloom",
    help="Market ticks in, exact live and final bars out, in as many timeframes as you declare.",
    help_format="plaintext",
    help_epilogue=_EPILOGUE,
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,
)


class _Command(NamedTuple):
    module: str
    group: Group
    help: str
    examples: str


_COMMANDS: Final = (
    _Command(
        "make.demo",
        _BEGIN,
        "Show what barloom does, on a market it makes up; no data needed.",
        "barloom demo",
    ),
    _Command(
        "make.simulate",
        _BEGIN,
        "Write a deterministic, realistic market of ticks and the definition that fits it.",
        """\
barloom simulate --out market                           market/ticks.csv and market/bars.toml
barloom simulate --out market --ticks 1000000 --keys 50 --seed 7
barloom simulate --out market --calendar XNYS --start 2025-11-24 --days 10""",
    ),
    _Command(
        "make.init",
        _BEGIN,
        "Look at the beginning of files and write the definition that they seem to need, each guess with its reason.",
        """\
barloom init trades.csv                                 writes bars.toml
barloom init 'BTCUSDT-trades-*.zip' --out btc.toml
barloom init XBTUSD.csv --names time,price,size         a file without a header
barloom init prices.csv --zone Europe/Berlin --out -    to standard output""",
    ),
    _Command(
        "definition.check",
        _MAKE,
        "Read a definition, report every mistake in it at once, and show the plan that it becomes.",
        """\
barloom check bars.toml
barloom check mypackage.bars:bars                       a definition in Python
barloom check bars.toml --json""",
    ),
    _Command(
        "make.run",
        _MAKE,
        "Build bars from files or live feeds into a store, or from topics on Kafka. Run it again to continue.",
        """\
barloom run bars.toml --source trades.csv --store state
barloom run bars.toml --feed kraken:BTC/USD --feed binance:ETHUSDT --store state     live, until Ctrl-C
barloom run bars.toml                                   on Kafka, as its [kafka] says
barloom run bars.toml --kafka localhost:9092 --input ticks --format json
barloom run bars.toml --source 'ticks/2025-*.csv.gz' --store state     tomorrow's file joins by itself
barloom run bars.toml --source trades.csv --store state --at-end close   close what is open, marked partial
zcat ticks.gz | barloom run bars.toml --source - --store state --resume new""",
    ),
    _Command(
        "look.get",
        _READ,
        "Look up one bar by key and start. Finds it, or says why there is none.",
        """\
barloom get --store state --timeframe 1m --key XBTUSDT 2025-11-10T12:34:00Z
barloom get --store state --timeframe 1h --key broker=OANDA --key symbol=EURUSD 2025-11-10T12:00:00Z
barloom get --definition bars.toml --kafka localhost:9092 --timeframe 1m --key XBTUSDT 2025-11-10T12:34:00Z""",
    ),
    _Command(
        "look.chart",
        _READ,
        "Draw the latest bars of a key as candles in the terminal.",
        """\
barloom chart --store state --timeframe 1m --key XBTUSDT
barloom chart --store state --timeframe 5m --key XBTUSDT --last 30 --height 20""",
    ),
    _Command(
        "look.export",
        _READ,
        "Write bars, or the rejected rows, to CSV, Parquet or JSON lines.",
        """\
barloom export --store state --timeframe 1m --out bars.csv
barloom export --store state --timeframe 1h --out bars.parquet --from 2025-11-10 --to 2025-11-11
barloom export --store state --timeframe 1m --out live.jsonl --live
barloom export --store state --out rejected.csv --rejected
barloom export --store state --timeframe 1d --out - | column -ts,""",
    ),
    _Command(
        "look.verify",
        _READ,
        "Compare final bars with published ones, number by number, and say of each that is not the same why.",
        """\
barloom verify --store state --timeframe 1m --reference OHLC.json --key XBTUSDT     as a venue publishes them
barloom verify --store state --timeframe 1m --reference published.csv
barloom verify --store state --timeframe 1m --reference candles.parquet --rename start=open_at --rename volume=vol
barloom verify --store state --timeframe 1m --reference published.csv --columns open,close --synthetic skip""",
    ),
    _Command(
        "look.gaps",
        _READ,
        "List what is missing in the numbers of keys: which numbers, when, the bars they may lie in, filled or not.",
        """\
barloom gaps --store state
barloom gaps --store state --key XBTUSDT --json
barloom gaps --definition bars.toml --kafka localhost:9092""",
    ),
    _Command(
        "serving.serve",
        _READ,
        "Serve bars over HTTP: as JSON, CSV, Arrow and Parquet, and to charts.",
        """\
barloom serve --store state                             http://127.0.0.1:8080, for this machine alone
barloom serve --store a=trades --store b=quotes         several stores, by name
barloom serve --definition bars.toml                    over Kafka, as its [kafka] says
barloom serve --store state --listen 0.0.0.0:8080 --tokens tokens.toml --host bars.example.com""",
    ),
    _Command(
        "look.explain",
        _KEEP,
        "Say why a bar is not final yet (or that it is): stream time, deadline, children, session, numbers.",
        """\
barloom explain --store state --timeframe 1h --key XBTUSDT 2025-11-10T12:00:00Z""",
    ),
    _Command(
        "look.status",
        _KEEP,
        "Show what a store holds and how far its input has been read, or who has which partitions on Kafka.",
        """\
barloom status --store state
barloom status --store state --json
barloom status bars.toml                                on Kafka, as its [kafka] says
barloom status bars.toml --kafka localhost:9092 --input ticks --format json --watch""",
    ),
    _Command(
        "store.backup",
        _KEEP,
        "Copy a store, all of one moment, while a run or a reader writes it or not.",
        """\
barloom backup --store state --out copy""",
    ),
    _Command(
        "store.compact",
        _KEEP,
        "Delete bars older than the definition's retention and give the disk space back.",
        """\
barloom compact --store state""",
    ),
    _Command(
        "make.rebuild",
        _KEEP,
        "Build bars again, with a changed definition, beside the old ones: a store, or topics on Kafka.",
        """\
barloom rebuild bars.toml --source trades.csv --store state
barloom rebuild new.toml --app desk2 --name bars2                      on Kafka, as its [kafka] says
barloom rebuild new.toml --app desk2 --name bars2 --from 2025-11-01    from the messages of that day on""",
    ),
    _Command(
        "kafka.reset",
        _KAFKA,
        "Forget what an application on Kafka knows, so that its next start begins anew; the input is not touched.",
        """\
barloom reset bars.toml --kafka localhost:9092 --input ticks      what would be removed
barloom reset bars.toml --app bars --yes                          remove it""",
    ),
)

for _command in _COMMANDS:
    _name = _command.module.split(".")[-1]
    app.command(
        f"barloom.cli.{_command.module}:{_name}",
        name=_name,
        group=_command.group,
        help=_command.help,
        help_epilogue="Examples:\n" + "\n".join(f"  {line}" for line in _command.examples.splitlines()),
    )

app.command(
    "barloom.cli.calendar.commands:calendar",
    name="calendar",
    group=_MAKE,
    help="Look at trading calendars: their sessions, half days, slots, and how far they are known.",
)

app.command(
    "barloom.cli.feed.commands:feed",
    name="feed",
    group=_MAKE,
    help="Live feeds of venues: which there are, whether they are reached; recorded, replayed, and published on Kafka.",
)

app.command(
    "barloom.cli.kafka.topics:topics",
    name="topics",
    group=_KAFKA,
    help="Compare the topics of a definition with those in the cluster, and make them.",
)

app.command(
    "barloom.cli.kafka.dlq:dlq",
    name="dlq",
    group=_KAFKA,
    help="Look at the messages that could not be read, and put them back.",
)

app.command(
    "barloom.cli.kafka.stream_time:stream_time",
    name="stream-time",
    group=_KAFKA,
    help="See where partitions stand in time, and set one back that a wrong stamp has pushed ahead.",
)

app.command(
    "barloom.cli.ksqldb.script:ksql",
    name="ksql",
    group=_KAFKA,
    help="Compile a definition to ksqlDB statements that give the same bars; deploy and look after them.",
)
