"""`SmeatonClassifier`: labels, with probabilities."""

from typing import Any

import numpy as np

from smeaton.estimator.base import SmeatonEstimator
from smeaton.estimator.target import Target, read_labels
from smeaton.extras import needs
from smeaton.task.table import PREDICTION, PROBABILITY, Array

with needs("build"):
    from sklearn.base import ClassifierMixin


class SmeatonClassifier(ClassifierMixin, SmeatonEstimator):  # type: ignore[misc]
    """A classifier that searches for the best solution, compiles it, and keeps it as a bundle.

    Works in this process, and seals no test: `board_` knows validation scores only.

    Args:
        budget: seconds a fit may take, about. Under 2 a small table gets a fixed search, whatever the clock says:
            a few quick families, some tenths of a second, and equal rows give equal models.
        metric: what is ranked, such as "roc_auc"; default log_loss.
        solutions: names of the families to try; or a mapping with `only`, `never`, and `add`, which brings your own:
            estimators by name (`{"add": {"mine": pipeline}}`, on the board as `mine.py:model`), or files
            (`{"add": ["file.py:name"]}`); or a `smeaton.task.task.Solutions`. Default all families that can run.
        random_state: another number is another split and another search; None draws one.
        folder: where trials and bundles are kept, a folder for each fit: an equal fit goes on where it stopped.
            Default a temporary one that goes with this object.
        n_jobs: threads a fit may use, -1 for all; default 1.
        verbose: show the board while it grows: as HTML in a notebook, else lines.

    Attributes:
        classes_: labels, as `numpy.unique` orders them. n_features_in_, feature_names_in_: as in scikit-learn.
        board_: what was tried, as a frame. bundle_: the path of the bundle. winner_: the family that won.
        notes_: what was left out of X, and what is to be known of the result.
    """

    def _target(self, y: Any, taken: frozenset[str]) -> Target:
        return read_labels(y, taken)

    def predict(self, X: Any) -> Array:
        """The label of each row, (rows,)."""
        table = self._answers(X)
        labels = self._held.model().task.labels
        place = {(type(label), label): code for code, label in enumerate(labels)}
        codes = [place[type(one), one] for one in table[PREDICTION].tolist()]
        return np.asarray(self.classes_[np.array(codes, dtype=np.int64)])

    def predict_proba(self, X: Any) -> Array:
        """The probability of each label, (rows, classes)."""
        return np.asarray(self._answers(X)[PROBABILITY], dtype=np.float64)
