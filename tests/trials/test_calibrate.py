"""Calibration: finds what was bent, never harms what it was not asked about, never sees its own fold's targets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.compile.calibrate import apply
from smeaton.task.table import Array
from smeaton.trials.calibrate import MIN_ROWS, Scored, cross_fit, fit, fit_checked, halves_of, log_loss, scored


def drawn(rows: int, labels: int, bend: float, seed: int, shift: float = 0.0) -> Scored:
    """Rows whose true log-odds were multiplied by `bend` (and moved by `shift`, two labels) in what is reported."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=1.5, size=(rows, labels))
    true = softmax(logits)
    y = (true.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1)
    logits = logits * bend
    logits[:, -1] += shift
    return Scored(softmax(logits), y, np.ones(rows))


def softmax(logits: Array) -> Array:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("labels", [2, 4])
def test_overconfidence_is_undone(labels: int) -> None:
    part = drawn(20_000, labels, bend=3.0, seed=1)
    step = fit(part)
    assert step is not None
    fresh = drawn(20_000, labels, bend=3.0, seed=2)
    honest = drawn(20_000, labels, bend=1.0, seed=2)
    after = log_loss(apply(step, fresh.probability), fresh.y).mean()
    assert after == pytest.approx(log_loss(honest.probability, honest.y).mean(), abs=2e-3)
    assert after < log_loss(fresh.probability, fresh.y).mean() - 0.1


def test_platt_finds_slope_and_shift() -> None:
    step = fit(drawn(50_000, 2, bend=2.0, seed=3, shift=1.0))
    assert step is not None
    assert step.kind == "platt"
    assert step.a == pytest.approx(0.5, abs=0.02)
    assert step.b == pytest.approx(-0.5, abs=0.03)


@pytest.mark.parametrize("labels", [2, 3])
def test_weights_count_as_repeated_rows(labels: int) -> None:
    part = drawn(400, labels, bend=2.0, seed=4)
    weight = np.random.default_rng(0).integers(1, 4, 400)
    index = np.repeat(np.arange(400), weight)
    weighted = fit(Scored(part.probability, part.y, weight.astype(float)))
    repeated = fit(Scored(part.probability[index], part.y[index], np.ones(len(index))))
    assert weighted is not None
    assert repeated is not None
    # Platt's smoothed targets count weights relative to their mean, so two labels agree only nearly.
    assert weighted.a == pytest.approx(repeated.a, abs=1e-9 if labels > 2 else 0.02)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.integers(0, 120),
    labels=st.integers(2, 5),
    seed=st.integers(0, 2**20),
    sharp=st.sampled_from([0.0, 0.01, 1.0, 50.0, 1000.0]),
    weights=st.sampled_from(["one", "zero", "some", "huge"]),
    classes=st.sampled_from(["all", "one", "first right", "first wrong"]),
)
def test_degenerate_rows_never_break_it(
    rows: int, labels: int, seed: int, sharp: float, weights: str, classes: str
) -> None:
    rng = np.random.default_rng(seed)
    chance = softmax(rng.normal(size=(rows, labels)) * sharp)
    y = {
        "all": rng.integers(0, labels, rows),
        "one": np.zeros(rows, dtype=np.int64),
        "first right": chance.argmax(axis=1) if rows else np.zeros(0, dtype=np.int64),
        "first wrong": chance.argmin(axis=1) if rows else np.zeros(0, dtype=np.int64),
    }[classes]
    mass = {"one": None, "zero": np.zeros(rows), "some": rng.random(rows), "huge": rng.random(rows) * 1e12}[weights]
    part = scored(chance, y, mass)
    for step in (fit(part), fit_checked(part)):
        if step is None:
            continue
        after = apply(step, chance)
        assert np.isfinite(after).all()
        assert np.allclose(after.sum(axis=1), 1.0)
        assert step.a > 0


def test_few_rows_one_label_and_constant_answers_teach_nothing() -> None:
    part = drawn(MIN_ROWS - 1, 2, 3.0, 0)
    assert fit(part) is None
    part = drawn(200, 2, 3.0, 0)
    assert fit(Scored(part.probability, np.zeros(200, dtype=np.int64), part.weight)) is None
    assert fit(Scored(np.full((200, 2), 0.5), part.y, part.weight)) is None
    assert fit(Scored(part.probability[:, ::-1], part.y, part.weight)) is None  # it would turn the ranking around


def test_unusable_rows_are_left_out() -> None:
    chance = np.array([[0.5, 0.5], [np.nan, 0.5], [0.2, 0.2], [np.inf, 0.0], [0.1, 0.9]])
    kept = scored(chance, np.array([0, 0, 0, 0, 1]), np.array([1.0, 1, 1, 1, 0]))
    assert kept.probability.tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize("folds", [2, 3, 5])
@pytest.mark.parametrize("labels", [2, 3])
def test_a_folds_own_targets_do_not_matter(folds: int, labels: int) -> None:
    parts = [drawn(300, labels, 3.0, seed) for seed in range(folds)]
    before = cross_fit(parts)
    first = parts[0]
    turned = Scored(first.probability, (first.y + 1) % labels, first.weight)
    assert cross_fit([turned, *parts[1:]])[0] == before[0]
    assert before[0] is not None


@pytest.mark.parametrize("folds", [2, 4])
def test_it_is_kept_only_where_it_helps(folds: int) -> None:
    bent = cross_fit([drawn(500, 3, 4.0, seed) for seed in range(folds)])
    assert all(step is not None for step in bent)
    noise = []
    rng = np.random.default_rng(5)
    for seed in range(folds):
        part = drawn(40, 3, 1.0, seed)
        noise.append(Scored(part.probability, rng.integers(0, 3, 40), part.weight))
    steps = cross_fit(noise)
    lost = [
        0.0
        if step is None
        else float((log_loss(apply(step, p.probability), p.y) - log_loss(p.probability, p.y)).mean())
        for step, p in zip(steps, noise, strict=True)
    ]
    assert np.mean(lost) <= 0.05


def test_one_fold_cannot_be_cross_fitted() -> None:
    with pytest.raises(ValueError, match="two folds"):
        cross_fit([drawn(100, 2, 1.0, 0)])


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.booleans())
def test_halves_keep_groups_whole_and_moments_in_order(codes: list[int], in_time: bool) -> None:
    known = np.array(codes)
    half = halves_of(None if in_time else known, known.astype("datetime64[us]") if in_time else None)
    assert half is not None
    assert set(half.tolist()) <= {0, 1}
    for code in set(codes):
        assert len(set(half[known == code].tolist())) == 1
    if in_time and half.any():
        assert known[half == 0].max() < known[half == 1].min()
    assert halves_of(None, None) is None


def test_what_helps_one_period_only_is_not_kept() -> None:
    rng = np.random.default_rng(0)
    score = rng.normal(size=2_000)
    chance = 1 / (1 + np.exp(-3 * score))
    newer = np.arange(2_000) >= 1_000
    # Overconfident at first, underconfident later.
    y = (rng.random(2_000) < 1 / (1 + np.exp(-np.where(newer, 9.0, 1.0) * score))).astype(np.int64)
    both = np.stack([1 - chance, chance], axis=1)
    time = np.arange(2_000).astype("datetime64[us]")
    assert fit_checked(scored(both, y, None)) is not None
    assert fit_checked(scored(both, y, None, halves_of(None, time)), forward=True) is None
