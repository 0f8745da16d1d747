"""How long ``import barloom`` takes, beside ``import polars`` alone, each in a fresh process."""

from __future__ import annotations

import subprocess
import sys

ROUNDS = 7
LIMIT = 150.0


def milliseconds(module: str) -> float:
    """The median time of an import."""
    code = f"import time; t = time.perf_counter(); import {module}; print((time.perf_counter() - t) * 1e3)"
    times = sorted(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout)
        for _ in range(ROUNDS)
    )
    return times[ROUNDS // 2]


if __name__ == "__main__":
    ours, polars = milliseconds("barloom"), milliseconds("polars")
    verdict = "ok" if ours <= LIMIT else "OVER"
    print(f"import barloom {ours:.0f} ms, at most {LIMIT:g} ms  {verdict}; import polars alone {polars:.0f} ms")
