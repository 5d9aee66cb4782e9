"""Cascades against a scripted language model of fixed accuracy, on real texts: quality and calls.

    python -m benchmarks.llm.cascade FOLDER                          all sets, accuracies 0.90, 0.95 and 0.98
    python -m benchmarks.llm.cascade FOLDER --sets snips --accuracies 0.95
    python -m benchmarks.llm.cascade FOLDER --keep                   also to benchmarks/results/llm_cascade.json

FOLDER holds one folder for each set, as for `benchmarks/text_quality.py`. The rows of a set are cut into three folds.
The small model is the family `tfidf`, fitted and calibrated as a build does. The scripted model says the true label of
a row with the accuracy given, for every label, else one of the other labels, all alike; which rows it gets wrong is
decided by a hash of seed and text, so that its errors have nothing to do with the small model's. It answers through a
fake server of the product, asked by the `chat` step; for the rows that only choose a threshold its answers are worked
out in this process, and a hundred of them are held against what the server says. The cascade is the family `cascade`
with the goal `tenth`, fitted on each fold from the other folds, exported, and run as the program that would ship.

Wanted, of a model that is right in 95 % of the rows: no more than 0.5 points of accuracy below the model alone, with at
most a tenth of its calls, on three sets. The other accuracies are shown beside it, and for each set whether the small
model alone is as near: where it is, the set says little of the cascade.
"""

import argparse
import csv
import gzip
import hashlib
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.families import Finished, Run
from smeaton.task.table import COST, ERROR, PREDICTION, PROBABILITY, Array, object_column, take
from smeaton.task.task import Data, Solutions, Source, Task
from smeaton.task.types import Type

RESULTS = Path(__file__).resolve().parent.parent / "results"
SETS = {
    "ag_news_small": (("data.csv.gz",), ("title", "text"), "label"),
    "clinc_oos": (("train.csv.gz", "val.csv.gz", "test.csv.gz"), ("text",), "intent"),
    "sms_spam": (("data.csv.gz",), ("text",), "label"),
    "snips": (("train.jsonl.gz", "test.jsonl.gz"), ("text",), "intent"),
    "tweet_emotion": (("train.csv.gz", "val.csv.gz", "test.csv.gz"), ("text",), "label"),
}
FOLDS, STOP_SHARE, CHECKED = 3, 0.1, 100
MODEL = "openai:scripted"
DOLLARS = (0.25, 2.0)  # for a million tokens
WORSE, CALLS, WANTED, JUDGED = 0.005, 0.1, 3, 0.95


