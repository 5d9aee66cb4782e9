"""A small prepared build, and user families that fit, wait, crash and lie."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smeaton.data.dataset import Dataset
from smeaton.data.split import FoldIndex, make_folds, save_folds
from smeaton.task.table import object_column
from smeaton.task.task import Data, Privacy, Source, Task
from smeaton.task.types import Type
from smeaton.trials.executors import Job
from smeaton.trials.record import Candidate

USER_FAMILIES = """
import os, subprocess, sys, time
from pathlib import Path
import numpy as np


class Fitted:
    def __init__(self, share):
        self.share = share

    def predict(self, rows):
        n = len(rows["amount"])
        wave = 1 / (1 + np.exp(-rows["amount"] * self.share))
        p = np.stack([1 - wave, wave], axis=1)
        prediction = np.empty(n, dtype=object)
        prediction[:] = [bool(x) for x in wave > 0.5]
        return {"prediction": prediction, "probability": p}


class Family:
    def space(self, task, profile):
        raise NotImplementedError


class Good(Family):
    def fit(self, task, config, fold, run):
        print("a family may print")
        for step in range(3):
            run.report(step + 1, 1.0 / (step + 1))
        assert not any(name == fold.number for name in run.other_folds)
        return Fitted(config.get("share", 1.0))


class Environment(Family):
    def fit(self, task, config, fold, run):
        assert os.environ["OMP_NUM_THREADS"] == "1" and os.environ["OPENBLAS_NUM_THREADS"] == "1"
        assert sys.stdin.read() == ""
        raise RuntimeError(f"{os.getpid()} {Path('.').resolve()}")


class Broken(Family):
    def fit(self, task, config, fold, run):
        raise ValueError("this config\\ncannot be fitted")


class Crash(Family):
    def fit(self, task, config, fold, run):
        os._exit(7)


class Hungry(Family):
    def fit(self, task, config, fold, run):
        raise MemoryError


class Slow(Family):
    def fit(self, task, config, fold, run):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(config["mark"]).write_text(f"{os.getpid()} {child.pid}")
        run.report(1, 0.5)
        time.sleep(600)


class Short(Family):
    def fit(self, task, config, fold, run):
        class Wrong:
            def predict(self, rows):
                return {"prediction": np.zeros(1)}
        return Wrong()


good, environment, broken, crash, hungry, slow, short = (
    Good(), Environment(), Broken(), Crash(), Hungry(), Slow(), Short()
)
"""


@dataclass
class Build:
    """A build's folder with its dataset and folds."""

    root: Path
    dataset: Dataset
    folds: list[FoldIndex]

    @property
    def task(self) -> Task:
        return self.dataset.task

    def job(self, candidate: Candidate, fold: int = 0, **changes: Any) -> Job:
        fidelity = changes.get("fidelity", 1.0)
        seed = changes.get("seed", 0)
        key = f"{candidate.key}-{fidelity:g}-{seed}"
        form: dict[str, Any] = {
            "id": f"{key}/{fold}",
            "family": candidate.family,
            "config": candidate.config,
            "fold": fold,
            "fidelity": 1.0,
            "seed": 0,
            "seconds": 10.0,
            "data": str(self.root / "data"),
            "out": str(self.root / "trials" / key / f"fold{fold}"),
            "export": fidelity == 1.0,
        }
        return Job(**{**form, **changes})

    def user(self, name: str, **config: Any) -> Candidate:
        return Candidate(family=f"mine.py:{name}", config=config)


Maker = Callable[..., Build]


@pytest.fixture
def build(tmp_path: Path) -> Maker:
    """Make a build: `build(kind="binary", rows=300, folds=3, **dataset changes)`."""

    def make(kind: str = "binary", rows: int = 300, folds: int = 3, external: bool = False, **changes: Any) -> Build:
        folder = tmp_path / "task"
        folder.mkdir()
        (folder / "mine.py").write_text(USER_FAMILIES)
        rng = np.random.default_rng(7)
        amount = rng.normal(size=rows)
        colour = object_column(rng.choice(np.array(["red", "green", "blue"], dtype=object), rows))
        score = amount + (colour == "red") + rng.normal(scale=0.7, size=rows)
        outputs = {
            "binary": (Type(type="boolean", labels=(False, True)), (score > 0).astype(np.int64)),
            "multiclass": (
                Type(type="category", labels=("a", "b", "c")),
                np.digitize(score, [-0.5, 0.8]).astype(np.int64),
            ),
            "number": (Type(type="number"), score),
        }
        output, target = outputs[kind]
        task = Task(
            data=Data(examples=Source(files=("x.csv",))),
            inputs={"amount": Type(type="number"), "colour": Type(type="category", labels=("blue", "green", "red"))},
            output={"y": output},
            folder=str(folder),
            privacy=Privacy(external=external),
        )
        dataset = replace(Dataset(task, {"amount": amount, "colour": colour}, target, hash="0"), **changes)
        root = tmp_path / "build"
        (root / "data").mkdir(parents=True)
        dataset.save(root / "data")
        made = make_folds(dataset, np.arange(rows), folds, 0)
        save_folds(made, root / "data")
        return Build(root, dataset, made)

    return make
