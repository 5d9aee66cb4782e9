"""A uniform sample of rows in one pass: each row gets a number from its position and a seed; the smallest are kept.

The sample depends on the seed and the positions alone, not on how the rows arrive: it is the same for any size of
chunk, and repeats. The numbers are SplitMix64 of the position (Steele, Lea, Flood: Fast splittable pseudorandom number
generators, OOPSLA 2014), a bijection of 64 bits, so no two rows draw the same.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from smeaton.task.table import Array, Table, take

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
#: Cells of a column that are weighed to estimate the bytes of a row.
_WEIGHED = 1_000


@dataclass(frozen=True, slots=True)
class Sample:
    """At most so many rows, or so many bytes of arrays as they are read (Python's objects counted); the draw's seed;
    whose limit it is, for people."""

    rows: int | None = None
    bytes: int | None = None
    seed: int = 0
    why: str = ""

    def most(self, first: Table) -> int | None:
        """How many rows that is, estimated from the first rows; None: all."""
        limits = [self.rows] if self.rows is not None else []
        if self.bytes is not None and (each := row_bytes(first)):
            limits.append(max(1, int(self.bytes / each)))
        return min(limits, default=None)


def draws(positions: Array, seed: int) -> Array:
    """One uint64 for each position (int64, from 0), alike for the same seed."""
    with np.errstate(over="ignore"):
        mixed = (positions.astype(np.uint64) + np.uint64(1)) * _GOLDEN + _stirred(np.uint64(seed) * _GOLDEN)
        return np.asarray(_stirred(mixed))


def _stirred(value: Array | np.uint64) -> Array | np.uint64:
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def picks(count: int, most: int, seed: int) -> Array:
    """The positions of the sample among `count` rows, in order."""
    if most >= count:
        return np.arange(count)
    numbers = draws(np.arange(count), seed)
    return np.sort(np.argpartition(numbers, most)[:most])


def row_bytes(table: Table) -> float:
    """Bytes that a row takes in memory, objects included; 0 without rows."""
    return sum(_cell_bytes(column) for column in table.values())


def _cell_bytes(column: Array) -> float:
    if not len(column):
        return 0.0
    if column.dtype.kind == "T":
        longer = [cell for cell in column[:: max(1, len(column) // _WEIGHED)].astype(object).tolist() if cell]
        return 16 + sum(len(cell.encode()) + 1 for cell in longer if len(cell.encode()) > 15) / max(len(longer), 1)
    if column.dtype != object:
        return column.nbytes / len(column)
    cells = column[:: max(1, len(column) // _WEIGHED)].tolist()
    return 8 + sum(map(_deep, cells)) / len(cells)


def _deep(value: object) -> int:
    """Bytes of a value with what it holds."""
    if value is None or isinstance(value, bool):
        return 0
    size = sys.getsizeof(value)
    if isinstance(value, list | tuple):
        return size + sum(map(_deep, value))
    if isinstance(value, dict):
        return size + sum(_deep(key) + _deep(held) for key, held in value.items())
    return size


class Reservoir:
    """Keeps the `most` rows with the smallest numbers of all that pass; holds a quarter more between cuts. `pack` makes
    a column small: of the rows kept alone, for most of a large table are not."""

    def __init__(self, most: int | None, seed: int, pack: Callable[[Array], Array] = lambda column: column) -> None:
        self.most = most
        self.seed = seed
        self.pack = pack
        self.passed = 0
        self.held = 0
        self.pieces: list[tuple[dict[str, Array], Array, Array]] = []
        self.limit: np.uint64 | None = None

    def add(self, table: Table, count: int) -> None:
        """Take the next `count` rows."""
        positions = np.arange(self.passed, self.passed + count)
        self.passed += count
        if self.most is None:
            self.pieces.append((self._packed(table), positions, positions))
            return
        numbers = draws(positions, self.seed)
        if self.limit is not None:
            kept = np.flatnonzero(numbers <= self.limit)
            table, positions, numbers = take(table, kept), positions[kept], numbers[kept]
        self.pieces.append((self._packed(table), positions, numbers))
        self.held += len(positions)
        if self.held > self.most + max(self.most // 4, 1_000):
            self._cut()

    def rows(self) -> tuple[list[tuple[dict[str, Array], Array]], Array]:
        """The pieces kept, in order, each with its rows' positions; and the positions of all."""
        if self.most is not None and self.held > self.most:
            self._cut()
        positions = [piece[1] for piece in self.pieces]
        return [piece[:2] for piece in self.pieces], np.concatenate(positions) if positions else np.arange(0)

    def _packed(self, table: Table) -> dict[str, Array]:
        return {name: self.pack(column) for name, column in table.items()}

    def _cut(self) -> None:
        numbers = np.concatenate([piece[2] for piece in self.pieces])
        self.limit = np.partition(numbers, self.most - 1)[self.most - 1] if self.most else None
        for place, (table, positions, own) in enumerate(self.pieces):
            kept = np.flatnonzero(own <= self.limit)
            if len(kept) < len(own):
                self.pieces[place] = (take(table, kept), positions[kept], own[kept])
        self.held = sum(len(piece[1]) for piece in self.pieces)
