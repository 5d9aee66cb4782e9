"""Words and character runs of texts as 32-bit hashes, and vectors of them. The specification is docs/text_op.md.

In short: normalise (NFKC, case folding, NFKC, by the tables of Unicode 14.0); tokens are the longest runs of letters,
digits and marks; features are runs of tokens and runs of code points of the tokens joined by one space, with one space
before and after; a token is hashed by FNV-1a, runs by a product with the prime of FNV, `fmix32` spreads the bits.

All is done for many texts at once: one array of code points, hashes of every run that starts at each of them, then a
gather of the runs that end inside their text. A shipped program depends on every bit of this.

FNV: Fowler, Noll, Vo (draft-eastlake-fnv). fmix32: Appleby, MurmurHash3, public domain.
"""

import math
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from smeaton.runtime.ops._unicode import ascii_tokens, token_points
from smeaton.task.table import Array

_BASIS, _PRIME, _CHARS, _MASK = 0x811C9DC5, 16777619, 0x9E3779B9, 0xFFFFFFFF
_SPACE = 32
#: Characters hashed together: bounds the memory, and keeps the arrays in the cache of a core.
_TOGETHER = 1 << 15
#: Counts of `text` vectors made together.
_COUNTS = 1 << 22
#: Hashes of tokens remembered, and the longest token remembered: bounds the memory of a service.
_CACHED, _LONGEST = 1 << 18, 64
_HASHES: dict[str, int] = {}

#: A kind of feature: whether it is a run of tokens (or of code points), and its size.
Run = tuple[bool, int]


def fnv1a(data: bytes) -> int:
    """FNV-1a, 32 bits."""
    value = _BASIS
    for byte in data:
        value = (value ^ byte) * _PRIME & _MASK
    return value


def tokens(text: str) -> list[str]:
    """The tokens of a text."""
    return Stream([text]).tokens()


class Stream:
    """The tokens of some texts in one array of code points, one space around each token.

    `points`: uint32, "` a b c d `" for the texts "a b" and "c d": neighbours share a space. `starts`, `lengths`: place
    of each text's first space, and its code points from there to its last space; length 0 without tokens.
    """

    def __init__(self, texts: Sequence[str | None]) -> None:
        if len(texts) == 1 and (texts[0] or "").isascii():
            joined = b" ".join((b"", *ascii_tokens(texts[0] or ""), b"")) or b" "
            self._kept = np.frombuffer(joined, dtype=np.uint8)
            self.starts = np.zeros(1, dtype=np.int64)
            self.lengths = np.array([len(joined) if len(joined) > 1 else 0])
        else:
            points, ends = token_points(texts)
            spaces = points == _SPACE
            # A space stays where the first one stands, and after each token.
            kept = ~spaces
            kept[1:] |= ~spaces[:-1]
            kept[0] = True
            self._kept = points[kept]
            places = np.cumsum(kept)[ends] - 1
            self.starts = places[:-1]
            size = places[1:] - places[:-1]
            self.lengths = np.where(size > 0, size + 1, 0)
        self.points = self._kept.astype(np.uint32)

    def tokens(self) -> list[str]:
        """The tokens of all texts, in order."""
        text: str = self._kept.tobytes().decode("ascii" if self._kept.itemsize == 1 else "utf-32-le")
        return text.split()

    def hashes(self, runs: Sequence[Run]) -> tuple[Array, Array]:
        """The hashes of the runs of each text.

        Returns:
            (occurrences,) uint32, text by text, in each text `runs` in order, each from left to right; and how many of
            each: (texts, runs) int64.
        """
        if len(self.points) == 1 or not runs:
            return np.zeros(0, dtype=np.uint32), np.zeros((len(self.starts), len(runs)), dtype=np.int64)
        words = {n for words, n in runs if words}
        chars = {n for words, n in runs if not words}
        found = _char_runs(self.points, chars)
        if words:
            found |= _word_runs(np.array([_hash(token) for token in self.tokens()], dtype=np.uint32), words)
        hashes = [found[run] for run in runs]
        first, size = self._word_places() if words else (self.starts, self.lengths)
        if len(self.starts) == 1:
            most = [max(0, int((size if words else self.lengths)[0]) - n + 1) for words, n in runs]
            cut = [run[:count] for run, count in zip(hashes, most, strict=True)]
            return _mix(np.concatenate(cut)), np.array([most])
        base = np.cumsum([0, *(len(run) for run in hashes[:-1])]).tolist()
        starts = [(first if words else self.starts) + at for (words, _), at in zip(runs, base, strict=True)]
        left = [np.maximum((size if words else self.lengths) - (n - 1), 0) for words, n in runs]
        counts = np.stack(left, axis=1)
        return _gathered(_mix(np.concatenate(hashes)), np.stack(starts, axis=1), counts), counts

    def _word_places(self) -> tuple[Array, Array]:
        """The number of each text's first token among all tokens, and of its tokens."""
        if len(self.starts) == 1:
            return self.starts, np.array([np.count_nonzero(self.points == _SPACE) - 1])
        # The space before the j-th token is the j-th space.
        before = np.cumsum(self.points == _SPACE) - 1
        first = before[self.starts]
        last = before[self.starts + np.maximum(self.lengths - 1, 0)]
        return first, last - first


