"""Values against an independent implementation and by hand."""

import numpy as np
import pytest

from smeaton import plugins
from smeaton.metrics._intervals import mean
from smeaton.task.table import object_column

sklearn = pytest.importorskip("sklearn.metrics")


def ours(name: str, answers: dict, target: np.ndarray, labels: tuple, weight: np.ndarray | None = None) -> float:
    metric = plugins.load("metrics", name)
    return mean(metric, metric.rows(answers, target, labels, weight), weight)


@pytest.mark.parametrize("weighted", [False, True])
def test_binary_against_scikit_learn(weighted: bool) -> None:
    generator = np.random.default_rng(4)
    target = generator.integers(0, 2, 400)
    chance = np.round(np.clip(0.3 * target + 0.7 * generator.random(400), 0, 1), 2)  # rounded: with ties
    weight = generator.random(400) if weighted else None
    said = (chance > 0.5).astype(int)
    answers = {"probability": np.stack([1 - chance, chance], axis=1), "prediction": object_column(["n", "y"])[said]}
    expected = {
        "brier": sklearn.brier_score_loss(target, chance, sample_weight=weight),
        "roc_auc": sklearn.roc_auc_score(target, chance, sample_weight=weight),
        "accuracy": sklearn.accuracy_score(target, said, sample_weight=weight),
        "balanced_accuracy": sklearn.balanced_accuracy_score(target, said, sample_weight=weight),
        "f1": sklearn.f1_score(target, said, sample_weight=weight),
        "macro_f1": sklearn.f1_score(target, said, average="macro", sample_weight=weight),
        "precision": sklearn.precision_score(target, said, sample_weight=weight),
        "recall": sklearn.recall_score(target, said, sample_weight=weight),
    }
    for name, value in expected.items():
        assert ours(name, answers, target, ("n", "y"), weight) == pytest.approx(value, rel=1e-9), name


def test_numbers_against_scikit_learn() -> None:
    generator = np.random.default_rng(5)
    target = generator.normal(1e6, 3, 300)  # far from zero: r2 must not cancel away
    said = target + generator.normal(0, 1, 300)
    weight = generator.random(300)
    answers = {"prediction": said}
    for name, value in {
        "rmse": sklearn.root_mean_squared_error(target, said, sample_weight=weight),
        "mae": sklearn.mean_absolute_error(target, said, sample_weight=weight),
        "r2": sklearn.r2_score(target, said, sample_weight=weight),
        "wape": np.average(np.abs(said - target), weights=weight) / np.average(np.abs(target), weights=weight),
    }.items():
        assert ours(name, answers, target, (), weight) == pytest.approx(value, rel=1e-9), name


def test_log_loss_is_cut_at_1e_15() -> None:
    answers = {"probability": np.array([[0.25, 0.75], [1.0, 0.0], [0.0, 1.0]])}
    rows = plugins.load("metrics", "log_loss").rows(answers, np.array([1, 1, 1]), ("n", "y"))
    np.testing.assert_allclose(rows[:, 0], [-np.log(0.75), -np.log(1e-15), 0.0])
    assert not np.signbit(rows).any()


def test_an_answer_without_probabilities_is_taken_as_certain() -> None:
    rows = plugins.load("metrics", "log_loss").rows(
        {"prediction": object_column(["y", "n"])}, np.array([1, 1]), ("n", "y")
    )
    np.testing.assert_allclose(rows[:, 0], [0.0, -np.log(1e-15)])


def test_an_invalid_number_is_off_to_the_farther_end() -> None:
    target = np.array([0.0, 4.0, 10.0])
    rows = plugins.load("metrics", "mae").rows({"prediction": np.full(3, np.nan)}, target, ())
    np.testing.assert_array_equal(rows[:, 0], [10.0, 6.0, 10.0])


