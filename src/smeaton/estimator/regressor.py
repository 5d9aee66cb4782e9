"""`SmeatonRegressor`: numbers."""

from typing import Any

import numpy as np

from smeaton.estimator.base import SmeatonEstimator
from smeaton.estimator.target import Target, read_numbers
from smeaton.extras import needs
from smeaton.task.table import PREDICTION, Array

with needs("build"):
    from sklearn.base import RegressorMixin


class SmeatonRegressor(RegressorMixin, SmeatonEstimator):  # type: ignore[misc]
    """A regressor that searches for the best solution, compiles it, and keeps it as a bundle.

    Parameters and attributes are those of `SmeatonClassifier`, without classes; the metric is rmse by default.
    """

    def _target(self, y: Any, taken: frozenset[str]) -> Target:
        return read_numbers(y, taken)

    def predict(self, X: Any) -> Array:
        """The number of each row, (rows,) float64."""
        return np.asarray(self._answers(X)[PREDICTION], dtype=np.float64)
