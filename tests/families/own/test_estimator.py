"""Estimators of the user's own: what is compiled answers as the trainer does, what is not says so by its class."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import make_fold, make_profile, make_run, make_task

from smeaton.compile.proof import adversarial, compare
from smeaton.errors import SmeatonError, Unshippable
from smeaton.families._own import own_family
from smeaton.families._own.estimator import EstimatorFamily, EstimatorModel
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import save_program
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table
from smeaton.task.task import Own, Solutions, Task
from smeaton.trials.results import in_scale, usual_size

NAME = "model.py:make"
HEAD = """
import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import *
from sklearn.impute import SimpleImputer
from sklearn.linear_model import *
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import *
from sklearn.svm import SVC
from sklearn.tree import *

numbers = ["size", "price", "count", "active"]
def plain(**more):
    return make_pipeline(SimpleImputer(**more), StandardScaler())
def prepared(category=None):
    return ColumnTransformer([
        ("numbers", plain(add_indicator=True), numbers),
        ("city", category or OneHotEncoder(handle_unknown="ignore"), ["city"]),
    ])
"""
CLASSIFIERS = {
    "logistic": "make_pipeline(prepared(), LogisticRegression())",
    "ovr": "make_pipeline(prepared(), OneVsRestClassifier(LogisticRegression(solver='liblinear')))",
    "sgd": "make_pipeline(prepared(), SGDClassifier(loss='log_loss', random_state=0))",
    "tree": "make_pipeline(prepared(), DecisionTreeClassifier(max_depth=6))",
    "forest": "make_pipeline(prepared(), RandomForestClassifier(5, random_state=0))",
    "extra": "make_pipeline(prepared(), ExtraTreesClassifier(5, random_state=0))",
    "boosted": "make_pipeline(prepared(), GradientBoostingClassifier(n_estimators=5))",
    "histogram": "make_pipeline(prepared(), HistGradientBoostingClassifier(max_iter=5))",
    "lightgbm": "make_pipeline(prepared(), LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1))",
    "xgboost": "make_pipeline(prepared(), XGBClassifier(n_estimators=5, n_jobs=1))",
    "catboost": "make_pipeline(prepared(), CatBoostClassifier(5, verbose=0, thread_count=1, "
    "allow_writing_files=False))",
}
REGRESSORS = {
    "ridge": "make_pipeline(prepared(), Ridge())",
    "poisson": "make_pipeline(prepared(), PoissonRegressor())",
    "tree": "make_pipeline(prepared(), DecisionTreeRegressor(max_depth=6))",
    "forest": "make_pipeline(prepared(), RandomForestRegressor(5, random_state=0))",
    "boosted": "make_pipeline(prepared(), GradientBoostingRegressor(n_estimators=5, loss='huber'))",
    "histogram": "make_pipeline(prepared(), HistGradientBoostingRegressor(max_iter=5, loss='poisson'))",
    "lightgbm": "make_pipeline(prepared(), LGBMRegressor(n_estimators=5, verbose=-1, n_jobs=1))",
    "xgboost": "make_pipeline(prepared(), XGBRegressor(n_estimators=5, n_jobs=1))",
    "catboost": "make_pipeline(prepared(), CatBoostRegressor(iterations=5, verbose=0, thread_count=1, "
    "allow_writing_files=False))",
}
STEPS = {
    "rare": "OneHotEncoder(handle_unknown='infrequent_if_exist', min_frequency=12)",
    "dropped": "OneHotEncoder(handle_unknown='ignore', drop='first')",
    "most": "OneHotEncoder(handle_unknown='infrequent_if_exist', max_categories=3, drop='if_binary')",
    "ordinal": "OrdinalEncoder(handle_unknown='use_encoded_value', unknown_value=-1, encoded_missing_value=-2)",
    "imputed": "make_pipeline(SimpleImputer(strategy='most_frequent'), OneHotEncoder(handle_unknown='ignore'))",
    "constant": "make_pipeline(SimpleImputer(strategy='constant', fill_value='none'), "
    "OrdinalEncoder(handle_unknown='use_encoded_value', unknown_value=99))",
}
ALONE = {
    "ColumnTransformer of scalers": "make_pipeline(make_column_transformer((MinMaxScaler(), ['count']), "
    "(MaxAbsScaler(), ['size']), (RobustScaler(), ['size', 'count'])), LogisticRegression())",
    "numbers one-hot": "make_pipeline(make_column_transformer((OneHotEncoder(handle_unknown='ignore'), "
    "['count', 'active', 'price']), (FunctionTransformer(), ['size'])), LogisticRegression())",
    "passthrough": "make_pipeline(ColumnTransformer([('a', 'passthrough', ['size', 'count']), "
    "('b', 'drop', ['city'])]), DecisionTreeClassifier(max_depth=4))",
    "union": "make_pipeline(ColumnTransformer([('a', 'passthrough', ['size', 'count'])]), "
    "FeatureUnion([('s', StandardScaler()), ('p', 'passthrough')]), LogisticRegression())",
    "nulls to trees": "make_pipeline(ColumnTransformer([('a', 'passthrough', numbers)]), "
    "RandomForestClassifier(5, random_state=0))",
    "nulls to histograms": "make_pipeline(ColumnTransformer([('a', 'passthrough', numbers)]), "
    "HistGradientBoostingClassifier(max_iter=8))",
    "nulls to lightgbm": "make_pipeline(ColumnTransformer([('a', 'passthrough', numbers)]), "
    "LGBMClassifier(n_estimators=8, verbose=-1, n_jobs=1, min_child_samples=3))",
    "nulls to xgboost": "make_pipeline(ColumnTransformer([('a', 'passthrough', numbers)]), "
    "XGBClassifier(n_estimators=8))",
}


def own(code: str, folder: Path, kind: str, trust: bool = False, **more: Any) -> tuple[Task, EstimatorFamily]:
    """The family of an estimator that an expression makes."""
    imports = {"LGBM": "lightgbm", "XGB": "xgboost", "CatBoost": "catboost"}
    found = [f"from {package} import *" for mark, package in imports.items() if mark in code]
    (folder / "model.py").write_text("\n".join([HEAD, *found, f"def make():\n    return {code}\n"]))
    task = make_task(kind, **more).with_(
        folder=str(folder), solutions=Solutions(add=(NAME,), own={NAME: Own(trust=True)} if trust else {})
    )
    family = own_family(NAME, task)
    assert isinstance(family, EstimatorFamily)
    return task, family


def fitted(code: str, folder: Path, kind: str, trust: bool = False, weights: bool = False) -> Any:
    task, family = own(code, folder, kind, trust)
    fold, y = make_fold(300, kind, weights=weights)
    model = family.fit(task, {}, fold, make_run(folder))
    return model, task, fold, y


def check_same(model: EstimatorModel, task: Task, held: Table, folder: Path) -> float:
    """The largest difference of model and program on held-out and adversarial rows; both are asked both."""
    folder.mkdir()
    program = model.export(folder)
    save_program(program, folder)
    worst = 0.0
    with Engine(program, folder, types=task.input_types, trust=program.files()) as engine:
        hard = [adversarial(program, folder, held, task, 0, 1_500)] if model.compiled is not None else []
        for rows in (held, *hard):
            mine, answers = model.predict(rows), engine.run(rows)
            usual = usual_size(answers)
            worst = max(worst, compare(in_scale(mine, answers, usual), in_scale(answers, answers, usual)))
    return worst


def values(answers: Table) -> Array:
    found: Array = answers[PROBABILITY if PROBABILITY in answers else PREDICTION]
    return found


@pytest.mark.parametrize("kind", ["binary", "4"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_compiled_classifier_answers_as_its_trainer(name: str, kind: str, tmp_path: Path) -> None:
    model, task, fold, y = fitted(CLASSIFIERS[name], tmp_path, kind)
    assert model.compiled is not None, model.why
    assert check_same(model, task, fold.held, tmp_path / "program") <= 1e-9
    probability = values(model.predict(fold.held))
    assert np.allclose(probability.sum(axis=1), 1.0)
    assert (probability.argmax(axis=1) == y).mean() > 1.3 / len(task.labels)


@pytest.mark.parametrize("name", REGRESSORS)
def test_a_compiled_regressor_answers_as_its_trainer(name: str, tmp_path: Path) -> None:
    model, task, fold, y = fitted(REGRESSORS[name], tmp_path, "number")
    assert model.compiled is not None, model.why
    assert check_same(model, task, fold.held, tmp_path / "program") <= 1e-9
    assert np.sqrt(np.square(values(model.predict(fold.held)) - y).mean()) < 1.05 * y.std()


@pytest.mark.parametrize("name", STEPS)
def test_encoders_and_imputers_are_compiled(name: str, tmp_path: Path) -> None:
    model, task, fold, _ = fitted(f"make_pipeline(prepared({STEPS[name]}), LogisticRegression())", tmp_path, "binary")
    assert model.compiled is not None, model.why
    assert check_same(model, task, fold.held, tmp_path / "program") <= 1e-9


@pytest.mark.parametrize("name", ALONE)
def test_other_pipelines_are_compiled(name: str, tmp_path: Path) -> None:
    model, task, fold, _ = fitted(ALONE[name], tmp_path, "binary")
    assert model.compiled is not None, model.why
    assert check_same(model, task, fold.held, tmp_path / "program") <= 1e-9


def test_closed_labels_need_no_rule_for_new_ones(tmp_path: Path) -> None:
    from smeaton.task.types import Type

    code = "make_pipeline(ColumnTransformer([('c', OneHotEncoder(), ['kind', 'on'])]), LogisticRegression())"
    inputs = {"kind": Type(type="category", labels=("a", "b")), "on": Type(type="boolean")}
    task, family = own(code, tmp_path, "binary", inputs=inputs)
    fold, _ = make_fold(60, "binary")
    rng = np.random.default_rng(0)

    def x(rows: int) -> Table:
        return {
            "kind": rng.choice(np.array(["a", "b"], dtype=object), rows),
            "on": rng.random(rows).astype(object) > 0.5,
        }

    train = fold.train.__class__(x(len(fold.train)), fold.train.y, None, fold.train.index)
    model = family.fit(task, {}, fold.__class__(0, train, fold.stop, {}, fold.held_index), make_run(tmp_path))
    assert model.compiled is not None, model.why
    assert check_same(model, task, x(20), tmp_path / "program") <= 1e-9


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("make_pipeline(prepared(), SVC())", "SVC: not compiled"),
        ("make_pipeline(prepared(), GaussianNB())", "GaussianNB: not compiled"),
        ("make_pipeline(prepared(), PolynomialFeatures(), LogisticRegression())", "PolynomialFeatures: not compiled"),
        ("make_pipeline(prepared(OneHotEncoder()), LogisticRegression())", "handle_unknown='error'"),
        ("make_pipeline(ColumnTransformer([('n', StandardScaler(), ['size', 'note'])]), DecisionTreeClassifier())", ""),
        ("make_pipeline(prepared(), CalibratedClassifierCV(LogisticRegression()))", "CalibratedClassifierCV"),
        (
            "make_pipeline(prepared(), FunctionTransformer(np.abs), LogisticRegression())",
            "FunctionTransformer: not compiled, for it calls absolute",
        ),
        (
            "make_pipeline(prepared(), GradientBoostingClassifier(n_estimators=2, init=DecisionTreeClassifier()))",
            "init=DecisionTreeClassifier",
        ),
    ],
)
def test_what_is_not_compiled_names_its_class_and_never_ships(code: str, why: str, tmp_path: Path) -> None:
    if not why:
        with pytest.raises(SmeatonError, match=r"Pipeline.fit: ValueError"):
            fitted(code, tmp_path, "binary")
        return
    model, _, fold, _ = fitted(code, tmp_path, "binary")
    assert values(model.predict(fold.held)).shape == (60, 2)
    with pytest.raises(Unshippable) as raised:
        model.export(tmp_path / "program")
    assert why in raised.value.message
    assert raised.value.message.endswith("ships only as trusted code (trust: true)")


@pytest.mark.parametrize(
    "code",
    [
        "make_pipeline(prepared(), SVC())",
        "make_pipeline(prepared(), GaussianNB())",
        "make_pipeline(prepared(), PolynomialFeatures(interaction_only=True), LogisticRegression())",
        "make_pipeline(prepared(), KNeighborsClassifier(algorithm='brute'))",
        "make_pipeline(prepared(), CalibratedClassifierCV(DecisionTreeClassifier(max_depth=3)))",
        "make_pipeline(prepared(), FunctionTransformer(np.cbrt), RandomForestClassifier(3))",
        "make_pipeline(prepared(), VotingClassifier([('a', LogisticRegression()), ('b', GaussianNB())], "
        "voting='soft'))",
    ],
)
def test_trusted_code_answers_from_arrays_without_pickle(code: str, tmp_path: Path) -> None:
    model, task, fold, _ = fitted(code, tmp_path, "binary", trust=True)
    assert model.compiled is None
    assert check_same(model, task, fold.held, tmp_path / "program") <= 1e-9
    assert {path.name for path in (tmp_path / "program").iterdir()} == {
        "fitted.json", "fitted.npz", "model.py", "program.json",
    }  # fmt: skip


def test_a_state_without_a_plain_form_is_refused_with_what_it_is(tmp_path: Path) -> None:
    code = "make_pipeline(ColumnTransformer([('n', plain(), numbers)]), KNeighborsClassifier(algorithm='kd_tree'))"
    model, _, _, _ = fitted(code, tmp_path, "binary", trust=True)
    with pytest.raises(Unshippable, match=r"cannot ship as code either: a sklearn\.neighbors\._kd_tree\.KDTree"):
        model.export(tmp_path / "program")


def test_an_estimator_of_the_file_itself_ships_as_trusted_code(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(
        "import numpy as np\nfrom sklearn.base import BaseEstimator, ClassifierMixin\n"
        "class Rule(ClassifierMixin, BaseEstimator):\n"
        "    def fit(self, X, y):\n        self.classes_ = np.unique(y)\n"
        "        self.cut_ = {label: float(X['size'][y == label].mean()) for label in self.classes_}\n"
        "        return self\n"
        "    def predict(self, X):\n"
        "        gaps = np.array([np.abs(X['size'] - cut) for cut in self.cut_.values()])\n"
        "        return self.classes_[gaps.argmin(axis=0)]\n"
    )
    own_said = {"model.py:Rule": Own(trust=True)}
    task = make_task("4").with_(folder=str(tmp_path), solutions=Solutions(add=("model.py:Rule",), own=own_said))
    fold, y = make_fold(300, "4")
    model: Any = own_family("model.py:Rule", task).fit(task, {}, fold, make_run(tmp_path))
    assert check_same(model, task, fold.held, tmp_path / "program") == 0.0
    assert (model.predict(fold.held)[PREDICTION] == np.array(task.labels, dtype=object)[y]).mean() > 0.4


def test_an_estimator_sees_a_frame_of_typed_columns_and_labels(tmp_path: Path) -> None:
    task = make_task("4").with_(folder=str(tmp_path))
    seen: dict[str, Any] = {}

    class Spy:
        def fit(self, X: Any, y: Any) -> None:
            seen.update(x=X, y=y)

        def predict(self, X: Any) -> Any:
            return np.array(["c0"] * len(X), dtype=object)

    fold, _ = make_fold(60, "4")
    model = EstimatorFamily(NAME, Spy).fit(task, {"refit": True}, fold, make_run(tmp_path))
    kinds = {name: str(dtype) for name, dtype in seen["x"].dtypes.items()}
    assert kinds == {
        "size": "float64", "price": "float64", "count": "int64", "active": "float64", "city": "object",
        "opened": "datetime64[us]", "note": "object",
    }  # fmt: skip
    assert len(seen["x"]) == 48  # training rows and those to stop on
    assert seen["x"]["city"].isna().any()
    assert set(seen["y"]) == {"c0", "c1", "c2", "c3"}
    assert values(model.predict(fold.held))[:, 0].tolist() == [1.0] * 12  # labels alone count as certain


def test_weights_reach_the_last_step_or_are_said_to_be_left_out(tmp_path: Path) -> None:
    model, *_ = fitted("make_pipeline(prepared(), LogisticRegression())", tmp_path, "binary", weights=True)
    assert not model.note
    model, *_ = fitted("make_pipeline(prepared(), KNeighborsClassifier())", tmp_path, "binary", weights=True)
    assert model.note == "KNeighborsClassifier.fit takes no sample_weight: fitted without the rows' weights"


@pytest.mark.parametrize("form", ["LogisticRegression", "LogisticRegression(C=0.5)"])
def test_a_class_and_an_instance_are_estimators_too(form: str, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(f"from sklearn.linear_model import LogisticRegression\nmake = {form}\n")
    task = make_task("binary").with_(folder=str(tmp_path), solutions=Solutions(add=(NAME,)))
    family = own_family(NAME, task)
    assert isinstance(family, EstimatorFamily)
    assert family.make() is not family.make()
    space: Any = family.space(task, make_profile(200, task, np.array([0, 1])))
    assert space.own
    (tmp_path / "model.py").write_text("# changed\nfrom sklearn.linear_model import LogisticRegression as make\n")
    changed: Any = family.space(task, make_profile(200, task, np.array([0, 1])))
    assert changed.starts != space.starts


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("make = 3", "is int, which can neither be fitted nor asked"),
        ("def make():\n    return 3", "gave int, which has no fit and predict"),
        ("def make():\n    raise ValueError('no data')", r"make\(\) raised ValueError: no data"),
        ("def make(a, b):\n    return 3", "can neither be fitted nor asked"),
    ],
)
def test_what_is_no_solution_is_refused_in_words(code: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(code)
    task = make_task("binary").with_(folder=str(tmp_path), solutions=Solutions(add=(NAME,)))
    with pytest.raises(SmeatonError, match=message):
        own_family(NAME, task)
