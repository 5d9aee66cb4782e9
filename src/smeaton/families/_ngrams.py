"""Runs of words and of characters as sparse features: counted once, chosen by how many rows hold them, weighted.

Counts come from `runtime/ops/_bag.py`, which also serves, so a model is trained on the numbers it will be asked with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from smeaton.extras import needs
from smeaton.runtime.ops._bag import BagTable, Count, bag_cells, bag_parts
from smeaton.task.table import Array

#: Runs seen in fewer rows are not kept by their own hash: they say little, and they might name a person.
LEAST_ROWS = 5
_SAMPLE = 400  # texts looked at to learn how long they are, and how they are written
#: Code points of scripts that leave no space between words, or write a syllable as one letter: Thai, Lao, Tibetan,
#: Burmese, Khmer; Chinese, Japanese, Yi; Hangul; the rarer ideographs.
_DENSE = ((0x0E00, 0x109F), (0x1780, 0x17FF), (0x2E80, 0xA4CF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
_DENSE_SHARE = 0.2  # of the letters, from which on shorter runs of characters are counted


@dataclass(frozen=True, slots=True)
class Grams:
    """What is counted in a text: the arguments of a `bag` step. Each group of sizes is a block of its own."""

    words: tuple[int, ...]
    chars: tuple[int, ...]
    buckets: int
    count: Count
    norm: bool

    @property
    def blocks(self) -> list[dict[str, list[int]]]:
        """The groups of features whose weights are normalised apart."""
        named = (("words", self.words), ("chars", self.chars))
        return [{name: list(sizes)} for name, sizes in named if sizes]

    @property
    def args(self) -> dict[str, Any]:
        """As a step has them."""
        return {"blocks": self.blocks, "buckets": self.buckets, "count": self.count, "norm": self.norm}


@dataclass(frozen=True, slots=True)
class Counted:
    """The counted features of `size` texts, ordered by row, block and key: one entry of each array a feature."""

    size: int
    rows: Array  # int32
    keys: Array  # uint32
    counts: Array  # float32: scaled
    block: Array  # uint8

    def joined(self, other: "Counted") -> "Counted":
        """With the texts of another one below."""
        pairs = (
            (self.rows, other.rows + np.int32(self.size)),
            (self.keys, other.keys),
            (self.counts, other.counts),
            (self.block, other.block),
        )
        return Counted(self.size + other.size, *(np.concatenate(pair) for pair in pairs))


def count(texts: Sequence[str | None], grams: Grams) -> Counted:
    """Count the features of texts, a part at a time: the full cells would be twice as large."""
    found = [
        (
            (start + cells.rows).astype(np.int32),
            cells.keys,
            cells.counts.astype(np.float32),
            cells.block.astype(np.uint8),
        )
        for start, _, cells in bag_parts(texts, grams.blocks, grams.buckets, grams.count)
    ]
    kinds = (np.int32, np.uint32, np.float32, np.uint8)
    columns = (np.concatenate([np.zeros(0, kind), *(part[i] for part in found)]) for i, kind in enumerate(kinds))
    return Counted(len(texts), *columns)


@dataclass(frozen=True, slots=True)
class Terms:
    """The features of one text column that are kept: ascending keys, and the weight of each."""

    keys: Array  # uint32
    idf: Array  # float32

    def __len__(self) -> int:
        return len(self.keys)


def learn_terms(counted: Counted, least: int, most: int) -> Terms:
    """The features held by at least `least` rows, at most `most` of them, those in most rows first (ties by key).

    Their weight is ln((1 + rows) / (1 + rows that hold it)) + 1, as float32.
    """
    keys: Array = np.zeros(0, dtype=np.uint32)
    held: Array = np.zeros(0, dtype=np.int64)
    for block in np.unique(counted.block):
        own, rows = np.unique(counted.keys[counted.block == block], return_counts=True)
        keys, held = np.concatenate([keys, own]), np.concatenate([held, rows])
    keys, where = np.unique(keys, return_inverse=True)
    most_held = np.zeros(len(keys), dtype=np.int64)
    # Two blocks that share a hash share its weights; the rows of both may be the same ones, so they are not added.
    np.maximum.at(most_held, where, held)
    chosen = np.flatnonzero(most_held >= least)
    if len(chosen) > most:
        order = np.lexsort((keys[chosen], -most_held[chosen]))
        chosen = np.sort(chosen[order[:most]])
    idf = np.log((1.0 + counted.size) / (1.0 + most_held[chosen])) + 1.0
    return Terms(keys[chosen], idf.astype(np.float32))


def matrix(counted: Counted, terms: Terms, grams: Grams) -> Any:
    """The weighted features as scipy CSR float64 (texts, terms): count x idf, each block of a row of length 1 if
    `norm`."""
    with needs("build"):
        from scipy import sparse
    shape = (counted.size, len(terms))
    if not len(terms):
        return sparse.csr_matrix(shape)
    at = np.searchsorted(terms.keys, counted.keys)
    at[at == len(terms)] = 0
    known = np.flatnonzero(terms.keys[at] == counted.keys)
    at, rows = at[known], counted.rows[known]
    weights = counted.counts[known].astype(np.float64) * terms.idf[at]
    if grams.norm:
        blocks = len(grams.blocks)
        groups = rows.astype(np.int64) * blocks + counted.block[known]
        squares = np.bincount(groups, weights=weights * weights, minlength=counted.size * blocks)
        weights /= np.sqrt(squares)[groups]
    found = sparse.csr_matrix((weights, (rows, at.astype(np.int32))), shape=shape)
    found.sum_duplicates()  # a key that two blocks share
    return found


def sums(texts: Sequence[str | None], terms: Terms, rows: Array, grams: Grams) -> Array:
    """What a `bag` step with these terms and table rows answers, (texts, targets) float64."""
    table = BagTable(terms.keys, terms.idf, rows, grams.buckets)
    found = np.zeros((len(texts), table.width))
    for start, size, cells in bag_parts(texts, grams.blocks, grams.buckets, grams.count):
        found[start : start + size] = table.sums(cells, size, len(grams.blocks), grams.norm)
    return found


def cells_of(texts: Sequence[str | None], grams: Grams) -> float:
    """About how many features these texts have together, from an even sample of them."""
    some = texts[:: max(1, len(texts) // _SAMPLE)]
    if not some:
        return 0.0
    return len(bag_cells(some, grams.blocks, grams.buckets, grams.count).keys) / len(some) * len(texts)


def is_dense(texts: Sequence[str | None]) -> bool:
    """Whether the texts are written in scripts in which one or two letters are a word: no spaces, or syllables."""
    some = "".join(text[:1000] for text in texts[:: max(1, len(texts) // _SAMPLE)] if text)
    letters = [ord(letter) for letter in some if letter.isalpha()]
    dense = sum(any(low <= letter <= high for low, high in _DENSE) for letter in letters)
    return dense > _DENSE_SHARE * max(1, len(letters))
