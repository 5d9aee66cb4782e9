"""Vectors of texts: from their own words (no weights needed), or from an embedder.

`lexical` is latent semantic analysis: tf-idf of hashed words and character runs, projected on the directions in which
these texts differ most (Deerwester et al., "Indexing by latent semantic analysis", 1990), by a randomised singular
value decomposition (Halko, Martinsson, Tropp 2011).
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from smeaton.extras import needs
from smeaton.similarity.grams import counted
from smeaton.task.table import Array

SIZE = 64
_BUCKETS = 1 << 18
_WORDS, _CHARS = (1, 2), (3, 4)
#: Rows that the directions are learnt from.
_LEARNT_FROM = 10_000


class Embedder(Protocol):
    """Turns texts into vectors of meaning."""

    name: str

    def __call__(self, texts: Sequence[str], *, query: bool = False) -> Array:
        """(texts, dimensions) float32; `query` says that they are questions rather than passages."""
        ...


def sparse(texts: Sequence[str | None]) -> Any:
    """tf-idf of the texts as a scipy CSR array, (texts, 2^18), rows of length 1 (zeros for a text without words).

    Raises:
        ExtraMissing: scipy is not installed.
    """
    with needs("build"):
        from scipy.sparse import csr_array
    rows, columns, counts = counted(texts, _WORDS, _CHARS, _BUCKETS)
    found = np.bincount(columns, minlength=_BUCKETS)
    idf = np.log((1.0 + len(texts)) / (1.0 + found)) + 1.0
    values = np.log1p(counts) * idf[columns]
    lengths = np.sqrt(np.bincount(rows, weights=values * values, minlength=len(texts)))
    values = (values / lengths[rows]).astype(np.float32)
    ends = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(texts)))])
    return csr_array((values, columns.astype(np.int64), ends), shape=(len(texts), _BUCKETS))


def lexical(texts: Sequence[str | None], size: int = SIZE, seed: int = 0) -> Array:
    """Vectors of texts from their words: (texts, at most `size`) float32, rows of length 1 (zeros without words).

    Raises:
        ExtraMissing: scikit-learn is not installed.
    """
    return projected(sparse(texts), size, seed)


def projected(matrix: Any, size: int = SIZE, seed: int = 0) -> Array:
    """The rows of a sparse matrix in their `size` main directions: float32, rows of length 1 (zeros stay zeros).

    Raises:
        ExtraMissing: scikit-learn is not installed.
    """
    with needs("build"):
        from sklearn.utils.extmath import randomized_svd
    rows = matrix.shape[0]
    sample = matrix
    if rows > _LEARNT_FROM:
        sample = matrix[np.sort(np.random.default_rng(seed).choice(rows, _LEARNT_FROM, replace=False))]
    # A column seen in one row only says nothing about how two rows are alike.
    shared = np.flatnonzero(np.bincount(sample.indices, minlength=matrix.shape[1]) > 1)
    size = min(size, len(shared), rows)
    if size < 1:
        return np.zeros((rows, 1), dtype=np.float32)
    _, _, directions = randomized_svd(sample[:, shared], size, n_oversamples=8, n_iter=2, random_state=seed)
    vectors = matrix[:, shared] @ directions.T
    lengths = np.sqrt((vectors.astype(np.float64) ** 2).sum(axis=1, keepdims=True))
    return np.asarray(vectors / np.where(lengths > 1e-12, lengths, 1.0), dtype=np.float32)
