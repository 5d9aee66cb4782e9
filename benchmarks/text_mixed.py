"""Text beside numbers: one build with all columns against one with the texts alone and one without them.

    python benchmarks/text_mixed.py FOLDER                     both tables, splits 0 1 2, 60 s a build
    python benchmarks/text_mixed.py FOLDER --sets movies --seeds 0 --budget 30s
    python benchmarks/text_mixed.py FOLDER --summary

FOLDER holds `<set>/data.csv.gz` (see `SETS`, which also say which columns are read as text). Each split keeps a quarter
of the rows as the sealed test of all three builds (`data: {examples, test}`); losses are compared row by row.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[Any]
HERE = Path(__file__).resolve().parent
TEST_SHARE = 0.25
REPLICATES = 2_000
PARTS = ("all", "texts", "others")


@dataclass(frozen=True)
class Set:
    """One table: its target, whether that is a class, and the columns read as text."""

    name: str
    target: str
    classes: bool
    texts: tuple[str, ...]


SETS = (
    Set("movies", "IMDB Rating", False, ("Title", "Director", "Distributor")),
    Set("animal_311", "Complaint Type", True, ("Incident Address", "Cross Street 1", "Location Type")),
)


def build(work: Path, one: Set, part: str, columns: list[str], budget: str) -> Array:
    """Log-loss or squared error of each test row, by a build that sees a part of the columns."""
    texts = [name for name in columns if name in one.texts]
    others = [name for name in columns if name not in one.texts]
    used = {"all": columns, "texts": texts, "others": others}[part]
    task = {
        "smeaton": 1,
        "name": "mixed",
        "data": {"examples": "train.csv", "test": "test.csv"},
        "output": {one.target: {"type": "category" if one.classes else "number"}},
        "rows": {"ignore": [name for name in columns if name not in used]},
        "budget": {"time": budget},
    }
    place = work / part
    place.mkdir()
    for name in ("train.csv", "test.csv"):
        table = pd.read_csv(work / name, dtype=str, keep_default_na=False, na_filter=False)
        table[[*columns, one.target]].to_csv(place / name, index=False)
    (place / "smeaton.yaml").write_text(json.dumps(task), encoding="utf-8")
    command = [sys.executable, "-m", "smeaton"]
    done = subprocess.run([*command, "build", "--json"], capture_output=True, text=True, cwd=place, check=False)
    if not done.stdout.strip():
        raise RuntimeError(f"build ended with {done.returncode}: {done.stderr[-2000:]}")
    bundle = json.loads(done.stdout)["bundle"]
    asked = [*command, "predict", bundle, "test.csv", "-o", "answers.csv", "--json"]
    told = subprocess.run(asked, capture_output=True, text=True, cwd=place, check=False)
    if told.returncode not in (0, 6):
        raise RuntimeError(f"predict ended with {told.returncode}: {told.stderr[-2000:]}")
    answers = pd.read_csv(place / "answers.csv")
    truth = pd.read_csv(place / "test.csv", dtype=str, keep_default_na=False)[one.target]
    if not one.classes:
        off = answers["prediction"].to_numpy(dtype=float) - truth.to_numpy(dtype=float)
        return np.square(np.nan_to_num(off, nan=10.0))
    right = [
        answers[f"probability_{label}"].iloc[row] if f"probability_{label}" in answers else 0.0
        for row, label in enumerate(truth)
    ]
    return -np.log(np.clip(np.nan_to_num(np.array(right, dtype=float)), 1e-15, 1.0))


def run_cell(folder: Path, one: Set, seed: int, budget: str, results: Path) -> dict[str, Any]:
    """Three builds on one split; appends a line."""
    table = pd.read_csv(folder / one.name / "data.csv.gz", dtype=str, keep_default_na=False, na_filter=False)
    table = table[~table[one.target].isin(["", "NA", "nan"])].reset_index(drop=True)
    test = np.random.default_rng([seed, 77]).random(len(table)) < TEST_SHARE
    columns = [name for name in table.columns if name != one.target]
    with tempfile.TemporaryDirectory(prefix="smeaton-mixed-") as place:
        work = Path(place)
        table[~test].to_csv(work / "train.csv", index=False)
        table[test].to_csv(work / "test.csv", index=False)
        losses = {part: build(work, one, part, columns, budget) for part in PARTS}
    cell = {"set": one.name, "seed": seed, "budget": budget, "classes": one.classes, "load": os.getloadavg()[0]}
    cell |= {part: float(np.mean(found)) for part, found in losses.items()}
    rng = np.random.default_rng(0)
    weight = rng.poisson(1.0, (REPLICATES, int(test.sum()))).astype(np.float64)
    for part in ("texts", "others"):
        spread = (weight @ (losses["all"] - losses[part])) / weight.sum(axis=1)
        cell[f"against_{part}"] = [float(np.quantile(spread, q)) for q in (0.025, 0.975)]
    with results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(cell) + "\n")
    return cell


def show(cell: dict[str, Any]) -> str:
    """One line for people."""
    kind = "log-loss" if cell["classes"] else "squared error"
    words = [f"{cell['set']:12} split {cell['seed']}  {kind}  all {cell['all']:.4f}"]
    for part in ("texts", "others"):
        low, high = cell[f"against_{part}"]
        verdict = "better" if high < 0 else "WORSE" if low > 0 else "tie"
        words.append(f"{part} alone {cell[part]:.4f} ({low:+.4f} to {high:+.4f}, {verdict})")
    return ", ".join(words)


def main() -> int:
    """Run the cells that are missing and print all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", help="names, with commas between (default all)")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--budget", default="60s")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "text_mixed.jsonl")
    parser.add_argument("--summary", action="store_true", help="run nothing, print what is there")
    args = parser.parse_args()
    args.results.parent.mkdir(parents=True, exist_ok=True)
    lines = args.results.read_text(encoding="utf-8").splitlines() if args.results.exists() else []
    cells = [cell for cell in map(json.loads, lines) if cell["budget"] == args.budget]
    for seed in [] if args.summary else [int(seed) for seed in args.seeds.split(",")]:
        for one in [one for one in SETS if not args.sets or one.name in args.sets.split(",")]:
            if (one.name, seed) not in {(cell["set"], cell["seed"]) for cell in cells}:
                cells.append(run_cell(args.folder, one, seed, args.budget, args.results))
    for cell in cells:
        print(show(cell))
    return 0


if __name__ == "__main__":
    sys.exit(main())
