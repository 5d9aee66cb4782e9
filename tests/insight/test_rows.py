"""Near-copies and contradictions as the report names them; suspects of numbers whose errors grow with the answer."""

from typing import Any

import numpy as np
import pytest
from tests.data._make import classes, with_table

from smeaton.data.split import make_folds, split_test
from smeaton.insight.forms import Report
from smeaton.insight.rows import conflicting, near_copies
from smeaton.insight.suspects import judged, studentised
from smeaton.insight.text import render
from smeaton.quality.forms import Drift, Shift
from smeaton.task.table import object_column
from smeaton.task.types import Type

TYPES = {"a": Type(type="number"), "b": Type(type="category")}


def copied() -> Any:
    rng = np.random.default_rng(0)
    again = rng.permutation(np.concatenate([np.arange(400), np.arange(100)]))
    a = (rng.normal(size=400) * 1_000)[again]
    b = [f"thing {one}" for one in rng.integers(0, 300, 400)[again]]
    y = rng.integers(0, 2, 400)[again]
    ids = object_column([f"r{place}" for place in range(500)])
    return with_table(classes(y, ids=ids), {"a": a, "b": object_column(b)}, TYPES)


def test_near_copies_are_named_with_their_places() -> None:
    dataset = copied()
    train, _ = split_test(dataset, 0)
    found, notes = near_copies(dataset, make_folds(dataset, train, 4, 0))
    assert [one.between for one in found] == ["training rows and the sealed test", "folds"]
    assert notes == ()
    across, folds = found
    assert across.of == 100
    assert 20 <= across.rows <= 60
    assert across.same >= 0.9
    assert {pair.parts for pair in across.pairs} <= {("training", "test"), ("test", "training")}
    assert all(one.first.id and one.likeness > 0.99 for one in across.pairs)
    assert {part for pair in folds.pairs for part in pair.parts} <= {f"fold {number}" for number in (1, 2, 3, 4)}


def test_contradictions_bound_what_can_be_right() -> None:
    table = {"a": np.repeat(np.arange(50.0), 4), "b": object_column(["x"] * 200)}
    y = np.tile([0, 0, 0, 1], 50)
    shown, rows, attainable = conflicting(with_table(classes(y), table, TYPES), np.arange(200))
    assert rows == 200
    assert attainable == 0.75
    assert shown[0].answers == (("l0", 3), ("l1", 1))
    assert len(shown[0].examples) == 3
    clean = with_table(classes(y), {**table, "a": np.arange(200.0)}, TYPES)
    assert conflicting(clean, np.arange(200)) == ((), 0, None)


def test_errors_that_grow_with_the_answer_make_no_suspects(evidence: Any) -> None:
    rng = np.random.default_rng(0)
    said = rng.uniform(1, 100, 2_000)
    target = said + rng.normal(size=2_000) * said / 10
    target[5] = said[5] + 6 * said[5] / 10
    made = evidence(["x"] * 2_000, target, output=Type(type="number"), prediction=said)
    shown, count, expected = judged(made, 50)
    assert shown[0].example.row == 6
    assert count <= 4
    assert expected < 8
    plain = np.abs(target - said) / (1.4826 * np.median(np.abs(target - said)))
    assert (plain > 4).sum() > 20  # in units of all errors the large answers would be suspects
    assert np.isfinite(studentised(target, np.where(said > 50, np.nan, said))).all()
    assert not studentised(target, np.full(2_000, np.nan)).any()


def test_heavy_tails_are_expected(evidence: Any) -> None:
    rng = np.random.default_rng(0)
    said = rng.normal(size=4_000)
    target = said + rng.standard_t(3, 4_000)
    made = evidence(["x"] * 4_000, target, output=Type(type="number"), prediction=said)
    _, count, expected = judged(made, 50)
    assert count > 20
    assert expected == pytest.approx(count, rel=0.5)


def test_as_many_suspects_as_chance_makes_where_every_label_is_right(evidence: Any) -> None:
    rng = np.random.default_rng(0)
    chance = rng.dirichlet([0.3, 0.3, 0.3], 6_000)
    given = (rng.random(6_000)[:, None] > chance.cumsum(axis=1)).sum(axis=1).clip(0, 2)  # calibrated
    _, count, expected = judged(evidence(["x"] * 6_000, given, chance), 50)
    assert count > 100
    assert expected == pytest.approx(count, rel=0.15)
    wrong = rng.random(6_000) < 0.1
    noisy = np.where(wrong, (given + 1) % 3, given)
    _, more, same = judged(evidence(["x"] * 6_000, noisy, chance), 50)
    assert more > 1.4 * same


def test_the_report_says_it_in_words() -> None:
    drift = Drift(
        first="the training rows",
        second="the sealed test",
        rows=(80, 20),
        shifts=(
            Shift(column="x", what="values", distance=0.3, psi=0.4, p=0.001),
            Shift(column="gaps", what="missing", distance=0.2, p=0.001, first=0.1, second=0.3),
            Shift(column="town", what="unseen", distance=0.05, p=0.001, first=0.0, second=0.05),
        ),
        tested=9,
        auc=0.8,
        low=0.7,
        high=0.9,
        p=0.0001,
        told_by=("x",),
    )
    dataset = copied()
    near, _ = near_copies(dataset, make_folds(dataset, split_test(dataset, 0)[0], 1, 0))
    said = render(
        Report(task="t", target="y", solution="linear", trial="k", rows=100, suspected=4, expected=1.2, near=near,
               drifts=(drift, Drift(first="a", second="b", rows=(1, 1), p=0.5, auc=0.5)))
    )  # fmt: skip
    for words in (
        "the sealed test against the training rows: 3 of 9 comparisons", "AUC of 0.80 (0.70 to 0.90), by 'x'",
        "'x' much otherwise: stability index 0.40", "'gaps' missing in 30.0% instead of 10.0%",
        "'town' holds values never seen before in 5.0%", "between training rows and the sealed test:",
    ):  # fmt: skip
        assert words in said
    assert "b against a" not in said
