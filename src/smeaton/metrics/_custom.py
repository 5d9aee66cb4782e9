"""A user's function as a metric: `def worth(answers, target)` in a file of the task's folder.

`answers` is a Table (`prediction`, for classes `probability`, where answers can fail `error`), `target` holds the true
labels, lists of labels, numbers or JSON values. It returns either one number a row (the metric is their weighted mean)
or one number for the table (weights then are the function's own business). It states its direction as an attribute,
`worth.better = "higher"`, and may state `worth.worst`: what an invalid answer scores (else the worst score among the
valid rows).

A whole-table value gets its spread from a delete-a-group jackknife (Shao and Wu 1989) over up to 50 blocks of rows or
groups, put in the form of row statistics, so that intervals and paired differences treat all metrics alike.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smeaton.errors import TaskError
from smeaton.metrics import Better, Kind, Needs, Unit
from smeaton.metrics._read import answered
from smeaton.task.table import Array, Table, object_column, take
from smeaton.task.types import Label

_BLOCKS = 50
Function = Callable[[Mapping[str, Array], Array], object]


@dataclass(slots=True)
class Custom:
    """See the module."""

    name: str
    function: Function
    better: Better
    worst: float | None
    tasks: tuple[Kind, ...] = ("number", "binary", "multiclass", "ordered", "many", "structure", "text")
    needs: Needs = "prediction"
    unit: Unit = ""
    best: float | None = None

    def rows(
        self,
        answers: Table,
        target: Array,
        labels: Sequence[Label],
        weight: Array | None = None,
        groups: Array | None = None,
    ) -> Array:
        """Scores of the rows, or the jackknife's form of the table's score: (rows, 1)."""
        truth = _truth(target, labels)
        found = self._call(answers, truth)
        if found.ndim == 0:
            return self._whole(float(found), answers, truth, groups)[:, None]
        valid = answered(answers, len(target)) & np.isfinite(found)
        if valid.all():
            return found[:, None]
        if self.worst is None and not valid.any():
            raise TaskError(
                f"{self.name} scored no row with a finite number",
                fix=f"give it a worst score: {self._short}.worst = ...",
            )
        pick = np.min if self.better == "higher" else np.max
        worst = pick(found[valid]) if self.worst is None else self.worst
        return np.where(valid, found, worst)[:, None]

    def value(self, means: Array) -> Array:
        """The mean itself."""
        return np.asarray(means, dtype=np.float64)[..., 0]

    @property
    def _short(self) -> str:
        return self.name.rsplit(":", 1)[-1]

    def _call(self, answers: Table, truth: Array) -> Array:
        found = np.asarray(self.function(answers, truth), dtype=np.float64)
        if found.shape not in ((), (len(truth),)):
            raise TaskError(
                f"{self.name} returned an array of shape {found.shape} for {len(truth)} rows",
                fix="return one number, or one number a row",
            )
        return found

    def _score(self, answers: Table, truth: Array) -> float:
        found = float(self._call(answers, truth))
        if np.isfinite(found):
            return found
        if self.worst is None:
            raise TaskError(
                f"{self.name} returned {found}", fix=f"return a finite number, or set {self._short}.worst = ..."
            )
        return self.worst

    def _whole(self, value: float, answers: Table, truth: Array, groups: Array | None) -> Array:
        rows = len(truth)
        value = value if np.isfinite(value) else self._score(answers, truth)
        code = np.arange(rows) if groups is None else np.unique(groups, return_inverse=True)[1]
        count = int(code.max()) + 1 if rows else 0
        blocks = min(_BLOCKS, count)
        if blocks < 2:
            return np.full(rows, value)
        order = np.random.default_rng([rows, count]).permutation(count) % blocks
        block = order[code]
        without = [block != number for number in range(blocks)]
        left_out = np.array([self._score(take(answers, keep), truth[keep]) for keep in without])
        # The jackknife's variance is (blocks - 1) times the mean square of these deviations; resampling `count`
        # clusters divides by `count`, so the deviations are scaled to give that variance back.
        influence: Array = (left_out.mean() - left_out) * np.sqrt(count * (blocks - 1))
        spread = influence[block]
        return np.asarray(value + spread - spread.mean())


def _truth(target: Array, labels: Sequence[Label]) -> Array:
    """What the user's function reads: labels, lists of labels, numbers or JSON values."""
    if target.ndim == 2:
        return object_column([[labels[place] for place in np.flatnonzero(row).tolist()] for row in target])
    return object_column(labels)[target] if labels else target


def custom(function: object, name: str) -> Custom:
    """The user's function as a metric.

    Raises:
        TaskError: it cannot be called, or does not state its direction.
    """
    short = name.rsplit(":", 1)[-1]
    if not callable(function):
        raise TaskError(f"{name} is not a function", fix=f"write def {short}(answers, target): ...", where="metric")
    better = getattr(function, "better", None)
    if better not in ("higher", "lower"):
        raise TaskError(
            f"{name} does not say whether higher or lower is better",
            fix=f'add below the function: {short}.better = "higher"',
            where="metric",
        )
    worst = getattr(function, "worst", None)
    return Custom(name, function, better, None if worst is None else float(worst))
