import numpy as np
import pytest
from tests.compile._models import Boosted, make_categories, make_numbers, score, to_table

from smeaton.compile.proof import TOLERANCE, adversarial, compare
from smeaton.runtime.engine import Engine
from smeaton.runtime.program import Program, Step
from smeaton.task.table import object_column
from smeaton.task.task import Data, Task
from smeaton.task.types import Type
from smeaton.task.values import parse_column


def answers(first, labels=("a", "b")):
    probability = np.array([[first, 1 - first]])
    return {"prediction": object_column([labels[int(probability.argmax())]]), "probability": probability}


def test_compare():
    assert compare(answers(0.7), answers(0.7)) == 0
    assert compare(answers(0.7), answers(0.7 + 1e-6)) == pytest.approx(1e-6)
    assert compare(answers(0.7), answers(0.7, ("z", "b"))) == np.inf
    assert compare(answers(0.5), answers(0.5, ("z", "b"))) == 0, "a tie may fall either way"
    assert compare(answers(np.nan), answers(0.7)) == np.inf
    assert compare({"prediction": np.array([1.0, 2])}, {"prediction": np.array([1.0, 2.5])}) == 0.5
    assert compare({"prediction": np.array([1.0, np.nan])}, {"prediction": np.array([1.0, np.nan])}) == 0
    assert compare({"prediction": np.array([1.0])}, {"prediction": np.array([1.0, 2])}) == np.inf
    assert compare(answers(0.7), {"prediction": object_column(["a"])}) == np.inf
    one = {"prediction": object_column([True]), "probability": np.array([[0.2, 0.8]])}
    assert compare(one, one | {"prediction": object_column([1])}) == np.inf, "1 is not true"


def test_lists_and_objects_are_compared_part_by_part():
    def off(one, other):
        return compare({"prediction": object_column([one])}, {"prediction": object_column([other])})

    assert off([{"a": 1.0, "b": ["x", None]}], [{"a": 1.0, "b": ["x", None]}]) == 0
    assert off({"a": 1.0}, {"a": 1.0 + 1e-6}) == pytest.approx(1e-6)
    for other in ([], ["b"], ["a", "b"], "a", None):
        assert off(["a"], other) == np.inf
    assert off({"a": 1}, {"a": 2}) == np.inf, "whole numbers are the same or not"
    assert off({"a": 1}, {"b": 1}) == np.inf
    assert off({"a": None}, {"a": 0.0}) == np.inf


def test_a_label_more_is_no_tie():
    chance = np.array([[0.5, 0.5]])
    one, other = ({"probability": chance, "prediction": object_column([said])} for said in (["a", "b"], ["a"]))
    assert compare(one, other) == np.inf


KINDS = {
    "number": Type(type="number"),
    "bounded": Type(type="number", min=0, max=10, optional=True),
    "integer": Type(type="integer", min=-5),
    "null_integer": Type(type="integer", optional=True),
    "boolean": Type(type="boolean", optional=True),
    "open": Type(type="category", optional=True),
    "closed": Type(type="category", labels=("a", "b")),
    "coded": Type(type="category", base="integer"),
    "text": Type(type="text", optional=True),
    "moment": Type(type="timestamp", optional=True),
}


