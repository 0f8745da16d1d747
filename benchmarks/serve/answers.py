"""How quickly bars are answered over HTTP: one bar, 10,000 bars as Arrow, and the history of a chart beside a writer.

Each server is a process of its own. One bar is compared with a constant of the same length from the same server
(uvicorn), by the CPU time that the process takes for a request; Arrow with `TimeBucket.frame` in this process; the
history is timed at the client, while a writer takes 20,000 ticks a second into the store. ``--quick`` shows that it
works. Run it with ``python benchmarks/serve/answers.py``.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import httpx
import polars as pl
import uvicorn

import barloom as bl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUICK = "--quick" in sys.argv
KEYS = 50
BARS = 10_000
CANDLES = 5_000
START = datetime(2025, 11, 10, tzinfo=UTC)
ROUNDS = 3 if QUICK else 9
REQUESTS = 200 if QUICK else 3_000
HISTORIES = 20 if QUICK else 400
RATE = 20_000
PLAIN = {"accept-encoding": "identity"}
"""As readers of Arrow ask: what goes to this machine itself is not worth packing."""


class Trade(bl.Event):
    """One trade."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(18, 6)
    size: Decimal = bl.decimal(18, 3)


DEFINITION = bl.from_(Trade).tumbling("1s").ohlcv(price="price", size="size").rollup("1m").named("bars")


def fill(path: Path) -> None:
    """A bar a second for ten keys."""
    rows = BARS + 100
    frame = pl.DataFrame(
        {
            "symbol": [f"SYM{key:02}" for key in range(10)] * rows,
            "at": [START + timedelta(seconds=second) for second in range(rows) for _ in range(10)],
            "price": [f"{100 + second % 977}.{second % 1_000_000:06}" for second in range(rows) for _ in range(10)],
            "size": ["1.5"] * (10 * rows),
        }
    )
    DEFINITION.run(frame, path)


