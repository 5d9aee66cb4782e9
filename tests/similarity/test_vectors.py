"""Vectors of texts from their own words: alike texts lie close, rows have length 1, the same seed gives the same."""

import random

import numpy as np
from tests.similarity.conftest import made_up

from smeaton.similarity.grams import counted
from smeaton.similarity.vectors import lexical, sparse


def _texts() -> list[str | None]:
    draw = random.Random(2)
    topics = [made_up(draw, 12).split() for _ in range(3)]
    return [" ".join(draw.choices(topics[row % 3], k=8)) for row in range(90)]


def test_texts_of_a_topic_lie_close() -> None:
    vectors = lexical(_texts(), 8)
    alike = vectors @ vectors.T
    same = np.arange(90)[:, None] % 3 == np.arange(90) % 3
    assert alike[same].mean() > 0.6
    assert alike[~same].mean() < 0.2


def test_rows_have_length_one_or_none() -> None:
    vectors = lexical([*_texts(), None, "", " "])
    lengths = np.linalg.norm(vectors, axis=1)
    assert np.allclose(lengths[:90], 1.0, atol=1e-5)
    assert (lengths[90:] == 0).all()
    assert vectors.dtype == np.float32


def test_the_same_seed_gives_the_same_vectors() -> None:
    assert np.array_equal(lexical(_texts(), seed=4), lexical(_texts(), seed=4))


def test_few_texts_and_none() -> None:
    assert lexical(["one"]).shape[0] == 1
    assert lexical([]).shape[0] == 0
    assert sparse([None, "a b"]).shape == (2, 1 << 18)


def test_runs_are_counted_once_a_text_in_order() -> None:
    rows, hashes, counts = counted(["a a b", None, "b"], (1,), ())
    assert rows.tolist() == [0, 0, 2]
    assert sorted(counts.tolist()) == [1, 1, 2]
    assert len(set(hashes[:2].tolist())) == 2
    assert hashes[2] in hashes[:2]
