"""Quality on real tables: `smeaton build` against one early-stopped LightGBM, paired on the same test rows.

    python benchmarks/quality.py FOLDER                         all tables, splits 0 1 2, 60 s a build
    python benchmarks/quality.py FOLDER --sets titanic,storms --seeds 0 --budget 60s
    python benchmarks/quality.py FOLDER --summary               only print what is there

FOLDER holds `INDEX.md` (lines such as `| titanic | binary, target column `Survived` | ...`) and `<set>/data.csv.gz`.
One cell is one table and split: 75 % of the rows to build from, 25 % to be judged on (classes even). A finished cell is
one line in the results file with its row losses beside it, and is not run again: stop and start as you like.

The reference is what a practitioner writes in ten lines: LightGBM with native categories, 20 % of the training rows to
stop on, learning rate 0.05, everything else default, 2 threads.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[Any]
HERE = Path(__file__).resolve().parent
LINE = re.compile(r"^\|\s*(\w+)\s*\|\s*(regression|binary|multiclass), target column `([^`]+)`", re.M)
TEST_SHARE, STOP_SHARE = 0.25, 0.2
FLOOR = 1e-15
REPLICATES = 2_000


@dataclass(frozen=True)
class Set:
    """One table: its name, whether it is a class task, the target column, the file."""

    name: str
    classes: bool
    target: str
    path: Path


def sets_in(folder: Path) -> list[Set]:
    """The tables an index lists, in its order."""
    found = LINE.findall((folder / "INDEX.md").read_text(encoding="utf-8"))
    return [Set(name, kind != "regression", target, folder / name / "data.csv.gz") for name, kind, target in found]


def split(one: Set, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test rows as text, exactly as the file has them; rows without a target are left out."""
    table = pd.read_csv(one.path, dtype=str, keep_default_na=False, na_filter=False)
    table = table[~table[one.target].isin(["", "NA", "nan"])].reset_index(names="_row")
    rank = np.random.default_rng([seed, 75]).random(len(table))
    test = np.zeros(len(table), dtype=bool)
    groups = table.groupby(one.target).indices.values() if one.classes else [np.arange(len(table))]
    for own in groups:
        test[own[np.argsort(rank[own])[: round(TEST_SHARE * len(own))]]] = True
    return table[~test], table[test]


def reference(train_csv: Path, test_csv: Path, one: Set, seed: int) -> Array:
    """Losses of the test rows under one early-stopped LightGBM."""
    train, test = pd.read_csv(train_csv, low_memory=False), pd.read_csv(test_csv, low_memory=False)
    y, truth = train.pop(one.target), test.pop(one.target)
    for name in train.columns:
        if not pd.api.types.is_numeric_dtype(train[name]):
            kind = pd.CategoricalDtype(sorted(train[name].dropna().astype(str).unique()))
            train[name] = train[name].astype(str).where(train[name].notna()).astype(kind)
            test[name] = test[name].astype(str).where(test[name].isin(kind.categories)).astype(kind)
        else:
            test[name] = pd.to_numeric(test[name], errors="coerce")
    labels = sorted(y.astype(str).unique()) if one.classes else []
    target = y.astype(str).map({label: code for code, label in enumerate(labels)}) if one.classes else y.astype(float)
    stop = np.random.default_rng([seed, 20]).random(len(train)) < STOP_SHARE
    objective = "regression" if not one.classes else "binary" if len(labels) == 2 else "multiclass"
    params = {"objective": objective, "learning_rate": 0.05, "num_threads": 2, "seed": seed, "verbosity": -1}
    if objective == "multiclass":
        params["num_class"] = len(labels)
    data = lightgbm.Dataset(train[~stop], target[~stop])
    booster = lightgbm.train(
        params, data, 5_000, valid_sets=[data.create_valid(train[stop], target[stop])],
        callbacks=[lightgbm.early_stopping(50, verbose=False)],
    )  # fmt: skip
    answers = np.asarray(booster.predict(test[train.columns]))
    if objective == "binary":
        answers = np.column_stack([1 - answers, answers])
    return losses(one, truth, answers, labels)


