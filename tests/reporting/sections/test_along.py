"""How an answer moves along a column: means with intervals, and the share of its variation that a column explains."""

import numpy as np
import pytest
from tests.reporting.sections.tables import dataset

from smeaton.reporting.sections._along import Measure, explained, means, measure
from smeaton.reporting.sections._shares import Units
from smeaton.task.types import Type
from smeaton.trials.outside import TWO_SIDED, wilson


def units(count: int, *clusters: np.ndarray) -> Units:
    return Units(np.ones(count), clusters)


def test_a_share_has_wilsons_interval() -> None:
    values = np.array([1.0] * 3 + [0.0] * 7 + [1.0] * 4)
    codes = np.array([0] * 10 + [1] * 4)
    found = means(Measure(values, "share", "yes"), codes, 2, units(14))
    assert found.value[0] == pytest.approx(0.3)
    assert (found.low[0], found.high[0]) == pytest.approx(wilson(0.3, 10, TWO_SIDED))
    assert np.isnan(found.value[1]), "4 rows say too little"


def test_a_mean_has_the_interval_of_its_rows_and_missing_rows_count_nowhere() -> None:
    draw = np.random.default_rng(0)
    values = draw.normal(5, 2, 400)
    codes = np.repeat([0, -1], 200)
    found = means(Measure(values, "number", "mean"), codes, 1, units(400))
    assert found.value[0] == pytest.approx(values[:200].mean())
    half = TWO_SIDED * values[:200].std() / np.sqrt(200)
    assert found.high[0] - found.value[0] == pytest.approx(half, rel=1e-9)


def test_rows_that_belong_together_count_as_one() -> None:
    draw = np.random.default_rng(1)
    values = np.repeat(draw.integers(0, 2, 20), 25).astype(np.float64)
    codes, cluster = np.zeros(500, dtype=np.int64), np.repeat(np.arange(20), 25)
    alone = means(Measure(values, "share", "yes"), codes, 1, units(500))
    together = means(Measure(values, "share", "yes"), codes, 1, units(500, cluster))
    assert together.high[0] - together.low[0] > 3 * (alone.high[0] - alone.low[0])


def test_rows_weigh() -> None:
    values, weight = np.array([0.0] * 5 + [1.0] * 5), np.repeat([1.0, 3.0], 5)
    found = means(Measure(values, "share", "yes"), np.zeros(10, dtype=np.int64), 1, Units(weight))
    assert found.value[0] == pytest.approx(0.75)


@pytest.mark.parametrize("labels", [0, 3])
def test_a_column_that_is_the_answer_explains_all_of_it_and_noise_nothing(labels: int) -> None:
    draw = np.random.default_rng(2)
    codes = draw.integers(0, 3, 900)
    target = codes if labels else codes * 10.0
    assert explained(target, labels, codes, 3) == pytest.approx(1.0)
    assert explained(target, labels, draw.integers(0, 20, 900), 20) < 0.02
    assert explained(target, labels, np.zeros(900, dtype=np.int64), 1) == 0.0


def test_the_share_explained_is_that_of_the_analysis_of_variance() -> None:
    draw = np.random.default_rng(3)
    codes = draw.integers(0, 4, 500)
    target = codes + draw.normal(0, 2, 500)
    groups = [target[codes == code] for code in range(4)]
    within = sum(((one - one.mean()) ** 2).sum() for one in groups)
    whole = ((target - target.mean()) ** 2).sum()
    assert explained(target, 0, codes, 4) == pytest.approx(1 - within / whole * 499 / 496)
    assert explained(1e300 * target, 0, codes, 4) == pytest.approx(1 - within / whole * 499 / 496)


def test_missing_values_are_a_bar_of_their_own_and_many_labels_add_up() -> None:
    codes = np.repeat([-1, 0], 50)
    target = (codes < 0).astype(np.int64)
    assert explained(target, 2, codes, 1) == pytest.approx(1.0)
    assert explained(np.stack([target, 1 - target], axis=1), 2, codes, 1) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("output", "target", "values", "name"),
    [
        (Type(type="boolean", labels=(False, True)), [0, 1, 1], [0, 1, 1], "share of y = true"),
        (Type(type="category", labels=("a", "b", "c")), [2, 2, 0], [1, 1, 0], "share of y = c"),
        (Type(type="category", labels=("low", "mid", "top"), ordered=True), [2, 1, 0], [3, 2, 1],
         "mean place from low (1) to top (3)"),
        (Type(type="number"), [2.5, 1.0, 0.0], [2.5, 1.0, 0.0], "mean y"),
        (Type(type="list", of=Type(type="category", labels=("a", "b"))), [[0, 1], [1, 1], [0, 0]], [1, 1, 0],
         "share with b"),
    ],
)  # fmt: skip
def test_an_answer_is_looked_at_by_one_number(
    output: Type, target: list[object], values: list[float], name: str
) -> None:
    rows = dataset({"x": np.arange(3.0)}, {"x": "number"}, np.array(target), output)
    found = measure(rows, np.arange(3))
    assert found is not None
    assert (found.values.tolist(), found.name) == (values, name)


def test_a_text_is_no_number() -> None:
    rows = dataset({"x": np.arange(2.0)}, {"x": "number"}, np.array(["a", "b"], dtype=object), Type(type="text"))
    assert measure(rows, np.arange(2)) is None
