"""Final one-minute bars with Quix Streams, exactly once; in floating point, which is what its windows add up in."""

from __future__ import annotations

import os
from typing import Any

from quixstreams import Application

Fields = dict[str, Any]


def first(tick: Fields) -> Fields:
    """A bar of one tick."""
    price = float(tick["price"])
    return {"open": price, "high": price, "low": price, "close": price, "volume": float(tick["size"]), "count": 1}


def following(bar: Fields, tick: Fields) -> Fields:
    """The bar with one tick more."""
    price = float(tick["price"])
    bar["high"] = max(bar["high"], price)
    bar["low"] = min(bar["low"], price)
    bar["close"] = price
    bar["volume"] += float(tick["size"])
    bar["count"] += 1
    return bar


def shown(window: Fields, key: str, *_: object) -> Fields:
    """What is published."""
    return {"key": key, "start": window["start"], **window["value"]}


def main() -> None:
    """Run until SIGTERM."""
    environment = os.environ
    app = Application(
        broker_address=environment["BOOTSTRAP"],
        consumer_group=environment["OUTPUT"],
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        state_dir=environment["STATE"],
    )
    ticks = app.topic(
        environment["INPUT"],
        key_deserializer="str",
        value_deserializer="json",
        timestamp_extractor=lambda value, *_: value["ts"],
    )
    bars = app.topic(environment["OUTPUT"], key_serializer="str", value_serializer="json")
    windows = app.dataframe(ticks).tumbling_window(60_000).reduce(following, first).final()
    windows.apply(shown, metadata=True).to_topic(bars)
    app.run()


if __name__ == "__main__":
    main()
