"""The choice of rows: unsure ones before sure ones, all kinds of rows before more of the same, and some at random."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.labelling.pick import pick, rarity, uncertainty
from smeaton.task.table import Array


def clusters(sizes: list[int], dimensions: int = 16, spread: float = 0.05, seed: int = 0) -> tuple[Array, Array]:
    draw = np.random.default_rng(seed)
    of = np.repeat(np.arange(len(sizes)), sizes)
    vectors = np.eye(dimensions)[of] + spread * draw.normal(size=(len(of), dimensions))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), of


def test_unsure_rows_come_first() -> None:
    vectors, _ = clusters([100] * 8)
    unsure = np.full(800, 0.01)
    chosen = np.random.default_rng(1).choice(800, 200, replace=False)
    unsure[chosen] = 0.9
    found = pick(vectors, unsure, 40)
    guided = found.rows[~found.random]
    assert np.isin(guided, chosen).mean() > 0.95


def test_every_cluster_is_covered_before_one_is_asked_again() -> None:
    vectors, of = clusters([500, 40, 40, 40, 40])
    found = pick(vectors, None, 5, random_share=0.0)
    assert sorted(of[found.rows].tolist()) == [0, 1, 2, 3, 4]
    at_random = np.random.default_rng(0).choice(660, 5, replace=False)
    assert len(set(of[at_random].tolist())) < 5


def test_what_labelled_rows_cover_is_not_asked_again() -> None:
    vectors, of = clusters([100, 100, 100])
    known = vectors[of < 2]
    found = pick(vectors, None, 4, labelled=known, random_share=0.0)
    assert of[found.rows[0]] == 2
    assert (of[found.rows] == 2).sum() >= 2


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 60), st.integers(1, 80), st.floats(0, 1), st.integers(0, 3), st.booleans())
def test_a_choice_has_each_row_once_and_as_many_as_asked(
    total: int, count: int, share: float, seed: int, sure: bool
) -> None:
    vectors = np.random.default_rng(0).normal(size=(total, 4)).astype(np.float32)
    unsure = None if sure else np.random.default_rng(1).random(total)
    found = pick(vectors, unsure, count, seed=seed, random_share=share)
    wanted = min(total, count)
    assert len(found.rows) == len(set(found.rows.tolist())) == len(found.random) == wanted
    assert found.random.sum() == round(share * wanted)
    again = pick(vectors, unsure, count, seed=seed, random_share=share)
    assert (again.rows == found.rows).all()


def test_a_tenth_is_random_and_spread_over_the_batch() -> None:
    vectors, _ = clusters([200, 200])
    found = pick(vectors, np.linspace(0, 1, 400), 100)
    assert found.random.sum() == 10
    assert 4 <= found.random[:50].sum() <= 6
    other = pick(vectors, np.linspace(0, 1, 400), 100, seed=1)
    assert set(other.rows[other.random].tolist()) != set(found.rows[found.random].tolist())


def test_uncertainty_is_one_less_the_margin() -> None:
    chances = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.6, 0.3, 0.1]])
    assert uncertainty(chances) == pytest.approx([0.0, 1.0, 0.7])
    assert uncertainty(np.ones((3, 1))).tolist() == [1.0, 1.0, 1.0]
    assert uncertainty(np.array([[0.5, 0.5], [0.0, 1.0]]), many=True) == pytest.approx([1.0, 0.0], abs=1e-9)


def test_rows_of_a_rare_label_weigh_more_but_not_without_end() -> None:
    found = rarity(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([990, 1]))
    assert found[0] == 1.0
    assert found[1] == 3.0
    assert rarity(np.zeros((1, 2)), np.array([1, 1])).tolist() == [0.0]
