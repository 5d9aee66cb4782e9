import numpy as np
import pytest

from smeaton.errors import TaskError
from smeaton.metrics._custom import custom
from smeaton.metrics._intervals import interval, mean
from smeaton.task.table import Array, Table, object_column


def hits(answers: Table, target: Array) -> Array:
    return np.asarray(answers["prediction"] == target, dtype=float)


hits.better = "higher"  # type: ignore[attr-defined]


def spread(answers: Table, target: Array) -> float:
    return float(np.median(np.abs(answers["prediction"] - target)))


spread.better = "lower"  # type: ignore[attr-defined]


def test_a_number_a_row_is_averaged_and_sees_labels() -> None:
    metric = custom(hits, "m.py:hits")
    rows = metric.rows({"prediction": object_column(["a", "b", "b"])}, np.array([0, 1, 0]), ("a", "b"))
    assert rows.tolist() == [[1.0], [1.0], [0.0]]
    assert mean(metric, rows, np.array([1.0, 1.0, 2.0])) == 0.5


def test_an_invalid_row_takes_the_worst() -> None:
    answers = {"prediction": object_column(["a", "a", "a"]), "error": object_column([None, None, "timed out"])}
    target = np.array([0, 0, 0])
    assert custom(hits, "m.py:hits").rows(answers, target, ("a", "b")).tolist() == [[1.0], [1.0], [1.0]]
    hits.worst = -5.0  # type: ignore[attr-defined]
    try:
        assert custom(hits, "m.py:hits").rows(answers, target, ("a", "b")).tolist() == [[1.0], [1.0], [-5.0]]
    finally:
        del hits.worst  # type: ignore[attr-defined]


@pytest.mark.parametrize("grouped", [False, True])
def test_a_number_for_the_table_keeps_its_value_and_gets_a_width(grouped: bool) -> None:
    metric = custom(spread, "m.py:spread")
    generator = np.random.default_rng(0)
    target = generator.normal(size=3000)
    groups = np.repeat(np.arange(300), 10) if grouped else None
    answers = {"prediction": target + (generator.normal(size=300)[groups] if grouped else generator.normal(size=3000))}
    rows = metric.rows(answers, target, (), None, groups)
    value, low, high = interval(metric, rows, None, groups)
    assert value == pytest.approx(spread(answers, target))
    effective = 300 if grouped else 3000
    expected = 2 * 1.96 * np.sqrt(1 / (4 * effective)) / (2 * 0.3178)  # of the median of |N(0, 1)|: density 0.6356
    assert 0.5 * expected < high - low < 1.7 * expected


def test_what_a_function_must_say_and_return() -> None:
    with pytest.raises(TaskError, match="higher or lower"):
        custom(lambda answers, target: 0.0, "m.py:silent")
    with pytest.raises(TaskError, match="not a function"):
        custom(3, "m.py:three")

    def strange(answers: Table, target: Array) -> Array:
        return np.zeros((2, 2))

    strange.better = "lower"  # type: ignore[attr-defined]
    with pytest.raises(TaskError, match=r"shape \(2, 2\) for 3 rows"):
        custom(strange, "m.py:strange").rows({}, np.zeros(3), ())

    def broken(answers: Table, target: Array) -> float:
        return float("nan")

    broken.better = "lower"  # type: ignore[attr-defined]
    with pytest.raises(TaskError, match="returned nan"):
        custom(broken, "m.py:broken").rows({}, np.zeros(3), ())
    broken.worst = 9.0  # type: ignore[attr-defined]
    assert mean(custom(broken, "m.py:broken"), custom(broken, "m.py:broken").rows({}, np.zeros(3), ())) == 9.0
