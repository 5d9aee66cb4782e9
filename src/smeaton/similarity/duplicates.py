"""Near-duplicates among texts: MinHash signatures, buckets of alike signatures, then the exact similarity.

A text is the set of its runs of five characters after normalising (case, width, white space and marks between words do
not count, in any script). Two texts are near-duplicates if their sets have at least `threshold` of their union in
common (the resemblance of Broder, "On the resemblance and containment of documents", 1997). MinHash with banding
(Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", chapter 3) proposes pairs; each is then checked exactly, so
nothing below the threshold is ever joined, and a pair exactly at it is missed with a chance of at most `_MISSED`.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from smeaton.errors import InputError
from smeaton.extras import needs
from smeaton.runtime.ops._words import fnv1a
from smeaton.similarity.grams import counted
from smeaton.task.table import Array

#: One changed character in a text of 30 or more still passes.
THRESHOLD = 0.7
_RUN = 5
_HASHES = 128
_MISSED = 0.005
#: In a bucket of more texts than this each is compared with as many that follow it, not with all.
_WINDOW = 128
_CHUNK = 2048
_PAIRS = 50_000


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that are near-duplicates, in order. Each resembles at least one other of them by the threshold or more;
    `similarity` is the lowest resemblance of two rows that joined it (1.0: all alike up to case, white space and
    punctuation).
    """

    rows: tuple[int, ...]
    similarity: float


def near_duplicates(texts: Sequence[str | None], threshold: float = THRESHOLD) -> list[Group]:
    """The groups of near-duplicate texts, largest first. Nulls and blank texts belong to none.

    Args:
        texts: any number of texts, in any script; 100,000 short ones take seconds.
        threshold: share of the runs of five characters that two texts must have in common, above 0 and at most 1.

    Raises:
        InputError: a threshold outside of (0, 1].
        ExtraMissing: scipy is not installed.
    """
    if not 0.0 < threshold <= 1.0:
        raise InputError(f"a threshold of {threshold} is no share", fix="give one above 0 and at most 1, such as 0.7")
    hashes, ends = _sets(texts)
    members = _same_sets(hashes, ends)
    firsts = np.array([rows[0] for rows in members], dtype=np.int64)
    if not len(firsts):
        return []
    links, similarity = _links(*_taken(hashes, ends, firsts), threshold)
    return _groups(members, links, similarity)


def _sets(texts: Sequence[str | None]) -> tuple[Array, Array]:
    """The set of runs of each text, sorted, one behind the other, and where each ends."""
    rows, hashes, _ = counted(texts, (), (_RUN,))
    has = np.zeros(len(texts), dtype=bool)
    has[rows] = True
    # Too short for a run, or without letters: alike only if the same.
    short = [(row, _whole(text)) for row, text in enumerate(texts) if text and not has[row] and text.strip()]
    if short:
        rows = np.concatenate([rows, np.array([row for row, _ in short], dtype=np.int64)])
        hashes = np.concatenate([hashes, np.array([value for _, value in short], dtype=np.uint32)])
        order = np.argsort(rows, kind="stable")
        rows, hashes = rows[order], hashes[order]
    ends = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(texts)))]).astype(np.int64)
    return hashes, ends


def _whole(text: str) -> int:
    return fnv1a(" ".join(unicodedata.normalize("NFKC", text).casefold().split()).encode("utf-8", "surrogatepass"))


def _same_sets(hashes: Array, ends: Array) -> list[list[int]]:
    """Rows with the same set, together: only one of them is compared with others."""
    found: dict[bytes, list[int]] = {}
    content = hashes.tobytes()
    places = (ends * hashes.itemsize).tolist()
    for row, (start, end) in enumerate(pairwise(places)):
        if end > start:
            found.setdefault(content[start:end], []).append(row)
    return list(found.values())


def _taken(hashes: Array, ends: Array, rows: Array) -> tuple[Array, Array]:
    sizes = np.diff(ends)[rows]
    new = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    places = np.repeat(ends[rows] - new[:-1], sizes) + np.arange(new[-1])
    return hashes[places], new


