"""Keras's files are read without Keras, and answer as it does; what is code or not read is refused by name."""

import io
import math
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from tests.compile.networks import _keras_files as files

from smeaton.compile.graph import Graph
from smeaton.compile.networks import Tape, read_network
from smeaton.errors import ExtraMissing, ProgramError
from smeaton.task.table import Array

RNG = np.random.default_rng(5)


def by_graph(tape: Tape, feed: dict[str, Array], folder: Path) -> Array:
    """What the graph of a network answers."""
    graph = Graph()
    value = tape.write(graph, {name: graph.input(name, "double", width) for name, width in tape.widths.items()})
    assert tape.output is not None
    graph.output("y", value, tape.output.shape[0])
    graph.save(folder / "g.onnx")
    session = onnxruntime.InferenceSession(str(folder / "g.onnx"), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["y"], feed)[0])


def test_a_sequential_model_is_its_formula(tmp_path: Path) -> None:
    w, b, v = RNG.normal(size=(3, 4)), RNG.normal(size=4), RNG.normal(size=(4, 2))
    document = files.sequential(
        files.entry("x", 3),
        files.layer("Rescaling", "r", scale=0.5, offset=[1.0, 2.0, 3.0]),
        files.layer("Dense", "a", units=4, activation="gelu"),
        files.layer("Dropout", "d", rate=0.5),
        files.layer("Dense", "b", units=2, activation="softmax", use_bias=False),
    )
    path = files.save(tmp_path / "m.keras", document, {"dense": [w, b], "dense_1": [v]})
    tape = read_network(path)
    x = np.vstack([RNG.normal(size=(20, 3)), np.full((1, 3), 1e300), np.full((1, 3), np.nan)])
    w, b, v = (one.astype(np.float32).astype(np.float64) for one in (w, b, v))
    hidden = (x * 0.5 + [1.0, 2.0, 3.0]) @ w + b
    hidden = hidden * 0.5 * (1 + np.vectorize(math.erf)(hidden / math.sqrt(2)))
    with np.errstate(all="ignore"):
        raised = np.exp(hidden @ v - (hidden @ v).max(axis=1, keepdims=True))
        expected = raised / raised.sum(axis=1, keepdims=True)
    assert tape.widths == {"x": 3}
    assert np.abs(tape.run({"x": x})[:20] - expected[:20]).max() < 1e-12
    assert np.allclose(by_graph(tape, {"x": x}, tmp_path), tape.run({"x": x}), rtol=0, atol=1e-12, equal_nan=True)
    assert np.isnan(tape.run({"x": x})[-1]).all()  # null in, null out


def test_a_functional_model_joins_its_inputs_and_normalises(tmp_path: Path) -> None:
    mean, variance, table = np.array([1.0, 2.0]), np.array([4.0, 0.0]), RNG.normal(size=(3, 2))
    moments = [np.array([2.0] * 4), np.ones(4), np.zeros(4), np.full(4, 4.0)]  # scale, shift, mean, variance
    layers = [
        files.entry("code", 1),
        files.entry("x", 2),
        files.layer("Embedding", "e", [files.tensor("code")], input_dim=3, output_dim=2),
        files.layer("Normalization", "n", [files.tensor("x")], axis=[-1]),
        files.layer("Flatten", "f", [files.tensor("e")]),
        files.layer("Concatenate", "c", [files.tensor("f"), files.tensor("n")], axis=-1),
        files.layer("BatchNormalization", "bn", [files.tensor("c")], axis=-1, epsilon=0.0),
        files.layer("LayerNormalization", "ln", [files.tensor("c")], axis=[-1], epsilon=0.5, scale=False, center=False),
        files.layer("Add", "sum", [files.tensor("bn"), files.tensor("ln")]),
    ]
    document = files.functional(layers, ["x", "code"], ["sum"])
    weights = {"embedding": [table], "normalization": [mean, variance, 7], "batch_normalization": moments}
    tape = read_network(files.save(tmp_path / "m.keras", document, weights))
    feed = {"x": np.array([[3.0, 2.0], [1.0, 2.5], [0.0, 2.0]]), "code": np.array([[2.0], [0.0], [9.0]])}
    joined = np.hstack([table[[2, 0]].astype(np.float32), [[1.0, 0.0], [0.0, 0.5 / 1e-7]]])
    spread = joined - joined.mean(axis=1, keepdims=True)
    expected = (joined * 2 / 2 + 1) + spread / np.sqrt((spread**2).mean(axis=1, keepdims=True) + 0.5)
    found = tape.run(feed)
    assert np.allclose(found[:2], expected, rtol=1e-12)
    assert np.isnan(found[2]).all()  # a code that the table does not have
    assert np.allclose(by_graph(tape, feed, tmp_path), found, rtol=1e-12, equal_nan=True)


