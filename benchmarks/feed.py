"""A live feed at 20,000 trades a second: from a venue's double to final and live bars on disk.

The double has a process of its own; what is measured is the whole process of `barloom run`: CPU a second, how far the
bars are behind the market, and resident memory. ``--minutes 60`` shows whether memory is flat.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RATE = 20_000
SYMBOLS = 20

DEFINITION = """
[event]
key = ["symbol"]
timestamp = "time"
sequence = "trade_id"
[event.fields]
symbol = "string"
time = "timestamp"
trade_id = "int"
price = "decimal(18, 8)"
size = "decimal(18, 8)"

[bars]
name = "bars"
base = "1s"
delay = "1s"
time = "key"
ohlcv = {{ price = "price", size = "size" }}
rollup = ["1m", "1h"]

[feed]
feeds = [{feeds}]
[feed.venues.binance]
websocket = "{websocket}"
rest = "{rest}"
"""

DOUBLE = """
import sys
from barloom.testing import VenueDouble, VenueMarket
rate, seconds, symbols = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3].split(",")
market = VenueMarket.simulate(symbols, trades=int(rate * seconds), per_second=rate)
with VenueDouble("binance", market, rate=rate) as venue:
    print(venue.websocket, venue.rest, flush=True)
    venue.done.wait()
    print(venue.behind, flush=True)
    sys.stdin.readline()
"""


def memory_of(pid: int) -> float:
    """Resident memory of a process, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def lag_of(store: Path) -> float | None:
    """How far the stream is behind the clock, in seconds."""
    command = [sys.executable, "-m", "barloom", "status", "--store", str(store), "--json"]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    at = answer.get("stream_time")
    if at is None:
        return None
    from datetime import UTC, datetime  # noqa: PLC0415

    return datetime.now(UTC).timestamp() - datetime.fromisoformat(at).timestamp()


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=int, default=RATE)
    asked = parser.parse_args()
    symbols = [f"S{number}USDT" for number in range(SYMBOLS)]
    double = subprocess.Popen(
        [sys.executable, "-c", DOUBLE, str(asked.rate), str(asked.seconds), ",".join(symbols)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        assert double.stdout is not None  # noqa: S101
        websocket, rest = double.stdout.readline().split()
        feeds = ", ".join(f'"binance:{symbol}"' for symbol in symbols)
        (place / "bars.toml").write_text(DEFINITION.format(feeds=feeds, websocket=websocket, rest=rest))
        environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
        command = [sys.executable, "-m", "barloom", "run", "bars.toml", "--store", "state", "--json"]
        run = subprocess.Popen(command, cwd=place, env=environment, stdout=subprocess.PIPE, text=True)
        memory, lags = [], []
        time.sleep(5)
        began, used = time.monotonic(), cpu_of(run.pid)
        while time.monotonic() - began < asked.seconds - 8:
            time.sleep(min(5.0, asked.seconds / 6))
            memory.append(memory_of(run.pid))
            lags.append(lag_of(place / "state") or 0.0)
        cpu = (cpu_of(run.pid) - used) / (time.monotonic() - began)
        behind = float(double.stdout.readline())
        time.sleep(5)
        run.send_signal(signal.SIGTERM)
        report = json.loads(run.communicate()[0])
        print(f"{report['ticks']:,} ticks, {report['bars']}, refused {report['rejected'] or 'none'}")
        print(f"CPU: {cpu:.0%} of a core; the double was behind by at most {behind:.2f} s")
        print(f"behind the clock: {min(lags):.2f} to {max(lags):.2f} s")
        print(f"memory: {memory[0]:.0f} MB at first, {max(memory):.0f} MB at most, {memory[-1]:.0f} MB at last")
    double.communicate("\n")


if __name__ == "__main__":
    main()
