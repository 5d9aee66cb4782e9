"""Texts as counts of hashed runs of words and characters: what everything in this folder is made of.

The hashes are those of the runtime (`runtime/ops/_words.py`), so that any script works and the bits never change.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from smeaton.runtime.ops._words import ngram_hashes
from smeaton.task.table import Array

#: Texts hashed together: bounds the memory of what is not yet counted.
_BATCH = 4096


def counted(
    texts: Sequence[str | None], words: Sequence[int], chars: Sequence[int], buckets: int = 0
) -> tuple[Array, Array, Array]:
    """Each different run of each text, once: (rows int64, hashes uint32, counts int64), ordered by row, then hash.

    `words` and `chars` are the lengths of the runs; `buckets` above 0 folds the hashes to hash modulo `buckets`. A null
    has no runs.
    """
    rows, hashes, counts = [], [], []
    for first, found, ends in batches(texts, words, chars):
        folded = found % np.uint32(buckets) if buckets else found
        row = np.repeat(np.arange(first, first + len(ends) - 1, dtype=np.uint64), np.diff(ends))
        cells, number = np.unique(row << np.uint64(32) | folded, return_counts=True)
        rows.append((cells >> np.uint64(32)).astype(np.int64))
        hashes.append((cells & np.uint64(0xFFFFFFFF)).astype(np.uint32))
        counts.append(number)
    if not rows:
        return np.empty(0, np.int64), np.empty(0, np.uint32), np.empty(0, np.int64)
    return np.concatenate(rows), np.concatenate(hashes), np.concatenate(counts)


def batches(
    texts: Sequence[str | None], words: Sequence[int], chars: Sequence[int]
) -> Iterator[tuple[int, Array, Array]]:
    """The runs of some texts at a time: the place of the first, the hashes of all, and where each text's end."""
    for first in range(0, len(texts), _BATCH):
        yield first, *ngram_hashes(texts[first : first + _BATCH], words, chars)
