"""Boosted trees cut back: the same answers where nothing goes, means where splits go, fewer that answer as well."""

from typing import Any

import lightgbm
import numpy as np
import pytest
from tables import make_rows

from smeaton.compile.trees import read_lightgbm
from smeaton.families._ending import ClassEnding, NumberEnding
from smeaton.families._slim import choose_slim, cut_back, row_losses, start_of
from smeaton.task.table import Array


def data(rows: int, seed: int, noise: float = 0.5) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 4))
    x[rng.random(x.shape) < 0.1] = np.nan
    x[:, 3] = rng.integers(0, 12, rows)
    y = np.nan_to_num(x[:, 0]) + (x[:, 3] % 3 == 1) + noise * rng.normal(size=rows)
    return x, y


def booster(x: Array, y: Array, rounds: int = 20, **more: Any) -> Any:
    params = {"objective": "regression", "num_leaves": 8, "verbosity": -1, "num_threads": 1, "seed": 1, **more}
    return lightgbm.train(params, lightgbm.Dataset(x, y, categorical_feature=[3], params=params), rounds)


def leaves(model: Any, x: Array) -> Array:
    return np.asarray(model.predict(x, pred_leaf=True), dtype=np.int64).reshape(len(x), -1)


def evaluate(tree: Any, row: Array) -> float:
    """A tree's answer by its own nodes; categories are never null here."""
    at = 0 if tree.nodes else -1
    while at >= 0:
        node = tree.nodes[at]
        value = row[node.feature]
        if node.members is not None:
            left = int(value) in node.members
        else:
            left = node.null_left if np.isnan(value) else value <= node.threshold
        at = node.left if left else node.right
    return float(tree.leaves[~at])


@pytest.mark.parametrize(("objective", "classes"), [("regression", 0), ("binary", 2), ("multiclass", 3)])
def test_without_a_complexity_nothing_changes(objective: str, classes: int) -> None:
    x, y = data(200, 0)
    if classes:
        y = np.digitize(y, np.quantile(y, np.linspace(0, 1, classes + 1)[1:-1])).astype(np.float64)
    model = booster(x, y, objective=objective, num_class=max(1, classes if classes > 2 else 1))
    text = model.model_to_string()
    slim = cut_back(text, 0.0)
    for mine, whole in zip(slim.forest.trees, read_lightgbm(text).trees, strict=True):
        assert (len(mine.nodes), sorted(mine.leaves)) == (len(whole.nodes), sorted(whole.leaves))
    expected = model.predict(x, raw_score=True).reshape(len(x), -1)
    assert np.abs(slim.scores(leaves(model, x)) - expected).max() <= 1e-12
    assert slim.rounds == 20


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95, 2.0])
def test_what_is_written_answers_as_what_is_scored(share: float) -> None:
    x, y = data(200, 1)
    model = booster(x, y)
    text = model.model_to_string()
    gains = np.sort([float(g) for line in text.split("\n") if line.startswith("split_gain") for g in line[11:].split()])
    complexity = gains[int(share * len(gains))] / len(x) if share < 1 else 1e9
    slim = cut_back(text, complexity)
    before = sum(len(tree.nodes) for tree in read_lightgbm(text).trees)
    after = sum(len(tree.nodes) for tree in slim.forest.trees)
    assert after < before
    assert (after == 0) == (share > 1)
    scores = slim.scores(leaves(model, x))[:, 0]
    written = [sum(evaluate(tree, row) for tree in slim.forest.trees) for row in x[:60]]
    assert np.abs(scores[:60] - written).max() <= 1e-12


def test_a_merged_leaf_is_the_mean_of_its_rows() -> None:
    x, y = data(300, 2)
    model = booster(x, y, rounds=1, learning_rate=1.0, lambda_l2=0.0, boost_from_average=False)
    slim = cut_back(model.model_to_string(), 1e9)
    assert slim.forest.trees[0].leaves[0] == pytest.approx(y.mean(), rel=1e-6)


def test_noise_is_cut_away() -> None:
    x, y = data(900, 3, noise=1.5)
    own, stop, held = slice(0, 500), slice(500, 700), slice(700, 900)
    model = booster(x[own], y[own], rounds=150, learning_rate=0.2)
    text = model.model_to_string()

    def losses(of: slice) -> Any:
        return lambda scores: np.square(scores[:, 0] - y[of])

    slim = choose_slim(text, leaves(model, x[stop]), losses(stop), None, np.array([y[own].mean()]))
    full = read_lightgbm(text)
    assert slim.rounds < 150
    assert sum(len(t.leaves) for t in slim.forest.trees) < 0.2 * sum(len(t.leaves) for t in full.trees)
    before = losses(held)(model.predict(x[held])[:, None]).mean()
    after = losses(held)(slim.scores(leaves(model, x[held]))).mean()
    assert after < before
    again = choose_slim(text, leaves(model, x[stop]), losses(stop), np.ones(200), np.array([y[own].mean()]))
    assert again.forest == slim.forest
    assert cut_back(text, slim.complexity).forest.trees[: len(slim.forest.trees)] == slim.forest.trees


def test_losses_of_rows_and_constant_answers() -> None:
    ending = ClassEnding(np.array([0.25, 0.75]), 0.01)
    rows = make_rows(50, "binary")
    scores = np.tile(start_of(ending), (50, 1))
    expected = -np.log(ending.prior[rows.y])
    assert np.allclose(row_losses(ending, rows, None)(scores), expected)
    three = ClassEnding(np.array([0.2, 0.3, 0.5]), 0.0)
    assert np.allclose(three.finish(start_of(three)[None]), three.prior)
    number = NumberEnding(2.0, 3.0, -9.0, 9.0)
    own = make_rows(50, "number")
    off = number.finish(np.zeros((50, 1))) - own.y
    assert np.array_equal(row_losses(number, own, "rmse")(np.zeros((50, 1))), np.square(off))
    assert np.array_equal(row_losses(number, own, "mae")(np.zeros((50, 1))), np.abs(off))
    assert start_of(number).tolist() == [0.0]
