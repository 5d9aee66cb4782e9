"""Does a boosted model answer the same after compiling? Every row of real tables, and rows made to be hard.

For each table: LightGBM with native categories on the features of the program's own steps, compiled to a program, run
by the engine; its answers are compared with LightGBM's on all rows and on adversarial ones (both neighbours of every
threshold, unix seconds, 12-digit ids, prices, nulls, unseen categories). Target: no label flipped, nothing off by more
than 1e-9.

    python benchmarks/compile_exact.py FOLDER [NAME=TARGET ...] [--trees 200]

FOLDER/NAME/data.csv.gz, or FOLDER/NAME.csv(.gz), is a table, TARGET its target column; without names, the tables that
FOLDER/INDEX.md lists (lines such as `| titanic | binary, target column `Survived` | ...`).
"""

import argparse
import json
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from smeaton.compile.encode import Vocabulary, learn
from smeaton.compile.export import assemble, export_forest
from smeaton.compile.proof import TOLERANCE, adversarial
from smeaton.compile.trees import read_lightgbm
from smeaton.data.dataset import Dataset
from smeaton.data.load import load, start_task
from smeaton.families._parts import recipe
from smeaton.runtime.engine import Engine
from smeaton.runtime.ops._features import CATEGORIES
from smeaton.task.table import PREDICTION, PROBABILITY, Table, rows_in

Array = np.ndarray[Any, Any]
LINE = re.compile(r"^\|\s*(\w+)\s*\|\s*(?:regression|binary|multiclass), target column `([^`]+)`", re.M)


def tables(folder: Path, given: list[str]) -> list[tuple[str, str]]:
    """Names and targets, as given or from the index."""
    if given:
        return [(name, target) for name, _, target in (pair.partition("=") for pair in given)]
    return LINE.findall((folder / "INDEX.md").read_text(encoding="utf-8"))


def find(folder: Path, name: str) -> Path:
    """The file of a table."""
    places = [
        folder / name / "data.csv.gz",
        folder / name / "data.csv",
        folder / f"{name}.csv.gz",
        folder / f"{name}.csv",
    ]
    for path in places:
        if path.is_file():
            return path
    raise SystemExit(f"there is no table {name!r} in {folder}")


def open_table(path: Path, target: str) -> Dataset:
    """The table, typed as a build would have it."""
    task, _ = start_task(path, target, path.parent)
    return load(task)


def train(dataset: Dataset, matrix: Array, categorical: list[int], trees: int) -> Any:
    """LightGBM with its defaults; no row held out, for exactness is what is measured here."""
    params: dict[str, Any] = {"verbose": -1, "num_threads": 1, "seed": 0, "objective": "regression"}
    classes = len(dataset.task.labels)
    if dataset.task.is_class:
        params |= {"objective": "binary"} if classes == 2 else {"objective": "multiclass", "num_class": classes}
    rounds = max(10, trees // classes) if classes > 2 else trees
    data = lightgbm.Dataset(matrix, dataset.target, categorical_feature=categorical, params=params)
    return lightgbm.train(params, data, rounds)


def measure(path: Path, target: str, trees: int) -> dict[str, Any]:
    """Flips and differences of one table."""
    dataset = open_table(path, target)
    steps = recipe(dataset.task)
    features = steps.features(dataset.table)
    vocabulary = learn(features[CATEGORIES]) if CATEGORIES in features else Vocabulary()
    layout = steps.layout
    categorical = [layout.numbers + i for i in range(layout.categories)]
    booster = train(dataset, layout.matrix(features, vocabulary), categorical, trees)
    result: dict[str, Any] = {"table": path.parent.name if path.name.startswith("data.") else path.name}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = time.perf_counter()
        model = export_forest(read_lightgbm(booster.model_to_string()), layout, vocabulary, folder)
        program = assemble(dataset.task, steps.steps(), model)
        result["compile_s"] = round(time.perf_counter() - start, 2)
        result["mb"] = round((folder / model.files[0]).stat().st_size / 1e6, 2)
        hard = adversarial(program, folder, dataset.table, dataset.task, 0)
        with Engine(program, folder) as engine:
            for kind, rows in (("real", dataset.table), ("hard", hard)):
                truth = np.asarray(booster.predict(layout.matrix(steps.features(rows), vocabulary)))
                flips, off = difference(engine.run(rows), truth)
                result |= {f"{kind}_rows": rows_in(rows), f"{kind}_flips": flips, f"{kind}_max": off}
    return result


def difference(answers: Table, truth: Array) -> tuple[int, float]:
    """Labels that differ, and the largest difference (relative to the size of the number for regression)."""
    if PROBABILITY not in answers:
        off = np.abs(answers[PREDICTION] - truth) / np.maximum(1.0, np.abs(truth))
        return 0, float(off.max())
    both = np.column_stack([1.0 - truth, truth]) if truth.ndim == 1 else truth
    found = answers[PROBABILITY]
    return int((found.argmax(axis=1) != both.argmax(axis=1)).sum()), float(np.abs(found - both).max())


def main() -> int:
    """Measure, print a table and a line of JSON; 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("tables", nargs="*", metavar="NAME=TARGET")
    parser.add_argument("--trees", type=int, default=200)
    given = parser.parse_args()
    header = ("table", "rows", "flips", "max off", "hard rows", "flips", "max off", "MB", "s")
    print("{:22} {:>7} {:>6} {:>9} {:>9} {:>6} {:>9} {:>6} {:>5}".format(*header))
    results = []
    for name, target in tables(given.folder, given.tables):
        result = measure(find(given.folder, name), target, given.trees)
        results.append(result)
        print(
            f"{name:22} {result['real_rows']:7} {result['real_flips']:6} {result['real_max']:9.1e} "
            f"{result['hard_rows']:9} {result['hard_flips']:6} {result['hard_max']:9.1e} "
            f"{result['mb']:6} {result['compile_s']:5}",
            flush=True,
        )
    flips = sum(result["real_flips"] + result["hard_flips"] for result in results)
    worst = max(max(result["real_max"], result["hard_max"]) for result in results)
    print(json.dumps({"flips": flips, "worst": worst, "trees": given.trees, "tables": results}))
    return 0 if flips == 0 and worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
