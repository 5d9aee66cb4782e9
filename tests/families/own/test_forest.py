"""Files of boosted trees: read without their trainers, the answers are the trainers'; nobody takes their scores for
evidence unless the task says so."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import make_fold, make_profile, make_run, make_task

from smeaton.compile._ubjson import read_ubjson
from smeaton.compile.forest_files import read_forest_file
from smeaton.compile.forest_scores import forest_scores
from smeaton.compile.merge import mergeable
from smeaton.compile.proof import adversarial, compare
from smeaton.errors import ExtraMissing, ProgramError, TaskError
from smeaton.families import Space
from smeaton.families._own import own_family
from smeaton.families._own.elsewhere import SEEN, UNSEEN
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import save_program
from smeaton.task.table import PREDICTION, PROBABILITY, Array
from smeaton.task.task import Own, Solutions, Task
from smeaton.trials.results import in_scale, usual_size

NAMES = ["size", "price", "count"]


def data(kind: str) -> tuple[Array, Array, Any]:
    """The matrix and targets of a fold's training rows, and the fold."""
    fold, _ = make_fold(300, kind)
    return np.column_stack([fold.train.x[name].astype(np.float64) for name in NAMES]), fold.train.y, fold


def trained(trainer: str, kind: str, file: Path, names: list[str] | None = None) -> Any:
    """Train, and save; the estimator."""
    pandas = pytest.importorskip("pandas")
    matrix, y, _ = data(kind)
    x = pandas.DataFrame(matrix, columns=names or NAMES)
    classes = kind != "number"
    if trainer == "xgboost":
        xgboost = pytest.importorskip("xgboost")
        made = (xgboost.XGBClassifier if classes else xgboost.XGBRegressor)(n_estimators=6, n_jobs=1).fit(x, y)
        made.save_model(str(file))
    elif trainer == "lightgbm":
        lightgbm = pytest.importorskip("lightgbm")
        kind_ = lightgbm.LGBMClassifier if classes else lightgbm.LGBMRegressor
        made = kind_(n_estimators=6, n_jobs=1, verbose=-1).fit(x, y)
        made.booster_.save_model(str(file))
    else:
        catboost = pytest.importorskip("catboost")
        kind_ = catboost.CatBoostClassifier if classes else catboost.CatBoostRegressor
        made = kind_(iterations=6, verbose=0, thread_count=1, allow_writing_files=False).fit(x, y)
        made.save_model(str(file), format=file.suffix[1:])
    return made, x


def task_of(kind: str, folder: Path, file: str, **own: Any) -> Task:
    said = {file: Own(**own)} if own else {}
    return make_task(kind).with_(folder=str(folder), solutions=Solutions(add=(file,), own=said))


def opened(task: Task) -> Any:
    return own_family(task.solutions.add[0], task).fit(task, {}, data("binary")[2], make_run(Path(task.folder)))


@pytest.mark.parametrize("kind", ["binary", "4", "number"])
@pytest.mark.parametrize(
    ("trainer", "file"),
    [
        ("xgboost", "m.json"),
        ("xgboost", "m.ubj"),
        ("lightgbm", "m.txt"),
        ("catboost", "m.cbm"),
        ("catboost", "m.json"),
    ],
)
def test_a_file_answers_as_its_trainer(trainer: str, file: str, kind: str, tmp_path: Path) -> None:
    made, x = trained(trainer, kind, tmp_path / file)
    labels = make_task(kind).labels
    own = {"classes": labels} if kind == "4" else {}
    task = task_of(kind, tmp_path, file, **own)
    model = opened(task)
    _, _, fold = data(kind)
    found = model.predict(fold.train.x)
    theirs = made.predict(x).ravel() if kind == "number" else made.predict_proba(x)
    assert np.allclose(found[PREDICTION if kind == "number" else PROBABILITY], theirs, rtol=1e-5, atol=1e-6)
    folder = tmp_path / "program"
    program = model.export(folder)
    save_program(program, folder)
    assert not mergeable(program)  # taken as it is: neither calibrated nor blended
    assert set(program.inputs) >= set(NAMES)
    stored = read_forest_file(tmp_path / file)
    with Engine(program, folder, types=task.input_types) as engine:
        hard = adversarial(program, folder, fold.held, task, 0, 1_000)
        for rows in (fold.held, hard):
            mine, answers = model.predict(rows), engine.run(rows)
            usual = usual_size(answers)
            assert compare(in_scale(mine, answers, usual), in_scale(answers, answers, usual)) <= 1e-9
        matrix = np.column_stack([np.asarray(hard[name]).astype(np.float64) for name in NAMES])
        scores = stored.scores(matrix)
        assert np.abs(forest_scores(stored.forest, matrix) - scores).max() <= 1e-9 * max(1.0, np.abs(scores).max())


