"""Search by words: BM25 over words and runs of characters, so that it works in scripts without spaces, too.

Two blocks are scored apart and added: whole words, and runs of characters (which find inflected and misspelt words and
stand for words where a script has no spaces; McNamee and Mayfield 2004). Robertson and Zaragoza, "The Probabilistic
Relevance Framework: BM25 and Beyond" (2009), section 3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smeaton.errors import DataError
from smeaton.similarity.grams import counted
from smeaton.task.table import Array

K1, B = 1.2, 0.75  # the middle of what the authors recommend
_BLOCKS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (((1,), ()), ((), (2, 4)))
_SHARES = (1.0, 0.25)  # a word of a query has one word run, and about as many character runs as letters


@dataclass(frozen=True, slots=True)
class _Block:
    """One block's postings: for each sorted key the passages it stands in (`rows`) and their weights."""

    keys: Array
    ends: Array
    rows: Array
    weights: Array


class Words:
    """The index of some passages."""

    def __init__(self, blocks: Sequence[_Block], count: int) -> None:
        self._blocks = blocks
        self.count = count

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Words":
        """Count the words of all passages."""
        return cls([_block(texts, words, chars) for words, chars in _BLOCKS], len(texts))

    def scores(self, query: str) -> Array:
        """How well each passage fits the query, (count,) float64; 0 where they have nothing in common."""
        total = np.zeros(self.count)
        for block, (words, chars), share in zip(self._blocks, _BLOCKS, _SHARES, strict=True):
            _, hashes, counts = counted([query], words, chars)
            total += share * _scores(block, hashes, counts, self.count)
        return total

    def arrays(self) -> dict[str, Array]:
        """What `from_arrays` reads back."""
        found = {}
        for number, block in enumerate(self._blocks):
            for name in _Block.__slots__:
                found[f"words{number}.{name}"] = getattr(block, name)
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], count: int) -> "Words":
        """The index that `arrays` described.

        Raises:
            DataError: arrays that do not fit together.
        """
        blocks = [
            _Block(**{name: arrays[f"words{number}.{name}"] for name in _Block.__slots__})
            for number in range(len(_BLOCKS))
        ]
        for block in blocks:
            steps = np.diff(block.ends)
            fits = len(block.ends) == len(block.keys) + 1 and block.ends[0] == 0 and block.ends[-1] == len(block.rows)
            inside = not len(block.rows) or (block.rows.min() >= 0 and block.rows.max() < count)
            if not (fits and inside and (steps >= 0).all() and len(block.rows) == len(block.weights)):
                raise DataError("the search index is damaged", fix="make it again")
        return cls(blocks, count)


def _block(texts: Sequence[str], words: Sequence[int], chars: Sequence[int]) -> _Block:
    rows, hashes, counts = counted(texts, words, chars)
    order = np.argsort(hashes, kind="stable")
    rows, hashes, counts = rows[order], hashes[order], counts[order]
    keys, starts = np.unique(hashes, return_index=True)
    ends = np.concatenate([starts, [len(hashes)]]).astype(np.int64)
    found = np.diff(ends)
    idf = np.log1p((len(texts) - found + 0.5) / (found + 0.5))
    lengths = np.bincount(rows, weights=counts, minlength=len(texts))
    relative = lengths / max(lengths.mean(), 1.0) if len(texts) else lengths
    saturated = counts * (K1 + 1) / (counts + K1 * (1 - B + B * relative[rows]))
    return _Block(keys, ends, rows.astype(np.int32), (np.repeat(idf, found) * saturated).astype(np.float32))


def _scores(block: _Block, hashes: Array, counts: Array, count: int) -> Array:
    places = np.searchsorted(block.keys, hashes)
    known = places < len(block.keys)
    known[known] = block.keys[places[known]] == hashes[known]
    total = np.zeros(count)
    for place, times in zip(places[known].tolist(), counts[known].tolist(), strict=True):
        start, end = block.ends[place], block.ends[place + 1]
        # A passage stands once under a key, so plain indexed addition is right.
        total[block.rows[start:end]] += times * block.weights[start:end].astype(np.float64)
    return total
