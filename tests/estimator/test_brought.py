"""Estimators of the caller's session on the board: compiled and shipped like others, and gone after the fit."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import smeaton
from smeaton import SmeatonClassifier
from smeaton.estimator.brought import brought, describe, reference_of, take


def ringed() -> tuple[Any, Any]:
    x = np.random.default_rng(5).normal(size=(80, 2))
    return x, (x[:, 0] > 0).astype(np.int64)


def test_a_pipeline_of_the_notebook_ships(tmp_path: Path) -> None:
    x, y = ringed()
    mine = make_pipeline(StandardScaler(), LogisticRegression(C=100))
    fitted = SmeatonClassifier(budget=1, solutions={"only": ["baseline"], "add": {"mine": mine}}).fit(x, y)
    assert fitted.winner_ == "mine.py:model"
    assert not hasattr(mine[-1], "coef_"), "the caller's own is fitted as a copy"
    with smeaton.load(fitted.save(tmp_path / "mine.bundle")) as model:
        assert {step.op for step in model.bundle.program.steps} <= {"table", "onnx", "labels"}
        found = model.predict({"x0": x[:, 0], "x1": x[:, 1]})
    assert found["probability_1"].tolist() == fitted.predict_proba(x)[:, 1].tolist()
    assert not [name for name in sys.modules if name.startswith("smeaton_user_") and "mine" in str(sys.modules[name])]


class Own(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Something that nothing knows how to compile."""

    def fit(self, x: Any, y: Any) -> "Own":
        self.classes_ = np.unique(y)
        return self

    def predict(self, x: Any) -> Any:
        return (np.asarray(x)[:, 0] > 0).astype(np.int64)

    def predict_proba(self, x: Any) -> Any:
        chance = np.where(np.asarray(x)[:, 0] > 0, 0.99, 0.01)
        return np.column_stack([1 - chance, chance])


def test_what_cannot_be_compiled_stands_there_and_does_not_ship() -> None:
    x, y = ringed()
    fitted = SmeatonClassifier(budget=1, solutions={"only": ["linear"], "add": {"mine": Own()}}).fit(x, y)
    row = fitted.board_.set_index("solution").loc["mine.py:model"]
    assert fitted.winner_ == "linear"
    assert pd.isna(row["rank"])
    assert "Own: not compiled" in row["why"]


@pytest.mark.slow
def test_it_is_cloned_and_cross_validated() -> None:
    x, y = ringed()
    one = SmeatonClassifier(budget=1, solutions={"only": ["baseline"], "add": {"mine": LogisticRegression(C=7)}})
    assert clone(one).solutions["add"]["mine"].C == 7
    assert cross_val_score(one, x, y, cv=2).mean() > 0.8


def test_files_stand_only_while_the_fit_lasts(tmp_path: Path) -> None:
    model = LogisticRegression(C=3)
    with brought({"mine": model}, tmp_path):
        file = tmp_path / "mine.py"
        assert "'C': 3" in file.read_text()
        assert take(str(file.resolve())) is model
    assert not file.exists()
    with pytest.raises(KeyError):
        take(str(file))


def test_another_setting_is_another_model() -> None:
    assert describe(LogisticRegression(C=3)) != describe(LogisticRegression(C=4))
    assert describe(LogisticRegression).startswith("LogisticRegression ")


@pytest.mark.parametrize("name", ["", "my model", "../mine", "a.b", 3])
def test_names_are_plain(name: Any) -> None:
    with pytest.raises(ValueError, match="no name for a model"):
        reference_of(name)
