"""Is the budget kept? Builds generated tables within several budgets and times the whole command from outside.

`python benchmarks/wall_clock.py [--budgets 20 30 60 240] [--tables small medium large wide]`. Results are kept line by
line in `benchmarks/results/wall_clock.jsonl`; a cell that is there is not run again unless `--fresh`.
A cell passes if the command ends with an outcome (exit code 0, 3 or 4) within 1.1 x the budget (20 s: within 23 s).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).resolve().parent / "results" / "wall_clock.jsonl"
TABLES = {"small": (900, 12), "medium": (50_000, 20), "large": (200_000, 20), "wide": (5_000, 500)}


def write_table(path: Path, rows: int, columns: int) -> None:
    """A table of numbers and categories with a noisy binary target."""
    rng = np.random.default_rng(7)
    numbers = rng.normal(size=(rows, columns)).round(4)
    kinds = rng.choice(["red", "green", "blue", "grey"], size=(rows, 3))
    logit = numbers[:, 0] - numbers[:, 1] * (kinds[:, 0] == "red") + 0.5 * numbers[:, 2] ** 2 - 0.5
    target = rng.random(rows) < 1 / (1 + np.exp(-logit))
    header = [f"n{i}" for i in range(columns)] + ["kind", "tone", "shade", "bought"]
    with path.open("w") as stream:
        stream.write(",".join(header) + "\n")
        for i in range(rows):
            stream.write(",".join([*map(str, numbers[i]), *kinds[i], "yes" if target[i] else "no"]) + "\n")


def cell(table: str, budget: int) -> dict[str, object]:
    """Build one table within one budget; seconds of the whole command."""
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch, f"{table}.csv")
        write_table(data, *TABLES[table])
        command = [sys.executable, "-m", "smeaton", "build", str(data), "--target", "bought"]
        command += ["--budget", f"{budget}s", "--out", scratch, "--json"]
        start = time.perf_counter()
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=4 * budget + 60)
        seconds = time.perf_counter() - start
    most = budget + 3 if budget == 20 else 1.1 * budget
    answer = json.loads(done.stdout) if done.stdout.strip() else {}
    return {
        "table": table,
        "budget": budget,
        "seconds": round(seconds, 2),
        "ok": done.returncode in (0, 3, 4) and seconds <= most,
        "exit": done.returncode,
        "outcome": answer.get("outcome"),
        "winner": answer.get("winner"),
        "trials": answer.get("trials"),
        "stopped": answer.get("stopped"),
        "load": os.getloadavg()[0],
        "stderr": done.stderr[-300:],
    }


def main() -> int:
    """Run the cells that are missing and print all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budgets", type=int, nargs="+", default=[20, 30, 60, 240])
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=list(TABLES))
    parser.add_argument("--fresh", action="store_true")
    args = parser.parse_args()
    RESULTS.parent.mkdir(exist_ok=True)
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() and not args.fresh else []
    known = {(found["table"], found["budget"]): found for found in map(json.loads, lines)}
    for table in args.tables:
        for budget in args.budgets:
            if (table, budget) not in known:
                known[table, budget] = cell(table, budget)
                RESULTS.write_text("".join(json.dumps(found) + "\n" for found in known.values()))
            found = known[table, budget]
            mark = "ok" if found["ok"] else "MISSED"
            print(f"{table:7} {budget:4} s: {found['seconds']:7} s  {found['outcome']}  {mark}", flush=True)
    return int(not all(found["ok"] for found in known.values()))


if __name__ == "__main__":
    sys.exit(main())
