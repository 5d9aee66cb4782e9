"""Rules that choose a label: best for their metric on new rows, and sure of the bars they hold."""

import numpy as np
import pytest

from smeaton import plugins
from smeaton.metrics._intervals import mean
from smeaton.runtime.ops._decide import cut, heaviest
from smeaton.task.table import Array, object_column
from smeaton.trials._confusions import balanced_accuracy, confusion, f1_of, kappa, macro_f1
from smeaton.trials.calibrate import Scored
from smeaton.trials.rules import Goal, Rule, fit, plain, worth


def rare(rows: int, seed: int = 0) -> Scored:
    """Two labels with right probabilities, one row in ten of the second."""
    rng = np.random.default_rng(seed)
    chance = rng.beta(0.5, 4.5, rows)
    return Scored(np.column_stack([1 - chance, chance]), (rng.random(rows) < chance).astype(np.int64), np.ones(rows))


def several(rows: int, seed: int = 0, ordered: bool = False) -> Scored:
    """Four labels, the last ones ever rarer; the order of `ordered` ones is felt in the probabilities."""
    rng = np.random.default_rng(seed)
    if ordered:
        middle = rng.normal(0.8, 1.2, rows)
        chance = np.exp(-np.square(np.arange(4) - middle[:, None]) * 0.7) * [1.0, 0.8, 0.5, 0.3]
        chance /= chance.sum(axis=1, keepdims=True)
    else:
        chance = rng.dirichlet([2.0, 1.0, 0.5, 0.3], rows)
    y = (chance.cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1)
    return Scored(chance, np.minimum(y, 3), np.ones(rows))


def said(part: Scored, rule: Rule | None, metric: str) -> Array:
    if rule is None:
        return plain(part, metric)
    if rule.cuts is not None:
        return cut(part.probability, rule.cuts)
    return heaviest(part.probability, rule.weights or ())


@pytest.mark.parametrize("name", ["f1", "macro_f1", "balanced_accuracy", "quadratic_kappa"])
def test_the_tables_give_the_metrics_own_values(name: str) -> None:
    part = rare(300) if name == "f1" else several(300)
    labels = ("no", "yes") if name == "f1" else ("a", "b", "c", "d")
    answers = plain(part, "macro_f1")
    metric = plugins.load("metrics", name)
    stats = metric.rows({"prediction": object_column(labels)[answers]}, part.y, labels)
    of = {"f1": f1_of, "macro_f1": macro_f1, "balanced_accuracy": balanced_accuracy, "quadratic_kappa": kappa}[name]
    table = confusion(part.y, answers, part.weight, len(labels))
    assert float(of(table)) == pytest.approx(mean(metric, stats))
    assert of(np.stack([table, table])).shape == (2,)


@pytest.mark.parametrize("metric", ["f1", "macro_f1", "balanced_accuracy"])
def test_a_threshold_beats_a_half_on_new_rows(metric: str) -> None:
    rule, _ = fit(rare(3_000), Goal(metric))
    assert rule is not None
    assert rule.weights is not None
    new = rare(8_000, seed=1)
    assert worth(new, said(new, rule, metric), metric) > worth(new, plain(new, metric), metric) + 0.05
    if metric == "balanced_accuracy":  # best where a label weighs as much as it is rare
        assert rule.weights[0] == pytest.approx(0.1, abs=0.05)


@pytest.mark.parametrize("metric", ["macro_f1", "balanced_accuracy"])
def test_weights_beat_the_likeliest_on_new_rows(metric: str) -> None:
    rule, _ = fit(several(3_000), Goal(metric))
    assert rule is not None
    new = several(8_000, seed=1)
    assert worth(new, said(new, rule, metric), metric) > worth(new, plain(new, metric), metric) + 0.02