def test_its_score_is_no_evidence_unless_the_task_says_so(tmp_path: Path) -> None:
    trained("lightgbm", "binary", tmp_path / "m.txt")
    assert (opened(task_of("binary", tmp_path, "m.txt")).barred, SEEN) == (SEEN, SEEN)
    model = opened(task_of("binary", tmp_path, "m.txt", unseen=True))
    assert (model.barred, model.note) == ("", UNSEEN)


def test_what_is_said_of_a_file_makes_it_another_candidate(tmp_path: Path) -> None:
    trained("lightgbm", "binary", tmp_path / "m.txt")
    starts = []
    for own in ({}, {"unseen": True}, {"inputs": {"": tuple(reversed(NAMES))}}):
        task = task_of("binary", tmp_path, "m.txt", **own)
        space = own_family("m.txt", task).space(task, make_profile(240, task, np.array([0, 1])))
        assert isinstance(space, Space)
        assert space.own
        starts.append(space.starts[0])
    assert len({json.dumps(start) for start in starts}) == 3


def test_inputs_are_matched_by_name_or_as_the_task_says(tmp_path: Path) -> None:
    trained("lightgbm", "binary", tmp_path / "m.txt", ["size", "prize", "count"])
    with pytest.raises(TaskError, match="column 'prize', which is no input of the task") as raised:
        opened(task_of("binary", tmp_path, "m.txt"))
    assert (raised.value.fix, raised.value.where) == ("did you mean 'price'?", "m.txt")
    assert opened(task_of("binary", tmp_path, "m.txt", inputs={"": tuple(NAMES)})).names == NAMES
    for inputs, message in (
        (("size", "price"), "fitted on 3 columns, and inputs: names 2"),
        (("size", "price", "city"), "the input 'city' is of type 'category'"),
        (("size", "price", "xyz"), "which is no input"),
    ):
        with pytest.raises(TaskError, match=message):
            opened(task_of("binary", tmp_path, "m.txt", inputs={"": inputs}))
    with pytest.raises(TaskError, match="one table for an input"):
        opened(task_of("binary", tmp_path, "m.txt", inputs={"x": tuple(NAMES)}))


