"""Do prediction intervals hold as many new rows as they promise, and are they no wider than they must be?

    python benchmarks/coverage.py                       all sets, 40 draws each (about 5 minutes on one core)
    python benchmarks/coverage.py --draws 5 --rows 300  fewer, smaller
    python benchmarks/coverage.py --only fan,diabetes   some sets
    python benchmarks/coverage.py --builds 3            whole builds of 15 s too, with the interval of what ships
    python benchmarks/coverage.py --out FILE            also as JSON lines

One draw: rows to learn from and rows that nothing touches. Five folds are fitted (boosted trees), their answers to the
rows they do not know teach the intervals as in a build (`trials/intervals.py`), and the mean of the five models answers
the untouched rows. Shown for each level: the share of untouched rows that the intervals hold, in the mean over draws
with its standard error; the share that the held-out rows showed before (what a board says); the mean interval score
(Gneiting and Raftery 2007, lower is better) against intervals of one constant width from the same residuals.

The sets: diabetes of scikit-learn; `even` and `fan` (errors alike, errors that grow with the answer), `skew` (errors
to one side), `counts` (Poisson), `hidden` (errors that depend on an input that the answer does not), `friedman`
(Friedman 1991), `groups` (rows of a group share an error; untouched rows are of new groups), `drift` (rows in time
whose errors grow: exchangeability does not hold, and the coverage shows it).
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.data.split import FoldIndex, make_folds
from smeaton.metrics.interval_score import part as interval_score
from smeaton.runtime.ops.interval import ends
from smeaton.task.table import Array
from smeaton.task.task import Data, Task
from smeaton.task.types import Type
from smeaton.trials.intervals import judged, learn

LEVELS = (0.5, 0.8, 0.9, 0.95)
FOLDS = 5
NEW = 1_000  # untouched rows of a draw


@dataclass(frozen=True)
class Rows:
    """Inputs (rows, k) with targets; what belongs together, and when it was."""

    x: Array
    y: Array
    group: Array | None = None
    time: Array | None = None

    def take(self, index: Array) -> "Rows":
        """Some rows."""
        return Rows(
            self.x[index],
            self.y[index],
            None if self.group is None else self.group[index],
            None if self.time is None else self.time[index],
        )


def even(rows: int, rng: np.random.Generator) -> Rows:
    """Errors alike."""
    x = rng.uniform(-2, 2, (rows, 4))
    return Rows(x, 3 * x[:, 0] + np.sin(2 * x[:, 1]) + rng.normal(0, 1, rows))


def fan(rows: int, rng: np.random.Generator) -> Rows:
    """Errors that grow with the answer."""
    x = rng.uniform(0, 3, (rows, 4))
    mean = np.exp(x[:, 0]) + x[:, 1]
    return Rows(x, mean * (1 + 0.3 * rng.normal(0, 1, rows)))


def skew(rows: int, rng: np.random.Generator) -> Rows:
    """Errors to one side."""
    x = rng.uniform(-2, 2, (rows, 4))
    return Rows(x, 2 * x[:, 0] + rng.exponential(2, rows))


def counts(rows: int, rng: np.random.Generator) -> Rows:
    """Poisson."""
    x = rng.uniform(0, 2, (rows, 4))
    return Rows(x, rng.poisson(np.exp(x[:, 0] + 0.5 * x[:, 1] - 0.5)).astype(np.float64))


def hidden(rows: int, rng: np.random.Generator) -> Rows:
    """Errors that depend on an input which the answer does not depend on."""
    x = rng.uniform(-2, 2, (rows, 4))
    return Rows(x, 2 * x[:, 0] + np.exp(x[:, 1]) * rng.normal(0, 1, rows))


def friedman(rows: int, rng: np.random.Generator) -> Rows:
    """Friedman's first, with noise of 1."""
    x = rng.random((rows, 8))
    mean = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return Rows(x, mean + rng.normal(0, 1, rows))


