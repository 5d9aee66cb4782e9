"""Counted features of texts, and weighted sums of table rows over them. The specification is docs/text_op.md.

Training and the `bag` op take their cells from here, so that both work on the very same numbers.
"""

import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from smeaton.runtime.ops._words import Run, Stream, parts
from smeaton.task.table import Array

Count = Literal["log1p", "log", "plain", "once"]
Block = Mapping[str, Sequence[int]]
#: Numbers of table rows in memory together; also where the sum of a very long text is cut, so it must not change.
_PIECE = 1 << 18
#: Tables of at most so many columns are summed for many texts at once, wider ones text by text: each is the faster.
_NARROW = 16
#: With more keys than this in one slot of its index, a table is searched by halving instead.
_CROWDED = 8
#: Counts below this are scaled by a table that is kept.
_USUAL = 1024
_LEAST = 5e-324


class Cells(NamedTuple):
    """The known-or-not features of texts, each once per text and block: ordered by row, then block, then key."""

    rows: Array  # int64: which text
    keys: Array  # uint32: hash, or bucket
    counts: Array  # float64: how often, scaled
    block: Array  # int64: which block


def bag_cells(texts: Sequence[str | None], blocks: Sequence[Block], buckets: int, count: Count) -> Cells:
    """The cells of texts.

    Args:
        texts: a null has no cells.
        blocks: each a mapping of `words` and `chars` to run sizes.
        buckets: the key of a feature is its hash modulo `buckets`, or its hash where `buckets` is 0.
        count: how a count c is scaled: `log1p` log(1 + c), `log` 1 + log(c), `plain` c, `once` 1.
    """
    found = list(bag_parts(texts, blocks, buckets, count))
    if not found:
        return Cells(*(np.zeros(0, dtype=kind) for kind in (np.int64, np.uint32, np.float64, np.int64)))
    rows = [start + cells.rows for start, _, cells in found]
    others = (np.concatenate([cells[i] for _, _, cells in found]) for i in range(1, 4))
    return Cells(np.concatenate(rows), *others)


def bag_parts(
    texts: Sequence[str | None], blocks: Sequence[Block], buckets: int, count: Count
) -> Iterator[tuple[int, int, Cells]]:
    """The cells of neighbouring texts, part by part in bounded memory.

    Yields:
        The number of the part's first text, how many texts it has, and its cells, with rows counted from that text.
    """
    for start, part in parts(texts):
        yield start, len(part), _cells(part, blocks, buckets, count)


def _cells(texts: Sequence[str | None], blocks: Sequence[Block], buckets: int, count: Count) -> Cells:
    runs: list[Run] = []
    owners: list[int] = []
    for number, block in enumerate(blocks):
        own = [*((True, n) for n in block.get("words", ())), *((False, n) for n in block.get("chars", ()))]
        runs += own
        owners += [number] * len(own)
    hashes, counts = Stream(texts).hashes(runs)
    # Sorted as one number: text, block, key.
    bits = max(1, (len(blocks) - 1).bit_length())
    groups = np.array(owners, dtype=np.uint64) | np.arange(len(texts), dtype=np.uint64)[:, None] << np.uint64(bits)
    every = np.repeat((groups << np.uint64(32)).ravel(), counts.ravel())
    every |= hashes % np.uint32(buckets) if buckets else hashes
    every.sort()
    first = np.empty(len(every), dtype=bool)
    first[:1] = True
    np.not_equal(every[1:], every[:-1], out=first[1:])
    at = np.flatnonzero(first)
    unique = every.take(at)
    times = np.empty(len(at), dtype=np.int64)
    times[:-1] = at[1:] - at[:-1]
    times[-1:] = len(every) - at[-1:]
    group = unique.view(np.int64) >> 32
    return Cells(group >> bits, unique.astype(np.uint32), _scaled(times, count), group & ((1 << bits) - 1))


def _scaled(counts: Array, count: Count) -> Array:
    if count == "once":
        return np.ones(len(counts))
    if count == "plain":
        return counts.astype(np.float64)
    if len(counts) == 0 or int(counts.max()) < _USUAL:
        return _logs(count, _USUAL).take(counts)
    return _logs(count, int(counts.max()) + 1).take(counts)


@functools.lru_cache(maxsize=8)
def _logs(count: Count, size: int) -> Array:
    """The scaled counts below `size`; slot 0 is never read."""
    # From `math`: numpy's own logarithms differ between processors.
    return np.array([0.0, *(math.log1p(c) if count == "log1p" else 1.0 + math.log(c) for c in range(1, size))])