def test_a_layer_called_twice_and_a_model_inside_a_model(tmp_path: Path) -> None:
    w, v = RNG.normal(size=(2, 2)), RNG.normal(size=(2, 2))
    inner = files.sequential(files.entry("i", 2), files.layer("Dense", "d", activation="tanh", use_bias=False))
    inner = {
        **inner,
        "name": "inner",
        "inbound_nodes": files.layer("x", "x", [files.tensor("same", 1)])["inbound_nodes"],
    }
    inner["config"]["name"] = "inner"
    twice = files.layer("Dense", "same", [files.tensor("x")], activation="linear", use_bias=False)
    twice["inbound_nodes"].append({"args": [files.tensor("same", 0)], "kwargs": {}})
    document = files.functional([files.entry("x", 2), inner, twice], ["x"], ["inner"])
    weights = {"dense": [w], "sequential/layers/dense": [v]}
    tape = read_network(files.save(tmp_path / "m.keras", document, weights))
    x = RNG.normal(size=(5, 2))
    w, v = w.astype(np.float32).astype(float), v.astype(np.float32).astype(float)
    assert np.allclose(tape.run({"x": x}), np.tanh(x @ w @ w @ v), rtol=1e-12)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (files.layer("Lambda", "f"), "its layer 'f' is a Lambda, which is code"),
        (files.layer("Conv1D", "c"), "its layer 'c' is a Conv1D, which is not read here"),
        (files.layer("Mine", "m", module="mine"), "its layer 'm' is of your own class Mine, which is code"),
        ({**files.layer("Dense", "d"), "registered_name": "p>Dense"}, "of your own class Dense"),
        (files.layer("Dense", "d", dtype="mixed_float16"), "computes in mixed_float16"),
        (files.layer("Activation", "a", activation="glu"), "the activation 'glu'"),
        (files.layer("Dense", "d", units=2), "has 0 variables of its layer 'd' at layers/dense, not 2"),
        (files.layer("Softmax", "s", axis=0), "has axis 0"),
        (files.layer("BatchNormalization", "b", axis=-1, renorm=True), "has renorm"),
        (files.layer("Embedding", "e", mask_zero=True), "has mask_zero"),
        (files.layer("ReLU", "r", threshold=1.0), "has a threshold"),
    ],
)
def test_what_is_not_read_is_refused_by_name(layer: Any, message: str, tmp_path: Path) -> None:
    path = files.save(tmp_path / "m.keras", files.sequential(files.entry("x", 2), layer), {"other": [[1.0]]})
    with pytest.raises(ProgramError, match=message) as raised:
        read_network(path)
    assert raised.value.fix
    assert raised.value.where == "m.keras"


def test_models_of_own_classes_and_files_that_are_none_are_refused(tmp_path: Path) -> None:
    own = {"module": "mine", "class_name": "Net", "config": {}, "registered_name": "p>Net"}
    for document, message in (
        (own, "Net is a model of your own class, which is code"),
        ({}, "it is no model as Keras saves it"),
        (files.sequential(files.layer("Dense", "d")), "no inputs yet"),
        (files.sequential(files.layer("InputLayer", "x", batch_shape=[None, 3, 3])), "no table of numbers"),
    ):
        with pytest.raises(ProgramError, match=message):
            read_network(files.save(tmp_path / "m.keras", document, {"other": [[1.0]]}))
    for content in (b"", b"PK", b"\x89HDF\r\n"):
        (tmp_path / "m.keras").write_bytes(content)
        with pytest.raises(ProgramError, match="it is no file of Keras"):
            read_network(tmp_path / "m.keras")


def test_weights_that_lie_elsewhere_are_not_followed(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    document = files.sequential(files.entry("x", 1), files.layer("Dense", "d", use_bias=False))
    path = files.save(tmp_path / "m.keras", document, {"other": [[1.0]]})
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["w"] = np.ones((1, 1))
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        file.create_group("layers/dense/vars")["0"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "w")
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", config)
        archive.writestr("model.weights.h5", held.getvalue())
    with pytest.raises(ProgramError, match="are a link to elsewhere"):
        read_network(path)


def test_h5py_missing_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m.keras").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ExtraMissing, match="'h5py' is not installed; it comes with the extra 'keras'"):
        read_network(tmp_path / "m.keras")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_files_of_keras_itself_answer_as_it_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    made = keras.layers
    nums, code = keras.Input((3,), name="nums"), keras.Input((1,), name="code")
    norm = made.Normalization()
    norm.adapt(RNG.normal(2.0, 3.0, (50, 3)).astype(np.float32))
    x = made.Concatenate()([norm(nums), made.Flatten()(made.Embedding(4, 3)(code))])
    shared = made.Dense(6, activation=made.LeakyReLU(0.1))
    x = shared(shared(x)) * 0.5 + x
    inner = keras.Sequential([keras.Input((6,)), made.Dense(6, activation="gelu"), made.PReLU()])
    x = made.Average()([inner(x), made.LayerNormalization()(x)])
    for activation in ("elu", "selu", "silu", "mish", "softplus", "softsign", "hard_sigmoid", "log_sigmoid", "relu6"):
        x = made.BatchNormalization()(made.Dropout(0.2)(made.Dense(6, activation=activation)(x)))
    model = keras.Model([nums, code], made.Dense(3, activation="softmax")(x))
    for weight in model.weights:
        if weight.dtype == "float32":
            weight.assign(np.abs(RNG.normal(0.0, 0.5, weight.shape)) + 0.1)
    model.save(tmp_path / "m.keras")
    tape = read_network(tmp_path / "m.keras")
    feed = {"nums": RNG.normal(size=(64, 3)), "code": RNG.integers(0, 4, (64, 1)).astype(np.float64)}
    theirs = model.predict([feed["nums"], feed["code"]], verbose=0)
    assert np.abs(tape.run(feed) - theirs).max() <= 1e-5
    assert np.abs(tape.run(feed) - by_graph(tape, feed, tmp_path)).max() <= 1e-12
