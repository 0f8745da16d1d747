"""A made-up market, for demonstrations, tests and benchmarks.

::

    import barloom as bl

    market = bl.simulate.Market(ticks=100_000, keys=5, calendar="XNYS")
    Path("bars.toml").write_text(market.definition)
    bars = bl.load("bars.toml")
    for frame in market:
        print(frame.height)
"""

from barloom.simulate.market import Market

__all__ = ["Market"]
