"""Area under the ROC curve: the chance that a positive row is ranked above a negative one, ties counting half.

Linearised by each row's placement among the other class (DeLong, DeLong and Clarke-Pearson 1988), so that resampling
costs one sort. An invalid answer is ranked last among positives, first among negatives. 0.5 where a class is absent.
"""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics import Better, Kind, Needs, Unit
from smeaton.metrics._read import probabilities
from smeaton.metrics._row import ratio
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


class RocAuc:
    """See the module."""

    better: Better = "higher"
    tasks: tuple[Kind, ...] = ("binary",)
    needs: Needs = "probability"
    unit: Unit = "share"
    best: float | None = 1.0

    def rows(
        self,
        answers: Table,
        target: Array,
        labels: Sequence[Label],
        weight: Array | None = None,
        groups: Array | None = None,
    ) -> Array:
        """Placement and membership for positives, for negatives, and the whole value: (rows, 5)."""
        chance, valid = probabilities(answers, labels, len(target))
        positive = target == 1
        score = np.where(valid, chance[:, -1], np.where(positive, -np.inf, np.inf))
        mass = np.ones(len(target)) if weight is None else weight.astype(np.float64)
        below = _share_below(score, score[~positive], mass[~positive])
        above = 1.0 - _share_below(score, score[positive], mass[positive])
        area = float(ratio((mass * below)[positive].sum(), mass[positive].sum(), 0.5))
        return np.stack(
            [below * positive, positive, above * ~positive, ~positive, np.full(len(target), area)], axis=1
        ).astype(np.float64)

    def value(self, means: Array) -> Array:
        """First order of the area in both classes' placements; exact on the rows themselves."""
        area = means[..., 4]
        hits = np.where(means[..., 1] > 0, ratio(means[..., 0], means[..., 1], 0.5), area)
        calm = np.where(means[..., 3] > 0, ratio(means[..., 2], means[..., 3], 0.5), area)
        return np.asarray(np.clip(hits + calm - area, 0.0, 1.0))


def _share_below(score: Array, others: Array, mass: Array) -> Array:
    """Weighted share of `others` below each score, equal ones counting half; 0.5 where there are none."""
    if not len(others) or mass.sum() <= 0:
        return np.full(len(score), 0.5)
    order = np.argsort(others, kind="stable")
    ranked, total = others[order], np.concatenate([[0.0], np.cumsum(mass[order])])
    low = total[np.searchsorted(ranked, score, "left")]
    high = total[np.searchsorted(ranked, score, "right")]
    return np.asarray((low + high) / (2 * total[-1]))


part = RocAuc()
