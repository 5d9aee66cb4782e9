"""Columns that add up to the target: a total and its parts, or, in logarithms, a product.

A line through all numeric columns, learnt on one half of the rows, that leaves under 0.001 % of the target's variance
on the other half is arithmetic and no relation between measured things. The columns that the sum needs are named.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from smeaton.quality.leaks import Case, Finding, halves
from smeaton.quality.leaks._tells import plain
from smeaton.task.table import Array

_LEFT = 1e-5
_MOST_COLUMNS = 100
_MOST_NAMED = 8
_ROWS = 5_000


class Total:
    """The probe."""

    def look(self, case: Case) -> Sequence[Finding]:
        """Columns whose sum or product is the target."""
        if case.labels or not case.judged:
            return []
        rows = case.sample[:_ROWS]
        y = plain(np.asarray(case.dataset.target[rows]))
        columns = {name: plain(np.asarray(case.dataset.table[name][rows])) for name in case.columns("fi")}
        columns = {name: values for name, values in columns.items() if np.isfinite(values).all() and values.std() > 0}
        if not 2 <= len(columns) <= _MOST_COLUMNS or len(rows) < 4 * len(columns):
            return []
        for what, x, target in _forms(columns, y):
            names = list(x)
            if len(names) >= 2 and _left(x, names, target) < _LEFT:
                needed = _needed(x, names, target)
                if len(needed) < 2 or len(needed) > _MOST_NAMED:
                    continue
                listed = ", ".join(map(repr, needed))
                why = f"{listed} make up the target exactly ({what}). Are they known when the question is asked?"
                return [Finding("gives the target away", tuple(needed), why)]
        return []


part = Total()


def _forms(columns: dict[str, Array], y: Array) -> Iterator[tuple[str, dict[str, Array], Array]]:
    yield "a sum", columns, y
    positive = {name: np.log(values) for name, values in columns.items() if values.min() > 0}
    if y.min() > 0 and len(positive) >= 2:
        yield "a product", positive, np.log(y)


def _left(columns: dict[str, Array], names: Sequence[str], y: Array) -> float:
    """The share of the variance of the second half that a line learnt on the first leaves."""
    half = halves(len(y))
    design = np.stack([np.ones(len(y)), *((columns[n] - columns[n].mean()) / columns[n].std() for n in names)], axis=1)
    weights, *_ = np.linalg.lstsq(design[half], y[half], rcond=None)
    spread = float(y[~half].var())
    return float(((y[~half] - design[~half] @ weights) ** 2).mean()) / spread if spread > 0 else 1.0


def _needed(columns: dict[str, Array], names: Sequence[str], y: Array) -> list[str]:
    """The columns without which it is exact no more."""
    kept = list(names)
    for name in names:
        rest = [one for one in kept if one != name]
        if rest and _left(columns, rest, y) < _LEFT:
            kept = rest
    return kept
