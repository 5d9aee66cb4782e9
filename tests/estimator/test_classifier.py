"""Labels from rows of every kind, in process, with what scikit-learn expects around it."""

import asyncio
import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.estimator.conftest import Fitted, wild

import smeaton
from smeaton import SmeatonClassifier
from smeaton.bundle.read import open_bundle


def separable(rows: int = 40, classes: int = 2) -> tuple[Any, Any]:
    y = np.arange(rows) % classes
    x = np.random.default_rng(0).normal(size=(rows, 2))
    x[:, 0] += 4.0 * y
    return x, y


def test_it_learns_from_columns_of_many_kinds(classes: Fitted) -> None:
    fitted = classes.fitted
    assert fitted.score(classes.x, classes.y) > 0.85
    assert fitted.classes_.tolist() == ["no", "yes"]
    assert fitted.n_features_in_ == 7
    assert fitted.feature_names_in_.tolist() == list(classes.x.columns)
    probability = fitted.predict_proba(classes.x)
    assert probability.shape == (60, 2)
    assert np.allclose(probability.sum(axis=1), 1)
    assert (fitted.classes_[probability.argmax(axis=1)] == fitted.predict(classes.x)).all()


def test_types_are_what_the_columns_say(classes: Fitted) -> None:
    types = open_bundle(classes.fitted.bundle_).task.input_types
    assert {name: kind.type for name, kind in types.items()} == {
        "age": "number",
        "plan": "category",
        "visits": "number",
        "since": "timestamp",
        "city": "category",
        "active": "boolean",
        "shelf": "category",
    }
    assert types["shelf"].base == "integer"
    assert all(kind.optional for kind in types.values())


def test_tables_of_other_packages_give_the_same_answers(classes: Fitted) -> None:
    expected = classes.fitted.predict_proba(classes.x)
    arrow = pa.Table.from_pandas(classes.x, preserve_index=False)
    for table in (pl.from_arrow(arrow), arrow):
        assert classes.fitted.predict_proba(table).tolist() == expected.tolist()


def test_the_bundle_answers_alike_and_keeps_the_index(classes: Fitted, tmp_path: Path) -> None:
    saved = classes.fitted.save(tmp_path / "won.bundle")
    with smeaton.load(saved) as model:
        answers = model.predict(classes.x)
    assert isinstance(answers, pd.DataFrame)
    assert answers.index.equals(classes.x.index)
    assert answers["probability_yes"].tolist() == classes.fitted.predict_proba(classes.x)[:, 1].tolist()
    assert open_bundle(saved).task.target == "won"


def test_the_board_is_a_frame(classes: Fitted) -> None:
    board = classes.fitted.board_
    assert isinstance(board, pd.DataFrame)
    assert set(board["solution"]) == {"baseline", "linear"}
    assert board["log_loss"].iloc[0] < board["log_loss"].iloc[-1]
    assert classes.fitted.winner_ == "linear"
    assert any("no test was sealed" in note for note in classes.fitted.notes_)