def groups(rows: int, rng: np.random.Generator) -> Rows:
    """Ten rows a group, which share an error."""
    group = np.arange(rows) // 10
    x = rng.uniform(-2, 2, (rows, 4))
    return Rows(x, 2 * x[:, 0] + rng.normal(0, 1.5, group[-1] + 1)[group] + rng.normal(0, 0.7, rows), group)


def drift(rows: int, rng: np.random.Generator) -> Rows:
    """Rows in time; the newer, the larger the error."""
    x = rng.uniform(-2, 2, (rows, 4))
    age = np.arange(rows) / rows
    moment = np.datetime64("2024-01-01", "us") + np.arange(rows) * np.timedelta64(1, "h")
    return Rows(x, 2 * x[:, 0] + (0.5 + age) * rng.normal(0, 1, rows), None, moment)


def diabetes(rows: int, rng: np.random.Generator) -> Rows:
    """The 442 patients of scikit-learn, in another order."""
    from sklearn.datasets import load_diabetes

    found = load_diabetes()
    order = rng.permutation(len(found.target))
    return Rows(found.data[order], found.target[order].astype(np.float64))


SETS: dict[str, Callable[[int, np.random.Generator], Rows]] = {
    "even": even, "fan": fan, "skew": skew, "counts": counts, "hidden": hidden, "friedman": friedman,
    "groups": groups, "drift": drift, "diabetes": diabetes,
}  # fmt: skip


def task_of(rows: Rows, level: float, name: str = "") -> Task:
    """A pinned task on numbers."""
    kind = Type(type="integer" if name == "counts" else "number", interval=level)
    inputs = {f"x{place}": Type(type="number") for place in range(rows.x.shape[1])}
    return Task(data=Data(), inputs=inputs, output={"y": kind})


def fitted(rows: Rows, index: Array, seed: int) -> Callable[[Array], Array]:
    """Boosted trees on some rows."""
    import lightgbm

    settings = {
        "objective": "regression", "learning_rate": 0.08, "num_leaves": 12, "min_data_in_leaf": 8, "num_threads": 1,
        "seed": seed, "verbosity": -1, "deterministic": True, "force_row_wise": True,
    }  # fmt: skip
    data = lightgbm.Dataset(rows.x[index], label=rows.y[index])
    return lightgbm.train(settings, data, num_boost_round=60).predict


def draw(name: str, rows: int, seed: int) -> Iterator[dict[str, float | str | int]]:
    """One draw: a line a level."""
    rng = np.random.default_rng([seed, list(SETS).index(name)])
    every = SETS[name](rows + NEW, rng)
    known = min(rows, int(0.6 * len(every.y)))
    own, new = every.take(np.arange(known)), every.take(np.arange(known, len(every.y)))
    dataset = Dataset(task_of(own, 0.9, name), {}, own.y, group=own.group, time=own.time)
    folds = make_folds(dataset, np.arange(known), FOLDS, seed)
    models = [fitted(own, np.concatenate([fold.train, fold.stop]), seed) for fold in folds]
    held = [{"prediction": model(own.x[fold.held])} for model, fold in zip(models, folds, strict=True)]
    answer = np.mean([model(new.x) for model in models], axis=0)
    for level in LEVELS:
        yield {"set": name, "seed": seed, "level": level, **_measured(dataset, folds, held, (answer, new.y), level)}


def _measured(
    dataset: Dataset, folds: list[FoldIndex], held: list[dict[str, Array]], new: tuple[Array, Array], level: float
) -> dict[str, float]:
    task = task_of(
        Rows(np.zeros((1, 1)), np.zeros(1)), level, "counts" if dataset.task.output_type.type == "integer" else ""
    )
    asked = Dataset(task, {}, dataset.target, group=dataset.group, time=dataset.time)
    found = learn(asked, folds, held)
    assert found is not None
    rows = np.concatenate([fold.held for fold in folds])
    seen = [table for tables in judged(found, [[one] for one in held]) for table in tables]
    low, high = (np.concatenate([table[name] for table in seen]) for name in ("low", "high"))
    given, truth = np.isfinite(low), dataset.target[rows]
    shown = float(np.mean((low <= truth)[given] & (truth <= high)[given]))
    off = np.sort(np.abs(np.concatenate([table["prediction"] for table in held]) - truth))
    flat = off[min(len(off) - 1, int(np.ceil((len(off) + 1) * level)) - 1)]
    answer, target = new
    ours = ends(found.ships, answer)
    return {
        "held": float(np.mean((ours[0] <= target) & (target <= ours[1]))),
        "shown": shown,
        "width": float(np.mean(ours[1] - ours[0])),
        "score": _score(task, answer, ours, target),
        "flat": _score(task, answer, (answer - flat, answer + flat), target),
        "flat_held": float(np.mean(np.abs(answer - target) <= flat)),
    }