def _links(hashes: Array, ends: Array, threshold: float) -> tuple[Array, Array]:
    """Pairs of sets at or above the threshold, (n, 2), and their resemblance."""
    with needs("build"):
        from scipy.sparse import csr_array
    _, columns = np.unique(hashes, return_inverse=True)
    sets = csr_array((np.ones(len(hashes), dtype=np.float32), columns, ends))
    sizes = np.diff(ends)
    pairs = _candidates(_signatures(hashes, ends), threshold)
    kept, values = [np.empty((0, 2), dtype=np.int64)], [np.empty(0)]
    for start in range(0, len(pairs), _PAIRS):
        part = pairs[start : start + _PAIRS]
        left, right = part[:, 0], part[:, 1]
        common = np.asarray(sets[left].multiply(sets[right]).sum(axis=1)).ravel().astype(np.float64)
        similarity = common / (sizes[left] + sizes[right] - common)
        kept.append(part[similarity >= threshold])
        values.append(similarity[similarity >= threshold])
    return np.concatenate(kept), np.concatenate(values)


def _signatures(hashes: Array, ends: Array) -> Array:
    """MinHash signatures, (texts, _HASHES) uint32: the least value of each set under each of the hash functions.

    The functions are multiply-shift (Dietzfelbinger et al. 1997) of hashes that are well mixed already.
    """
    draw = np.random.default_rng(0x5EED)
    factors = draw.integers(1, 2**63, _HASHES, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    shifts = draw.integers(0, 2**63, _HASHES, dtype=np.uint64)
    signatures = np.empty((len(ends) - 1, _HASHES), dtype=np.uint32)
    for start in range(0, len(signatures), _CHUNK):
        stop = min(start + _CHUNK, len(signatures))
        values = hashes[ends[start] : ends[stop]].astype(np.uint64)
        places = ends[start:stop] - ends[start]
        for number in range(_HASHES):
            mixed = (values * factors[number] + shifts[number]) >> np.uint64(32)
            signatures[start:stop, number] = np.minimum.reduceat(mixed, places)
    return signatures


def bands_for(threshold: float) -> tuple[int, int]:
    """Bands, and hashes a band: as many a band as still find a pair at the threshold but for a chance of `_MISSED`."""
    best = (_HASHES, 1)
    for width in range(1, _HASHES + 1):
        bands = _HASHES // width
        if (1.0 - threshold**width) ** bands <= _MISSED and width <= 32:
            best = (bands, width)
    return best


def _candidates(signatures: Array, threshold: float) -> Array:
    """Pairs of rows that agree on at least one band, (n, 2), the lower row first, each once."""
    bands, width = bands_for(threshold)
    rows = len(signatures)
    found: list[Array] = [np.empty(0, dtype=np.int64)]
    for band in range(bands):
        key = np.zeros(rows, dtype=np.uint64)
        for column in range(band * width, (band + 1) * width):
            key = (key ^ signatures[:, column]) * np.uint64(0x9E3779B97F4A7C15)
        order = np.argsort(key, kind="stable")
        key = key[order]
        for step in range(1, min(_WINDOW, rows - 1) + 1):
            same = np.flatnonzero(key[:-step] == key[step:])
            if not len(same):
                break
            found.append(order[same] * rows + order[same + step])
    pairs = np.unique(np.concatenate(found))
    return np.stack([pairs // rows, pairs % rows], axis=1)


def _groups(members: list[list[int]], links: Array, similarity: Array) -> list[Group]:
    with needs("build"):
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components
    count = len(members)
    graph = coo_array((np.ones(len(links), dtype=np.int8), (links[:, 0], links[:, 1])), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    lowest = np.ones(count)
    if len(links):
        np.minimum.at(lowest, labels[links[:, 0]], similarity)
    rows: dict[int, list[int]] = {}
    for place, label in enumerate(labels.tolist()):
        rows.setdefault(label, []).extend(members[place])
    groups = [Group(tuple(sorted(found)), float(lowest[label])) for label, found in rows.items() if len(found) > 1]
    return sorted(groups, key=lambda group: (-len(group.rows), group.rows))
