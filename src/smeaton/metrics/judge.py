"""Judge: share of answers that are good, by a language model's verdicts.

Read from the column `verdict` that a trial keeps beside its answers (`_verdicts.py`). A row with an error, and one that
failed a check and was therefore not shown to the judge, is bad. Where the judge was compared with people, the share
among the rows it was shown is corrected for its errors (`_agreement.py`).

What the labelled answers leave uncertain is no property of a row, and a metric's interval comes from its rows. So a
statistic of mean 0 is added whose spread over resamples is just that standard error: alternately plus and minus from
row to row (from group to group), the same for all candidates on the same rows. Intervals then hold both sources of
uncertainty, and in paired differences, where the judge's errors are the same on both sides, it cancels but for what
they differ in. The approximation: the errors are normal, and alike for all candidates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from smeaton.errors import ProgramError
from smeaton.metrics import Better, Kind, Needs, Unit
from smeaton.metrics._agreement import Correction, correction
from smeaton.metrics._read import answered, column
from smeaton.metrics._row import ratio
from smeaton.task.table import CHECKED, VERDICT, Array, Table
from smeaton.task.task import Task
from smeaton.task.types import Label


@dataclass(slots=True)
class JudgeMetric:
    """See the module. Until a task says how far its judge agrees with people (`of`), nothing is corrected."""

    correction: Correction | None = None
    always: bool = False
    better: Better = "higher"
    tasks: tuple[Kind, ...] = ("number", "binary", "multiclass", "ordered", "many", "structure", "text")
    needs: Needs = "prediction"
    unit: Unit = "share"
    best: float | None = 1.0

    def of(self, task: Task) -> "JudgeMetric":
        """The metric of a task with a judge."""
        assert task.judge is not None
        return replace(self, correction=correction(task.judge.agreed), always=task.judge.always)

    def rows(
        self,
        answers: Table,
        target: Array,
        labels: Sequence[Label],
        weight: Array | None = None,
        groups: Array | None = None,
    ) -> Array:
        """Whether a row was shown to the judge, whether it was called good, and the labelled answers' share of the
        uncertainty: (rows, 3)."""
        verdict = column(answers, VERDICT, len(target))
        if verdict is None:
            raise ProgramError("the answers were not judged: the task's judge is asked while it is built")
        shown = shown_rows(answers, len(target), always=self.always).astype(np.float64)
        good = shown * np.clip(np.nan_to_num(verdict.astype(np.float64)), 0.0, 1.0)
        mass = np.ones(len(target)) if weight is None else weight.astype(np.float64)
        return np.column_stack([shown, good, self._doubt(shown, good, mass, groups)])

    def value(self, means: Array) -> Array:
        """The share of good answers, corrected where it can be."""
        given = np.asarray(means, dtype=np.float64)
        shown, good, doubt = given[..., 0], given[..., 1], given[..., 2]
        if self.correction is None:
            return np.clip(good, 0.0, 1.0)
        return np.clip(shown * self._corrected(ratio(good, shown, 0.0)) + doubt, 0.0, 1.0)

    def _corrected(self, share: Array) -> Array:
        assert self.correction is not None
        return np.clip((share + self.correction.specificity - 1) / self.correction.reach, 0.0, 1.0)

    def _doubt(self, shown: Array, good: Array, mass: Array, groups: Array | None) -> Array:
        """A column whose weighted mean is 0 and whose mean over resamples of the groups has the standard error that the
        labelled answers leave."""
        total = float(mass.sum())
        if self.correction is None or total <= 0:
            return np.zeros(len(shown))
        part = float(mass @ shown) / total
        share = float(self._corrected(ratio(mass @ good, mass @ shown, 0.0)))
        signs, clusters = _signs(groups, len(shown))
        signs = signs - float(mass @ signs) / total
        sums = np.bincount(clusters, weights=mass * signs) / total
        scale = float(np.sqrt(np.square(sums).sum()))
        return signs * (part * self.correction.spread(share) / scale) if scale > 0 else np.zeros(len(shown))


def shown_rows(answers: Table, rows: int, *, always: bool) -> Array:
    """Which answers a judge is shown, bool (rows,): those without an error that pass every check, or `always` all
    without an error."""
    shown = answered(answers, rows)
    checked = column(answers, CHECKED, rows)
    return shown if always or checked is None else shown & (checked >= 1).all(axis=1)


def _signs(groups: Array | None, rows: int) -> tuple[Array, Array]:
    """Plus and minus one in turn, from group to group as they first appear; and the number of each row's group."""
    if groups is None:
        code = np.arange(rows)
    else:
        _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
        code = np.argsort(np.argsort(first))[inverse]
    return 1.0 - 2.0 * (code % 2), code


part = JudgeMetric()