def _score(task: Task, answer: Array, both: tuple[Array, Array], target: Array) -> float:
    metric = interval_score.of(task)
    stats = metric.rows({"prediction": answer, "low": both[0], "high": both[1]}, target, ())
    return float(metric.value(stats.astype(np.float64).mean(axis=0)))


def build(name: str, rows: int, seed: int) -> dict[str, float | str | int]:
    """A whole build of 15 s: the coverage of what ships on rows it never saw."""
    import smeaton

    rng = np.random.default_rng([seed, 99, list(SETS).index(name)])
    every = SETS[name](rows + NEW, rng)
    known = min(rows, int(0.6 * len(every.y)))

    def table(some: Rows) -> dict[str, Array]:
        return {**{f"x{place}": column for place, column in enumerate(some.x.T)}, "y": some.y}

    own, new = every.take(np.arange(known)), every.take(np.arange(known, len(every.y)))
    with tempfile.TemporaryDirectory() as folder:
        built = smeaton.build(table(own), target="y", budget="15s", seed=seed, out=folder)
        with smeaton.load(built.bundle) as model:
            found = model.predict(table(new))
    inside = (found["low"] <= new.y) & (new.y <= found["high"])
    shown = next(score for score in model.bundle.manifest.validation if score.metric == "coverage")
    tested = next(score for score in model.bundle.manifest.test if score.metric == "coverage")
    return {
        "set": name, "seed": seed, "level": 0.9, "build": built.winner, "held": float(inside.mean()),
        "shown": shown.value, "test": tested.value, "width": float(np.mean(found["high"] - found["low"])),
    }  # fmt: skip


def summary(lines: list[dict[str, float | str | int]]) -> str:
    """One row a set and level."""
    told = ["set        level   held (se)       shown   width   score / constant width"]
    for name in dict.fromkeys(str(line["set"]) for line in lines):
        for level in LEVELS:
            some = [line for line in lines if line["set"] == name and line["level"] == level and "flat" in line]
            if not some:
                continue
            held = np.array([float(line["held"]) for line in some])
            shown, width = (np.mean([float(line[key]) for line in some]) for key in ("shown", "width"))
            ratio = np.mean([float(line["score"]) for line in some]) / np.mean([float(line["flat"]) for line in some])
            error = held.std() / np.sqrt(len(held))
            told.append(
                f"{name:10} {level:5.2f}   {held.mean():.3f} ({error:.3f})   {shown:.3f}   {width:6.3g}   {ratio:.3f}"
            )
    told.extend(
        f"{line['set']:10} build by {line['build']}: {line['held']:.3f} of new rows, {line['shown']:.3f} shown, "
        f"{line['test']:.3f} of the sealed test"
        for line in lines
        if "build" in line
    )
    return "\n".join(told)


def main() -> None:
    """Run the draws and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--rows", type=int, default=500, help="rows to learn from")
    parser.add_argument("--only", default=",".join(SETS))
    parser.add_argument("--builds", type=int, default=0, help="whole builds of each set")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    lines, start = list[dict[str, float | str | int]](), time.monotonic()
    for name in given.only.split(","):
        for seed in range(given.draws):
            lines += draw(name, given.rows, seed)
        lines += [build(name, given.rows, seed) for seed in range(given.builds)]
    if given.out:
        given.out.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    print(summary(lines))
    print(f"{given.draws} draws of {given.rows} rows in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
