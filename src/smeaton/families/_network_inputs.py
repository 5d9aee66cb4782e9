"""What a network sees of the matrix: filled, clipped and scaled columns, ramps between quantiles, flags for nulls.

Ramps are the piecewise-linear encoding of Gorishniy, Rubachev and Babenko 2022: with them a few layers learn what bends
sharply, as it does on most tables.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from smeaton.families._curves import Curves, learn_curves, learn_numbers
from smeaton.task.table import Array

if TYPE_CHECKING:
    from smeaton.compile.encode import Numbers
    from smeaton.compile.graph import Graph

_MOST_RAMPS = 1_200  # columns of ramps: more would cost more than they tell
_LEAST_KNOTS = 4
_MOST = 0.9  # share of the rows that are "almost all"
_PIECE = 10_000  # rows encoded at once
_DOUBLE = 11  # TensorProto.DOUBLE


@dataclass(frozen=True, slots=True)
class Inputs:
    """The scaled columns, a 0/1 column for each that may be null, then the ramps."""

    numbers: "Numbers"
    curves: Curves | None

    @property
    def width(self) -> int:
        """Columns a network sees."""
        ramps = 0 if self.curves is None else len(self.curves.low)
        return len(self.numbers.fill) + len(self.numbers.missing) + ramps

    def apply(self, matrix: Array) -> Array:
        """The columns of a matrix (rows, p) with NaN for nulls: (rows, width), float64 and finite."""
        plain = self.numbers.apply(matrix)
        if self.curves is None:
            return plain
        with np.errstate(over="ignore"):  # infinitely far beyond a ramp is at its end
            return np.hstack([plain, self.curves.apply(matrix)])

    def single(self, matrix: Array) -> Array:
        """The same in float32, made piece by piece: what a network is trained on."""
        found = np.empty((len(matrix), self.width), dtype=np.float32)
        for start in range(0, len(matrix), _PIECE):
            found[start : start + _PIECE] = self.apply(matrix[start : start + _PIECE])
        return found

    def write(self, graph: "Graph", matrix: str) -> str:
        """The same as `apply` as a value of the graph."""
        numbers = self.numbers
        null = graph.node("IsNaN", [matrix])
        filled = graph.node("Where", [null, graph.constant(numbers.fill), matrix])
        kept = graph.node("Max", [filled, graph.constant(numbers.low)])
        kept = graph.node("Min", [kept, graph.constant(numbers.high)])
        centred = graph.node("Sub", [kept, graph.constant(numbers.mean)])
        parts = [graph.node("Div", [centred, graph.constant(numbers.scale)])]
        if numbers.missing:
            chosen = graph.node("Gather", [null, graph.constant(list(numbers.missing), np.int64)], axis=1)
            parts.append(graph.node("Cast", [chosen], to=_DOUBLE))
        if self.curves is not None:
            chosen = graph.node("Gather", [filled, graph.constant(self.curves.columns, np.int64)], axis=1)
            moved = graph.node("Sub", [chosen, graph.constant(self.curves.low)])
            ramps = graph.node("Div", [moved, graph.constant(self.curves.width)])
            ramps = graph.node("Max", [ramps, graph.constant(0.0)])
            parts.append(graph.node("Min", [ramps, graph.constant(1.0)]))
        return parts[0] if len(parts) == 1 else graph.node("Concat", parts, axis=1)


def learn_inputs(matrix: Array, knots: int) -> Inputs:
    """Learn them on a matrix (rows, p): ramps between `knots` + 1 quantiles of each column with enough values.

    A column in which almost all rows are alike (a flag, a rare word) keeps the height of its range: divided by its
    deviation its few other values would drown all else.
    """
    numbers = _even(learn_numbers(matrix), matrix)
    knots = min(knots, _MOST_RAMPS // max(1, matrix.shape[1]))
    if knots < _LEAST_KNOTS:
        return Inputs(numbers, None)
    return Inputs(numbers, learn_curves(_without_heaps(matrix, knots), knots, numbers.fill))


def _even(numbers: "Numbers", matrix: Array) -> "Numbers":
    """Flags and columns with one value in most rows between 0 and 1, without their mean taken off."""
    mean, scale = numbers.mean.copy(), numbers.scale.copy()
    for i in range(matrix.shape[1]):
        known = _known(matrix[:, i])
        if not len(known):
            continue
        low, high = max(float(known.min()), numbers.low[i]), min(float(known.max()), numbers.high[i])
        rare = np.mean(known == np.median(known)) > _MOST
        if high > low and (rare or not np.any((known != low) & (known != high))):
            mean[i], scale[i] = low, high - low
    return replace(numbers, mean=mean, scale=scale)


def _without_heaps(matrix: Array, knots: int) -> Array:
    """The matrix with nulls for values so common that several quantiles would fall on them: those between them, which
    the ramps are for, would be left with few."""
    found = matrix.copy()
    for i in range(matrix.shape[1]):
        values, counts = np.unique(_known(matrix[:, i]), return_counts=True)
        heaps = values[counts * knots > 2 * counts.sum()]
        if len(values) > knots and len(heaps):
            found[np.isin(matrix[:, i], heaps), i] = np.nan
    return found


def _known(column: Array) -> Array:
    found: Array = column[~np.isnan(column)]
    return found
