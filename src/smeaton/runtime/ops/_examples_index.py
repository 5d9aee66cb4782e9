"""Examples by nearness: BM25 (Robertson and Zaragoza, 2009; k1 = 1.2, b = 0.75) over the words of their inputs."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from smeaton.runtime.ops._words import tokens
from smeaton.task.table import Array

_K1, _B = 1.2, 0.75
_FIRST = 256  # are put in order at first; the rest only where these do not do


class Index:
    """An inverted index of rows: for each word the rows that have it, with what it adds to their score."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        counts = [Counter(words(row)) for row in rows]
        sizes = np.array([max(count.total(), 1) for count in counts], dtype=np.float64)
        scale = _K1 * (1.0 - _B + _B * sizes / sizes.mean()) if rows else sizes
        places: defaultdict[str, list[int]] = defaultdict(list)
        times: defaultdict[str, list[int]] = defaultdict(list)
        for place, count in enumerate(counts):
            for word, seen in count.items():
                places[word].append(place)
                times[word].append(seen)
        self._size = len(rows)
        self._words: dict[str, tuple[Array, Array]] = {}
        for word, found in places.items():
            index, often = np.array(found), np.array(times[word], dtype=np.float64)
            rarity = math.log1p((self._size - len(found) + 0.5) / (len(found) + 0.5))
            self._words[word] = index, rarity * often * (_K1 + 1.0) / (often + scale[index])

    def scores(self, row: Mapping[str, Any]) -> Array:
        """How near each row of the index is, (rows,) float64; 0 = no word in common."""
        found = np.zeros(self._size)
        for word in dict.fromkeys(words(row)):
            if word in self._words:
                index, added = self._words[word]
                found[index] += added
        return found

    def nearest(self, row: Mapping[str, Any]) -> Iterator[int]:
        """All rows of the index, the nearest first, of equals the earlier."""
        scores = -self.scores(row)
        first = np.arange(self._size)
        if self._size > _FIRST:
            first = np.flatnonzero(scores <= np.partition(scores, _FIRST)[_FIRST])
        yield from first[np.argsort(scores[first], kind="stable")].tolist()
        rest = np.setdiff1d(np.arange(self._size), first, assume_unique=True)
        yield from rest[np.argsort(scores[rest], kind="stable")].tolist()


def words(row: Mapping[str, Any]) -> list[str]:
    """The words of all values of a row."""
    return [word for value in row.values() if value is not None for word in tokens(str(value))]
