"""Train an encoder on a table of texts and labels, and say what that gave: held-out accuracy, seconds, sizes, speed.

    python benchmarks/finetune.py emotions.csv --text text --label label --weights folder --seconds 120

The file may be gzipped. A fifth of the rows is held out; of the others an eighth is what training stops on.
"""

import argparse
import csv
import gzip
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.families import Run
from smeaton.families.finetune import MODEL, MODEL_INT8, part
from smeaton.task.table import PREDICTION, object_column
from smeaton.task.task import Data, Source, Task
from smeaton.task.types import Type


def read(path: Path, text: str, label: str) -> tuple[list[str], list[str]]:
    """Texts and labels of a CSV file."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row[text] for row in rows], [row[label] for row in rows]


def deal(texts: list[str], labels: list[str], names: tuple[str, ...], seed: int) -> tuple[Fold, list[str]]:
    """A fold, and the labels of its held-out rows."""
    order = np.random.default_rng(seed).permutation(len(texts))
    codes = np.array([names.index(label) for label in labels], dtype=np.int64)
    held, stop, train = np.split(order, [len(order) // 5, len(order) // 5 + len(order) // 10])

    def rows(index: Any) -> Rows:
        return Rows({"text": object_column([texts[i] for i in index])}, codes[index], None, index)

    whole = rows(held)
    return Fold(0, rows(train), rows(stop), whole.x, held), [labels[i] for i in held]


def measure(task: Task, config: Mapping[str, Any], fold: Fold, wanted: list[str], options: argparse.Namespace) -> None:
    """One fit: print what it gave."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(
            seed=options.seed,
            fidelity=1.0,
            seconds=options.seconds,
            scratch=Path(folder),
            threads=options.threads,
            report=lambda step, score: print(f"    step {step}: {score:.4f} on the stop rows", flush=True),
        )
        begun = time.monotonic()
        fitted = part.fit(task, config, fold, run)
        seconds = time.monotonic() - begun
        begun = time.monotonic()
        found = fitted.predict(fold.held)[PREDICTION].tolist()
        speed = len(wanted) / (time.monotonic() - begun)
        right = float(np.mean([one == other for one, other in zip(found, wanted, strict=True)]))
        files = (run.scratch / "encoder" / name for name in (MODEL, MODEL_INT8))
        sizes = [f"{file.name} {file.stat().st_size / 1e6:.1f} MB" for file in files if file.exists()]
        print(f"  accuracy {right:.3f} on {len(wanted)} held-out rows; {seconds:.0f} s; {speed:.0f} texts/s")
        print(f"  {', '.join(sizes)}; {fitted.note}", flush=True)


def main() -> None:
    """Read the options, measure the untouched encoder, then each way of training."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--text", default="text")
    parser.add_argument("--label", default="label")
    parser.add_argument("--weights", required=True)
    parser.add_argument("--seconds", type=float, default=120.0, help="of each fit")
    parser.add_argument("--rows", type=int, default=0, help="take so many at random; 0 = all")
    parser.add_argument("--epochs", type=float, default=4.0)
    parser.add_argument("--rate", type=float, default=5e-5)
    parser.add_argument("--ways", nargs="*", default=["contrastive", "full"])
    parser.add_argument("--rank", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    texts, labels = read(options.file, options.text, options.label)
    if 0 < options.rows < len(texts):
        kept = np.random.default_rng(options.seed).permutation(len(texts))[: options.rows]
        texts, labels = [texts[i] for i in kept], [labels[i] for i in kept]
    names = tuple(sorted(set(labels)))
    fold, wanted = deal(texts, labels, names, options.seed)
    task = Task(
        data=Data(examples=Source(files=(str(options.file),))),
        output={"label": Type(type="category", labels=names)},
        inputs={"text": Type(type="text")},
    )
    config = {"weights": str(Path(options.weights).resolve()), "epochs": options.epochs, "rate": options.rate}
    print(f"{len(fold.train)} rows to train on, {len(fold.stop)} to stop on, {len(names)} labels")
    print("untouched:")
    measure(task, {**config, "_steps": 0}, fold, wanted, options)
    for way in options.ways:
        print(f"{way}:")
        measure(task, {**config, "way": way, "rank": options.rank}, fold, wanted, options)


if __name__ == "__main__":
    main()
