"""All benchmarks on Kafka, each with a cluster of its own; ``--quick`` shows that they work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

PARTS = ("throughput.py", "latency.py", "restore.py", "failover.py", "outage.py")

if __name__ == "__main__":
    for script in PARTS:
        print(f"\n{script}", flush=True)
        subprocess.run([sys.executable, str(HERE / script), *sys.argv[1:]], check=True)