def smeaton(
    train_csv: Path, test_csv: Path, one: Set, seed: int, budget: str, work: Path
) -> tuple[Array, dict[str, Any]]:
    """Losses of the test rows under what `smeaton build` ships, and what the build said of itself."""
    command = [sys.executable, "-m", "smeaton"]
    build = subprocess.run(
        [*command, "build", str(train_csv), "--target", one.target, "--budget", budget, "--seed", str(seed),
         "--out", str(work / "out"), "--json"],
        capture_output=True, text=True, cwd=work, check=False,
    )  # fmt: skip
    if not build.stdout.strip():
        raise RuntimeError(f"build ended with {build.returncode}: {build.stderr[-2000:]}")
    said = json.loads(build.stdout)
    answers_csv = work / "answers.csv"
    done = subprocess.run(
        [*command, "predict", said["bundle"], str(test_csv), "-o", str(answers_csv), "--json"],
        capture_output=True, text=True, cwd=work, check=False,
    )  # fmt: skip
    if done.returncode not in (0, 6):
        raise RuntimeError(f"predict ended with {done.returncode}: {done.stderr[-2000:]}")
    answers = pd.read_csv(answers_csv)
    said["unanswered"] = int(answers["prediction"].isna().sum())
    truth = pd.read_csv(test_csv, low_memory=False)[one.target]
    if one.classes:
        labels = [name.removeprefix("probability_") for name in answers if name.startswith("probability_")]
        found = answers[[f"probability_{label}" for label in labels]].to_numpy(dtype=float)
        return losses(one, truth, found, labels), said
    return losses(one, truth, answers["prediction"].to_numpy(dtype=float), []), said


def losses(one: Set, truth: "pd.Series[Any]", answers: Array, labels: list[str]) -> Array:
    """Log-loss or squared error of each row. What was not answered, or has an unknown label, is as wrong as can be."""
    if not one.classes:
        worst = float(np.abs(truth.astype(float)).max())
        return np.square(np.nan_to_num(answers, nan=worst) - truth.to_numpy(dtype=float))
    codes = {label.lower(): code for code, label in enumerate(labels)}
    names = truth.astype(str).str.lower()
    place = names.map(codes).fillna(names.str.removesuffix(".0").map(codes)).fillna(-1).to_numpy(dtype=int)
    right = np.where(place >= 0, answers[np.arange(len(place)), place], 0.0)
    return -np.log(np.clip(np.nan_to_num(right), FLOOR, 1.0))


def value(one_classes: bool, rows: Array, weight: Array) -> Array:
    """Log-loss or RMSE from row losses (rows,) under weights (..., rows)."""
    mean = weight @ rows / weight.sum(axis=-1)
    return mean if one_classes else np.sqrt(mean)


def run_cell(one: Set, seed: int, budget: str, results: Path) -> dict[str, Any]:
    """Build, predict and score one cell; append its line."""
    train, test = split(one, seed)
    with tempfile.TemporaryDirectory(prefix="smeaton-quality-") as folder:
        work = Path(folder)
        train_csv, test_csv = work / f"{one.name}.csv", work / "test.csv"
        train.drop(columns="_row").to_csv(train_csv, index=False)
        test.drop(columns="_row").to_csv(test_csv, index=False)
        start = time.monotonic()
        theirs = reference(train_csv, test_csv, one, seed)
        reference_seconds, start = time.monotonic() - start, time.monotonic()
        ours, said = smeaton(train_csv, test_csv, one, seed, budget, work)
    flat = np.ones(len(ours))
    cell = {
        "set": one.name,
        "seed": seed,
        "budget": budget,
        "classes": one.classes,
        "rows": len(train),
        "test_rows": len(test),
        "smeaton": float(value(one.classes, ours, flat)),
        "reference": float(value(one.classes, theirs, flat)),
        "build_seconds": said.get("seconds"),
        "total_seconds": round(time.monotonic() - start, 2),
        "reference_seconds": round(reference_seconds, 2),
        "outcome": said.get("outcome"),
        "winner": said.get("winner"),
        "unanswered": said["unanswered"],
        "trials": said.get("trials") if isinstance(said.get("trials"), int) else len(said.get("trials") or ()),
    }
    np.savez_compressed(
        rows_file(results, cell), row=test["_row"].to_numpy(), smeaton=np.float32(ours), reference=np.float32(theirs)
    )
    with results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(cell) + "\n")
    return cell


def rows_file(results: Path, cell: dict[str, Any]) -> Path:
    """Where the row losses of a cell are kept."""
    folder = results.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{cell['set']}-{cell['seed']}-{cell['budget']}.npz"


