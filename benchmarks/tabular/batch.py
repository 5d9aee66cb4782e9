"""A batch of 10,000 rows: the program of a bundle against the library that its trees were fitted with, the same trees.

The library is given the matrix ready, as float64; the program is given typed columns and encodes them itself (nulls,
categories, dates). Each is timed on one thread, which is what a program uses, and the library once more on all cores.
The least of several turns counts, taken by turns, so that whatever else the machine does hits all.

    python -m benchmarks.tabular batch [--families boosting,xgboost,catboost,forest] [--tables made_missing,...]
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.tabular.cells import machine
from benchmarks.tabular.tables import Set, text_of

from smeaton.data.dataset import Dataset
from smeaton.data.fold import Fold, Rows
from smeaton.data.load import load, start_task
from smeaton.families import Run
from smeaton.plugins import load as part_of
from smeaton.runtime.engine import Engine
from smeaton.task.table import take

Array = npt.NDArray[Any]
Call = Callable[[], Any]
BATCH, TURNS = 10_000, 7
FAMILIES = ("boosting", "xgboost", "catboost", "forest")
CORES = os.cpu_count() or 1


def lightgbm_call(fitted: Any, matrix: Array, threads: int) -> Call:
    """LightGBM's own answers."""
    return lambda: fitted.booster.predict(matrix, num_iteration=fitted.rounds, num_threads=threads)


def xgboost_call(fitted: Any, matrix: Array, threads: int) -> Call:
    """XGBoost's own answers: in place, or where it has native categories through its matrix."""
    import xgboost

    grown = fitted.grown
    booster = grown.booster.copy()
    booster.set_param({"nthread": threads})
    if not grown.codes:
        return lambda: booster.inplace_predict(matrix)
    types = grown.types
    return lambda: booster.predict(
        xgboost.DMatrix(matrix, nthread=threads, feature_types=types, enable_categorical=True)
    )


def catboost_call(fitted: Any, matrix: Array, threads: int) -> Call:
    """CatBoost's own answers."""
    kind = "Probability" if fitted.task.is_class else "RawFormulaVal"
    return lambda: fitted.grown.model.predict(matrix, prediction_type=kind, thread_count=threads)


def forest_call(fitted: Any, matrix: Array, threads: int) -> Call:
    """scikit-learn's trees, each asked for its values and these summed up, as its forests do."""
    trees = fitted.grown.trees

    def answer() -> Array:
        single = matrix.astype(np.float32)
        if threads == 1:
            return sum(tree.predict(single) for tree in trees) / len(trees)
        with ThreadPoolExecutor(threads) as pool:
            return sum(pool.map(lambda tree: tree.predict(single), trees)) / len(trees)

    return answer


NATIVE = {"boosting": lightgbm_call, "xgboost": xgboost_call, "catboost": catboost_call, "forest": forest_call}


def fold_of(dataset: Dataset) -> Fold:
    """All rows but every eighth to fit on, the eighth to stop on."""
    places = np.arange(len(dataset))

    def rows(chosen: Array) -> Rows:
        return Rows(take(dataset.table, chosen), dataset.target[chosen], None, chosen)

    stop = places % 8 == 0
    return Fold(0, rows(places[~stop]), rows(places[stop]), take(dataset.table, places[:1]), places[:1])


def times(calls: dict[str, Call]) -> dict[str, float]:
    """Least seconds of each, by turns."""
    found = dict.fromkeys(calls, float("inf"))
    for _ in range(TURNS):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            found[name] = min(found[name], time.perf_counter() - start)
    return found


def dataset_of(one: Set, folder: Path) -> Dataset:
    """The table, typed as a build would have it."""
    path = folder / f"{one.name}.csv"
    table = text_of(one)
    table[~table[one.target].isin(["", "NA", "nan"])].to_csv(path, index=False)
    task, _ = start_task(path, one.target, folder)
    return load(task)


def measure(one: Set, family: str) -> dict[str, Any]:
    """Fit one family on one table with its defaults, and time both."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        dataset = dataset_of(one, folder)
        run = Run(seed=0, fidelity=1.0, seconds=30.0, scratch=folder / "scratch", threads=CORES)
        run.scratch.mkdir()
        fitted = part_of("families", family).fit(dataset.task, {}, fold_of(dataset), run)
        out = folder / "program"
        out.mkdir()
        program = fitted.export(out)
        many = take(dataset.table, np.arange(BATCH) % len(dataset))
        matrix = fitted.columns.matrix(fitted.columns.encode(many))
        with Engine(program, out, types=dataset.task.input_types) as engine:
            native = NATIVE[family]
            found = times({
                "smeaton": lambda: engine.run(many),
                "native_one_thread": native(fitted, matrix, 1),
                "native_all_cores": native(fitted, matrix, CORES),
            })  # fmt: skip
        size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return {"table": one.name, "family": family, "columns": int(matrix.shape[1]), "bytes": size} | found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which families."""
    parser.add_argument("--families", default=",".join(FAMILIES))


def main(args: argparse.Namespace, tables: list[Set]) -> int:
    """Measure every family on every table, print the ratios, write `batch.json`."""
    found = []
    for one in tables:
        for family in args.families.split(","):
            row = measure(one, family)
            found.append(row)
            alone, every = (row[kind] / row["smeaton"] for kind in ("native_one_thread", "native_all_cores"))
            print(
                f"{one.name:20} {family:10} {row['smeaton'] * 1e3:8.1f} ms; natively {alone:5.2f}x that on one thread, "
                f"{every:5.2f}x on {CORES}",
                flush=True,
            )
    args.results.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": machine(), "rows": BATCH, "runs": found}, indent=1)
    (args.results / "batch.json").write_text(text + "\n", encoding="utf-8")
    for family in args.families.split(","):
        own = [row for row in found if row["family"] == family]
        for kind in ("native_one_thread", "native_all_cores"):
            mean = np.exp(np.mean([np.log(row[kind] / row["smeaton"]) for row in own]))
            what = kind.replace("_", ", ", 1).replace("_", " ")
            print(f"{family}: {what} takes {mean:.2f}x Smeaton's time, geometric mean of {len(own)} tables")
    return 0
