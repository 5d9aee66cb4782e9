"""Texts of large tables in little memory: Python takes about 60 bytes for a short text, and as many objects as cells.

They are kept in numpy's own strings (16 bytes for texts of up to 15), and become an object column, as every reader of
rows expects, when they are asked for: one column at a time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from smeaton.data._join import joined
from smeaton.task.table import Array, Table

#: Cells that are looked at, and the different texts among them that are few.
_LOOKED_AT, _FEW = 10_000, 500


class Compact(Mapping[str, Array]):
    """Columns in packed pieces, each made whole and plain when it is asked for; it is not kept then.

    Pieces are given with their counts of rows; a column that a piece lacks is null there.
    """

    def __init__(self, pieces: Iterable[tuple[Table, int]] = ()) -> None:
        self.rows = 0
        self._pieces: dict[str, list[Array]] = {}
        self._counts: list[int] = []
        for table, count in pieces:
            self.add(table, count)

    def add(self, table: Table, count: int) -> None:
        """Take the next `count` rows."""
        for name in table:
            if name not in self._pieces:
                self._pieces[name] = [np.full(held, None, dtype=object) for held in self._counts]
        for name, pieces in self._pieces.items():
            pieces.append(packed(table[name]) if name in table else np.full(count, None, dtype=object))
        self._counts.append(count)
        self.rows += count

    def __getitem__(self, name: str) -> Array:
        pieces = self._pieces[name]
        if all(piece.dtype.kind == "T" for piece in pieces):
            return plain(np.concatenate(pieces))
        return joined([plain(piece) for piece in pieces])

    def __iter__(self) -> Iterator[str]:
        return iter(self._pieces)

    def __len__(self) -> int:
        return len(self._pieces)

    def __contains__(self, name: object) -> bool:
        return name in self._pieces


def packed(column: Array) -> Array:
    """A column of texts and None as numpy's strings; any other column as it is."""
    if column.dtype != object or not set(map(type, column.tolist())) <= {str, type(None)}:
        return column
    try:
        return column.astype(np.dtypes.StringDType(na_object=None))
    except UnicodeEncodeError:  # half a pair of UTF-16 has no UTF-8
        return column


def plain(column: Array) -> Array:
    """A packed column as objects of str and None; of few different texts, each is one object."""
    if column.dtype.kind != "T":
        return column
    objects: Array = column.astype(object)
    if len(set(objects[:_LOOKED_AT].tolist())) <= min(_FEW, len(objects) // 2):
        once: dict[str | None, str | None] = {}
        objects[:] = [once.setdefault(cell, cell) for cell in objects.tolist()]
    return objects


class Kept(Mapping[str, Array]):
    """Some columns of a table, in some rows (None: all), each made when it is asked for."""

    def __init__(self, table: Table, names: Sequence[str], rows: Array | None) -> None:
        self.table = table
        self.names = dict.fromkeys(names)
        self.kept = rows

    def __getitem__(self, name: str) -> Array:
        if name not in self.names:
            raise KeyError(name)
        column = self.table[name]
        return column if self.kept is None else column[self.kept]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names
