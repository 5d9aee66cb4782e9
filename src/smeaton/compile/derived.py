"""Columns computed inside the graph from category codes and numbers: looked-up values, 0/1 flags, crossings of two
categories, arithmetic on two numbers. Each says the same in numpy, bit for bit.

`codes` are the vocabulary's own codes, int64 (rows, category columns), `UNSEEN` for a value its map does not hold;
`numbers` are the outputs of the table step, NaN for nulls.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from smeaton.compile.encode import UNSEEN, Vocabulary, encode_text
from smeaton.compile.graph import ML, Graph
from smeaton.runtime.ops._features import CATEGORIES, NUMBERS
from smeaton.task.table import Array

_DOUBLE = 11  # onnx.TensorProto.DOUBLE


class Derived(Protocol):
    """Columns of a matrix that are computed from others."""

    @property
    def width(self) -> int:
        """How many columns."""
        ...

    def apply(self, numbers: Array, codes: Array) -> Array:
        """The columns in numpy, float64 (rows, width)."""
        ...

    def write(self, graph: Graph) -> str:
        """The same as a value of a graph."""
        ...


def own_codes(vocabulary: Vocabulary, categories: Array) -> Array:
    """The codes of a text matrix as integers."""
    codes = vocabulary.codes(categories)
    return np.where(np.isnan(codes), UNSEEN, codes).astype(np.int64)


def _shared(graph: Graph, vocabulary: Vocabulary, columns: Sequence[int] | None = None) -> str:
    """Shared codes of some category columns (None: of all), int64."""
    text = graph.input(CATEGORIES, "string", len(vocabulary.columns))
    codes = encode_text(graph, text, vocabulary.shared, np.int64)
    if columns is None or list(columns) == list(range(len(vocabulary.columns))):
        return codes
    return graph.node("Gather", [codes, graph.constant(list(columns), np.int64)], axis=1)


def _places(graph: Graph, keys: str, places: dict[int, int], unseen: Array) -> str:
    """The table row of each key (rows, columns), int64; `unseen` of its column where the map does not hold it."""
    # An empty map is not allowed in a LabelEncoder.
    known = places or {0: UNSEEN}
    found = graph.node(
        "LabelEncoder",
        [keys],
        domain=ML,
        keys_tensor=np.array(list(known), dtype=np.int64),
        values_tensor=np.array(list(known.values()), dtype=np.int64),
        default_tensor=np.array([UNSEEN], dtype=np.int64),
    )
    missing = graph.node("Less", [found, graph.constant(0, np.int64)])
    return graph.node("Where", [missing, graph.constant(unseen, np.int64), found])


def _rows(graph: Graph, table: Array, places: str, columns: int) -> str:
    """The table rows at `places` (rows, columns), side by side."""
    gathered = graph.node("Gather", [graph.constant(table), places], axis=0)
    return graph.node("Reshape", [gathered, graph.constant([0, columns * table.shape[1]], np.int64)])


@dataclass(frozen=True)
class Lookup:
    """Some category columns, each replaced by what its table holds for the value.

    `tables`, one for each of `columns`, are (known values + 1, targets): the last row is for values that are unseen.
    """

    vocabulary: Vocabulary
    columns: tuple[int, ...]
    tables: tuple[Array, ...]

    @property
    def width(self) -> int:
        """Columns times targets."""
        return sum(table.shape[1] for table in self.tables)

    @cached_property
    def _starts(self) -> Array:
        """Where each table begins in the stack of all."""
        return np.array([0, *np.cumsum([len(table) for table in self.tables])], dtype=np.int64)

    def apply(self, numbers: Array, codes: Array) -> Array:
        """The values, column by column."""
        # Code -1 is the last row of a table.
        found = [table[codes[:, column]] for column, table in zip(self.columns, self.tables, strict=True)]
        return np.hstack(found)

    def write(self, graph: Graph) -> str:
        """Text -> shared code -> (code, column) as one integer -> table row."""
        count = len(self.columns)
        keys = graph.node("Mul", [_shared(graph, self.vocabulary, self.columns), graph.constant(count, np.int64)])
        keys = graph.node("Add", [keys, graph.constant(np.arange(count), np.int64)])
        places = {
            int(shared) * count + i: int(self._starts[i]) + code
            for i, column in enumerate(self.columns)
            for code, shared in enumerate(self.vocabulary.to_shared(column).tolist())
        }
        found = _places(graph, keys, places, self._starts[1:] - 1)
        return _rows(graph, np.vstack(self.tables), found, count)


@dataclass(frozen=True)
class Hot:
    """One 0/1 column for each of the first values of each category column; `counts` says how many of each."""

    vocabulary: Vocabulary
    counts: tuple[int, ...]

    @property
    def width(self) -> int:
        """Values."""
        return sum(self.counts)

    @cached_property
    def _column(self) -> Array:
        """The category column of each 0/1 column."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def apply(self, numbers: Array, codes: Array) -> Array:
        """1 where the cell has the value."""
        values = np.concatenate([np.arange(0), *(np.arange(count) for count in self.counts)])
        flags: Array = (codes[:, self._column] == values).astype(np.float64)
        return flags

    def write(self, graph: Graph) -> str:
        """Shared codes compared with those of the values."""
        shared = [self.vocabulary.to_shared(i)[:count] for i, count in enumerate(self.counts)]
        cells = graph.node("Gather", [_shared(graph, self.vocabulary), graph.constant(self._column, np.int64)], axis=1)
        equal = graph.node("Equal", [cells, graph.constant(np.concatenate(shared), np.int64)])
        return graph.node("Cast", [equal], to=_DOUBLE)