def main() -> int:
    """Measure, print, and say whether enough sets are within the limits at each accuracy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", nargs="+", choices=tuple(SETS), default=tuple(SETS))
    parser.add_argument("--accuracies", nargs="+", type=float, default=(0.90, 0.95, 0.98))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    found = []
    for name in args.sets:
        with tempfile.TemporaryDirectory() as root:
            bench = prepare(args.folder / name, name, args.seed, Path(root))
            for accuracy in args.accuracies:
                found.append(measure(bench, accuracy, args.seed))
                print(line(found[-1]), flush=True)
    passed = {str(one): sum(row["within"] for row in found if row["model"] == one) for one in args.accuracies}
    print(f"sets within {100 * WORSE:g} points at {CALLS:.0%} of the calls: {passed} (wanted: {WANTED})")
    if args.keep:
        report = {"seed": args.seed, "python": platform.python_version(), "cpus": os.cpu_count(), "passed": passed}
        (RESULTS / "llm_cascade.json").write_text(json.dumps({**report, "rows": found}, indent=1) + "\n")
    judged = passed.get(str(JUDGED), min(passed.values()))
    return 0 if judged >= min(WANTED, len(args.sets)) else 1


@dataclass
class Bench:
    """A set with its folds and the finished small trial."""

    name: str
    task: Task
    rows: Rows
    folds: list[Fold]
    small: Finished
    root: Path
    seconds: float


def prepare(folder: Path, name: str, seed: int, root: Path) -> Bench:
    """Read a set, cut it, fit the small model on each fold."""
    start = time.monotonic()
    task, rows = read(folder, name)
    order = np.random.default_rng([seed, 4]).permutation(len(rows))
    folds = []
    for number in range(FOLDS):
        held, rest = np.sort(order[number::FOLDS]), order[np.arange(len(order)) % FOLDS != number]
        stop = round(STOP_SHARE * len(rest))
        train = np.sort(rest[stop:])
        folds.append(Fold(number, some(rows, train), some(rows, np.sort(rest[:stop])), take(rows.x, held), held))
    return Bench(name, task, rows, folds, small_trial(task, rows, folds, root), root, time.monotonic() - start)


def read(folder: Path, name: str) -> tuple[Task, Rows]:
    """The task and typed rows of a set."""
    files, texts, label = SETS[name]
    rows: list[dict[str, str]] = []
    for file in files:
        with gzip.open(folder / file, "rt", encoding="utf-8", newline="") as stream:
            rows += map(json.loads, stream) if ".jsonl" in file else csv.DictReader(stream)
    labels = tuple(sorted({row[label] for row in rows}))
    place = {one: code for code, one in enumerate(labels)}
    inputs = {one: Type(type="text") for one in texts}
    output = {"y": Type(type="category", labels=labels)}
    data = Data(examples=Source(files=files))
    solutions = Solutions(add=(MODEL,))
    task = Task(data=data, inputs=inputs, output=output, metric="accuracy", solutions=solutions)
    x = {one: object_column([row[one] for row in rows]) for one in texts}
    y = np.array([place[row[label]] for row in rows], dtype=np.int64)
    return task, Rows(x, y, None, np.arange(len(rows)))


def some(rows: Rows, index: Array) -> Rows:
    """The rows of an index."""
    return Rows(take(rows.x, index), rows.y[index], None, index)


def small_trial(task: Task, rows: Rows, folds: list[Fold], root: Path) -> Finished:
    """The family `tfidf` on every fold, each calibrated on the others."""
    from smeaton import plugins
    from smeaton.runtime.engine import Engine
    from smeaton.runtime.files import save_program
    from smeaton.trials.calibrate import cross_fit, scored
    from smeaton.trials.results import calibrated

    family = plugins.load("families", "tfidf")
    config = {"ratio": len(task.labels) <= 20, "refit": True}
    plain, folders = [], []
    for fold in folds:
        folder = root / "tfidf" / str(fold.number)
        folder.mkdir(parents=True)
        program = family.fit(task, config, fold, make_run(root, fold, rows, folds)).export(folder)
        save_program(program, folder)
        folders.append(folder)
        with Engine(program, folder, types=task.input_types) as engine:
            plain.append(engine.predict(fold.held))
    pairs = zip(plain, folds, strict=True)
    steps = cross_fit([scored(table[PROBABILITY], rows.y[fold.held_index], None) for table, fold in pairs])
    held = [calibrated(table, step, task) for table, step in zip(plain, steps, strict=True)]
    return Finished("small", "tfidf", 0.0, held, [], folders, steps)


def make_run(root: Path, fold: Fold, rows: Rows, folds: list[Fold]) -> Run:
    """What a fit may use, the targets of the other folds among it."""
    others = {one.number: rows.y[one.held_index] for one in folds if one.number != fold.number}
    return Run(seed=0, fidelity=1.0, seconds=600.0, scratch=root, threads=os.cpu_count() or 1, other_folds=others)


class Teacher:
    """Says the true label of a row with a fixed accuracy, else another one; a function of seed and texts alone."""

    def __init__(self, bench: Bench, accuracy: float, seed: int) -> None:
        self.accuracy, self.seed, self.labels = accuracy, seed, bench.task.labels
        self.names = list(bench.rows.x)
        columns = (bench.rows.x[name].tolist() for name in self.names)
        self.true = dict(zip(zip(*columns, strict=True), bench.rows.y.tolist(), strict=True))

    def code(self, row: tuple[str, ...]) -> int:
        """The label it says of a row, as a code."""
        digest = hashlib.sha256(json.dumps([self.seed, *row]).encode()).digest()
        true = self.true[row]
        if int.from_bytes(digest[:8], "big") / 2**64 < self.accuracy:
            return true
        other = int.from_bytes(digest[8:16], "big") % (len(self.labels) - 1)
        return other + (other >= true)

    def says(self, request: Any) -> str:
        """The reply of the server: the bare label."""
        row = json.loads(request.user)
        return str(self.labels[self.code(tuple(row[name] for name in self.names))])

    def answers(self, x: Mapping[str, Array]) -> dict[str, Array]:
        """What it answers to rows, without the server."""
        codes = [self.code(row) for row in zip(*(x[name].tolist() for name in self.names), strict=True)]
        chance = np.full((len(codes), len(self.labels)), 0.1 / (len(self.labels) - 1))
        chance[np.arange(len(codes)), codes] = 0.9
        said = object_column([self.labels[code] for code in codes])
        return {PREDICTION: said, PROBABILITY: chance, ERROR: object_column([None] * len(codes))}


def measure(bench: Bench, accuracy: float, seed: int) -> dict[str, Any]:
    """One set against a model of one accuracy: all three on every row, each by its fold."""
    from smeaton.families.cascade import part
    from smeaton.llm.ledger import Ledger
    from smeaton.testing.servers import Script, serve

    start = time.monotonic()
    teacher = Teacher(bench, accuracy, seed)
    root = bench.root / f"teacher-{accuracy:g}"
    root.mkdir()
    with serve(Script(teacher.says)) as server:
        os.environ.update(server.config(root / "llm.toml", {MODEL: DOLLARS}))
        ledger = Ledger(root / "ledger.sqlite", 1_000.0)
        chat = chat_trial(bench, teacher, root, ledger)
        before = len(server.requests)
        answers, chosen = [], []
        for fold in bench.folds:
            run = make_run(root, fold, bench.rows, bench.folds)
            run.pool, run.purse = (bench.small, chat), ledger
            fitted = part.fit(bench.task, {"goal": "tenth"}, fold, run)
            answers.append(fitted.predict(fold.held))
            chosen.append({"measure": fitted.parts.measure, "bayes": fitted.parts.table is not None})
        calls = len(server.requests) - before
        before = len(server.requests)
        fitted.predict(bench.folds[-1].held)
        again = len(server.requests) - before
        ledger.close()
    row = report(bench, chat, answers, calls / len(bench.rows))
    return {**row, "model": accuracy, "chosen": chosen, "calls_again": again, "seconds": time.monotonic() - start}


def chat_trial(bench: Bench, teacher: Teacher, root: Path, ledger: Any) -> Finished:
    """The scripted model as a finished trial; a hundred of its rows are asked over the wire and held against it.

    Raises:
        AssertionError: the server said something else.
    """
    from smeaton.families._chat import Asking, program
    from smeaton.runtime.call import Call
    from smeaton.runtime.check import externals
    from smeaton.runtime.engine import Engine
    from smeaton.runtime.files import save_program
    from smeaton.runtime.ops._chat_prompt import Prompt

    asking = Asking(reference=MODEL, prompt=Prompt("Choose the label of the row."), how="text")
    made, files = program(bench.task, asking, "0" * 32)
    folder = root / "chat"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    save_program(made, folder)
    held = [teacher.answers(fold.held) for fold in bench.folds]
    few = take(bench.folds[0].held, np.arange(CHECKED))
    leave = {external.host for external in externals(made)}
    with Engine(made, folder, types=bench.task.input_types, allow_external=leave) as engine:
        said = engine.run(few, Call(purse=ledger))
    assert said[PREDICTION].tolist() == held[0][PREDICTION][:CHECKED].tolist(), said[ERROR].tolist()
    cost = float(np.mean([one["cost"] for one in said["usage"].tolist()]))
    for table in held:
        table[COST] = np.full(len(table[PREDICTION]), cost)
    return Finished("chat", "prompt", 0.0, held, [], [folder] * FOLDS, [None] * FOLDS, effect="external")


def report(bench: Bench, chat: Finished, answers: list[Any], share: float) -> dict[str, Any]:
    """Accuracies on all rows, and the paired difference of cascade and model."""
    from smeaton.metrics._defaults import load_metric
    from smeaton.metrics._intervals import mean, paired

    metric = load_metric("accuracy", bench.task)
    targets = [bench.rows.y[fold.held_index] for fold in bench.folds]

    def stats(tables: Any) -> Array:
        pairs = zip(tables, targets, strict=True)
        return np.concatenate([metric.rows(table, target, bench.task.labels) for table, target in pairs])

    small, model, cascade = stats(bench.small.held), stats(chat.held), stats(answers)
    value, low, high = paired(metric, cascade, model, None, None)
    cost = float(chat.held[0][COST][0])
    return {
        "set": bench.name,
        "rows": len(cascade),
        "labels": len(bench.task.labels),
        "small": mean(metric, small),
        "teacher": mean(metric, model),
        "cascade": mean(metric, cascade),
        "difference": [value, low, high],
        "calls": share,
        "dollars_per_1k": {"teacher": 1000 * cost, "cascade": 1000 * cost * share},
        "small_within": bool(mean(metric, small) - mean(metric, model) >= -WORSE),
        "within": bool(value >= -WORSE and share <= CALLS),
    }


def line(row: dict[str, Any]) -> str:
    """One result in words."""
    value, low, high = (100 * one for one in row["difference"])
    return (
        f"{row['set']:14} {row['labels']:4} labels  model {row['model']:.2f}: small {100 * row['small']:.2f}  "
        f"teacher {100 * row['teacher']:.2f}  cascade {100 * row['cascade']:.2f} at {row['calls']:.1%} of the calls, "
        f"difference {value:+.2f} [{low:+.2f}, {high:+.2f}]  {'within' if row['within'] else 'not within'}"
        f" (small alone {'too' if row['small_within'] else 'not'})"
        f"  ({row['seconds']:.0f} s, asked again: {row['calls_again']})"
    )


if __name__ == "__main__":
    sys.exit(main())
