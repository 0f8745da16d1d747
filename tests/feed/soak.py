"""Many random scripts of trouble at venues: ``python -m feed.soak --scripts 500``; prints what came of them."""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from shutil import rmtree

from feed.scripts import Outcome, run_script


def _run(seed: int) -> Outcome:
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory) / str(seed)
        try:
            return run_script(seed, place)
        except Exception as error:  # noqa: BLE001 - told with its seed
            return Outcome(seed, "", wrong=[f"failed: {error!r}"])
        finally:
            rmtree(place, ignore_errors=True)


def main() -> int:
    """Run them; 1 where anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scripts", type=int, default=500)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--at-once", type=int, default=4)
    asked = parser.parse_args()
    bars = complete = missing = bad = 0
    with ProcessPoolExecutor(asked.at_once) as pool:
        for outcome in pool.map(_run, range(asked.first, asked.first + asked.scripts)):
            bars += outcome.bars
            complete += outcome.complete
            missing += outcome.missing
            bad += bool(outcome.wrong)
            for wrong in outcome.wrong:
                print(f"script {outcome.seed} ({outcome.told}): {wrong}", flush=True)  # noqa: T201
    told = f"{asked.scripts} scripts: {bars} bars, {complete} complete, {missing} with missing ticks"
    print(f"{told}; {bad} scripts with something wrong")  # noqa: T201
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