class Index:
    """Finds keys among sorted unique ones, by a table over their top bits. Keeps a copy of the keys in memory."""

    def __init__(self, keys: Array, largest: int) -> None:
        self._size = len(keys)
        # One more key, so that a place behind the last can be looked at.
        self._keys = np.append(keys, np.uint32(0xFFFFFFFF))
        width = max(1, largest.bit_length())
        self._shift = np.uint32(max(0, width - (max(1, self._size).bit_length() + 2)))
        slots = (largest >> int(self._shift)) + 1
        sizes = np.bincount(keys >> self._shift, minlength=slots)
        self._steps = max(0, int(sizes.max(initial=0)) - 1)
        self._first = np.zeros(slots, dtype=np.int32)
        np.cumsum(sizes[:-1], out=self._first[1:])

    def find(self, keys: Array) -> tuple[Array, Array]:
        """Which of `keys` are known (their places, int64), and the places of those among the known keys."""
        at: Array
        if self._steps >= _CROWDED:
            at = np.searchsorted(self._keys[:-1], keys)
        else:
            at = self._first.take(keys >> self._shift)
            for _ in range(self._steps):
                at += self._keys.take(at) < keys
        hit = np.flatnonzero(self._keys.take(at) == keys)
        at = at.take(hit)
        if len(at) and at.max() == self._size:
            hit, at = hit[at < self._size], at[at < self._size]
        return hit, at


class BagTable:
    """Keys with an idf and a row of numbers each."""

    def __init__(self, keys: Array, idf: Array, rows: Array, buckets: int) -> None:
        self._index = Index(keys, buckets - 1 if buckets else 0xFFFFFFFF)
        self._idf = idf
        self._rows = rows

    @property
    def width(self) -> int:
        """Columns of the table."""
        return int(self._rows.shape[1])

    def sums(self, cells: Cells, size: int, blocks: int, norm: bool) -> Array:
        """The weighted sums of the table's rows over the cells of `size` texts: (size, width) float64."""
        hit, at = self._index.find(cells.keys)
        rows = cells.rows.take(hit)
        weights = cells.counts.take(hit) * self._idf.take(at)
        if norm:
            groups = rows * blocks + cells.block.take(hit)
            squares = np.bincount(groups, weights=weights * weights, minlength=size * blocks)
            # The least number keeps a block whose idf are all zero at zero, and changes no other.
            weights /= np.sqrt(squares + _LEAST).take(groups)
        out = np.zeros((size, self.width))
        if len(rows):
            self._add(out, rows, at, weights)
        return out

    def _add(self, out: Array, rows: Array, at: Array, weights: Array) -> None:
        """Add up in an order that only a text's own cells decide: pieces counted from its first cell, in turn."""
        piece = max(1, _PIECE // self.width)
        starts = _piece_starts(rows, piece)
        if len(starts) == 1:
            out[rows[0]] = self._sum(at, weights, starts)[0]
            return
        ends = np.append(starts[1:], len(rows))
        owners = rows[starts]
        if self.width > _NARROW:
            for owner, start, end in zip(owners.tolist(), starts.tolist(), ends.tolist(), strict=True):
                out[owner] += self._sum(at[start:end], weights[start:end], starts[:1])[0]
            return
        first = 0
        while first < len(starts):
            # At least one piece, and at most as many cells as the largest piece has.
            last = max(first + 1, int(np.searchsorted(ends, starts[first] + piece, side="right")))
            begin, end = int(starts[first]), int(ends[last - 1])
            np.add.at(out, owners[first:last], self._sum(at[begin:end], weights[begin:end], starts[first:last] - begin))
            first = last

    def _sum(self, at: Array, weights: Array, starts: Array) -> Array:
        found = self._rows.take(at, axis=0).astype(np.float64)
        found *= weights[:, None]
        if self.width > _NARROW:
            return np.add.reduce(found, axis=0, keepdims=True)
        return np.add.reduceat(found, starts, axis=0)


def _piece_starts(rows: Array, piece: int) -> Array:
    """Where the cells of each row begin, and then again after every `piece` cells of the same row."""
    if rows[0] == rows[-1]:
        return np.arange(0, len(rows), piece)
    starts = np.append(0, np.flatnonzero(rows[1:] != rows[:-1]) + 1)
    sizes = np.diff(starts, append=len(rows))
    if int(sizes.max()) <= piece:
        return starts
    return np.concatenate(
        [np.arange(start, start + size, piece) for start, size in zip(starts.tolist(), sizes.tolist(), strict=True)]
    )
