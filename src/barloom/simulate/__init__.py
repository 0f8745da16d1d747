"""A made-up market, for demonstrations, tests and benchmarks.

::

    import barloom as bl

    market = bl.simulate.Market(ticks=100_000, keys=5, calendar="XNYS")
    bars = bl.Bars(bl.load("bars.toml").plan)  # market.definition is the text of bars.toml
    for frame in market:
        print(frame.height)
"""

from barloom.simulate.market import Market

__all__ = ["Market"]
