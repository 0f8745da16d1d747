"""A made-up market, for demonstrations, tests and benchmarks."""

from barloom.simulate.market import Market

__all__ = ["Market"]
