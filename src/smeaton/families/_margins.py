"""Linear classifiers of many sparse columns: one label against the rest, squared hinge loss, by dual coordinate descent
(Hsieh et al. 2008, as liblinear has it); and how their margins become the scores of a sigmoid or a softmax.

`ratio` scales each column by the log ratio of its mean in the rows with and without the label before the fit (Wang and
Manning 2012): what says nothing on its own is then hard to give a weight. The scale is folded into the weights.
"""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from smeaton.extras import needs
from smeaton.families._solver import Limits
from smeaton.task.table import Array

_TOLERANCE = 0.03  # of the projected gradient at which a label is done; less changes no answer that matters
_ITERATIONS = 200
#: What margins are multiplied with where no rows are left to learn it from.
SLOPE = 3.0
_DOUBT = 0.5  # deviation of the prior of ln(slope) around it: some rows without an error prove no certainty
_LEAST, _MOST = math.log(0.05), math.log(50.0)


@dataclass(frozen=True, slots=True)
class Margins:
    """Labels to tell from the rest on the rows of `matrix` (scipy CSR). `hits` (rows, targets) says which rows have
    each label; the first `words` columns may be scaled by the ratio."""

    matrix: Any
    hits: Array
    weight: Array | None
    words: int
    ratio: bool
    seed: int

    def fit(self, c: float, limits: Limits) -> tuple[Array, Array, bool]:
        """Weights (columns, targets) and intercepts (targets,) at a cost `c` of errors, and whether all labels were
        fitted before `limits` said stop; each label is one step. A label not fitted answers -1 to all rows."""
        targets = self.hits.shape[1]
        weights, bias = np.zeros((self.matrix.shape[1], targets)), np.full(targets, -1.0)
        for target in range(targets):
            weights[:, target], bias[target] = self._label(self.hits[:, target].astype(bool), c)
            try:
                limits.step()
            except StopIteration:
                return weights, bias, target == targets - 1
        return weights, bias, True

    def _label(self, hit: Array, c: float) -> tuple[Array, float]:
        with needs("build"):
            from sklearn.exceptions import ConvergenceWarning
            from sklearn.svm import LinearSVC
        if hit.all() or not hit.any() or not self.matrix.shape[1]:
            return np.zeros(self.matrix.shape[1]), 1.0 if hit.all() else -1.0
        matrix, scale = self.matrix, None
        if self.ratio:
            scale = self._ratios(hit)
            matrix = matrix.copy()
            matrix.data *= scale[matrix.indices]
        machine = LinearSVC(C=c, tol=_TOLERANCE, max_iter=_ITERATIONS, random_state=self.seed, dual=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # where it ends is as good as any end
            machine.fit(matrix, hit, sample_weight=self.weight)
        weights: Array = machine.coef_[0]
        return (weights if scale is None else weights * scale), float(machine.intercept_[0])

    def _ratios(self, hit: Array) -> Array:
        """Log ratio of each column's smoothed share in rows with and without the label; 1 beyond the words."""
        with_it = 1.0 + np.asarray(self.matrix.T @ hit.astype(np.float64))[: self.words]
        without = 1.0 + np.asarray(self.matrix.T @ (~hit).astype(np.float64))[: self.words]
        ratios = np.log(with_it / with_it.sum()) - np.log(without / without.sum())
        return np.concatenate([ratios, np.ones(self.matrix.shape[1] - self.words)])


def calibrate(scores: Array, loss: Callable[[Array], float], rows: int, shift: bool) -> tuple[float, float]:
    """The slope and the shift with which `slope * scores + shift` has the least loss (mean of so many rows); the shift
    is 0 unless asked for. Near `SLOPE` where there are few rows."""
    with needs("build"):
        from scipy.optimize import minimize

    def off(point: Array) -> float:
        doubt = 0.5 * ((float(point[0]) - math.log(SLOPE)) / _DOUBT) ** 2
        if shift:
            doubt += 0.5 * float(point[1]) ** 2
        return loss(_moved(scores, point)) + doubt / rows

    start = np.array([math.log(SLOPE), 0.0][: 1 + shift])
    bounds = [(_LEAST, _MOST), (-20.0, 20.0)][: 1 + shift]
    found = minimize(off, start, method="Nelder-Mead", bounds=bounds, options={"xatol": 1e-3, "fatol": 1e-7})
    return math.exp(found.x[0]), float(found.x[1]) if shift else 0.0


def _moved(scores: Array, point: Array) -> Array:
    moved: Array = math.exp(point[0]) * scores + (point[1] if len(point) > 1 else 0.0)
    return moved
