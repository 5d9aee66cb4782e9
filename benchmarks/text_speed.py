"""Speed of an n-gram program: rows a second on a table, and one row at a time, with parsing and checking on.

Fits `tfidf` on generated texts (words drawn as in a language: few are common, most are rare), or on a CSV file with
the columns given, and asks its program. Targets on one thread: 20,000 rows a second, and 300 us for one row (p50).

    OMP_NUM_THREADS=1 python benchmarks/text_speed.py [--labels 7] [--words 12] [texts.csv --text text --label label]
"""

import argparse
import csv
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from smeaton import plugins
from smeaton.data.fold import Fold, Rows
from smeaton.families import Run
from smeaton.runtime.call import Call
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import save_program
from smeaton.task.table import object_column, take
from smeaton.task.task import Data, Task
from smeaton.task.types import Type

ROWS, CALLS, FITTED = 20_000, 3_000, 5_000
LETTERS = "etaoinshrdlucmfwygpbvk"


def generated(rows: int, words: int, labels: int) -> tuple[list[str], list[str]]:
    """Texts of about so many words, and labels that some of the words belong to."""
    rng = np.random.default_rng(0)
    weight = 1.0 / np.arange(1, len(LETTERS) + 1)
    lengths = rng.integers(2, 10, 20_000)
    known = ["".join(rng.choice(list(LETTERS), length, p=weight / weight.sum())) for length in lengths]
    code = rng.integers(0, labels, rows)
    texts = []
    for label, size in zip(code.tolist(), rng.poisson(words, rows).tolist(), strict=True):
        places = rng.zipf(1.4, max(1, size)) % len(known)
        # Every sixth word is one that its label alone uses.
        places[::6] = 100 + label * 20 + places[::6] % 20
        texts.append(" ".join(known[place] for place in places.tolist()))
    return texts, [f"label {label}" for label in code.tolist()]


def read(path: Path, text: str, label: str) -> tuple[list[str], list[str]]:
    """Two columns of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row[text] for row in rows], [row[label] for row in rows]


def fitted(texts: list[str], given: list[str], folder: Path, config: dict[str, Any]) -> Engine:
    """Fit on some of the texts, export, and open the program."""
    labels, codes = np.unique(given[:FITTED], return_inverse=True)
    output = Type(type="category", labels=tuple(labels.tolist()))
    task = Task(data=Data(), inputs={"text": Type(type="text")}, output={"y": output})
    every = Rows({"text": object_column(texts[:FITTED])}, codes.astype(np.int64), None, np.arange(len(codes)))
    cut = int(0.9 * len(codes))
    parts = [
        Rows(take(every.x, index), every.y[index], None, index) for index in np.split(np.arange(len(codes)), [cut])
    ]
    fold = Fold(0, parts[0], parts[1], parts[1].x, parts[1].index)
    family = plugins.load("families", "tfidf")
    start = time.perf_counter()
    model = family.fit(task, config, fold, Run(seed=0, fidelity=1.0, seconds=600.0, scratch=folder))
    print(f"fitted on {cut} texts with {len(labels)} labels in {time.perf_counter() - start:.1f} s")
    program = model.export(folder)
    save_program(program, folder)
    return Engine(program, folder, types=task.input_types)


def measure(engine: Engine, texts: list[str]) -> dict[str, float]:
    """Rows a second on a table, and the time of one row in microseconds."""
    table = {"text": object_column([texts[i % len(texts)] for i in range(ROWS)])}
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        engine.run(table, Call())
        seconds.append(time.perf_counter() - start)
    own = np.empty(CALLS)
    for i in range(-300, CALLS):
        row = {"text": texts[i % len(texts)]}
        start = time.perf_counter()
        engine.rows([row])
        if i >= 0:
            own[i] = time.perf_counter() - start
    p50, p99 = np.percentile(own, [50, 99]) * 1e6
    letters = float(np.mean([len(text) for text in texts]))
    return {"rows_per_second": ROWS / min(seconds), "p50_us": p50, "p99_us": p99, "characters_a_text": letters}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("csv", nargs="?", type=Path)
    parser.add_argument("--text", default="text")
    parser.add_argument("--label", default="label")
    parser.add_argument("--labels", type=int, default=7)
    parser.add_argument("--words", type=int, default=12)
    parser.add_argument("--config", type=json.loads, default={})
    given = parser.parse_args()
    texts, labels = (
        read(given.csv, given.text, given.label) if given.csv else generated(ROWS, given.words, given.labels)
    )
    with tempfile.TemporaryDirectory() as name, fitted(texts, labels, Path(name), given.config) as engine:
        size = sum(path.stat().st_size for path in Path(name).iterdir()) / 1e6
        result = measure(engine, texts) | {"megabytes": size}
    print(f"table    {result['rows_per_second']:9.0f} rows/s   (target 20,000)")
    print(f"one row  {result['p50_us']:6.0f} us p50, {result['p99_us']:.0f} us p99   (target 300 p50)")
    print(json.dumps({key: round(value, 1) for key, value in result.items()}))


if __name__ == "__main__":
    main()