def read_cells(results: Path, budget: str) -> list[dict[str, Any]]:
    """Finished cells with that budget."""
    if not results.exists():
        return []
    cells = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [cell for cell in cells if cell["budget"] == budget]


def paired(cells: list[dict[str, Any]], results: Path) -> tuple[float, float, float]:
    """Mean difference over a table's splits (ours less the reference's) with its 95 % interval: Poisson bootstrap over
    the table's rows, a row counting the same in every split it was tested in."""
    classes = cells[0]["classes"]
    stored = [np.load(rows_file(results, cell)) for cell in cells]
    size = 1 + max(int(one["row"].max()) for one in stored)
    rng = np.random.default_rng(0)
    found = []
    for _ in range(REPLICATES // 50):
        weight = rng.poisson(1.0, (50, size)).astype(np.float64)
        each = [
            value(classes, one["smeaton"].astype(float), weight[:, one["row"]])
            - value(classes, one["reference"].astype(float), weight[:, one["row"]])
            for one in stored
        ]
        found.append(np.mean(each, axis=0))
    low, high = np.quantile(np.concatenate(found), [0.025, 0.975])
    return float(np.mean([cell["smeaton"] - cell["reference"] for cell in cells])), float(low), float(high)


def summary(cells: list[dict[str, Any]], results: Path) -> None:
    """Per table the mean ratio and the paired difference; over tables the mean ratio and mean log-ratio, with 95 %
    intervals from resampled tables."""
    print(f"{'table':20} {'splits':>6} {'ours':>10} {'reference':>10} {'ratio':>7}  difference (95 % interval)")
    ratios, wrong = [], []
    for name in dict.fromkeys(cell["set"] for cell in cells):
        own = [cell for cell in cells if cell["set"] == name]
        ratio = float(np.mean([cell["smeaton"] / cell["reference"] for cell in own]))
        difference, low, high = paired(own, results)
        ours, theirs = (float(np.mean([cell[key] for cell in own])) for key in ("smeaton", "reference"))
        mark = "  WORSE" if low > 0 else "  better" if high < 0 else ""
        print(
            f"{name:20} {len(own):6} {ours:10.5g} {theirs:10.5g} {ratio:7.4f}"
            f"  {difference:+.4g} ({low:+.4g} to {high:+.4g}){mark}"
        )
        ratios.append(ratio)
        wrong += [name] if low > 0 else []
    if len(ratios) > 1:
        values = np.array(ratios)
        picks = np.random.default_rng(0).integers(0, len(values), (10_000, len(values)))
        for title, column in (("mean ratio", values), ("mean log-ratio", np.log(values))):
            low, high = np.quantile(column[picks].mean(axis=1), [0.025, 0.975])
            print(f"{title} over {len(values)} tables: {column.mean():.4f} ({low:.4f} to {high:.4f})")
    print(f"tables with the whole interval on the wrong side: {', '.join(wrong) or 'none'}")


def main() -> int:
    """Run the cells that are missing, then print the summary. 1 if a cell failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", help="names, with commas between (default all)")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--budget", default="60s")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "quality.jsonl")
    parser.add_argument("--summary", action="store_true", help="run nothing, print what is there")
    args = parser.parse_args()
    args.results.parent.mkdir(parents=True, exist_ok=True)
    chosen = sets_in(args.folder)
    if args.sets:
        chosen = [one for one in chosen if one.name in args.sets.split(",")]
    failed = 0
    for seed in [] if args.summary else [int(seed) for seed in args.seeds.split(",")]:
        for one in chosen:
            done = {(cell["set"], cell["seed"]) for cell in read_cells(args.results, args.budget)}
            if (one.name, seed) in done:
                continue
            try:
                cell = run_cell(one, seed, args.budget, args.results)
            except (RuntimeError, OSError, ValueError, KeyError) as error:
                failed += 1
                print(f"{one.name} split {seed} failed: {error}", file=sys.stderr)
                continue
            print(f"{one.name} split {seed}: {cell['smeaton']:.5g} against {cell['reference']:.5g}", flush=True)
    names = {one.name for one in chosen}
    cells = [cell for cell in read_cells(args.results, args.budget) if cell["set"] in names]
    if cells:
        summary(cells, args.results)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
