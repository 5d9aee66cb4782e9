"""ONNX files: inputs by name, answers recognised, what may not run refused; the program answers as the file does."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tables import make_fold, make_run, make_task

from smeaton.compile.merge import mergeable
from smeaton.compile.proof import adversarial, compare
from smeaton.errors import ProgramError, TaskError
from smeaton.families._own import own_family
from smeaton.families._own.elsewhere import SEEN, UNSEEN
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import save_program
from smeaton.task.table import PREDICTION, PROBABILITY, Array
from smeaton.task.task import Own, Solutions, Task
from smeaton.task.types import Type
from smeaton.trials.results import in_scale, usual_size

FILE = "m.onnx"
ML = "ai.onnx.ml"
FLOAT, DOUBLE, INT64, STRING = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64, TensorProto.STRING
NUMBERS = {"size": Type(type="number"), "price": Type(type="number", optional=True), "count": Type(type="integer")}
Value = tuple[str, int, list[Any] | None]


def save(
    folder: Path, nodes: list[Any], inputs: list[Value], outputs: list[Value], weights: dict[str, Array], ml: int = 3
) -> Path:
    """Write a model; a shape None makes a list of mappings."""
    described = [
        helper.make_tensor_value_info(name, kind, shape)
        if shape is not None
        else helper.make_value_info(
            name,
            helper.make_sequence_type_proto(helper.make_map_type_proto(kind, helper.make_tensor_type_proto(FLOAT, []))),
        )
        for name, kind, shape in outputs
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(*one) for one in inputs],
        described,
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    opsets = [helper.make_opsetid("", 15), helper.make_opsetid(ML, ml)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    (folder / FILE).write_bytes(model.SerializeToString())
    return folder / FILE


def softmax(folder: Path, classes: int = 2, width: int = 3, batch: Any = "n", dtype: Any = np.float32) -> Path:
    """Probabilities from one table of numbers; price is not looked at, for it may be null."""
    weights = {
        "w": np.random.default_rng(0).normal(size=(width, classes)).astype(dtype), "b": np.zeros(classes, dtype=dtype)
    }  # fmt: skip
    weights["w"][1] = 0.0
    nodes = [
        helper.make_node("IsNaN", ["X"], ["null"]),
        helper.make_node("Where", ["null", "zero", "X"], ["filled"]),
        helper.make_node("Clip", ["filled", "low", "high"], ["bounded"]),
        helper.make_node("Gemm", ["bounded", "w", "b"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probability"], axis=1),  # a name that the program uses too
    ]
    kind = FLOAT if dtype == np.float32 else DOUBLE
    ends = {"zero": np.zeros((), dtype), "low": np.array(-9.0, dtype), "high": np.array(9.0, dtype)}
    return save(folder, nodes, [("X", kind, [batch, width])], [("probability", kind, [batch, classes])], weights | ends)


def task_of(folder: Path, kind: str = "binary", columns: Any = NUMBERS, **own: Any) -> Task:
    said = {FILE: Own(**own)} if own else {}
    task = make_task(kind, inputs=columns)
    return task.with_(folder=str(folder), solutions=Solutions(add=(FILE,), own=said))


def opened(task: Task) -> Any:
    fold, _ = make_fold(120, "binary")
    return own_family(FILE, task).fit(task, {}, fold, make_run(Path(task.folder)))


def check(task: Task, folder: Path, tolerance: float = 0.0) -> Any:
    """That program and file answer alike, on real and hostile rows; the answers to real ones."""
    model = opened(task)
    fold, _ = make_fold(300, "binary")
    rows = {name: fold.held[name].copy() for name in task.input_types}
    if "active" in rows:
        rows["active"][np.equal(rows["active"], None)] = False
    target = folder / "program"
    program = model.export(target)
    save_program(program, target)
    assert not mergeable(program)
    with Engine(program, target, types=task.input_types) as engine:
        for asked in (rows, adversarial(program, target, rows, task, 0, 600)):
            mine, answers = model.predict(asked), engine.run(asked)
            usual = usual_size(answers)
            assert compare(in_scale(mine, answers, usual), in_scale(answers, answers, usual)) <= tolerance
    return model.predict(rows)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_table_of_numbers(dtype: Any, tmp_path: Path) -> None:
    softmax(tmp_path, dtype=dtype)
    found = check(task_of(tmp_path), tmp_path)
    assert np.allclose(found[PROBABILITY].sum(axis=1), 1.0, atol=1e-6)
    turned = opened(task_of(tmp_path, classes=(True, False))).predict(make_fold(300, "binary")[0].held)
    assert np.array_equal(turned[PROBABILITY][:, ::-1], found[PROBABILITY])


def test_its_score_is_no_evidence_unless_the_task_says_so(tmp_path: Path) -> None:
    softmax(tmp_path)
    assert opened(task_of(tmp_path)).barred == SEEN
    model = opened(task_of(tmp_path, unseen=True))
    assert (model.barred, model.note) == ("", UNSEEN)


def test_one_tensor_a_column_texts_too(tmp_path: Path) -> None:
    inputs = {**NUMBERS, "city": Type(type="category", optional=True), "active": Type(type="boolean")}
    inputs = {name: inputs[name] for name in ("city", "size", "active", "count", "price")}
    nodes = [
        helper.make_node(
            "LabelEncoder", ["city"], ["code"], domain=ML, keys_strings=["York", "Hull"], values_floats=[1.0, 2.0],
            default_float=-1.0,
        ),
        helper.make_node("Cast", ["count"], ["whole"], to=FLOAT),
        helper.make_node("Cast", ["active"], ["on"], to=FLOAT),
        helper.make_node("Reshape", ["size", "column"], ["flat"]),
        helper.make_node("Concat", ["code", "whole", "on", "flat"], ["x"], axis=1),
        helper.make_node("Clip", ["x", "low", "high"], ["bounded"]),
        helper.make_node("MatMul", ["bounded", "w"], ["score"]),
        helper.make_node("Sigmoid", ["score"], ["yes"]),
    ]  # fmt: skip
    weights = {
        "w": np.array([[0.5], [-0.3], [1.0], [0.7]], dtype=np.float32), "column": np.array([-1, 1]),
        "low": np.array(-50, dtype=np.float32), "high": np.array(50, dtype=np.float32),
    }  # fmt: skip
    given: list[Value] = [
        ("city", STRING, ["n", 1]), ("size", FLOAT, ["n"]), ("count", INT64, ["n", 1]),
        ("active", TensorProto.BOOL, [None, 1]),
    ]  # fmt: skip
    save(tmp_path, nodes, given, [("yes", FLOAT, ["n", 1])], weights)
    found = check(task_of(tmp_path, columns=inputs), tmp_path)
    assert 0 < found[PROBABILITY][:, 1].min() < found[PROBABILITY][:, 1].max() < 1


def linear_classifier(folder: Path, zipmap: bool, labels: list[str] | list[int]) -> Path:
    key = "classlabels_strings" if isinstance(labels[0], str) else "classlabels_ints"
    names = "classlabels_strings" if isinstance(labels[0], str) else "classlabels_int64s"
    kind = STRING if isinstance(labels[0], str) else INT64
    nodes = [
        helper.make_node(
            "LinearClassifier", ["X"], ["label", "raw"], domain=ML, coefficients=[0.1, 0.2, -0.1, -0.2],
            intercepts=[0.0, 0.1], multi_class=0, post_transform="SOFTMAX", **{key: labels},
        )
    ]  # fmt: skip
    outputs: list[Value] = [("label", kind, ["n"])]
    if zipmap:
        nodes.append(helper.make_node("ZipMap", ["raw"], ["chances"], domain=ML, **{names: labels}))
        outputs.append(("chances", kind, None))
    else:
        outputs.append(("raw", FLOAT, ["n", 2]))
    return save(folder, nodes, [("X", FLOAT, ["n", 2])], outputs, {}, ml=1)


@pytest.mark.parametrize("zipmap", [True, False])
def test_scikit_learns_forms_of_a_classifier(zipmap: bool, tmp_path: Path) -> None:
    labelled = make_task("2").labels
    task = task_of(tmp_path, "2", columns={"size": NUMBERS["size"], "count": NUMBERS["count"]})
    linear_classifier(tmp_path, zipmap, list(reversed(labelled)))
    assert opened(task).classes == list(reversed(labelled))
    found = check(task, tmp_path)
    assert np.allclose(found[PROBABILITY].sum(axis=1), 1.0, atol=1e-6)
    linear_classifier(tmp_path, zipmap, ["a", "b"])
    with pytest.raises(TaskError, match="the model's 2 classes are a, b; the labels of the output are c0, c1"):
        opened(task)
    said = task.with_(solutions=Solutions(add=(FILE,), own={FILE: Own(classes=("c1", "c0"))}))
    assert opened(said).classes == ["c1", "c0"]
    linear_classifier(tmp_path, zipmap, [0, 1])
    assert opened(task_of(tmp_path, columns=task.inputs)).classes == [False, True]


@pytest.mark.parametrize("text", [True, False])
def test_labels_alone_count_as_certain(text: bool, tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Greater", ["X", "cut"], ["over"]),
        helper.make_node("Cast", ["over"], ["code"], to=INT64),
    ]
    if text:
        nodes.append(
            helper.make_node(
                "LabelEncoder", ["code"], ["label"], domain=ML, keys_int64s=[0, 1], values_strings=["c0", "c1"]
            )
        )
    kind, name = (STRING, "label") if text else (INT64, "code")
    save(
        tmp_path, nodes, [("X", FLOAT, ["n", 1])], [(name, kind, ["n", 1])], {"cut": np.zeros((1, 1), dtype=np.float32)}
    )
    task = task_of(tmp_path, "2" if text else "binary", columns={"size": NUMBERS["size"]})
    found = check(task, tmp_path)
    held = make_fold(300, "binary")[0].held
    assert found[PREDICTION].tolist() == [task.labels[int(value > 0)] for value in held["size"]]
    assert set(found[PROBABILITY].ravel()) == {0.0, 1.0}


@pytest.mark.parametrize("shape", [["n", 1], ["n"]])
def test_numbers(shape: list[Any], tmp_path: Path) -> None:
    nodes = [helper.make_node("ReduceSum", ["X", "axis"], ["y"], keepdims=len(shape) - 1)]
    save(tmp_path, nodes, [("X", DOUBLE, ["n", 3])], [("y", DOUBLE, shape)], {"axis": np.array([1])})
    found = check(task_of(tmp_path, "number"), tmp_path, 1e-9)
    held = make_fold(300, "binary")[0].held
    expected = held["size"] + held["price"] + held["count"]
    assert np.allclose(found[PREDICTION], expected, equal_nan=True)


def test_whole_numbers_beyond_32_bits_are_bounded(tmp_path: Path) -> None:
    nodes = [helper.make_node("Cast", ["count"], ["y"], to=DOUBLE)]
    save(tmp_path, nodes, [("count", TensorProto.INT32, ["n", 1])], [("y", DOUBLE, ["n", 1])], {})
    check(task_of(tmp_path, "number"), tmp_path)


@pytest.mark.parametrize(
    ("own", "inputs", "message", "fix"),
    [
        ({"inputs": {"Y": ("size",)}}, NUMBERS, "the model has no input 'Y'", "there are: X"),
        ({"inputs": {"X": ("size", "price")}}, NUMBERS, "takes 3 columns, not 2", "as many"),
        ({"inputs": {"": ("size", "prise", "count")}}, NUMBERS, "'prise' is no input", "did you mean 'price'?"),
        ({}, {"size": NUMBERS["size"]}, "takes 3 columns, and no input of the task has its name", "inputs: {X:"),
        (
            {"inputs": {"X": ("size", "price", "city")}},
            {**NUMBERS, "city": Type(type="category")},
            "takes numbers, and 'city' is a category",
            "declare",
        ),
    ],
)
def test_inputs_that_do_not_fit_say_how(own: Any, inputs: Any, message: str, fix: str, tmp_path: Path) -> None:
    softmax(tmp_path)
    with pytest.raises(TaskError, match=message) as raised:
        opened(task_of(tmp_path, columns=inputs, **own))
    assert fix in raised.value.fix
    assert raised.value.where == FILE


def test_a_column_that_may_be_null_is_no_whole_number(tmp_path: Path) -> None:
    nodes = [helper.make_node("Cast", ["price"], ["y"], to=DOUBLE)]
    save(tmp_path, nodes, [("price", INT64, ["n", 1])], [("y", DOUBLE, ["n", 1])], {})
    with pytest.raises(TaskError, match="which have no null, and 'price' may be null"):
        opened(task_of(tmp_path, "number"))


def test_what_cannot_be_asked_row_by_row_is_refused(tmp_path: Path) -> None:
    softmax(tmp_path, batch=1)
    with pytest.raises(TaskError, match="takes 1 rows at a time"):
        opened(task_of(tmp_path))
    softmax(tmp_path, classes=3)
    with pytest.raises(TaskError, match=r"probabilities of 2 labels: probability \(3, 3\)"):
        opened(task_of(tmp_path))
    with pytest.raises(TaskError, match=r"a number for each row"):
        opened(task_of(tmp_path, "number"))


def test_scores_are_no_probabilities(tmp_path: Path) -> None:
    nodes = [helper.make_node("MatMul", ["X", "w"], ["scores"])]
    weights = {"w": np.ones((1, 2), dtype=np.float32)}
    save(tmp_path, nodes, [("X", FLOAT, ["n", 1])], [("scores", FLOAT, ["n", 2])], weights)
    with pytest.raises(ProgramError, match="which are no probabilities"):
        opened(task_of(tmp_path, columns={"size": NUMBERS["size"]})).predict({"size": np.array([0.0, 3.0])})


def edit(path: Path, change: Any) -> None:
    model = onnx.load_model_from_string(path.read_bytes())
    change(model)
    path.write_bytes(model.SerializeToString())


def _external(model: Any) -> None:
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.ClearField("raw_data")
    tensor.external_data.append(onnx.StringStringEntryProto(key="location", value="../../etc/passwd"))


def _inside(model: Any) -> None:
    """A random operator in the branch of a condition."""
    random = helper.make_node("RandomUniform", [], ["r"], shape=[1])
    branch = helper.make_graph([random], "b", [], [helper.make_tensor_value_info("r", FLOAT, [1])])
    condition = helper.make_node("If", ["yes"], ["out"], then_branch=branch, else_branch=copy.deepcopy(branch))
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "yes"))
    model.graph.node.append(condition)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: setattr(m.graph.node[0], "domain", "com.microsoft"), "com.microsoft.IsNaN is none of the standard"),
        (lambda m: setattr(m.graph.node[0], "op_type", "Mine"), "ai.onnx.Mine is none of the standard"),
        (lambda m: setattr(m.graph.node[0], "op_type", "RandomNormalLike"), "RandomNormalLike is refused"),
        (_inside, "RandomUniform is refused"),
        (_external, "its weights lie in other files"),
        (lambda m: m.functions.append(helper.make_function("f", "F", [], [], [], [])), "functions of its own"),
        (lambda m: m.graph.node[0].input.__setitem__(0, "gone"), "it is not whole"),
        (lambda m: m.graph.ClearField("node"), "it has no operators"),
        (lambda m: m.graph.input[0].type.tensor_type.shape.dim.add(), "is no table of numbers"),
    ],
)
def test_what_may_not_run_is_refused(change: Any, message: str, tmp_path: Path) -> None:
    edit(softmax(tmp_path), change)
    with pytest.raises(TaskError, match=message) as raised:
        opened(task_of(tmp_path))
    assert raised.value.fix


@pytest.mark.parametrize("content", [b"", b"not onnx", b"\x08\x08"])
def test_what_is_no_model_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(TaskError, match="it is no ONNX model"):
        opened(task_of(tmp_path))
