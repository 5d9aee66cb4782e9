"""Hybrids: rows that take some columns from the row to explain and the others from rows of reference."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from smeaton.task.table import Array, Table, rows_in

#: Rows asked in one piece, so that memory stays bounded.
_PIECE = 16_384


@dataclass(slots=True)
class Hybrids:
    """A row (a table of one), the rows of reference, and `ask`, which answers typed tables with one number a row.

    `players` are the columns in which some row of reference differs from the row: the others can add nothing. `asked`
    counts the rows that were answered.
    """

    ask: Callable[[Table], Array]
    row: Table
    reference: Table
    asked: int = 0
    players: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        differs = {name: ~_same(self.row[name], column) for name, column in self.reference.items()}
        self.players = tuple(name for name, where in differs.items() if where.any())

    @property
    def references(self) -> int:
        """How many rows of reference there are."""
        return rows_in(self.reference)

    def table(self, own: Array, reference: Array) -> dict[str, Array]:
        """One hybrid a line: `own` (n, players) bool says which columns are the row's own, `reference` (n,) which row
        of reference gives the others."""
        places = {name: place for place, name in enumerate(self.players)}
        made = {}
        for name, column in self.reference.items():
            taken = column[reference]
            if name in places:
                mask = own[:, places[name]]
                taken = np.where(mask[:, None] if taken.ndim == 2 else mask, self.row[name], taken)
            made[name] = taken
        return made

    def values(self, own: Array, reference: Array) -> Array:
        """What `ask` says of these hybrids, float64 (n,)."""
        pieces = []
        for start in range(0, len(own), _PIECE):
            part = slice(start, start + _PIECE)
            pieces.append(self.ask(self.table(own[part], reference[part])))
        self.asked += len(own)
        return np.concatenate(pieces) if pieces else np.empty(0)

    def means(self, own: Array) -> Array:
        """The mean over all rows of reference for each line of `own` (n, players), float64 (n,)."""
        lines, references = len(own), self.references
        values = self.values(np.repeat(own, references, axis=0), np.tile(np.arange(references), lines))
        return np.asarray(values.reshape(lines, references).mean(axis=1))


def _same(row: Array, column: Array) -> Array:
    """Where a column equals the row's one value; nulls equal each other."""
    if column.dtype == object:
        return np.array([_equal(row[0], cell) for cell in column.tolist()], dtype=bool)
    equal = row == column
    if column.dtype.kind in "fM":
        null = np.isnat if column.dtype.kind == "M" else np.isnan
        equal |= null(row) & null(column)
    return np.asarray(equal.all(axis=1) if column.ndim == 2 else equal)


def _equal(a: Any, b: Any) -> bool:
    sequences = isinstance(a, Sequence | np.ndarray) and isinstance(b, Sequence | np.ndarray)
    return bool(np.array_equal(a, b)) if sequences and not isinstance(a, str) else bool(a == b)
