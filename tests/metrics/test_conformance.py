"""What every metric promises; new parts are found by themselves."""

import numpy as np
import pytest

from smeaton import plugins
from smeaton.errors import ProgramError
from smeaton.metrics import Metric
from smeaton.metrics._intervals import interval, mean, paired
from smeaton.runtime.ops.labels import choose
from smeaton.task.table import Array, object_column

LABELS = {
    "number": (), "binary": (False, True), "multiclass": ("a", "b", "c"), "ordered": ("low", "mid", "high", "top"),
    "many": ("a", "b", "c", "d"), "structure": (), "text": (),
}  # fmt: skip
#: Metrics of other tests: their structures are of one form, or they read more columns.
OWN_FORM = ("field_f1", "span_f1", "checks", "judge", "coverage", "interval_width", "interval_score")
CASES = [
    (name, kind)
    for name in plugins.names("metrics")
    for kind in plugins.load("metrics", name).tasks
    if name not in OWN_FORM
]
ROWS = 240


def truth(kind: str, seed: int = 0, rows: int = ROWS) -> Array:
    generator = np.random.default_rng(seed)
    if kind == "number":
        return generator.normal(10, 3, rows)
    if kind == "text":
        return object_column([f"word {number}" for number in generator.integers(0, 30, rows)])
    if kind == "many":
        return (generator.random((rows, len(LABELS[kind]))) < [0.5, 0.3, 0.2, 0.4]).astype(np.int8)
    if kind == "structure":
        return object_column([{"n": int(number), "at": []} for number in generator.integers(0, 30, rows)])
    return generator.integers(0, len(LABELS[kind]), rows)


def answers(kind: str, target: Array, noise: float, seed: int = 1) -> dict[str, Array]:
    """Answers that are perfect at noise 0 and worthless at noise 1."""
    generator = np.random.default_rng(seed)
    if kind == "number":
        return {"prediction": target + noise * generator.normal(0, 3, len(target))}
    if kind == "text":
        lost = generator.random(len(target)) < noise
        return {
            "prediction": object_column([" no " if gone else text for gone, text in zip(lost, target, strict=True)])
        }
    if kind == "structure":
        lost = generator.random(len(target)) < noise
        return {
            "prediction": object_column(
                [{"n": -1} if gone else value for gone, value in zip(lost, target, strict=True)]
            )
        }
    labels = LABELS[kind]
    if kind == "many":
        chance = (1 - noise) * target + noise * generator.random(target.shape)
        return {"probability": chance, "prediction": choose(chance, labels, "each")}
    right = np.eye(len(labels))[target]
    guess = generator.dirichlet(np.ones(len(labels)), len(target))
    chance = (1 - noise) * right + noise * guess
    return {"probability": chance, "prediction": object_column(labels)[chance.argmax(axis=1)]}


def spoil(given: dict[str, Array], where: Array) -> dict[str, Array]:
    errors = np.full(len(where), None, dtype=object)
    errors[where] = "timed out"
    return given | {"error": errors}


def oriented(metric: Metric, value: float) -> float:
    return value if metric.better == "higher" else -value


@pytest.fixture(params=CASES, ids=[f"{name}-{kind}" for name, kind in CASES])
def case(request: pytest.FixtureRequest) -> tuple[Metric, str]:
    name, kind = request.param
    return plugins.load("metrics", name), kind


def test_states_what_it_is(case: tuple[Metric, str]) -> None:
    metric, _ = case
    assert metric.better in ("higher", "lower")
    assert metric.needs in ("prediction", "probability")
    assert metric.unit in ("", "target", "share", "nats")
    assert metric.tasks


def test_better_answers_score_better_and_perfect_ones_best(case: tuple[Metric, str]) -> None:
    metric, kind = case
    target = truth(kind)
    found = [
        oriented(metric, mean(metric, metric.rows(answers(kind, target, noise), target, LABELS[kind])))
        for noise in (0.0, 0.7, 1.0)
    ]
    assert found[0] > found[1] > found[2]
    assert metric.best is not None
    assert found[0] == pytest.approx(oriented(metric, metric.best), abs=1e-12)


def test_an_invalid_answer_is_the_worst(case: tuple[Metric, str]) -> None:
    metric, kind = case
    target = truth(kind)
    good = answers(kind, target, 0.3)
    scores = []
    for share in (0.0, 0.2, 0.6, 1.0):
        where = np.random.default_rng(3).random(ROWS) < share
        stats = metric.rows(spoil(good, where), target, LABELS[kind])
        assert np.isfinite(stats.astype(np.float64)).all()
        scores.append(oriented(metric, mean(metric, stats)))
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < scores[0]
    worthless = metric.rows(answers(kind, target, 1.0), target, LABELS[kind])
    assert scores[-1] <= oriented(metric, mean(metric, worthless))


