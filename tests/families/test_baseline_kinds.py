"""The constant answers to tasks with many labels, labels in order and structures."""

from typing import Any

import numpy as np
import pytest

from smeaton import plugins
from smeaton.data.fold import Fold, Rows
from smeaton.families import Refusal
from smeaton.families._constant import best_structure
from smeaton.task.profile import Profile
from smeaton.task.table import Array, object_column, take
from smeaton.task.task import Data, Task
from smeaton.task.types import Type
from smeaton.testing.conformance import check_family

SIZE = 60
TEXT = Type(type="text")
WHOLE = Type(type="integer")
INPUTS = {"text": TEXT, "n": Type(type="number")}
LISTS = Type(type="list", of=Type(type="category", labels=("a", "b", "c")))
ORDERED = Type(type="category", labels=("low", "mid", "high"), ordered=True)
SPANS = Type(type="list", of=Type(type="object", fields={"start": WHOLE, "end": WHOLE}))
ORDER = Type(type="object", fields={"item": TEXT, "amount": Type(type="number", optional=True)})


def of(item: str, amount: float | None) -> dict[str, Any]:
    return {"item": item, "amount": amount}


def task(kind: Type, metric: str | None = None) -> Task:
    return Task(data=Data(), inputs=INPUTS, output={"y": kind}, metric=metric)


def rows(y: Array, weight: Array | None = None) -> Rows:
    x = {"text": object_column([f"text {i}" for i in range(len(y))]), "n": np.arange(len(y), dtype=np.float64)}
    return Rows(x, y, weight, np.arange(len(y)))


def fold(y: Array) -> Fold:
    every = rows(y)
    parts = [
        Rows(take(every.x, index), every.y[index], None, index) for index in np.split(np.arange(len(y)), [40, 50])[:2]
    ]
    return Fold(0, parts[0], parts[1], take(every.x, np.arange(50, len(y))), np.arange(50, len(y)))


def targets(kind: Type) -> Array:
    rng = np.random.default_rng(1)
    if kind is LISTS:
        return (rng.random((SIZE, 3)) < [0.7, 0.3, 0.1]).astype(np.int8)
    if kind is ORDERED:
        return rng.integers(0, 3, SIZE)
    if kind is SPANS:
        return object_column([[] if i % 2 else [{"start": 0, "end": 4}] for i in range(SIZE)])
    return object_column([{"item": f"i{i % 3}", "amount": None if i % 4 else 2.5} for i in range(SIZE)])


@pytest.mark.parametrize("kind", [LISTS, ORDERED, SPANS, ORDER], ids=["many", "ordered", "spans", "fields"])
def test_it_is_a_family_for_every_kind(kind: Type) -> None:
    for metric in (None, "exact_match") if kind is not ORDERED else ("ranked_probability", "log_loss"):
        check_family(
            plugins.load("families", "baseline"),
            task(kind, metric),
            fold(targets(kind)),
            Profile(rows=SIZE, columns=()),
        )


def test_shares_of_labels_and_those_of_half_of_the_rows() -> None:
    y = targets(LISTS)
    fitted = plugins.load("families", "baseline").fit(task(LISTS), {}, fold(y), None)
    answers = fitted.predict(rows(y).x)
    assert answers["probability"][0] == pytest.approx((y[:40].sum(axis=0) + 0.5) / 41)
    assert answers["prediction"].tolist() == [["a"]] * SIZE


def test_the_median_or_the_likeliest_of_labels_in_order() -> None:
    y = np.array([0] * 16 + [1] * 10 + [2] * 14 + [0] * 20)
    for metric, label in (("quadratic_kappa", "mid"), ("accuracy", "low"), (None, "mid")):
        fitted = plugins.load("families", "baseline").fit(task(ORDERED, metric), {}, fold(y), None)
        answers = fitted.predict(rows(y).x)
        assert answers["probability"][0].argmax() == 0
        assert answers["prediction"].tolist() == [label] * SIZE


@pytest.mark.parametrize(
    ("kind", "values", "metric", "best"),
    [
        (SPANS, [[]] * 3 + [[{"start": 0, "end": 4}]] * 7, "exact_match", [{"start": 0, "end": 4}]),
        (SPANS, [[]] * 6 + [[{"start": 0, "end": i}] for i in range(4)], "exact_match", []),
        (ORDER, [of("a", 2.0)] * 6 + [of("b", None)] * 4, "exact_match", of("a", 2.0)),
        (ORDER, [of("a", float(i)) for i in range(6)] + [of("a", None)] * 4, "exact_match", of("a", None)),
        (ORDER, [of("a", 1.0)] * 8 + [of("b", 3.0)] * 2, "field_f1", of("a", 1.0)),
    ],
)  # fmt: skip
def test_the_constant_that_the_metric_likes_best(kind: Type, values: list[Any], metric: str, best: Any) -> None:
    assert best_structure(task(kind, metric), rows(object_column(values))) == best
    assert best_structure(task(kind, metric), rows(object_column(values[::-1]))) == best, "whatever the order of rows"


def test_weights_count() -> None:
    values = object_column([[]] * 6 + [[{"start": 0, "end": 4}]] * 4)
    weight = np.array([0.1] * 6 + [1.0] * 4)
    assert best_structure(task(SPANS, "exact_match"), rows(values, weight)) == [{"start": 0, "end": 4}]


@pytest.mark.parametrize("name", ["linear", "boosting"])
@pytest.mark.parametrize("kind", [SPANS, ORDER])
def test_families_of_labels_refuse_structures(name: str, kind: Type) -> None:
    space = plugins.load("families", name).space(task(kind), Profile(rows=SIZE, columns=()))
    assert isinstance(space, Refusal)


def test_the_commonest_text_by_weight() -> None:
    y = object_column(["b", "a", "a", "b", "c"])
    baseline = plugins.load("families", "baseline")
    for weight, text in ((None, "a"), (np.array([1.0, 1.0, 1.0, 1.0, 9.0]), "c")):
        held = rows(y, weight)
        fitted = baseline.fit(task(TEXT), {}, Fold(0, held, held, held.x, held.index), None)
        assert set(fitted.predict(held.x)["prediction"].tolist()) == {text}
