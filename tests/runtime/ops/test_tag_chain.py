"""The chain of tags against brute force, and spans there and back."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.runtime.ops._tag_chain import (
    Chain,
    best,
    chain_of,
    chain_size,
    expect,
    groups,
    padded,
    spans_of,
    tags_of,
)  # fmt: skip
from smeaton.task.table import Array


def allowed(tags: tuple[int, ...], kinds: int) -> bool:
    """Whether every tag that goes on follows one of its own kind."""
    before = (0, *tags)
    return all(tag <= kinds or former in (tag, tag - kinds) for former, tag in itertools.pairwise(before))


def total(score: Array, chain: Chain, tags: tuple[int, ...], kinds: int) -> float:
    found = float(chain.start[tags[0]]) + sum(float(score[place, tag]) for place, tag in enumerate(tags))
    for former, tag in itertools.pairwise(tags):
        found += float(chain.enter[former, tag] if tag <= kinds else chain.stay[int(former > kinds), tag - kinds - 1])
    return found


def sequences(size: int, kinds: int) -> list[tuple[int, ...]]:
    return [tags for tags in itertools.product(range(2 * kinds + 1), repeat=size) if allowed(tags, kinds)]


@pytest.mark.parametrize(("seed", "kinds"), [(0, 1), (1, 2), (2, 2), (3, 1), (4, 2)])
def test_best_tags_and_marginals_are_those_of_all_sequences(seed: int, kinds: int) -> None:
    rng = np.random.default_rng(seed)
    chain = chain_of(rng.normal(size=chain_size(kinds)) * 2, kinds)
    lengths = np.array([5, 4, 4, 2, 1])
    score = rng.normal(size=(5, 5, 2 * kinds + 1)) * 2
    found, expected = best(score, lengths, chain), expect(score, lengths, chain)
    moves = np.zeros(chain_size(kinds))
    for row, size in enumerate(lengths.tolist()):
        every = sequences(size, kinds)
        totals = np.array([total(score[row], chain, tags, kinds) for tags in every])
        assert tuple(found[row, :size].tolist()) == every[int(totals.argmax())]
        assert not found[row, size:].any()
        log_z = float(np.log(np.exp(totals - totals.max()).sum()) + totals.max())
        assert expected.log_z[row] == pytest.approx(log_z)
        marginal = np.zeros((size, 2 * kinds + 1))
        met = chain_of(moves, kinds)
        for tags, chance in zip(every, np.exp(totals - log_z), strict=True):
            marginal[np.arange(size), tags] += chance
            met.start[tags[0]] += chance
            for former, tag in itertools.pairwise(tags):
                if tag <= kinds:
                    met.enter[former, tag] += chance
                else:
                    met.stay[int(former > kinds), tag - kinds - 1] += chance
        np.testing.assert_allclose(expected.tags[row, :size], marginal, atol=1e-12)
    for part, goal in zip(expected.moves, chain_of(moves, kinds), strict=True):
        np.testing.assert_allclose(part, goal, atol=1e-12)


def test_a_text_alone_gets_the_same_tags_and_large_scores_do_no_harm() -> None:
    rng = np.random.default_rng(0)
    chain = chain_of(rng.normal(size=chain_size(3)), 3)
    score = rng.normal(size=(6, 9, 7)).astype(np.float32) * 300
    lengths = np.array([9, 9, 7, 4, 2, 1])
    together = best(score, lengths, chain)
    expected = expect(score.astype(np.float64), lengths, chain)
    assert np.isfinite(expected.log_z).all()
    assert np.isfinite(expected.tags).all()
    for row, size in enumerate(lengths.tolist()):
        alone = best(score[row : row + 1, :size], lengths[row : row + 1], chain)
        assert alone[0].tolist() == together[row, :size].tolist()


def test_the_weight_of_a_text_is_how_often_it_counts() -> None:
    rng = np.random.default_rng(1)
    chain, score = chain_of(rng.normal(size=chain_size(2)), 2), rng.normal(size=(2, 4, 5))
    lengths = np.array([4, 3])
    weighed = expect(score, lengths, chain, np.array([3.0, 1.0])).moves
    repeated = expect(score[[0, 0, 0, 1]], lengths[[0, 0, 0, 1]], chain).moves
    for part, goal in zip(weighed, repeated, strict=True):
        np.testing.assert_allclose(part, goal)


@st.composite
def span_lists(draw: st.DrawFn) -> tuple[list[tuple[int, int, int]], int, int]:
    size, kinds = draw(st.integers(0, 12)), draw(st.integers(1, 4))
    cuts = sorted(draw(st.sets(st.integers(0, size), max_size=8)))
    pairs = [pair for pair in itertools.pairwise(cuts) if draw(st.booleans())]
    return [(draw(st.integers(0, kinds - 1)), a, b) for a, b in pairs], size, kinds


@given(span_lists())
def test_spans_become_tags_and_spans_again(case: tuple[list[tuple[int, int, int]], int, int]) -> None:
    spans, size, kinds = case
    tags = tags_of(spans, size, kinds)
    assert allowed(tuple(tags.tolist()), kinds)
    assert spans_of(tags, kinds) == spans


@given(st.lists(st.integers(0, 9), max_size=20), st.integers(1, 40))
def test_groups_take_every_text_that_has_tokens_once(lengths: list[int], most: int) -> None:
    sizes = np.array(lengths, dtype=np.int64)
    found = list(groups(sizes, most))
    assert sorted(np.concatenate([*found, np.zeros(0, dtype=np.int64)]).tolist()) == np.flatnonzero(sizes).tolist()
    for rows in found:
        assert (np.diff(sizes[rows]) <= 0).all()
        assert len(rows) == 1 or len(rows) * sizes[rows[0]] <= most
    ends = np.concatenate([[0], np.cumsum(sizes)])
    values = np.arange(1, ends[-1] + 1)
    for rows in found:
        wide = padded(values, ends, rows)
        for place, row in enumerate(rows.tolist()):
            assert wide[place, : sizes[row]].tolist() == values[ends[row] : ends[row + 1]].tolist()
            assert not wide[place, sizes[row] :].any()


def test_the_size_of_a_chain() -> None:
    assert chain_size(2) == 3 + 15 + 4
    assert math.prod(chain_of(np.zeros(chain_size(2)), 2).enter.shape) == 15