def test_cuts_beat_the_median_on_new_rows() -> None:
    rule, _ = fit(several(3_000, ordered=True), Goal("quadratic_kappa"))
    assert rule is not None
    assert rule.cuts is not None
    assert list(rule.cuts) == sorted(rule.cuts)
    new = several(8_000, seed=1, ordered=True)
    kappas = [worth(new, said(new, one, "quadratic_kappa"), "quadratic_kappa") for one in (rule, None)]
    assert kappas[0] > kappas[1] + 0.005


def test_rules_of_noise_are_not_kept() -> None:
    """Where probabilities tell nothing but the shares, no rule may do worse than the likeliest on new rows by much."""
    rng = np.random.default_rng(2)
    kept = 0
    for seed in range(20):
        y = np.random.default_rng(seed).integers(0, 2, 60)
        chance = rng.uniform(0.4, 0.6, 60)
        kept += (
            fit(Scored(np.column_stack([1 - chance, chance]), y, np.ones(60)), Goal("balanced_accuracy"))[0] is not None
        )
    assert kept < 16


@pytest.mark.parametrize("name", ["recall", "precision"])
def test_a_bar_is_held_on_new_rows_as_surely_as_is_said(name: str) -> None:
    bar = {"recall": 0.8, "precision": 0.25}[name]
    lower = []
    for seed in range(15):
        part = rare(4_000, seed)
        rule, note = fit(part, Goal("", {name: bar}, ahead=0.5))
        assert rule is not None, note
        new = rare(2_000, 1_000 + seed)
        table = confusion(new.y, said(new, rule, ""), new.weight, 2)
        right, of = table[1, 1], table[1].sum() if name == "recall" else table[:, 1].sum()
        share = right / of
        lower.append(share - 1.96 * np.sqrt(share * (1 - share) / of) >= bar)
        # Of few rows that are called true an interval is wide, and the bar far below the middle.
        assert share < bar + (0.15 if name == "recall" else 0.4), "no more is given up than the bar asks for"
    assert np.mean(lower) >= 0.7


def test_a_bar_comes_before_the_metric() -> None:
    part = rare(4_000)
    best, _ = fit(part, Goal("f1"))
    both, _ = fit(part, Goal("f1", {"recall": 0.9}))
    assert best is not None
    assert both is not None
    recall = {name: confusion(part.y, said(part, one, ""), part.weight, 2)[1, 1] for name, one in
              (("best", best), ("both", both))}  # fmt: skip
    assert recall["both"] >= 0.9 * part.y.sum() > recall["best"]


def test_a_bar_that_cannot_be_held_is_said() -> None:
    rule, note = fit(rare(60), Goal("", {"recall": 0.95}))
    assert rule is None
    assert note == "no threshold is sure to hold recall >= 0.95"
    rule, note = fit(rare(4_000), Goal("", {"recall": 0.9, "precision": 0.9}))
    assert rule is None
    assert "recall >= 0.9 and precision >= 0.9" in note


def test_nothing_is_learnt_from_one_label_or_no_row() -> None:
    part = rare(100)
    one = part.y == 0
    assert fit(Scored(part.probability[one], part.y[one], part.weight[one]), Goal("f1")) == (None, "")
    none = np.zeros(0, dtype=np.int64)
    assert fit(Scored(np.zeros((0, 2)), none, np.zeros(0)), Goal("f1")) == (None, "")


def test_weights_are_repeated_rows() -> None:
    part = rare(1_000)
    times = np.random.default_rng(3).integers(0, 3, 1_000)
    many = np.repeat(np.arange(1_000), times)
    weighed = Scored(part.probability, part.y, times.astype(np.float64))
    repeated = Scored(part.probability[many], part.y[many], np.ones(len(many)))
    rules = [fit(one, Goal("f1"))[0] for one in (weighed, repeated)]
    assert rules[0] is not None
    assert rules[1] is not None
    values = [worth(repeated, said(repeated, one, "f1"), "f1") for one in rules]
    assert values[0] == pytest.approx(values[1], abs=0.01)