def real_rows(rows=20):
    rng = np.random.default_rng(0)
    raw = {
        "number": rng.normal(size=rows),
        "bounded": rng.uniform(0, 10, rows),
        "integer": rng.integers(0, 9, rows),
        "null_integer": object_column([None, *range(rows - 1)]),
        "boolean": object_column([True, None] * (rows // 2)),
        "open": object_column(["x", "y"] * (rows // 2)),
        "closed": object_column(["a", "b"] * (rows // 2)),
        "coded": object_column([1, 2] * (rows // 2)),
        "text": object_column(["some words", None] * (rows // 2)),
        "moment": object_column(["2024-01-01", None] * (rows // 2)),
    }
    return {name: parse_column(raw[name], kind, name)[0] for name, kind in KINDS.items()}


@pytest.mark.parametrize("rows", [20, 0])
def test_hard_rows_fit_their_types(tmp_path, rows):
    task = Task(data=Data(), inputs=KINDS, output={"y": Type(type="number")})
    program = Program(inputs=tuple(KINDS), steps=(Step(op="none", inputs=(), outputs=("y",)),), outputs=("y",))
    real = {name: column[:rows] for name, column in real_rows().items()}
    hard = adversarial(program, tmp_path, real, task, 1)
    again = adversarial(program, tmp_path, real, task, 1)
    assert {len(column) for column in hard.values()} == {512}
    for name, kind in KINDS.items():
        parsed, faults = parse_column(hard[name], kind, name)
        assert faults == []
        assert parsed.dtype == real[name].dtype or name == "null_integer"
        null = np.array([value is None or str(value) in ("nan", "NaT") for value in hard[name]])
        assert null.any() == kind.optional
        assert list(map(repr, hard[name])) == list(map(repr, again[name]))
    if rows:
        assert "never seen" in set(hard["open"])
    assert set(hard["closed"]) == {"a", "b"}
    assert np.isin([0.0, 1e300, -1e300, 1e-36], hard["number"]).all()
    assert (hard["number"] > 1e11).any()


def test_a_wrong_threshold_is_caught(tmp_path):
    """One threshold moved to its neighbour: the proof sees it, as no sample of real rows would."""
    import onnx

    rng = np.random.default_rng(0)
    numbers, categories = make_numbers(rng, True), make_categories(rng)
    goal = score(rng, numbers, categories) > 1
    categories = categories[:, :0]
    model = Boosted(
        {"objective": "binary"}, numbers, categories, goal, Type(type="boolean", labels=(False, True)), tmp_path
    )
    path = tmp_path / "model.onnx"
    graph = onnx.load(path)
    (trees,) = [node for node in graph.graph.node if node.op_type == "TreeEnsemble"]
    (splits,) = [attribute for attribute in trees.attribute if attribute.name == "nodes_splits"]
    values = onnx.numpy_helper.to_array(splits.t).copy()
    given = {attribute.name: attribute for attribute in trees.attribute}
    modes = onnx.numpy_helper.to_array(given["nodes_modes"].t)
    root = next(root for root in given["tree_roots"].ints if modes[root] == 0)
    values[root] = np.nextafter(values[root], np.inf)
    splits.t.CopyFrom(onnx.numpy_helper.from_array(values))
    onnx.save(graph, path)
    rows = to_table(numbers, categories)
    hard = adversarial(model.program, tmp_path, rows, model.task, 0)
    with Engine(model.program, tmp_path) as engine:
        assert compare(model.predict(rows), engine.run(rows)) <= TOLERANCE
        assert compare(model.predict(hard), engine.run(hard)) > TOLERANCE


def test_timestamps_are_probed_at_thresholds(tmp_path):
    from smeaton.compile.graph import Graph

    graph = Graph()
    x = graph.input("numbers", "double", 2)
    graph.output(
        "prediction",
        graph.node(
            "Squeeze",
            [graph.node("ReduceSum", [graph.node("Max", [x, graph.constant([1.7e9 + 0.25, 2024.0])])], keepdims=1)],
        ),
        None,
    )
    graph.save(tmp_path / "model.onnx")
    args = {"numbers": [{"column": "when", "part": "unix"}, {"column": "when", "part": "year"}]}
    table = Step(op="table", inputs=("when",), outputs=("numbers",), args=args)
    model = Step(op="onnx", inputs=("numbers",), outputs=("prediction",), files=("model.onnx",))
    program = Program(inputs=("when",), steps=(table, model), outputs=("prediction",))
    task = Task(data=Data(), inputs={"when": Type(type="timestamp")}, output={"y": Type(type="number")})
    rows = {"when": np.array(["2024-05-05", "2023-05-05"], dtype="datetime64[us]")}
    hard = adversarial(program, tmp_path, rows, task, 0)["when"].astype(np.int64)
    assert np.isin(1_700_000_000_250_000 + np.array([-1, 0, 1]), hard).all()
    assert np.datetime64("2025-01-01", "us").astype(np.int64) in hard
    assert np.datetime64("2024-12-31T23:59:59.999999", "us").astype(np.int64) in hard
