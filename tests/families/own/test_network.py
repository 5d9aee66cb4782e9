"""Networks in files stand on the board as other models that were fitted elsewhere, and ship as graphs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import make_fold, make_profile, make_run, make_task
from tests.compile.networks import _keras_files as files

from smeaton.compile.merge import mergeable
from smeaton.compile.proof import adversarial, compare
from smeaton.errors import TaskError
from smeaton.families._own import own_family
from smeaton.families._own.elsewhere import SEEN, UNSEEN
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import save_program
from smeaton.task.table import PREDICTION, PROBABILITY
from smeaton.task.task import Own, Solutions, Task
from smeaton.trials.results import in_scale, usual_size

NAMES = ("size", "price", "count")
FILE = "m.keras"
ASKED = "Keras was not asked: proved against our own reading of its file"


def task_of(kind: str, folder: Path, **own: Any) -> Task:
    said = {FILE: Own(**{"inputs": {"": NAMES}, **own})}
    return make_task(kind).with_(folder=str(folder), solutions=Solutions(add=(FILE,), own=said))


def opened(task: Task) -> Any:
    return own_family(FILE, task).fit(task, {}, make_fold(60, "binary")[0], make_run(Path(task.folder)))


def save(folder: Path, units: int, activation: str) -> None:
    """A small network of three columns."""
    rng = np.random.default_rng(3)
    document = files.sequential(
        files.entry("x", 3),
        files.layer("Normalization", "n", axis=[-1]),
        files.layer("Dense", "a", activation="gelu"),
        files.layer("Dense", "b", activation=activation),
    )
    weights = {
        "normalization": [[0.0, 2.0, 3.0], [1.0, 9.0, 3.0]],
        "dense": [rng.normal(size=(3, 5)), rng.normal(size=5)],
        "dense_1": [rng.normal(size=(5, units)), rng.normal(size=units)],
    }
    files.save(folder / FILE, document, weights)


@pytest.mark.parametrize(
    ("kind", "units", "activation"),
    [("binary", 1, "sigmoid"), ("binary", 2, "softmax"), ("4", 4, "softmax"), ("number", 1, "linear")],
)
def test_a_network_ships_as_a_graph_that_is_proved(kind: str, units: int, activation: str, tmp_path: Path) -> None:
    save(tmp_path, units, activation)
    task = task_of(kind, tmp_path, **({"classes": ("c3", "c2", "c1", "c0")} if kind == "4" else {}))
    model = opened(task)
    assert (model.barred, model.note) == (SEEN, ASKED)
    fold, _ = make_fold(240, kind)
    folder = tmp_path / "program"
    program = model.export(folder)
    save_program(program, folder)
    assert not mergeable(program)
    with Engine(program, folder, types=task.input_types) as engine:
        for rows in (fold.held, adversarial(program, folder, fold.held, task, 0, 1_000)):
            mine, answers = model.predict(rows), engine.run(rows)
            usual = usual_size(answers)
            assert compare(in_scale(mine, answers, usual), in_scale(answers, answers, usual)) <= 1e-9
    x = np.column_stack([np.asarray(fold.held[name]).astype(np.float64) for name in NAMES])
    raw = model.tape.run({"x": x})
    found = model.predict(fold.held)
    if kind == "4":
        assert np.array_equal(found[PROBABILITY], raw[:, ::-1], equal_nan=True)
    else:
        assert np.array_equal(
            found[PREDICTION] if kind == "number" else found[PROBABILITY][:, -1], raw[:, -1], equal_nan=True
        )


def test_unseen_rows_are_the_user_s_word(tmp_path: Path) -> None:
    save(tmp_path, 1, "sigmoid")
    model = opened(task_of("binary", tmp_path, unseen=True))
    assert (model.barred, model.note) == ("", f"{UNSEEN}; {ASKED}")


@pytest.mark.parametrize(
    ("kind", "units", "activation", "own", "message"),
    [
        ("binary", 1, "linear", {}, "which are no probabilities"),
        ("binary", 3, "softmax", {}, r"its output is \('rows', 3\), not probabilities of 2 labels"),
        ("number", 2, "linear", {}, "not a number for each row"),
        ("4", 4, "softmax", {}, "which of its 4 probabilities is which label"),
        ("binary", 1, "sigmoid", {"inputs": {"": NAMES[:2]}}, "input 'x' takes 3 columns, not 2"),
        ("binary", 1, "sigmoid", {"inputs": {"y": NAMES}}, "the model has no input 'y'"),
        ("binary", 1, "sigmoid", {"inputs": {"x": ("size", "price", "city")}}, "'city' is a category"),
        ("binary", 1, "sigmoid", {"inputs": {}}, "takes 3 columns, and no input of the task has its name"),
    ],
)
def test_what_does_not_fit_the_task_is_said_before_anything_is_fitted(
    kind: str, units: int, activation: str, own: Any, message: str, tmp_path: Path
) -> None:
    save(tmp_path, units, activation)
    task = task_of(kind, tmp_path, **own)
    with pytest.raises(TaskError, match=message) as raised:
        own_family(FILE, task).space(task, make_profile(60, task, np.array([0, 1])))
    assert raised.value.fix
    assert raised.value.where == FILE


@pytest.mark.parametrize("file", ["m.pkl", "m.joblib", "m.pt", "gone.onnx"])
def test_pickles_and_absent_files_are_no_models(file: str, tmp_path: Path) -> None:
    if file != "gone.onnx":
        (tmp_path / file).write_bytes(b"")
    task = make_task("binary").with_(folder=str(tmp_path), solutions=Solutions(add=(file,)))
    with pytest.raises(TaskError, match=r"is no model, no prompt, model file"):
        own_family(file, task)
