"""A feed into a store in one thread, and its bars read in another while it runs."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import barloom as bl

MARKET = bl.simulate.Market(ticks=20_000, keys=3, rate=50.0)


def main() -> None:
    """Follow the five-second bars of one symbol."""
    with TemporaryDirectory() as directory:
        definition, store = Path(directory) / "bars.toml", Path(directory) / "state"
        definition.write_text(MARKET.definition, encoding="utf-8")
        bars = bl.load(definition)
        bl.run(bars, [], store)  # makes the store, so that a reader can open it

        rows = (row for frame in MARKET for row in frame.iter_rows(named=True))
        writer = Thread(target=bl.run, args=(bars, rows, store), kwargs={"resume": "new"})
        writer.start()

        seen = 0
        with bl.TimeBucket.open(store, "5s") as bucket:
            for bar in bucket.subscribe("AAA", deadline=30):
                if bar.final:
                    seen += 1
                    print(f"{bar.start:%H:%M:%S}  close {bar.close}  volume {bar.volume}")
                if seen == 5:
                    break
        writer.join()
        assert seen == 5


if __name__ == "__main__":
    main()
