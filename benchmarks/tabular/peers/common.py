"""What every tool's script does, in the tool's own environment: read the job, fit, answer, and be timed at answering.

`python run_<tool>.py JOB.json` writes, into the folder the job names, `answers.npy` and `said.json`; the latter again
after each stage, so that a run killed while it is timed keeps its answers. It imports nothing of Smeaton.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

WARM, ONE_ROW, BATCH = 3, 25, 10_000
Answer = Callable[[pd.DataFrame], Any]


@dataclass(frozen=True)
class Job:
    """The two CSV files, the target column, the kind (binary, multiclass, regression), seconds, preset, seed, threads,
    the folder to work in, and the clock (`time.time()`) when the process was started."""

    train: str
    test: str
    target: str
    kind: str
    seconds: float
    preset: str
    seed: int
    threads: int
    folder: str
    start: float


@dataclass(frozen=True)
class Model:
    """A fitted model: `answer` gives probabilities (rows, labels) or numbers (rows,) for a frame without its target;
    `ship` writes what would be deployed into a folder and returns what then answers; `warm`, if there is one, what
    answers after the tool was asked to keep all in memory; `note` is kept as it is."""

    labels: list[str]
    answer: Answer
    ship: Callable[[Path], Answer]
    warm: Callable[[Path], Answer] | None
    note: dict[str, Any]


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """What a call returns and the seconds it took."""
    start = time.perf_counter()
    found = call()
    return found, time.perf_counter() - start


def one_row(answer: Answer, rows: pd.DataFrame) -> float:
    """Median seconds for a frame of one row, each time another."""
    frames = [rows.iloc[[place % len(rows)]] for place in range(WARM + ONE_ROW)]
    return float(np.median([timed(lambda frame=frame: answer(frame))[1] for frame in frames][WARM:]))


def main(fit: Callable[[Job, pd.DataFrame], Model], packages: list[str]) -> None:
    """Do the job named on the command line."""
    job = Job(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    folder = Path(job.folder)
    said: dict[str, Any] = {
        "versions": {name: version(name) for name in packages} | {"python": platform.python_version()}
    }

    def write(**more: Any) -> None:
        said.update(more)
        (folder / "said.part").write_text(json.dumps(said), encoding="utf-8")
        os.replace(folder / "said.part", folder / "said.json")

    train, test = pd.read_csv(job.train, low_memory=False), pd.read_csv(job.test, low_memory=False)
    rows = test.drop(columns=job.target)
    write(stage="fit", import_seconds=time.time() - job.start)
    model, seconds = timed(lambda: fit(job, train))
    write(
        stage="answer", fit_seconds=seconds, ready_seconds=time.time() - job.start, labels=model.labels, note=model.note
    )
    answers, seconds = timed(lambda: model.answer(rows))
    np.save(folder / "answers.npy", np.asarray(answers, dtype=np.float64))
    write(stage="ship", test_seconds=seconds)
    shipped = folder / "shipped"
    answer = model.ship(shipped)
    write(stage="one row", size=size_of(shipped))
    write(stage="batch", one_row_seconds=one_row(answer, rows))
    many = pd.concat([rows] * (1 + BATCH // len(rows)), ignore_index=True).iloc[:BATCH]
    write(stage="warm", batch_seconds=timed(lambda: answer(many))[1])
    if model.warm:
        answer = model.warm(shipped)
        write(warm_one_row_seconds=one_row(answer, rows), warm_batch_seconds=timed(lambda: answer(many))[1])
    write(stage="done")
