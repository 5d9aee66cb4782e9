"""Is one trial better than another? Paired differences on the same rows, from stored out-of-fold predictions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from smeaton.metrics import Metric
from smeaton.metrics._intervals import interval, paired
from smeaton.task.table import Array, Table
from smeaton.task.types import Label
from smeaton.trials.record import Interval


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of all rows of a dataset: target (codes or numbers), weights, group codes and moments or None."""

    target: Array
    labels: Sequence[Label] = ()
    weight: Array | None = None
    group: Array | None = None
    time: Array | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A trial's answers to rows that none of its parts was fitted, stopped or calibrated on. `rows` are positions in
    the dataset, each at most once."""

    rows: Array
    answers: Table


@dataclass(slots=True)
class Jury:
    """Compares trials by their evidence; keeps the row statistics it has worked out."""

    truth: Truth
    evidence: Mapping[str, Evidence]
    metrics: Mapping[str, Metric]
    seed: int = 0
    _known: dict[tuple[str, str], tuple[Array, Array]] = field(default_factory=dict)

    def score(self, metric: str, key: str) -> Interval | None:
        """A trial's value with its interval; None without evidence."""
        if key not in self.evidence:
            return None
        rows, stats = self._stats(metric, key)
        return Interval(*interval(self.metrics[metric], stats, *self._roles(rows), self.seed, self._time(rows)))

    def lead(self, name: str, one: str, other: str) -> Interval | None:
        """How much better `one` is than `other` in the metric's unit (positive = better), on the rows both answered;
        None where there are none."""
        if one not in self.evidence or other not in self.evidence:
            return None
        metric = self.metrics[name]
        rows_a, a = self._stats(name, one)  # trials on the same folds have the same rows in the same order
        rows_b, b = self._stats(name, other)
        if len(rows_a) != len(rows_b) or not np.array_equal(rows_a, rows_b):
            shared, in_a, in_b = np.intersect1d(rows_a, rows_b, assume_unique=True, return_indices=True)
            if not len(shared):
                return None
            rows_a, a, b = shared, a[in_a], b[in_b]
        difference, low, high = paired(metric, a, b, *self._roles(rows_a), self.seed, self._time(rows_a))
        if metric.better == "higher":
            return Interval(difference, low, high)
        return Interval(0.0 - difference, 0.0 - high, 0.0 - low)

    def _stats(self, metric: str, key: str) -> tuple[Array, Array]:
        """Rows and their statistics, in the order of the evidence."""
        if (metric, key) not in self._known:
            found = self.evidence[key]
            target = self.truth.target[found.rows]
            roles = self._roles(found.rows)
            stats = self.metrics[metric].rows(found.answers, target, self.truth.labels, *roles)
            self._known[metric, key] = found.rows, stats
        return self._known[metric, key]

    def _roles(self, rows: Array) -> tuple[Array | None, Array | None]:
        weight, group = self.truth.weight, self.truth.group
        return (None if weight is None else weight[rows], None if group is None else group[rows])

    def _time(self, rows: Array) -> Array | None:
        return None if self.truth.time is None else self.truth.time[rows]
