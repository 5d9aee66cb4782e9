"""Words of texts, hashed to a fixed number of buckets: our own small specification, so that the bits never change.

1. **Normalise**: NFKC, then case folding, then NFKC again (Unicode as the running Python knows it).
2. **Tokens**: the longest runs of letters, digits and marks (Unicode general categories L*, N* and M*).
3. **Features**: for each n in `words`, every run of n tokens; for each n in `chars`, every run of n code points of the
   tokens joined by one space, with one space before and after. Empty texts and nulls have none.
4. **Hash** (32 bits, all products modulo 2^32, P = 16777619):
   a token is FNV-1a over its UTF-8 bytes; a run of tokens is h <- (h * P) xor hash(next token), started with the first;
   a run of code points is h <- (h xor code point) * P for each of them, started with 0x9E3779B9 + n. Last, `fmix32`
   of MurmurHash3 spreads the bits.
5. **Vector**: bucket = hash modulo `buckets`; the value of a bucket is log(1 + count); then the row is divided by its
   Euclidean length. float64 inside, rounded to float32 at the end; a text without features is a row of zeros.

FNV: Fowler, Noll, Vo (draft-eastlake-fnv). fmix32: Appleby, MurmurHash3, public domain.
"""

import math
import unicodedata
from collections.abc import Sequence

import numpy as np

from smeaton.task.table import Array

_BASIS, _PRIME, _CHARS, _MASK = 0x811C9DC5, 16777619, 0x9E3779B9, 0xFFFFFFFF
#: Rows counted together: bounds the memory of the counts.
_ROWS = 1024
_CACHED = 1 << 18


class _Separators(dict[int, str]):
    """For `str.translate`: every code point that is in no token becomes a space. Filled as code points are met."""

    def __missing__(self, point: int) -> str:
        letter = chr(point)
        self[point] = letter if unicodedata.category(letter)[0] in "LNM" else " "
        return self[point]


_SEPARATORS = _Separators()
_HASHES: dict[str, int] = {}


def tokens(text: str) -> list[str]:
    """The tokens of a text, steps 1 and 2."""
    if text.isascii():
        folded = text.lower()
    else:
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return folded.translate(_SEPARATORS).split()


def fnv1a(data: bytes) -> int:
    """FNV-1a, 32 bits."""
    value = _BASIS
    for byte in data:
        value = (value ^ byte) * _PRIME & _MASK
    return value


def _hash(token: str) -> int:
    """The hash of a token, remembered: words repeat."""
    value = _HASHES.get(token)
    if value is None:
        value = fnv1a(token.encode())
        if len(_HASHES) < _CACHED:
            _HASHES[token] = value
    return value


def _mix(h: Array) -> Array:
    h = h ^ (h >> np.uint32(16))
    h = h * np.uint32(0x85EBCA6B)
    h = h ^ (h >> np.uint32(13))
    h = h * np.uint32(0xC2B2AE35)
    mixed: Array = h ^ (h >> np.uint32(16))
    return mixed


def _word_runs(found: list[str], sizes: Sequence[int]) -> list[Array]:
    base = np.array([_hash(token) for token in found], dtype=np.uint32)
    runs = []
    for n in sizes:
        if n > len(base):
            continue
        h = base[: len(base) - n + 1]
        for i in range(1, n):
            h = h * np.uint32(_PRIME) ^ base[i : len(base) - n + 1 + i]
        runs.append(h)
    return runs


def _char_runs(found: list[str], sizes: Sequence[int]) -> list[Array]:
    points = np.frombuffer(f" {' '.join(found)} ".encode("utf-32-le"), dtype="<u4").astype(np.uint32)
    runs = []
    for n in sizes:
        if n > len(points):
            continue
        h = np.full(len(points) - n + 1, (_CHARS + n) & _MASK, dtype=np.uint32)
        for i in range(n):
            h = (h ^ points[i : len(points) - n + 1 + i]) * np.uint32(_PRIME)
        runs.append(h)
    return runs


def word_vectors(texts: Sequence[str | None], buckets: int, words: Sequence[int], chars: Sequence[int]) -> Array:
    """Word vectors of texts: (texts, buckets) float32."""
    vectors = np.zeros((len(texts), buckets), dtype=np.float32)
    for start in range(0, len(texts), _ROWS):
        part = texts[start : start + _ROWS]
        rows, hashes = [], []
        for row, text in enumerate(part):
            found = tokens(text) if text else []
            if not found:
                continue
            runs = [*(_word_runs(found, words) if words else ()), *(_char_runs(found, chars) if chars else ())]
            rows.append(np.full(sum(map(len, runs)), row))
            hashes.extend(runs)
        if hashes:
            cells = np.concatenate(rows) * buckets + _mix(np.concatenate(hashes)) % np.uint32(buckets)
            counts = np.bincount(cells, minlength=len(part) * buckets).reshape(len(part), buckets)
            vectors[start : start + len(part)] = _weigh(counts)
    return vectors


def _weigh(counts: Array) -> Array:
    # A table of math.log1p: the vectorised logarithms of numpy differ between processors.
    logs = np.array([math.log1p(count) for count in range(int(counts.max()) + 1)])
    values = logs[counts]
    length = np.sqrt((values * values).sum(axis=1, keepdims=True))
    return values / np.where(length > 0, length, 1.0)
