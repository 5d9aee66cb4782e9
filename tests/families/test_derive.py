"""What is derived from columns: chosen where it tells something, left out where it does not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import make_run, make_task

from smeaton import plugins
from smeaton.compile.encode import learn
from smeaton.data.fold import Fold, Rows
from smeaton.families import _derive_seen
from smeaton.families._derive import derive
from smeaton.families._derive_cross import choose_pairs
from smeaton.families._derive_means import Targets, learn_means, targets_of
from smeaton.families._derive_pairs import choose_terms
from smeaton.families._derive_seen import Seen, remembered
from smeaton.families._ending import class_ending, number_ending
from smeaton.families._parts import recipe
from smeaton.runtime.ops._features import CATEGORIES, NUMBERS
from smeaton.task.table import PREDICTION, Array, Table, object_column
from smeaton.task.types import Type


def seen_of(x: Table, y: Array, kinds: dict[str, str], seed: int = 0, **roles: Any) -> Seen:
    """Generated columns as they are seen; integers are labels."""
    task = make_task("binary" if y.dtype == np.int64 else "number", {name: Type(type=kinds[name]) for name in x})  # type: ignore[arg-type]
    rows = Rows(x, y, None, np.arange(len(y)), roles.get("group"), roles.get("time"))
    ending = class_ending(task, rows) if task.is_class else number_ending(rows, False)
    features = recipe(task).columns(x)
    categories = features.get(CATEGORIES, np.empty((len(y), 0), dtype=object))
    vocabulary = learn(categories)
    codes = np.nan_to_num(vocabulary.codes(categories), nan=-1).astype(np.int64)
    numbers = features.get(NUMBERS, np.empty((len(y), 0)))
    return Seen(recipe(task), vocabulary, rows, numbers, codes, ending, seed)


def numbers_seen(how: str, size: int = 900, labels: bool = False, **roles: Any) -> Seen:
    rng = np.random.default_rng(3)
    x = {f"x{i}": rng.lognormal(0, 0.7, size) if i < 3 else rng.normal(size=size) for i in range(6)}
    told = {
        "ratio": 3.0 * (x["x0"] > 1.3 * x["x1"]),
        "difference": 3 * np.tanh(3 * (x["x3"] - x["x4"])),
        "product": 2 * x["x3"] * x["x4"],
        "none": np.sin(3 * x["x0"]),
    }[how]
    score = told + x["x5"] + 0.5 * rng.normal(size=size)
    y = (score > np.median(score)).astype(np.int64) if labels else score
    return seen_of(x, y, dict.fromkeys(x, "number"), **roles)


def categories_seen(crossed: bool, size: int = 1500) -> Seen:
    rng = np.random.default_rng(5)
    codes = rng.integers(0, 6, (size, 4))
    told = (codes[:, 1] + codes[:, 3]) % 2 if crossed else (codes[:, 1] > 2) + 0.5 * (codes[:, 3] == 1)
    x = {f"c{i}": object_column([f"{i}-{code}" for code in codes[:, i]]) for i in range(4)}
    return seen_of(x, told + 0.7 * rng.normal(size=size), dict.fromkeys(x, "category"))


@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize(
    ("how", "name", "columns"), [("ratio", "Div", {0, 1}), ("difference", "Sub", {3, 4}), ("product", "Mul", {3, 4})]
)
def test_the_term_that_tells_is_found_first(how: str, name: str, columns: set[int], labels: bool) -> None:
    terms = choose_terms(numbers_seen(how, labels=labels))
    assert terms[0][0] == name
    assert set(terms[0][1:]) == columns
    assert len(terms) <= 4


@pytest.mark.parametrize("labels", [False, True])
def test_there_are_no_terms_where_none_tells(labels: bool) -> None:
    assert choose_terms(numbers_seen("none", labels=labels)) == []
    assert choose_terms(numbers_seen("ratio", size=60, labels=labels)) == []  # and too few rows say nothing


def test_terms_are_chosen_within_groups_and_from_older_rows() -> None:
    time = np.arange(900).astype("datetime64[h]").astype("datetime64[us]")
    assert choose_terms(numbers_seen("product", time=time))[0] == ("Mul", 3, 4)
    assert choose_terms(numbers_seen("product", group=np.arange(900) // 30))[0] == ("Mul", 3, 4)
    assert choose_terms(numbers_seen("product", group=np.zeros(900, dtype=np.int64))) == []  # nothing to judge on


def test_the_pair_of_categories_that_tells_is_crossed() -> None:
    seen = categories_seen(True)
    assert choose_pairs(seen) == [(1, 3)]
    assert choose_pairs(categories_seen(False)) == []
    [(made, apart)] = derive(["cross"], seen)
    assert apart.shape == (1500, 1)
    serving = made.apply(seen.numbers, seen.codes)
    assert np.corrcoef(apart[:, 0], serving[:, 0])[0, 1] > 0.9
    assert np.corrcoef(apart[:, 0], seen.rows.y)[0, 1] > 0.5


def test_counts_are_shares_of_the_rows_and_0_for_what_is_rare() -> None:
    values = ["a"] * 50 + ["b"] * 30 + ["c"] * 17 + ["rare"] * 3
    x = {"c": object_column(values), "d": object_column(["same"] * 100)}
    seen = seen_of(x, np.arange(100.0), {"c": "category", "d": "category"})
    [(made, apart)] = derive(["counts"], seen)
    assert made.width == 1  # a column of one value has nothing to count
    assert sorted(set(apart[:, 0])) == [0.0, 0.17, 0.3, 0.5]
    assert apart[99, 0] == 0.0


def test_gaps_are_seconds_between_moments() -> None:
    first = np.array(["2024-01-01", "2024-01-02", "NaT"], dtype="datetime64[us]")
    second = np.array(["2024-01-02T00:00:01", "2024-01-01", "2024-01-01"], dtype="datetime64[us]")
    x = {"opened": first, "closed": second}
    kinds = {name: Type(type="timestamp", optional=True) for name in x}
    task = make_task("number", kinds)
    rows = Rows(x, np.arange(3.0), None, np.arange(3))
    numbers = recipe(task).columns(x)[NUMBERS]
    empty = np.empty((3, 0), dtype=object)
    seen = Seen(recipe(task), learn(empty), rows, numbers, empty.astype(np.int64), number_ending(rows, False), 0)
    [(_, apart)] = derive(["gaps"], seen)
    assert np.array_equal(apart, [[86401.0], [-86400.0], [np.nan]], equal_nan=True)


def test_nothing_is_derived_of_what_is_not_there() -> None:
    seen = seen_of({"x": np.arange(50.0)}, np.arange(50.0), {"x": "number"})
    assert derive(["counts", "pairs", "cross", "gaps"], seen) == []


def test_a_choice_is_made_once_for_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_derive_seen, "_CHOSEN", type(_derive_seen._CHOSEN)())
    asked: list[int] = []

    def choose(seen: Seen) -> list[int]:
        asked.append(len(seen.rows))
        return [len(asked)]

    seen, other = numbers_seen("ratio", 100), numbers_seen("product", 100)
    assert [remembered(choose, one) for one in (seen, seen, other, seen)] == [[1], [1], [2], [1]]
    assert seen.sample(40).numbers.tolist() == seen.sample(40).numbers.tolist()
    assert len(seen.sample(40).rows) == 40


def test_means_are_of_other_rows_and_shrunken() -> None:
    codes = np.array([[0]] * 8 + [[1]] * 2 + [[-1]] * 2)
    values = np.array([4.0] * 8 + [10.0, -10.0] + [0.0] * 2)[:, None]
    targets = Targets(values, np.ones(12), np.array([0.25]))
    half = np.arange(12) % 2
    splits = [(np.flatnonzero(half == 1), np.flatnonzero(half == 0))]
    means = learn_means(codes, [2], targets, splits)
    assert (means.apart[half == 1] == 0.25).all()  # answered by none
    assert means.tables[0].shape == (3, 1)
    mean = values.mean()
    assert mean < means.tables[0][0, 0] <= 4.0
    assert means.tables[0][2, 0] == mean  # two rare rows are too few to speak for all unseen values
    learnt = values[half == 1].mean()
    assert means.apart[10, 0] == pytest.approx(learnt, abs=1.0)  # one rare row hardly moves the mean of all


def test_the_commonest_labels_have_means() -> None:
    y = np.array([0] * 5 + [1] * 30 + [2] * 10 + [3] * 20)
    task = make_task("4", {"x": Type(type="number")})
    rows = Rows({}, y, np.full(65, 2.0), np.arange(65))
    targets = targets_of(rows, class_ending(task, rows), 2)
    assert targets.values.sum(axis=0).tolist() == [30, 20]
    assert targets.weight.tolist() == [1.0] * 65
    assert targets.nothing.tolist() == [0.25, 0.25]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "config"),
    [
        ("ratio", {"derive": ["pairs"]}),
        ("cross", {"derive": ["cross"]}),
        ("many", {"encode": "target"}),
    ],
)
def test_derived_columns_lower_the_loss_where_there_is_such_a_structure(
    how: str, config: dict[str, Any], tmp_path: Path
) -> None:
    ratios = []
    for seed in range(3):
        rng, size = np.random.default_rng(seed), 4000
        x: dict[str, Array] = {f"x{i}": rng.lognormal(0, 0.7, size) for i in range(5)}
        codes = rng.integers(0, 12 if how == "cross" else 300, (size, 3))
        x |= {f"c{i}": object_column([f"v{code}" for code in codes[:, i]]) for i in range(3)}
        effect = np.random.default_rng(99).normal(size=(300, 300))
        told = {
            "ratio": 2.0 * (x["x0"] > 1.3 * x["x1"]),
            "cross": effect[codes[:, 0], codes[:, 1]],
            "many": effect[codes[:, 0], 0] * 1.5,
        }[how]
        rows = Rows(x, told + 0.5 * rng.normal(size=size), None, np.arange(size))
        task = make_task("number", {name: Type(type="number" if name[0] == "x" else "category") for name in x})
        every = np.arange(size)
        fold = Fold(0, rows.take(every[:1200]), rows.take(every[1200:1500]), rows.take(every[1500:]).x, every[1500:])
        losses = []
        for one in ({}, config):
            fitted = plugins.load("families", "boosting").fit(
                task, {"num_leaves": 16, "learning_rate": 0.1, **one}, fold, make_run(tmp_path)
            )
            losses.append(float(np.square(fitted.predict(fold.held)[PREDICTION] - rows.y[1500:]).mean()))
        ratios.append(losses[1] / losses[0])
    assert np.mean(ratios) < 0.95
    assert max(ratios) < 1.0
