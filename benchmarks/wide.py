"""Wide tables: processor time of each step before the search starts, and a whole build.

    python benchmarks/wide.py                             500 rows of 10,000 numbers
    python benchmarks/wide.py --mixed --columns 3000      numbers, categories with blanks, dates, booleans and texts
    python benchmarks/wide.py --number                    a number to predict instead of two classes
    python benchmarks/wide.py --build 60s                 and a build with this budget
    python benchmarks/wide.py --json

Two columns make the target, the others are noise. Steps are measured in seconds of the processor, so that what else the
machine does counts little; the build in those of the wall clock, and it says what it found.
"""

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import smeaton
from smeaton import plugins
from smeaton.data.profile import profile
from smeaton.data.split import split_test
from smeaton.flow.pin import load_pinned
from smeaton.flow.prepare import Prepared, spaces
from smeaton.flow.request import resolve
from smeaton.metrics._defaults import default_metric
from smeaton.quality.leaks import Case
from smeaton.quality.probe import probe

WORDS = ["alder", "beech", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine"]


def mixed_column(place: int, rows: int, rng: np.random.Generator) -> list[Any]:
    """A column of one of eight kinds, in turn."""
    kind = place % 8
    if kind in (0, 1):
        return rng.normal(size=rows).round(4).tolist()
    if kind == 2:
        return ["" if rng.random() < 0.2 else value for value in rng.normal(size=rows).round(2).tolist()]
    if kind == 3:
        return rng.integers(0, 200, rows).tolist()
    if kind == 4:
        return ["" if rng.random() < 0.1 else str(word) for word in rng.choice(WORDS[: 3 + place % 7], rows)]
    if kind == 5:
        return (np.datetime64("2024-01-01") + rng.integers(0, 900, rows)).astype(str).tolist()
    if kind == 6:
        return rng.choice(["yes", "no"], rows).tolist()
    return [" ".join(rng.choice(WORDS, 6)) for _ in range(rows)]


def make_table(path: Path, rows: int, columns: int, *, mixed: bool, number: bool) -> None:
    """Write the table; `y` follows the first two columns."""
    rng = np.random.default_rng(0)
    if mixed:
        made = [mixed_column(place, rows, rng) for place in range(columns)]
    else:
        made = rng.normal(size=(columns, rows)).round(4).tolist()
    score = np.array(made[0]) + np.array(made[1])
    y = (score + rng.normal(size=rows) / 4).round(3).tolist() if number else np.where(score > 0, "yes", "no").tolist()
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"x{place}" for place in range(columns)), "y"])
        writer.writerows(zip(*made, y, strict=True))


def steps(path: Path, folder: Path) -> dict[str, float]:
    """Seconds of the processor by step, in order."""
    taken: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        start = time.process_time()
        found = work()
        taken[name] = round(time.process_time() - start, 2)
        return found

    request = timed("read", lambda: resolve(path, "y", "60s", folder, external=False, test_share=None))
    dataset = timed("type and check", lambda: load_pinned(request))
    train, test = timed("split", lambda: split_test(dataset, 0))
    timed("all probes for leaks", lambda: probe(dataset, train, test))
    for name in plugins.names("leaks"):
        timed(f"  {name}", lambda name=name: plugins.load("leaks", name).look(Case(dataset, train, test)))
    known = timed("profile", lambda: profile(dataset, train))
    task = dataset.task
    prepared = Prepared(task, dataset, train, test, known, default_metric(task), 0, folder, folder)
    timed("what families can try", lambda: spaces(prepared))
    timed("save for the workers", lambda: dataset.save(folder / "data"))
    timed("open in a worker", lambda: type(dataset).open(folder / "data", ids=False))
    taken["together"] = round(sum(seconds for name, seconds in taken.items() if not name.startswith("  ")), 2)
    return taken


def built(path: Path, folder: Path, budget: str) -> dict[str, Any]:
    """A whole build, and how long its bundle takes to answer the table it came from."""
    start = time.monotonic()
    done = smeaton.build(path, target="y", budget=budget, out=folder / "build")
    found = {"seconds": round(time.monotonic() - start, 1), "outcome": done.outcome, "winner": done.winner}
    found[f"sealed {done.metric}"] = round(done.test.value, 4) if done.test else None
    if done.bundle is not None:
        with path.open(newline="") as file:
            rows = [{name: cell for name, cell in row.items() if name != "y"} for row in csv.DictReader(file)]
        with smeaton.load(done.bundle) as model:
            start = time.monotonic()
            model.predict(rows)
            found["predict seconds"] = round(time.monotonic() - start, 2)
    return found


def main() -> None:
    """Measure, and say it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--columns", type=int, default=10_000)
    parser.add_argument("--mixed", action="store_true")
    parser.add_argument("--number", action="store_true")
    parser.add_argument("--build", metavar="BUDGET", default="")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        path = folder / "wide.csv"
        make_table(path, args.rows, args.columns, mixed=args.mixed, number=args.number)
        found: dict[str, Any] = {"rows": args.rows, "columns": args.columns, "steps": steps(path, folder)}
        if args.build:
            found["build"] = built(path, folder, args.build)
    if args.json:
        print(json.dumps(found))
        return
    print(f"{args.rows:,} rows, {args.columns:,} columns: seconds of the processor")
    for name, seconds in found["steps"].items():
        print(f"{name:24}{seconds:8.2f}")
    if args.build:
        print("build: " + ", ".join(f"{name} {value}" for name, value in found["build"].items()))


if __name__ == "__main__":
    main()
