"""All benchmarks, each in a process of its own so that none lives off another's memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

PARTS = (
    ("engine.py", "against_polars"),
    ("engine.py", "time_by_key"),
    ("engine.py", "touched_of_held"),
    ("engine.py", "memory_of_open_keys"),
    ("engine.py", "constant_cost"),
    ("calendars.py",),
    ("embedded.py",),
    ("reading.py",),
    ("venues.py",),
    ("importing.py",),
    ("serve/answers.py",),
)

if __name__ == "__main__":
    for script, *arguments in PARTS:
        print(f"\n{script} {' '.join(arguments)}", flush=True)
        subprocess.run([sys.executable, str(HERE / script), *arguments], check=True)