def test_every_way_to_be_invalid_scores_alike(case: tuple[Metric, str]) -> None:
    metric, kind = case
    target = truth(kind)
    good = answers(kind, target, 0.2)
    where = np.arange(ROWS) % 5 == 0
    expected = metric.rows(spoil(good, where), target, LABELS[kind])
    ways: list[object] = [None, "no such label", float("nan"), ["a", "list"]]
    if kind == "number":
        ways = [None, "twelve", float("nan"), float("inf"), True]
    if kind in ("text", "structure"):
        ways = [None, 7, float("nan")]
    if metric.needs == "probability":
        for bad in (np.nan, np.inf, 7.0, -1.0):
            chance = good["probability"].copy()
            chance[where] = bad
            np.testing.assert_array_equal(
                metric.rows(good | {"probability": chance}, target, LABELS[kind]), expected, err_msg=str(bad)
            )
        return
    for bad_answer in ways:
        given = good["prediction"].astype(object)
        for row in np.flatnonzero(where):
            given[row] = bad_answer
        found = metric.rows(good | {"prediction": given}, target, LABELS[kind])
        np.testing.assert_array_equal(found, expected, err_msg=str(bad_answer))


def test_no_answers_at_all_are_the_worst_and_too_few_are_refused(case: tuple[Metric, str]) -> None:
    metric, kind = case
    target = truth(kind)
    nothing = metric.rows({}, target, LABELS[kind])
    spoiled = metric.rows(spoil(answers(kind, target, 0.0), np.ones(ROWS, dtype=bool)), target, LABELS[kind])
    np.testing.assert_array_equal(nothing, spoiled)
    short = {name: column[:-1] for name, column in answers(kind, target, 0.0).items()}
    with pytest.raises(ProgramError, match="240 rows were asked"):
        metric.rows(short, target, LABELS[kind])


def test_never_nan_on_degenerate_rows(case: tuple[Metric, str]) -> None:
    metric, kind = case
    one = truth(kind)[:1]
    for target in (one, np.repeat(one, 7, axis=0)):
        for noise in (0.0, 1.0):
            given = answers(kind, target, noise)
            if kind == "number":
                given["prediction"] = given["prediction"] + 1e300 * noise
            bounds = interval(metric, metric.rows(given, target, LABELS[kind]), None, None)
            assert np.isfinite(bounds).all()


@pytest.mark.parametrize("groups", [None, np.arange(ROWS) // 3], ids=["rows", "groups"])
@pytest.mark.parametrize("weight", [None, np.linspace(0, 2, ROWS)], ids=["even", "weighted"])
def test_the_interval_holds_the_value(case: tuple[Metric, str], groups: Array | None, weight: Array | None) -> None:
    metric, kind = case
    target = truth(kind)
    stats = metric.rows(answers(kind, target, 0.8), target, LABELS[kind], weight, groups)
    value, low, high = interval(metric, stats, weight, groups, seed=5)
    assert low < value < high
    assert value == pytest.approx(mean(metric, stats, weight))
    assert interval(metric, stats, weight, groups, seed=5) == (value, low, high)


def test_weights_are_repeated_rows(case: tuple[Metric, str]) -> None:
    metric, kind = case
    target = truth(kind)
    given = answers(kind, target, 0.8)
    times = np.random.default_rng(2).integers(0, 4, ROWS)
    weighed = metric.rows(given, target, LABELS[kind], times.astype(np.float64))
    many = np.repeat(np.arange(ROWS), times)
    repeated = metric.rows({name: column[many] for name, column in given.items()}, target[many], LABELS[kind])
    assert mean(metric, weighed, times.astype(np.float64)) == pytest.approx(mean(metric, repeated), rel=1e-9)


def test_a_paired_difference_points_to_the_better(case: tuple[Metric, str]) -> None:
    metric, kind = case
    target = truth(kind)
    fine = metric.rows(answers(kind, target, 0.2), target, LABELS[kind])
    poor = metric.rows(answers(kind, target, 1.0), target, LABELS[kind])
    difference, low, high = paired(metric, fine, poor, None, None)
    assert oriented(metric, difference) > 0
    assert low * high > 0, "worthless answers are told apart with certainty"
    assert paired(metric, fine, fine, None, None) == (0.0, 0.0, 0.0)
