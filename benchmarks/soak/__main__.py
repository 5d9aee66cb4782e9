"""Soak the service: `python -m benchmarks.soak [--only NAME ...] [--minutes 60]`; results in benchmarks/results/soak.

With --scale below 1 it is a trial: results are printed, and kept only where --results says.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.soak import generated, journal, kill, sigterm, steady, swap
from benchmarks.soak.bundles import Bundles
from benchmarks.soak.outcome import FOLDER, Outcome
from benchmarks.soak.plan import Plan

PARTS: dict[str, Callable[[Plan, Bundles], Outcome]] = {
    "sigterm": sigterm.run,
    "kill": kill.run,
    "swap": swap.run,
    "journal": journal.run,
    "generated": generated.run,
    "steady": steady.run,
}


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS), metavar="NAME")
    parser.add_argument("--minutes", type=float, default=60.0, metavar="M", help="of steady load (default 60)")
    parser.add_argument("--scale", type=float, default=1.0, metavar="S", help="share of the counts (default 1)")
    parser.add_argument("--results", type=Path, metavar="FOLDER", help=f"default {FOLDER.name}, at scale 1 only")
    return parser.parse_args()


def main() -> int:
    """Run the parts one after the other; 1 if a rule is broken."""
    given = arguments()
    results = given.results or (FOLDER if given.scale == 1 else None)
    broken = 0
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        bundles = Bundles(Path(folder) / "bundles")
        for name in given.only:
            start = time.monotonic()
            outcome = PARTS[name](Plan(given.scale, given.minutes, Path(folder) / name), bundles)
            seconds = time.monotonic() - start
            broken += not outcome.holds
            print(json.dumps({"part": name, "seconds": round(seconds, 1), "holds": outcome.holds} | outcome.seen))
            for rule in outcome.broken:
                print(f"{name}: does not hold: {rule}", file=sys.stderr)
            if results is not None:
                print(f"kept in {outcome.write(results, given.scale, seconds)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
