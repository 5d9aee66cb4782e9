"""Numbers, in process."""

import numpy as np
import pytest
from tests.estimator.conftest import Fitted

import smeaton
from smeaton import SmeatonRegressor


def test_it_learns(numbers: Fitted) -> None:
    assert numbers.fitted.score(numbers.x, numbers.y) > 0.95
    assert numbers.fitted.predict(numbers.x).dtype == np.float64
    assert not hasattr(numbers.fitted, "classes_")
    assert "rmse" in numbers.fitted.board_


def test_the_bundle_answers_alike(numbers: Fitted) -> None:
    with smeaton.load(numbers.fitted.bundle_) as model:
        assert model.predict(numbers.x)["prediction"].tolist() == numbers.fitted.predict(numbers.x).tolist()


def test_arrays_have_columns_by_number(numbers: Fitted) -> None:
    x = numbers.x.to_numpy()
    fitted = SmeatonRegressor(budget=1, solutions=["linear"]).fit(x, numbers.y.to_numpy())
    assert not hasattr(fitted, "feature_names_in_")
    with smeaton.load(fitted.bundle_) as model:
        assert list(model.task.input_types) == ["x0", "x1", "x2"]
        assert model.task.target == "target"


@pytest.mark.parametrize("rows", [3, 4, 7])
def test_three_rows_are_enough(rows: int) -> None:
    x = np.arange(rows, dtype=np.float64)[:, None]
    assert np.isfinite(SmeatonRegressor().fit(x, 2 * x[:, 0]).predict(x)).all()


def test_one_number_for_all_is_learnt_too() -> None:
    x = np.random.default_rng(0).normal(size=(30, 2))
    assert SmeatonRegressor(budget=1).fit(x, np.full(30, 4.5)).predict(x) == pytest.approx(4.5)


@pytest.mark.parametrize(
    ("y", "said"), [([1.0, np.nan, 2.0], "NaN"), ([1.0, np.inf, 2.0], "infinity"), (list("abc"), "number")]
)
def test_a_wrong_target_is_said(y: list[object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SmeatonRegressor(budget=1).fit([[1.0], [2.0], [3.0]], y)
