"""Models to try by hand, made without training: a table of fourteen columns, spans in a text, a vector."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from smeaton.bundle.manifest import Facts, Manifest, Running, Winner
from smeaton.bundle.write import write_bundle
from smeaton.compile.graph import Graph
from smeaton.compile.links import add_answers
from smeaton.data.fold import Fold, Rows
from smeaton.families import Run
from smeaton.families.tagger import part as tagger
from smeaton.runtime.program import Program, Step
from smeaton.task.profile import ColumnProfile, Profile
from smeaton.task.table import object_column
from smeaton.task.task import Data, Task
from smeaton.task.types import Type

SIZES = ("small", "medium", "large")
LOANS = {
    "age": Type(type="integer", min=18, max=120),
    "income": Type(type="number", min=0, unit="EUR", about="before tax, a year"),
    "amount": Type(type="number", min=500, max=50_000, unit="EUR"),
    "months": Type(type="integer", min=6, max=120),
    "rate": Type(type="number", optional=True),
    "balance": Type(type="number", optional=True, unit="EUR"),
    "employed": Type(type="boolean"),
    "owns-home": Type(type="boolean", optional=True),
    "household": Type(type="category", labels=SIZES, ordered=True),
    "purpose": Type(type="category"),
    "region": Type(type="category", optional=True),
    "branch": Type(type="category", base="integer", optional=True),
    "asked": Type(type="timestamp", optional=True),
    "remarks": Type(type="text", optional=True),
}
OUTCOMES = ("approved", "declined", "to be reviewed by a person")
CITIES = ("Leeds", "York", "São Paulo", "Hull", "東京", "New York", "Bath", "Łódź")


def bundle(folder: Path, task: Task, program: Program, columns: Sequence[ColumnProfile], **changes: Any) -> Path:
    """The program as a bundle."""
    given: dict[str, Any] = {
        "name": task.name,
        "outcome": "ready",
        "task": task,
        "program": program,
        "profile": Profile(rows=100, columns=tuple(columns)),
        "metric": "log_loss",
        "validation": (),
        "test": (),
        "winner": Winner(family="linear", key="0123456789abcdef", config={}, how="holdout", why="the only one"),
        "running": Running(p50=0.0001, p95=0.0002, cost_per_1k=None, size=1000),
        "data": Facts(hash="ab" * 32, train_rows=80, test_rows=20),
    }
    return write_bundle(folder / f"{task.name}.bundle", Manifest(**given | changes), folder / "program").path


def levels(low: float, high: float) -> tuple[float, ...]:
    return tuple(float(value) for value in np.linspace(low, high, 9))


def loans_profile() -> list[ColumnProfile]:
    spans = {"age": (18, 90), "income": (12e3, 9e4), "amount": (500, 4e4), "months": (6, 96), "rate": (1.5, 9)}
    spans |= {"balance": (-2e3, 2e4), "asked": (1.7e9, 1.8e9)}
    values = {
        "purpose": (("car", 40), ("kitchen", 30), ("other", 30)),
        "region": (("north", 50), ("south", 50)),
        "branch": (("4", 60), ("17", 40)),
        "household": tuple((label, 30) for label in SIZES),
    }
    return [
        ColumnProfile(
            name=name,
            type=kind.type,
            quantiles=levels(*spans[name]) if name in spans else (),
            values=values.get(name, ()),
            mean_length=80,
        )
        for name, kind in LOANS.items()
    ]


def loans_bundle(folder: Path) -> Path:
    """Fourteen columns, three labels: a softmax over hand-made weights."""
    task = Task(
        name="loans",
        goal="Shall this loan be granted, declined, or looked at by a person?",
        data=Data(),
        inputs=LOANS,
        output={"decision": Type(type="category", labels=OUTCOMES)},
    )
    names = [name for name, kind in LOANS.items() if kind.type in ("number", "integer", "boolean")]
    categories = [name for name, kind in LOANS.items() if kind.type == "category"]
    graph = Graph()
    raw = graph.input("numbers", "double", len(names))
    graph.input("categories", "string", len(categories))
    known = graph.node("Where", [graph.node("IsNaN", [raw]), graph.constant([0.0] * len(names)), raw])
    scale = graph.constant([1 / 100, 1 / 5e4, 1 / 2e4, 1 / 60, 0.1, 1e-4, 1.0, 0.5])
    weights = [[0.5, -0.4, 0.2], [1.5, -1.0, 0.1], [-1.2, 1.1, 0.2], [-0.2, 0.3, 0.1]] + [[0.2, -0.1, 0.1]] * 4
    scores = graph.node("MatMul", [graph.node("Mul", [known, scale]), graph.constant(weights)])
    output = add_answers(graph, scores, "softmax", len(OUTCOMES))
    (folder / "program").mkdir()
    graph.save(folder / "program" / "model.onnx")
    args = {
        "columns": [{"name": name, "type": msgspec.to_builtins(kind)} for name, kind in LOANS.items()],
        "numbers": [{"column": name} for name in names],
        "categories": categories,
        "texts": ["remarks"],
    }
    steps = (
        Step(op="table", inputs=tuple(LOANS), outputs=("numbers", "categories", "text:remarks"), args=args),
        Step(op="onnx", inputs=("numbers", "categories"), outputs=(output,), files=("model.onnx",)),
        Step(op="labels", inputs=("probability",), outputs=("prediction",), args={"labels": list(OUTCOMES)}),
    )
    program = Program(inputs=tuple(LOANS), steps=steps, outputs=("prediction", "probability"))
    return bundle(folder, task, program, loans_profile())


def trips_bundle(folder: Path) -> Path:
    """Cities and numbers in a text, tagged by what a handful of sentences taught."""
    fields = {
        "kind": Type(type="category", labels=("city", "number")),
        "start": Type(type="integer"),
        "end": Type(type="integer"),
        "text": Type(type="text"),
    }
    spans = Type(type="list", of=Type(type="object", fields=fields))
    task = Task(
        name="trips",
        goal="Which places and numbers does a note name?",
        data=Data(),
        inputs={"note": Type(type="text", optional=True)},
        output={"places": spans},
    )
    texts, values = list[str](), list[Any]()
    for place in range(80):
        city, number = CITIES[place % len(CITIES)], str(7 * place % 90 + 3)
        found, text = [], ""
        for piece, kind in (("🚆 go to ", ""), (city, "city"), (" by train ", ""), (number, "number"), (" please", "")):
            if kind:
                found.append({"kind": kind, "start": len(text), "end": len(text) + len(piece), "text": piece})
            text += piece
        texts.append(text)
        values.append(found)
    rows = Rows({"note": object_column(texts)}, object_column(values), None, np.arange(len(texts)))
    run = Run(seed=1, fidelity=1, seconds=20, scratch=folder / "scratch")
    config = tagger.space(task, Profile(rows=80, columns=())).starts[0]
    program = tagger.fit(task, config, Fold(0, rows, rows, rows.x, rows.index), run).export(folder / "program")
    return bundle(folder, task, program, [ColumnProfile(name="note", type="text", mean_length=40)])


def points_bundle(folder: Path) -> Path:
    """The sum of a vector of three numbers."""
    point = Type(type="vector", form="3", about="x, y and z")
    task = Task(name="points", data=Data(), inputs={"point": point}, output={"total": Type(type="number", unit="m")})
    graph = Graph()
    raw = graph.node("Cast", [graph.input("point", "float", 3)], to=11)  # 11: double
    output = add_answers(graph, graph.node("MatMul", [raw, graph.constant([[1.0]] * 3)]), "identity", 1)
    (folder / "program").mkdir()
    graph.save(folder / "program" / "model.onnx")
    steps = (Step(op="onnx", inputs=("point",), outputs=(output,), files=("model.onnx",)),)
    program = Program(inputs=("point",), steps=steps, outputs=("prediction",))
    return bundle(folder, task, program, [ColumnProfile(name="point", type="vector")])


@pytest.fixture(scope="session")
def loans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return loans_bundle(tmp_path_factory.mktemp("loans"))


@pytest.fixture(scope="session")
def trips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trips_bundle(tmp_path_factory.mktemp("trips"))


@pytest.fixture(scope="session")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return points_bundle(tmp_path_factory.mktemp("points"))


@pytest.fixture
def hosted(tmp_path: Path) -> Callable[..., Any]:
    """What the page reads of a hosted model, for tasks that no program was made for."""

    def make(task: Task, columns: Sequence[ColumnProfile] = (), **facts: Any) -> Any:
        manifest = SimpleNamespace(profile=Profile(rows=9, columns=tuple(columns)), outcome="ready")
        given = {
            "name": task.name,
            "version": "0123456789ab",
            "task": task,
            "bundle": SimpleNamespace(manifest=manifest, path=tmp_path),
            "engine": SimpleNamespace(program=SimpleNamespace(inputs=tuple(task.input_types))),
            "ready": True,
            "why": "",
        }
        return SimpleNamespace(**given | facts)

    return make