def _gathered(pool: Array, starts: Array, counts: Array) -> Array:
    """Neighbours of the pool, one after the other: counts[0, 0] from starts[0, 0] on, then of [0, 1], ..."""
    sizes = counts.ravel()
    ends = np.cumsum(sizes)
    index = np.repeat(starts.ravel() - (ends - sizes), sizes)
    index += np.arange(len(index))
    found: Array = pool[index]
    return found


def _hash(token: str) -> int:
    """The hash of a token, remembered: words repeat."""
    value = _HASHES.get(token)
    if value is None:
        value = fnv1a(token.encode())
        if len(_HASHES) < _CACHED and len(token) <= _LONGEST:
            _HASHES[token] = value
    return value


def _mix(h: Array) -> Array:
    """`fmix32`, in place."""
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    return h


def _word_runs(base: Array, sizes: Collection[int]) -> dict[Run, Array]:
    """For each size, the hash of the run of tokens that starts at each token (too few at the end of all)."""
    runs = {}
    for n in sizes:
        h = base[: max(0, len(base) - n + 1)]
        for i in range(1, n):
            h = h * np.uint32(_PRIME) ^ base[i : i + len(h)]
        runs[True, n] = h
    return runs


def _char_runs(points: Array, sizes: Collection[int]) -> dict[Run, Array]:
    """For each size, the hash of the run of code points that starts at each one; those past the end mean nothing."""
    if not sizes:
        return {}
    order = sorted(sizes)
    size = len(points)
    padded = np.zeros(size + order[-1], dtype=np.uint32)
    padded[:size] = points
    h = np.empty((len(order), size), dtype=np.uint32)
    for row, n in enumerate(order):
        h[row] = (_CHARS + n) & _MASK
    done = 0
    for row, n in enumerate(order):
        # Rows of at least n code points go on together.
        these = h[row:]
        for i in range(done, n):
            these ^= padded[i : i + size]
            these *= np.uint32(_PRIME)
        done = n
    return {(False, n): h[row] for row, n in enumerate(order)}


def parts(texts: Sequence[str | None]) -> Iterator[tuple[int, Sequence[str | None]]]:
    """Neighbouring texts to hash together, one at least, each time with the number of the first."""
    start = size = 0
    for row, text in enumerate(texts):
        if size >= _TOGETHER:
            yield start, texts[start:row]
            start, size = row, 0
        size += len(text) + 1 if text else 1
    if len(texts) > start:
        yield start, texts[start:]


def ngram_hashes(texts: Sequence[str | None], words: Sequence[int], chars: Sequence[int]) -> tuple[Array, Array]:
    """The 32-bit hashes of every feature of texts.

    Args:
        texts: a null has no features, as an empty text.
        words: sizes of runs of tokens, 1 or more each.
        chars: sizes of runs of code points, 1 or more each.

    Returns:
        (occurrences,) uint32: text by text, for each size of `words` then of `chars` the runs from left to right; and
        (texts + 1,) int64 offsets: those of text i lie from offsets[i] to offsets[i + 1].
    """
    hashes = [np.zeros(0, dtype=np.uint32)]
    offsets = np.zeros(len(texts) + 1, dtype=np.int64)
    for start, part in parts(texts):
        found, counts = Stream(part).hashes([*((True, n) for n in words), *((False, n) for n in chars)])
        hashes.append(found)
        offsets[start + 1 : start + 1 + len(part)] = offsets[start] + np.cumsum(counts.sum(axis=1))
    return np.concatenate(hashes), offsets


def word_vectors(texts: Sequence[str | None], buckets: int, words: Sequence[int], chars: Sequence[int]) -> Array:
    """Vectors of log counts of hashed features, each of length 1 (or zeros): (texts, buckets) float32."""
    vectors = np.zeros((len(texts), buckets), dtype=np.float32)
    rows = max(1, _COUNTS // buckets)
    for start in range(0, len(texts), rows):
        hashes, offsets = ngram_hashes(texts[start : start + rows], words, chars)
        if len(hashes):
            size = len(offsets) - 1
            cells = np.repeat(np.arange(size) * buckets, np.diff(offsets)) + hashes % np.uint32(buckets)
            counts = np.bincount(cells, minlength=size * buckets).reshape(size, buckets)
            vectors[start : start + size] = _weigh(counts)
    return vectors


def logs(most: int) -> Array:
    """log(1 + count) for 0 to `most`: from `math`, for numpy's own logarithms differ between processors."""
    return np.array([math.log1p(count) for count in range(most + 1)])


def _weigh(counts: Array) -> Array:
    values = logs(int(counts.max()))[counts]
    length = np.sqrt((values * values).sum(axis=1, keepdims=True))
    return values / np.where(length > 0, length, 1.0)
