"""Numbers for a linear model: robust scaling, and piecewise-linear curves through quantiles, in numpy and in the graph.

The curve of a column is a weighted sum of ramps, each 0 below one quantile and 1 above the next (the piecewise-linear
encoding of Gorishniy, Rubachev and Babenko 2022): a linear model of them is an additive model of broken lines.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smeaton.task.table import Array

if TYPE_CHECKING:
    from smeaton.compile.encode import Numbers
    from smeaton.compile.graph import Graph

_LEAST_DISTINCT = 4  # a column with fewer values needs no curve
_SAMPLE = 100_000  # rows that quantiles are taken from
_CELLS = 500_000  # of the columns whose quantiles are taken at once


@dataclass(frozen=True, slots=True)
class Curves:
    """Ramps: for each its number column, where it starts and how wide it is. `fill` stands for nulls, by column."""

    columns: Array
    low: Array
    width: Array
    fill: Array

    def apply(self, numbers: Array) -> Array:
        """The ramps of a number matrix, (rows, ramps) float64 in [0, 1]."""
        filled = np.where(np.isnan(numbers), self.fill, numbers)
        ramps: Array = np.minimum(np.maximum((filled[:, self.columns] - self.low) / self.width, 0.0), 1.0)
        return ramps

    def write(self, graph: "Graph") -> str:
        """The same as a value of a graph."""
        raw = graph.input("numbers", "double", len(self.fill))
        filled = graph.node("Where", [graph.node("IsNaN", [raw]), graph.constant(self.fill), raw])
        chosen = graph.node("Gather", [filled, graph.constant(self.columns, np.int64)], axis=1)
        moved = graph.node("Sub", [chosen, graph.constant(self.low)])
        ramps = graph.node("Div", [moved, graph.constant(self.width)])
        ramps = graph.node("Max", [ramps, graph.constant(0.0)])
        return graph.node("Min", [ramps, graph.constant(1.0)])


def learn_numbers(numbers: Array) -> "Numbers":
    """Scaling of number columns (rows, p): nulls become the mean, outliers are clipped half a range beyond the middle
    98 %, then zero mean and unit deviation. Columns with nulls get a further column that says where."""
    from smeaton.compile.encode import Numbers

    width = numbers.shape[1]
    low, high, mean, scale = np.zeros(width), np.zeros(width), np.zeros(width), np.ones(width)
    for i, known, edges in _quantiles(numbers, np.array([0.01, 0.99])):
        # Where almost all values are equal the rest is the information: then the whole range is kept.
        bottom, top = edges if edges[1] > edges[0] else (known.min(), known.max())
        low[i], high[i] = bottom - 0.5 * (top - bottom), top + 0.5 * (top - bottom)
        clipped = np.clip(known, low[i], high[i])
        mean[i], scale[i] = clipped.mean(), clipped.std()
        if not scale[i] > 1e-12 * max(1.0, abs(mean[i])):
            scale[i] = 1.0
    missing = np.flatnonzero(np.isnan(numbers).any(axis=0)).tolist()
    return Numbers(mean.copy(), low, high, mean, scale, missing)


def learn_curves(numbers: Array, knots: int, fill: Array) -> Curves | None:
    """Ramps between `knots` + 1 quantiles of each number column; None where no column has enough different values."""
    columns: list[int] = []
    starts: list[float] = []
    widths: list[float] = []
    for i, _, quantiles in _quantiles(numbers, np.linspace(0, 1, knots + 1)):
        edges = np.unique(quantiles)
        # Ramps narrower than rounding noise would be steps.
        if len(edges) < _LEAST_DISTINCT or np.diff(edges).min() <= 1e-9 * max(1.0, float(np.abs(edges).max())):
            continue
        columns.extend([i] * (len(edges) - 1))
        starts.extend(edges[:-1])
        widths.extend(np.diff(edges))
    if not columns:
        return None
    return Curves(np.array(columns), np.array(starts), np.array(widths), fill)


def _quantiles(numbers: Array, shares: Array) -> Iterator[tuple[int, Array, Array]]:
    """Each column that holds a number: its place, the numbers to learn from, and their quantiles. Those of whole
    columns are taken many at a time: of one by one, a wide table would spend more time in the calls than in them."""
    rows, width = numbers.shape
    step = max(1, _CELLS // max(1, rows))
    for start in range(0, width, step):
        some = np.ascontiguousarray(numbers[:, start : start + step].T)
        whole = ~np.isnan(some).any(axis=1) if 0 < rows <= _SAMPLE else np.zeros(len(some), dtype=bool)
        found = np.quantile(some[whole], shares, axis=1).T if whole.any() else np.empty((0, len(shares)))
        at_once = iter(found)
        for place, column in enumerate(some):
            known = column if whole[place] else _known(column)
            if len(known):
                yield start + place, known, next(at_once) if whole[place] else np.quantile(known, shares)


def _known(column: Array) -> Array:
    known = column[~np.isnan(column)]
    return known if len(known) <= _SAMPLE else known[:: len(known) // _SAMPLE + 1]