@pytest.mark.slow
def test_a_pickle_brings_the_bundle_along(classes: Fitted, tmp_path: Path) -> None:
    file = tmp_path / "fitted.pickle"
    file.write_bytes(pickle.dumps(classes.fitted))
    classes.x.to_pickle(tmp_path / "x.pickle")
    code = (
        "import pandas, pickle, sys\n"
        "fitted = pickle.load(open(sys.argv[1], 'rb'))\n"
        "print(fitted.predict_proba(pandas.read_pickle(sys.argv[2]))[:, 1].tolist())\n"
    )
    command = [sys.executable, "-c", code, str(file), str(tmp_path / "x.pickle")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(classes.fitted.predict_proba(classes.x)[:, 1].tolist())


def test_copies_answer_for_themselves() -> None:
    x, y = separable()
    fitted = SmeatonClassifier(budget=1).fit(x, y)
    other = copy.deepcopy(fitted)
    folder = fitted.bundle_.parent
    del fitted
    assert not folder.exists(), "a temporary folder goes with its object"
    assert other.score(x, y) > 0.9
    assert other.bundle_.is_dir()


@pytest.mark.parametrize("rows", [4, 6, 9])
def test_two_rows_of_a_class_are_enough(rows: int) -> None:
    x, y = separable(rows, 2 if rows < 9 else 3)
    fitted = SmeatonClassifier().fit(x, y)
    assert fitted.predict(x).shape == (rows,)
    assert fitted.predict_proba(x).shape == (rows, len(set(y)))


@pytest.mark.parametrize(
    "labels",
    [["a", "b"], [False, True], [0, 7], [-1.0, 1.0], np.array(["u", "v"], dtype=object)],
    ids=["text", "boolean", "integer", "float", "object"],
)
def test_labels_come_back_as_they_were(labels: Any) -> None:
    x, codes = separable()
    y = np.asarray(labels)[codes]
    fitted = SmeatonClassifier(budget=1, solutions=["linear"]).fit(x, y)
    assert fitted.classes_.tolist() == sorted(np.asarray(labels).tolist())
    assert fitted.predict(x).dtype == y.dtype
    assert (fitted.predict(x) == y).mean() > 0.9


@pytest.mark.slow
def test_it_works_inside_scikit_learn() -> None:
    x, y = separable()
    assert cross_val_score(SmeatonClassifier(budget=1, solutions=["linear"]), x, y, cv=2).mean() > 0.8
    pipeline = make_pipeline(StandardScaler(), SmeatonClassifier(budget=1))
    grid = GridSearchCV(pipeline, {"smeatonclassifier__solutions": [["baseline"], ["linear"]]}, cv=2)
    assert grid.fit(x, y).best_params_ == {"smeatonclassifier__solutions": ["linear"]}


def test_parameters_are_cloned_and_set() -> None:
    one = SmeatonClassifier(budget=3, metric="roc_auc", solutions={"never": ["boosting"]}, random_state=7)
    other = clone(one).set_params(budget=4)
    assert other.get_params() == {**one.get_params(), "budget": 4}
    with pytest.raises(NotFittedError):
        other.predict([[1.0]])


def test_a_row_of_no_weight_is_not_there() -> None:
    x, y = separable()
    weight = np.ones(40)
    weight[:4] = 0
    x[:4] = 1e6
    all_rows = SmeatonClassifier(budget=1).fit(x, y, sample_weight=weight)
    without = SmeatonClassifier(budget=1).fit(x[4:], y[4:], sample_weight=weight[4:])
    assert all_rows.predict_proba(x).tolist() == without.predict_proba(x).tolist()


def test_groups_stay_together(tmp_path: Path) -> None:
    from smeaton.data.split import open_folds

    x, y = separable()
    groups = np.array([f"g{number // 4}" for number in range(40)])
    SmeatonClassifier(budget=1, folder=tmp_path).fit(x, y, groups=groups)
    data = next(tmp_path.glob("*/.smeaton/fit/data"))
    folds = open_folds(data)
    assert folds
    for fold in folds:
        assert not set(groups[fold.train]) & set(groups[fold.held])


def test_equal_fits_are_equal() -> None:
    x, y = separable()
    one, other = (SmeatonClassifier(budget=1).fit(x, y).predict_proba(x) for _ in range(2))
    assert one.tolist() == other.tolist()


def test_a_folder_keeps_trials_and_bundle(tmp_path: Path) -> None:
    x, y = separable()
    first = SmeatonClassifier(budget=1, folder=tmp_path).fit(x, y)
    again = SmeatonClassifier(budget=1, folder=tmp_path).fit(x, y)
    other = SmeatonClassifier(budget=1, folder=tmp_path, random_state=1).fit(x, y)
    assert first.bundle_ == again.bundle_ != other.bundle_
    assert first.bundle_.is_relative_to(tmp_path)
    assert again.board_["key"].tolist() == first.board_["key"].tolist()


def test_inside_a_running_event_loop() -> None:
    x, y = separable()

    async def fit() -> Any:
        return SmeatonClassifier(budget=1, solutions=["linear"]).fit(x, y).score(x, y)

    assert asyncio.run(fit()) > 0.9


def test_no_process_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*arguments: object, **options: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess.Popen, "__init__", never)
    x, y = separable()
    assert SmeatonClassifier(budget=1).fit(x, y).score(x, y) > 0.9