@dataclass(frozen=True)
class Crossed:
    """Pairs of category columns, each replaced by what its table holds for the two values together.

    `cells`, one for each of `pairs`, are (known cells, 2) own codes in lexical order; `tables` (known cells + 1,
    targets): the last row is for cells that are unseen.
    """

    vocabulary: Vocabulary
    pairs: tuple[tuple[int, int], ...]
    cells: tuple[Array, ...]
    tables: tuple[Array, ...]

    @property
    def width(self) -> int:
        """Pairs times targets."""
        return sum(table.shape[1] for table in self.tables)

    def apply(self, numbers: Array, codes: Array) -> Array:
        """The values, pair by pair."""
        found = []
        for (one, other), cells, table in zip(self.pairs, self.cells, self.tables, strict=True):
            size = len(self.vocabulary.columns[other])
            places = cell_places(cells[:, 0] * size + cells[:, 1], cell_keys(codes[:, one], codes[:, other], size))
            found.append(table[places])
        return np.hstack(found)

    def write(self, graph: Graph) -> str:
        """Two shared codes and the number of the pair as one integer -> table row."""
        count, base = len(self.pairs), len(self.vocabulary.shared) + 1
        one = _shared(graph, self.vocabulary, [pair[0] for pair in self.pairs])
        other = _shared(graph, self.vocabulary, [pair[1] for pair in self.pairs])
        keys = graph.node("Add", [graph.node("Mul", [one, graph.constant(base, np.int64)]), other])
        keys = graph.node("Mul", [keys, graph.constant(count, np.int64)])
        keys = graph.node("Add", [keys, graph.constant(np.arange(count), np.int64)])
        places, starts = dict[int, int](), np.cumsum([0, *(len(table) for table in self.tables)])
        for i, (pair, cells) in enumerate(zip(self.pairs, self.cells, strict=True)):
            shared = [self.vocabulary.to_shared(column)[cells[:, side]] for side, column in enumerate(pair)]
            known = ((shared[0] * base + shared[1]) * count + i).tolist()
            places.update({key: int(starts[i]) + row for row, key in enumerate(known)})
        return _rows(graph, np.vstack(self.tables), _places(graph, keys, places, starts[1:] - 1), count)


def cell_keys(one: Array, other: Array, size: int) -> Array:
    """Two codes as one integer; `UNSEEN` where one of them is. `size`: values of the second column."""
    return np.where((one < 0) | (other < 0), UNSEEN, one * size + other)


def cell_places(known: Array, keys: Array) -> Array:
    """Where each key stands in the ascending `known`, -1 where it is not there."""
    if not len(known):
        return np.full(len(keys), UNSEEN)
    found = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[found] == keys, found, UNSEEN)


_ARITHMETIC: dict[str, Callable[[Array, Array], Array]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
}


@dataclass(frozen=True)
class Arithmetic:
    """Two numbers combined: each of `terms` is (`Add`, `Sub`, `Mul` or `Div`, first column, second column),
    of `columns` numbers. What is not finite (a division by zero, an overflow, a null) is null: NaN."""

    terms: tuple[tuple[str, int, int], ...]
    columns: int

    @property
    def width(self) -> int:
        """Terms."""
        return len(self.terms)

    @cached_property
    def _order(self) -> list[tuple[str, Array, Array, Array]]:
        """Operator, the places of its terms, their first and second columns."""
        found = []
        for name in _ARITHMETIC:
            places = [i for i, term in enumerate(self.terms) if term[0] == name]
            if places:
                columns = np.array([self.terms[i][1:] for i in places], dtype=np.int64)
                found.append((name, np.array(places), columns[:, 0], columns[:, 1]))
        return found

    def apply(self, numbers: Array, codes: Array) -> Array:
        """The results, term by term."""
        made = np.empty((len(numbers), len(self.terms)))
        with np.errstate(all="ignore"):
            for name, places, one, other in self._order:
                made[:, places] = _ARITHMETIC[name](numbers[:, one], numbers[:, other])
        made[~np.isfinite(made)] = np.nan
        return made

    def write(self, graph: Graph) -> str:
        """One node for each operator, then the terms in their order."""
        numbers = graph.input(NUMBERS, "double", self.columns)
        parts = []
        for name, _, one, other in self._order:
            sides = [graph.node("Gather", [numbers, graph.constant(side, np.int64)], axis=1) for side in (one, other)]
            parts.append(graph.node(name, sides))
        made = parts[0] if len(parts) == 1 else graph.node("Concat", parts, axis=1)
        order = np.argsort(np.concatenate([places for _, places, _, _ in self._order]))
        if not np.array_equal(order, np.arange(len(order))):
            made = graph.node("Gather", [made, graph.constant(order, np.int64)], axis=1)
        return graph.node("Where", [graph.node("IsInf", [made]), graph.constant(np.nan), made])