def test_macro_f1_with_many_labels_against_scikit_learn() -> None:
    generator = np.random.default_rng(6)
    target, said = generator.integers(0, 6, 300), generator.integers(0, 7, 300)
    labels = tuple("abcdefgh")  # h occurs in neither
    value = sklearn.f1_score(target, said, average="macro")
    assert ours("macro_f1", {"prediction": object_column(labels)[said]}, target, labels) == pytest.approx(value)


def test_exact_match_looks_past_case_and_space() -> None:
    answers = {"prediction": object_column([" The  Answer", "wrong", None, None])}
    target = object_column(["the answer", "right", None, "x"])
    rows = plugins.load("metrics", "exact_match").rows(answers, target, ())
    assert rows[:, 0].tolist() == [True, False, True, False]


def test_many_labels_against_scikit_learn() -> None:
    generator = np.random.default_rng(6)
    target = (generator.random((300, 4)) < [0.5, 0.3, 0.1, 0.02]).astype(np.int8)
    chance = np.clip(0.4 * target + 0.6 * generator.random(target.shape), 0.01, 0.99)
    said = chance >= 0.5
    labels = ("a", "b", "c", "d")
    named = [[label for label, has in zip(labels, row, strict=True) if has] for row in said]
    weight = generator.random(300)
    answers = {"probability": chance, "prediction": object_column([list(reversed(row)) for row in named])}
    each = [sklearn.log_loss(target[:, label], chance[:, label], sample_weight=weight) for label in range(4)]
    for name, value in {
        "micro_f1": sklearn.f1_score(target, said, average="micro", sample_weight=weight),
        "macro_f1": sklearn.f1_score(target, said, average="macro", sample_weight=weight),
        "hamming": sklearn.hamming_loss(target, said, sample_weight=weight),
        "exact_match": sklearn.accuracy_score(target, said, sample_weight=weight),
        "log_loss": np.mean(each),
    }.items():
        assert ours(name, answers, target, labels, weight) == pytest.approx(value, rel=1e-9), name


def test_labels_in_order_against_scikit_learn_and_by_hand() -> None:
    generator = np.random.default_rng(7)
    target, said = generator.integers(0, 4, 300), generator.integers(0, 4, 300)
    labels = ("low", "mid", "high", "top")
    weight = generator.random(300)
    answers = {"prediction": object_column(labels)[said]}
    kappa = sklearn.cohen_kappa_score(target, said, weights="quadratic", sample_weight=weight)
    assert ours("quadratic_kappa", answers, target, labels, weight) == pytest.approx(kappa, rel=1e-9)
    off = np.average(np.abs(target - said), weights=weight)
    assert ours("ordinal_mae", answers, target, labels, weight) == pytest.approx(off)
    # Epstein: ((0.2 - 0)^2 + (0.7 - 1)^2) / 2 where the middle of three is right.
    chance = {"probability": np.array([[0.2, 0.5, 0.3]])}
    assert ours("ranked_probability", chance, np.array([1]), ("a", "b", "c")) == pytest.approx(0.065)
    near, far = np.array([[0.0, 1.0, 0.0]]), np.array([[0.0, 0.0, 1.0]])
    values = [ours("ranked_probability", {"probability": p}, np.array([0]), ("a", "b", "c")) for p in (near, far)]
    assert values == [0.5, 1.0], "a far miss costs more than a near one"


def test_structures_match_whatever_the_order_of_fields_and_objects() -> None:
    one, other = {"s": 1, "e": 2, "k": "a"}, {"e": 5, "s": 3.0, "k": None}
    target = object_column([[one, other], [one, other], [one], [], {"a": [1, 2]}, {"a": [1, 2]}])
    said = object_column([[{**other, "s": 3}, one], [one], [{**one, "k": "A"}], [], {"a": [1, 2.0]}, {"a": [2, 1]}])
    found = plugins.load("metrics", "exact_match").rows({"prediction": said}, target, ())
    assert found[:, 0].tolist() == [True, False, False, True, True, False]