@pytest.mark.slow
def test_a_longer_budget_searches() -> None:
    x, y = wild()
    fitted = SmeatonClassifier(budget=5, metric="roc_auc").fit(x, y)
    assert len(fitted.board_) > 4
    assert "roc_auc" in fitted.board_
    assert fitted.score(x, y) > 0.85


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"budget": 0}, "budget must be a number of seconds above 0"),
        ({"budget": "20s"}, "budget must be seconds"),
        ({"metric": "rmsle"}, "rmsle"),
        ({"solutions": "linear"}, "solutions must be names"),
        ({"solutions": ["lineer"]}, "lineer"),
        ({"n_jobs": 0}, "n_jobs must not be 0"),
    ],
)
def test_a_wrong_parameter_is_said_when_fitting(options: dict[str, Any], said: str) -> None:
    x, y = separable()
    with pytest.raises(ValueError, match=said):
        SmeatonClassifier(**{"budget": 1, **options}).fit(x, y)


def test_wrong_rows_are_said(classes: Fitted) -> None:
    fitted = classes.fitted
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(classes.x.rename(columns={"age": "years"}))
    with pytest.raises(ValueError, match="'age'"):
        fitted.predict(classes.x.assign(age="old"))
    with pytest.raises(ValueError, match="0 sample"):
        fitted.predict(classes.x.iloc[:0])
    with pytest.raises(ValueError, match="infinity"):
        SmeatonClassifier(budget=1).fit([[1.0], [np.inf], [2.0], [3.0]], [0, 1, 0, 1])
    with pytest.raises(ValueError, match="one class only"):
        SmeatonClassifier(budget=1).fit([[1.0], [2.0], [3.0]], ["a", "a", "a"])
    with pytest.raises(ValueError, match="n_samples=2"):
        SmeatonClassifier(budget=1).fit([[1.0], [2.0]], ["a", "b"])


def test_a_value_may_be_missing_that_never_was(classes: Fitted) -> None:
    rows = classes.x.head(3).copy()
    rows.loc[rows.index[0], "age"] = np.nan
    rows["plan"] = pd.Categorical([None, "new", "pro"])
    assert set(classes.fitted.predict(rows)) <= {"yes", "no"}


def test_ids_are_left_out_and_said() -> None:
    x, y = separable()
    frame = pd.DataFrame(x, columns=["a", "b"]).assign(key=[f"k{number}" for number in range(40)])
    with pytest.warns(UserWarning, match="'key' left out: an id, different in every row$"):
        fitted = SmeatonClassifier(budget=1, solutions=["linear"]).fit(frame, y)
    assert set(open_bundle(fitted.bundle_).task.input_types) == {"a", "b"}
    assert fitted.predict(frame).shape == (40,)


def test_your_own_stands_beside_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text(
        "from sklearn.linear_model import LogisticRegression\nmodel = LogisticRegression(C=10)\n"
    )
    monkeypatch.chdir(tmp_path)
    x, y = separable()
    fitted = SmeatonClassifier(budget=1, solutions={"only": ["linear"], "add": ["mine.py:model"]}).fit(x, y)
    board = fitted.board_.set_index("solution")
    assert board.loc["mine.py:model", "state"] == "done"
    assert pd.notna(board.loc["mine.py:model", "rank"])
    # It refuses nulls, so that none may come where none was.
    with pytest.raises(ValueError, match="'x1'"):
        fitted.predict([[1.0, np.nan]])


def test_the_command_line_takes_the_bundle(classes: Fitted, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from smeaton.cli import main

    bundle = classes.fitted.save(tmp_path / "won.bundle")
    assert main(["verify", str(bundle)]) == 0
    classes.x.to_csv(tmp_path / "rows.csv", index=False)
    assert main(["predict", str(bundle), str(tmp_path / "rows.csv"), "-o", str(tmp_path / "out.csv")]) == 0
    answers = pd.read_csv(tmp_path / "out.csv")
    assert answers["prediction"].tolist() == classes.fitted.predict(classes.x).tolist()
    capsys.readouterr()


def test_threads_are_counted_as_in_scikit_learn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    found = [SmeatonClassifier(n_jobs=jobs)._wish(tmp_path).threads for jobs in (None, 3, -1, -2, -20)]
    assert found == [1, 3, 8, 7, 1]


def test_lines_are_printed_where_there_is_no_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    x, y = separable()
    SmeatonClassifier(budget=1, solutions=["linear"], verbose=True).fit(x, y)
    said = capsys.readouterr().out
    assert "40 rows: a fixed search" in said
    assert "linear: " in said
    SmeatonClassifier(budget=1, solutions=["linear"]).fit(x, y)
    assert capsys.readouterr().out == ""