def test_columns_without_names_are_named_by_the_task(tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost")
    matrix, y, _ = data("binary")
    xgboost.XGBClassifier(n_estimators=2).fit(matrix, y).save_model(str(tmp_path / "m.json"))
    with pytest.raises(TaskError, match="no names for its 3 columns, and the task has 7"):
        opened(task_of("binary", tmp_path, "m.json"))
    assert opened(task_of("binary", tmp_path, "m.json", inputs={"": tuple(NAMES)})).names == NAMES


def test_classes_are_the_models_or_the_tasks(tmp_path: Path) -> None:
    trained("xgboost", "4", tmp_path / "m.json")
    with pytest.raises(TaskError, match="which of its 4 probabilities is which label") as raised:
        opened(task_of("4", tmp_path, "m.json"))
    assert "classes: [c0, c1, c2, c3]" in raised.value.fix
    turned = opened(task_of("4", tmp_path, "m.json", classes=("c3", "c2", "c1", "c0")))
    plain = opened(task_of("4", tmp_path, "m.json", classes=("c0", "c1", "c2", "c3")))
    rows = data("4")[2].held
    assert np.array_equal(turned.predict(rows)[PROBABILITY][:, ::-1], plain.predict(rows)[PROBABILITY])
    with pytest.raises(TaskError, match="the model's 4 classes are c0, c1"):
        opened(task_of("4", tmp_path, "m.json", classes=("c0", "c1")))
    with pytest.raises(TaskError, match="the model gives labels, and the output is of type 'number'"):
        opened(task_of("number", tmp_path, "m.json"))


def test_rounds_behind_the_best_are_left_out_as_scikit_learn_does(tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost")
    matrix, y, fold = data("binary")
    made = xgboost.XGBClassifier(n_estimators=30, early_stopping_rounds=2, n_jobs=1)
    made.fit(matrix[:150], y[:150], eval_set=[(matrix[150:], 1 - y[150:])], verbose=False)
    made.save_model(str(tmp_path / "m.ubj"))
    model = opened(task_of("binary", tmp_path, "m.ubj", inputs={"": tuple(NAMES)}))
    found = model.predict(fold.train.x)[PROBABILITY]
    assert made.best_iteration + 1 < made.get_booster().num_boosted_rounds()
    assert np.allclose(found, made.predict_proba(matrix), atol=1e-6)


def test_a_file_without_its_trainer_is_proved_against_our_own_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained("xgboost", "binary", tmp_path / "m.ubj")
    trained("catboost", "binary", tmp_path / "m.cbm")
    rows = data("binary")[2].held
    task = task_of("binary", tmp_path, "m.ubj")
    theirs = opened(task).predict(rows)[PROBABILITY]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    model = opened(task)
    assert model.note == "xgboost is not installed: proved against our own reading of its trees"
    assert np.abs(model.predict(rows)[PROBABILITY] - theirs).max() <= 1e-9
    monkeypatch.setitem(sys.modules, "catboost", None)
    with pytest.raises(ExtraMissing, match="it comes with the extra 'boosting'"):
        read_forest_file(tmp_path / "m.cbm")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("m.json", b"{"),
        ("m.json", b"[]"),
        ("m.json", b'{"learner": {}}'),
        ("m.json", b'{"oblivious_trees": [], "features_info": 3}'),
        ("m.ubj", b"{L\x00"),
        ("m.ubj", b"[$U#L" + b"\xff" * 8),
        ("m.txt", b"not a model"),
        ("m.txt", b"tree\nversion=v4\n"),
        ("m.txt", b"\xff\xfe"),
    ],
)
def test_what_is_no_model_is_refused_in_words(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TaskError) as raised:
        opened(task_of("binary", tmp_path, name))
    assert raised.value.fix
    assert raised.value.where.startswith(name)


def test_trees_that_are_none_are_refused(tmp_path: Path) -> None:
    trained("lightgbm", "binary", tmp_path / "m.txt")
    text = (tmp_path / "m.txt").read_text()
    line = next(line for line in text.split("\n") if line.startswith("left_child="))
    for other in (line.replace("=1", "=0", 1), line.replace("=1", "=9999", 1)):
        (tmp_path / "m.txt").write_text(text.replace(line, other, 1))
        with pytest.raises(TaskError, match="its tree 1 is none"):
            opened(task_of("binary", tmp_path, "m.txt"))


def test_ubjson_by_its_specification() -> None:
    document = b"{" + b"".join([
        b"i\x01aU\xc8", b"i\x01bI\x01\x00", b"i\x01cl\x00\x01\x00\x00", b"i\x01dD\x3f\xf8" + bytes(6),
        b"i\x01eSi\x02hi",
        b"i\x01f[TFZ]", b"i\x01g[$d#i\x02\x3f\x80\x00\x00\xbf\x00\x00\x00", b"i\x01h{}", b"i\x01iCx", b"i\x01j[#i\x01Z",
        b"i\x01k{$i#i\x02i\x01x\x05i\x01y\x06",
    ]) + b"}"  # fmt: skip
    assert read_ubjson(document) == {
        "a": 200, "b": 256, "c": 65536, "d": 1.5, "e": "hi", "f": [True, False, None], "g": [1.0, -0.5], "h": {},
        "i": "x", "j": [None], "k": {"x": 5, "y": 6},
    }  # fmt: skip
    for broken in (b"", b"{", b"[U", b"Si\x05hi", b"X", b"[$U]", b"Z" * 2, b"[" * 100):
        with pytest.raises(ProgramError):
            read_ubjson(broken)