def ticks() -> Iterator[dict[str, object]]:
    """So many ticks a second of fifty keys, as they come."""
    sent, began = 0, time.monotonic()
    at = datetime.now(UTC)
    while True:
        due = int((time.monotonic() - began) * RATE)
        for number in range(sent, due):
            now = at + timedelta(microseconds=number * 1_000_000 // RATE)
            yield {"symbol": f"SYM{number % KEYS:02}", "at": now, "price": f"100.{number % 1_000_000:06}", "size": "1"}
        sent = due
        time.sleep(0.01)


def serve(path: str) -> None:
    """A process that serves a store, and tells where."""
    serving = bl.serve.app({"a": path})
    with bl.serve.listen(serving, "127.0.0.1:0") as endpoint:
        print(endpoint.url, flush=True)
        sys.stdin.read()


def constant(length: str) -> None:
    """A process in which the same server answers so many letters to everything."""
    body = b"x" * int(length)
    start = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"application/json"), (b"content-length", length.encode())],
    }

    async def app(scope: dict[str, object], _receive: object, send: Callable[[object], object]) -> None:
        if scope["type"] == "http":
            await send(dict(start))  # type: ignore[misc]
            await send({"type": "http.response.body", "body": body})  # type: ignore[misc]

    import socket  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)) as bound:
        print(f"http://127.0.0.1:{bound.getsockname()[1]}", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none")).run([bound])  # type: ignore[arg-type]


def write(path: str) -> None:
    """A process that writes the store until it is stopped."""
    print("writing", flush=True)
    DEFINITION.run(ticks(), path, live_interval=0.25, max_rejected="100%", resume="new")


@contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process of this script, and the first line that it says."""
    made = subprocess.Popen(
        [sys.executable, __file__, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield made, "" if made.stdout is None else made.stdout.readline().strip()
    finally:
        made.kill()
        made.wait()


def cpu(pid: int) -> float:
    """Seconds that a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def check(true: bool, what: str) -> None:  # noqa: FBT001 - what was found
    """End the benchmark where it would measure something else than it says."""
    if not true:
        message = f"not so: {what}"
        raise SystemExit(message)


def spent(server: subprocess.Popen[str], client: httpx.Client, path: str) -> float:
    """CPU seconds of a server for a request."""
    before = cpu(server.pid)
    for _ in range(REQUESTS):
        client.get(path)
    return (cpu(server.pid) - before) / REQUESTS


def one_bar(store: Path) -> None:
    """Against a constant of the same length."""
    path = "/v1/bar?timeframe=1s&key=SYM03&start=2025-11-10T01:00:00Z"
    with process("serve", str(store)) as (ours, url), httpx.Client(base_url=url) as client:
        length = len(client.get(path).content)
        with process("constant", str(length)) as (theirs, other), httpx.Client(base_url=other) as second:
            check(length == len(second.get("/").content), "both are of the same length")
            rounds = [(spent(ours, client, path), spent(theirs, second, path)) for _ in range(ROUNDS)]
    ratio = median(one / two for one, two in rounds)
    micro = [1e6 * median(column) for column in zip(*rounds, strict=True)]
    print(f"one bar: {micro[0]:.0f} us of CPU a request, a constant {micro[1]:.0f} us: {ratio:.2f} x (at most 1.35)")


def timed(call: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def arrow(store: Path) -> None:
    """Against the frame that a bucket gives."""
    path = f"/v1/bars?timeframe=1s&key=SYM03&last={BARS}&format=arrow"
    with (
        process("serve", str(store)) as (_, url),
        httpx.Client(base_url=url, headers=PLAIN) as client,
        bl.TimeBucket.open(store, "1s") as bucket,
    ):
        first = bucket.latest("SYM03", BARS)[0].start
        held = bucket.frame("SYM03", first)
        check(held.equals(pl.read_ipc_stream(io.BytesIO(client.get(path).content))), "both are the same bars")
        rounds = [
            (timed(lambda: client.get(path).content), timed(lambda: bucket.frame("SYM03", first)))
            for _ in range(4 * ROUNDS)
        ]
    ratio = median(one / two for one, two in rounds)
    milli = [1e3 * median(column) for column in zip(*rounds, strict=True)]
    print(f"{BARS:,} bars as Arrow: {milli[0]:.1f} ms, a frame {milli[1]:.1f} ms: {ratio:.2f} x (at most 1.3)")


def history(store: Path) -> None:
    """Beside a writer."""
    path = f"/udf/history?symbol=SYM03&resolution=1S&from=0&to=4000000000&countback={CANDLES}"
    with (
        process("write", str(store)) as (_, said),
        process("serve", str(store)) as (_, url),
        httpx.Client(base_url=url, headers=PLAIN) as client,
    ):
        check(said == "writing", "the writer runs")
        time.sleep(1 if QUICK else 5)
        check(len(client.get(path).json()["t"]) == CANDLES, "there are as many candles as asked for")
        before = client.get("/v1/status").json()["holds"]["rows"]["accepted"]
        began = time.perf_counter()
        taken = sorted(timed(lambda: client.get(path).content) for _ in range(HISTORIES))
        took = time.perf_counter() - began
        after = client.get("/v1/status").json()["holds"]["rows"]["accepted"]
    half, most = (1e3 * taken[int(len(taken) * share)] for share in (0.5, 0.99))
    written = (after - before) / took
    print(f"UDF, 5,000 bars beside {written:,.0f} ticks a second: median {half:.1f} ms, 99 % within {most:.1f} ms (40)")


def main() -> None:
    """All three."""
    with tempfile.TemporaryDirectory() as scratch:
        store = Path(scratch) / "store"
        fill(store)
        one_bar(store)
        arrow(store)
        history(store)


if __name__ == "__main__":
    roles = {"serve": serve, "constant": constant, "write": write}
    chosen = roles.get(sys.argv[1] if len(sys.argv) > 1 else "")
    main() if chosen is None else chosen(sys.argv[2])
