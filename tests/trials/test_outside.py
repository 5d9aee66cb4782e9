"""What is learnt from answers: outside rows are told apart, the share asked for is caught, noise is left alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.runtime.ops.reject import reject
from smeaton.trials.calibrate import Scored
from smeaton.trials.outside import KEPT, fit, wilson

OUT = 3


def answers(inside: int, outside: int, seed: int = 0, own: float = 0.5) -> Scored:
    """Sure answers to inside rows, doubtful ones to outside rows, whose own label has `own` more log-odds."""
    rng = np.random.default_rng(seed)
    y = np.concatenate([rng.integers(0, 3, inside), np.full(outside, OUT)])
    score = rng.normal(0, 1, (len(y), 4))
    score[:, OUT] -= 2
    score[np.arange(inside), y[:inside]] += 4
    score[inside:, OUT] += own
    chance = np.exp(score)
    return Scored(chance / chance.sum(axis=1, keepdims=True), y, np.ones(len(y)))


def caught_and_kept(part: Scored, seed: int, recall: float | None, examples: int = 150) -> tuple[float, float]:
    found = fit(part, OUT, recall)
    assert found is not None
    fresh = answers(4000, 4000, seed=seed + 1000)
    code, _ = reject(fresh.probability, found.outside, found.coefficients, found.threshold)
    is_out = fresh.y == OUT
    return float((code[is_out] == OUT).mean()), float((code[~is_out] != OUT).mean())


def test_doubt_and_the_labels_own_share_tell_outside_rows() -> None:
    caught, kept = caught_and_kept(answers(1500, 150), 0, None)
    assert caught > 0.75
    assert kept > 0.75


@pytest.mark.parametrize("recall", [0.5, 0.8, 0.95])
def test_the_recall_asked_for_is_met_on_new_rows(recall: float) -> None:
    shares = [caught_and_kept(answers(900, 120, seed), seed, recall)[0] for seed in range(12)]
    assert abs(np.mean(shares) - recall) < 0.04


def test_more_recall_never_keeps_more() -> None:
    part = answers(900, 150)
    kept = [caught_and_kept(part, 0, recall)[1] for recall in (0.3, 0.6, 0.9, 0.97)]
    assert kept == sorted(kept, reverse=True)


def test_how_sure_the_recall_is_of_few_examples_is_said() -> None:
    part = answers(500, 12, own=4.0)
    found = fit(part, OUT, 0.9)
    assert found is not None
    assert "91.7% of the examples are caught (95 % interval 65% to 99%); 90% was asked for" in found.said
    assert found.examples == 12


def test_without_examples_most_rows_are_kept() -> None:
    part = answers(2000, 0)
    found = fit(part, OUT, 0.8)
    assert found is not None
    assert (found.examples, "no examples" in found.said) == (0, True)
    code, _ = reject(part.probability, OUT, found.coefficients, found.threshold)
    assert 0.94 <= (code != OUT).mean() <= 1.0
    assert (code != OUT).mean() >= KEPT
    caught, kept = caught_and_kept(part, 5, None)
    assert caught > 1.5 * (1 - kept)


def test_constant_answers_reject_nothing() -> None:
    y = np.arange(400) % 4
    same = Scored(np.tile([0.4, 0.3, 0.2, 0.1], (400, 1)), y, np.ones(400))
    assert fit(same, OUT, None) is None
    assert fit(same, OUT, 0.9) is None
    inside = y != OUT
    assert fit(Scored(same.probability[inside], y[inside], np.ones(300)), OUT, None) is None


def test_answers_of_a_few_constants_keep_their_rows() -> None:
    """A constant answer that differs by fold must not turn a whole fold away."""
    chance = np.repeat(np.random.default_rng(0).dirichlet([50] * 4, 5), 100, axis=0)
    y = np.arange(500) % 3
    found = fit(Scored(chance, y, np.ones(500)), OUT, None)
    assert found is not None
    code, _ = reject(chance, OUT, found.coefficients, found.threshold)
    assert (code != OUT).mean() >= KEPT


def test_noise_is_not_taken_for_a_sign() -> None:
    """Outside rows that look like all others: nothing is rejected, in nearly all draws."""
    found = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        y = rng.permutation(np.concatenate([rng.integers(0, 3, 600), np.full(60, OUT)]))
        found.append(fit(Scored(rng.dirichlet([1] * 4, 660), y, np.ones(660)), OUT, None))
    assert sum(one is None for one in found) >= 7


def test_how_many_outside_rows_came_does_not_move_the_line() -> None:
    """Prior-free: a tenth of the inside rows gives about the same threshold."""
    many, few = answers(6000, 300), answers(600, 300)
    scores = []
    for part in (many, few):
        found = fit(part, OUT, None)
        assert found is not None
        code, _ = reject(answers(3000, 3000, 77).probability, OUT, found.coefficients, found.threshold)
        scores.append((code == OUT).mean())
    assert scores[0] == pytest.approx(scores[1], abs=0.06)


def test_weights_are_repeated_rows() -> None:
    part = answers(300, 60)
    times = np.random.default_rng(1).integers(1, 4, 360)
    many = np.repeat(np.arange(360), times)
    weighed = fit(Scored(part.probability, part.y, times.astype(np.float64)), OUT, None)
    repeated = fit(Scored(part.probability[many], part.y[many], np.ones(len(many))), OUT, None)
    assert weighed is not None
    assert repeated is not None
    rows = answers(2000, 2000, 5).probability
    one, other = (reject(rows, OUT, found.coefficients, found.threshold)[0] for found in (weighed, repeated))
    assert (one == other).mean() > 0.93


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 1), st.integers(1, 5000))
def test_the_interval_of_a_share_holds_it(share: float, rows: int) -> None:
    low, high = wilson(share, rows, 1.96)
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1
    assert wilson(share, 10 * rows, 1.96)[0] >= low - 1e-12
