"""A small pure program over two typed inputs, and a manifest that says all there is to say about it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from smeaton import plugins
from smeaton.bundle.manifest import Entry, Facts, Manifest, Proof, Running, Score, Winner
from smeaton.runtime.program import Program, Step
from smeaton.task.profile import ColumnProfile, Profile, Suspect
from smeaton.task.table import Array, object_column
from smeaton.task.task import Data, RowRoles, Source, Task
from smeaton.task.types import Type
from smeaton.task.values import parse_column

TASK = Task(
    name="churn",
    goal="Who | will <leave>?",
    data=Data(examples=Source(files=("/home/someone/customers.csv",))),
    inputs={"age": Type(type="number", optional=True), "city": Type(type="category"), "seen": Type(type="timestamp")},
    output={"churned": Type(type="boolean", labels=(False, True))},
    rows=RowRoles(id="customer"),
    folder="/home/someone",
)
PROFILE = Profile(
    rows=100,
    columns=(
        ColumnProfile(name="age", type="number", missing=20, quantiles=(18, 19, 20, 30, 40, 50, 60, 70, 99)),
        ColumnProfile(name="city", type="category", values=(("Leeds", 60), ("York", 37), ("Whitby", 3))),
        ColumnProfile(name="seen", type="timestamp", quantiles=tuple(1.7e9 + 1000.0 * n for n in range(9))),
    ),
    shares=(0.7, 0.3),
    suspects=(Suspect(kind="leak", columns=("age",), why="age alone scores 0.99", accept="accept: {leak: [age]}"),),
)
STEPS = (
    Step(op="test_reader", inputs=("age", "city", "seen"), outputs=("numbers",), files=("model.bin",)),
    Step(op="test_vote", inputs=("numbers",), outputs=("prediction", "probability"), args={"offset": 0.0}),
)


class Reader:
    """Typed columns to a matrix; also from request rows."""

    def __init__(self, types: Mapping[str, Type], files: Path) -> None:
        self.types, self.scale = types, len((files / "model.bin").read_bytes())

    def __call__(self, columns: Mapping[str, Array], call: Any) -> dict[str, Array]:
        age = parse_column(columns["age"], self.types["age"], "age")[0]
        city = [float(len(str(value))) for value in columns["city"]]
        return {"numbers": np.column_stack([np.nan_to_num(age) / self.scale, city])}

    def rows(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Array]:
        return self({name: object_column([row.get(name) for row in rows]) for name in self.types}, None)


def vote(step: Step, files: Path, state: Any) -> Any:
    def run(columns: Mapping[str, Array], call: Any) -> dict[str, Array]:
        share = 1 / (1 + np.exp(-columns["numbers"].sum(axis=1) / 10 + step.args["offset"]))
        return {
            "prediction": object_column([bool(value) for value in share > 0.8]),
            "probability": np.column_stack([1 - share, share]),
        }

    return run


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    assert TASK.inputs is not None
    inputs, found = TASK.inputs, plugins.load
    ops = {
        "test_reader": SimpleNamespace(effect="pure", load=lambda step, files, state: Reader(inputs, files)),
        "test_vote": SimpleNamespace(effect="pure", load=vote),
        "test_state": SimpleNamespace(effect="state", load=vote),
        "test_external": SimpleNamespace(effect="external", load=vote),
    }
    monkeypatch.setattr(plugins, "load", lambda kind, name: ops.get(name) or found(kind, name))


def manifest(**changes: Any) -> Manifest:
    given: dict[str, Any] = {
        "name": "churn",
        "created": "2026-01-02T03:04:05Z",
        "outcome": "ready",
        "task": TASK,
        "program": Program(inputs=("age", "city", "seen"), steps=STEPS, outputs=("prediction", "probability")),
        "profile": PROFILE,
        "metric": "log_loss",
        "validation": (Score(metric="log_loss", value=0.4, low=0.35, high=0.45, rows=80, better="lower"),),
        "test": (Score(metric="log_loss", value=0.41, low=0.3, high=0.5, rows=20, better="lower"),),
        "winner": Winner(
            family="linear", key="0123456789abcdef", config={"c": 1.0}, how="bag", why="best by its interval"
        ),
        "board": (
            Entry(
                rank=1, family="linear", state="done", score=0.4, low=0.35, high=0.45, p95=0.001, size=1000, why="best"
            ),
            Entry(rank=None, family="boosting", state="refused", why="too | few <rows>"),
        ),
        "running": Running(p50=0.0001, p95=0.0002, cost_per_1k=None, size=1000),
        "proof": Proof(held_rows=80, adversarial_rows=200, largest=1e-16, tolerance=1e-9),
        "data": Facts(hash="ab" * 32, train_rows=80, test_rows=20),
    }
    return Manifest(**given | changes)


@pytest.fixture(autouse=True)
def small_ops(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


@pytest.fixture
def make_manifest() -> Callable[..., Manifest]:
    return manifest


@pytest.fixture
def program_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "exported"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"weights" * 10)
    return folder
