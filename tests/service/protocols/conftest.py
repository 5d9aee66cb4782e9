"""Small models for the tensor protocols (all numbers, a single input, vectors)."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from smeaton.bundle.manifest import Facts, Manifest, Running, Winner
from smeaton.bundle.write import write_bundle
from smeaton.compile.graph import Graph
from smeaton.compile.links import add_answers
from smeaton.runtime.program import Program, Step
from smeaton.task.profile import ColumnProfile, Profile
from smeaton.task.task import Data, Task
from smeaton.task.types import Type

VECTOR = 3  # numbers in a vector of the points model


def written(folder: Path, task: Task, program: Program) -> Path:
    """The program as a bundle."""
    manifest = Manifest(
        name=task.name,
        outcome="ready",
        task=task,
        program=program,
        profile=Profile(
            rows=10, columns=tuple(ColumnProfile(name=name, type=kind.type) for name, kind in task.input_types.items())
        ),
        metric="rmse",
        validation=(),
        test=(),
        winner=Winner(family="linear", key="0123456789abcdef", config={}, how="holdout", why="the only one"),
        running=Running(p50=0.0001, p95=0.0002, cost_per_1k=None, size=1000),
        data=Facts(hash="ab" * 32, train_rows=8, test_rows=2),
    )
    return write_bundle(folder / f"{task.name}.bundle", manifest, folder / "program").path


def numbers_bundle(folder: Path, name: str, inputs: Mapping[str, Type]) -> Path:
    """A weighted sum of the inputs, 1 for the first, 10 for the second, 100 ...; nulls are zeros."""
    task = Task(name=name, data=Data(), inputs=dict(inputs), output={"total": Type(type="number")})
    graph = Graph()
    raw = graph.input("numbers", "double", len(inputs))
    known = graph.node("Where", [graph.node("IsNaN", [raw]), graph.constant([0.0] * len(inputs)), raw])
    weights = graph.constant([[10.0**place] for place in range(len(inputs))])
    output = add_answers(graph, graph.node("MatMul", [known, weights]), "identity", 1)
    (folder / "program").mkdir()
    graph.save(folder / "program" / "model.onnx")
    columns = [{"name": name, "type": msgspec.to_builtins(kind)} for name, kind in inputs.items()]
    args = {"columns": columns, "numbers": [{"column": name} for name in inputs]}
    steps = (
        Step(op="table", inputs=tuple(inputs), outputs=("numbers",), args=args),
        Step(op="onnx", inputs=("numbers",), outputs=(output,), files=("model.onnx",)),
    )
    return written(folder, task, Program(inputs=tuple(inputs), steps=steps, outputs=("prediction",)))


def points_bundle(folder: Path) -> Path:
    """The sum of a vector of three numbers; a null is NaN, which no answer has: the answer is null too."""
    point = Type(type="vector", optional=True, form=str(VECTOR))
    task = Task(name="points", data=Data(), inputs={"point": point}, output={"total": Type(type="number")})
    graph = Graph()
    raw = graph.node("Cast", [graph.input("point", "float", VECTOR)], to=11)  # 11: double
    output = add_answers(graph, graph.node("MatMul", [raw, graph.constant([[1.0]] * VECTOR)]), "identity", 1)
    (folder / "program").mkdir()
    graph.save(folder / "program" / "model.onnx")
    steps = (Step(op="onnx", inputs=("point",), outputs=(output,), files=("model.onnx",)),)
    return written(folder, task, Program(inputs=("point",), steps=steps, outputs=("prediction",)))


@pytest.fixture(scope="session")
def sums(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes a model of numbers from the types of its inputs."""
    made: dict[str, Path] = {}

    def make(name: str = "sums", **inputs: Type) -> Path:
        key = repr((name, inputs))
        if key not in made:
            made[key] = numbers_bundle(tmp_path_factory.mktemp(name), name, inputs)
        return made[key]

    return make


@pytest.fixture(scope="session")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of one vector."""
    return points_bundle(tmp_path_factory.mktemp("points"))


@pytest.fixture
def five(client: Any, churn: Any, sums: Any, points: Any, tickets: Any, tmp_path: Any) -> Any:
    """A caller of five models: churn, sums (a, b), points, one (a), tickets."""
    number, whole = Type(type="number"), Type(type="integer")
    models = churn, sums(a=number, b=whole), points, sums("one", a=number), tickets("index")
    return client(*models, state=str(tmp_path))


@pytest.fixture(scope="session")
def write() -> Callable[[Path, Task, Program], Path]:
    """Writes a program in `folder / "program"` as a bundle."""
    return written
