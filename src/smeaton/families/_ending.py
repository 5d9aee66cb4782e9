"""How scores become answers, in numpy and in the graph: classes by a link and a guard, numbers by their own scale."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from smeaton.data.fold import Rows
from smeaton.families._losses import ABSOLUTE as ABSOLUTE  # noqa: PLC0414 families take it from here
from smeaton.families._losses import MEDIANS, row_loss
from smeaton.task.table import PROBABILITY, Array
from smeaton.task.task import Task

if TYPE_CHECKING:
    from smeaton.compile.graph import Graph

#: Weight of the prior in every class answer, in rows: no label is ever ruled out.
_GUARD_ROWS = 0.5
#: How far beyond the targets seen (as a share of their range) an answer may go.
_BEYOND = 0.1
#: The lowest rate that is answered, as a share of the mean.
_RAREST = 1e-3


class Ending(ABC):
    """From scores (rows, targets) to probabilities (rows, labels) or numbers (rows,)."""

    @abstractmethod
    def finish(self, scores: Array) -> Array:
        """The answers."""

    @abstractmethod
    def write(self, graph: "Graph", scores: str) -> str:
        """The same as a value of a graph: (rows, labels) or (rows, 1)."""

    @abstractmethod
    def loss(self, scores: Array, rows: Rows, metric: str | None = None) -> float:
        """Weighted log-loss or root mean squared error of the answers (mean absolute error for `ABSOLUTE` metrics)."""


@dataclass(frozen=True, slots=True)
class ClassEnding(Ending):
    """A sigmoid of one score, or a softmax, mixed with `share` of the class shares `prior`."""

    prior: Array
    share: float

    @property
    def link(self) -> str:
        """`sigmoid` for two labels, else `softmax`."""
        return "sigmoid" if len(self.prior) == 2 else "softmax"

    def finish(self, scores: Array) -> Array:
        """Probabilities (rows, labels)."""
        from smeaton.compile.links import answers

        mixed: Array = (1.0 - self.share) * answers(scores, self.link)[PROBABILITY] + self.share * self.prior
        return mixed

    def write(self, graph: "Graph", scores: str) -> str:
        """Probabilities as a value of the graph."""
        from smeaton.compile.links import add_link

        probability = add_link(graph, scores, self.link)
        kept = graph.node("Mul", [graph.constant(1.0 - self.share), probability])
        return graph.node("Add", [kept, graph.constant(self.share * self.prior)])

    def loss(self, scores: Array, rows: Rows, metric: str | None = None) -> float:
        """Log-loss in nats."""
        right = self.finish(scores)[np.arange(len(rows)), rows.y]
        return float(np.average(-np.log(np.maximum(right, 1e-15)), weights=rows.weight))


@dataclass(frozen=True, slots=True)
class ManyEnding(Ending):
    """A sigmoid of the score of each label, mixed with `share` of the shares `prior` of rows that have the label."""

    prior: Array
    share: float

    def finish(self, scores: Array) -> Array:
        """The probability of each label, (rows, labels)."""
        with np.errstate(over="ignore"):
            yes = 1.0 / (1.0 + np.exp(-scores))
        mixed: Array = (1.0 - self.share) * yes + self.share * self.prior
        return mixed

    def write(self, graph: "Graph", scores: str) -> str:
        """Probabilities as a value of the graph."""
        kept = graph.node("Mul", [graph.constant(1.0 - self.share), graph.node("Sigmoid", [scores])])
        return graph.node("Add", [kept, graph.constant(self.share * self.prior)])

    def loss(self, scores: Array, rows: Rows, metric: str | None = None) -> float:
        """Log-loss in nats, summed over the labels."""
        yes = self.finish(scores)
        right = np.where(rows.y > 0, yes, 1.0 - yes)
        return float(np.average(-np.log(np.maximum(right, 1e-15)).sum(axis=1), weights=rows.weight))


@dataclass(frozen=True, slots=True)
class NumberEnding(Ending):
    """Scores are standardised targets (of the logarithm of the target plus `shift` if `log`), kept within [`low`,
    `high`].

    A model of the logarithm answers with `factor` times the exponential, less the shift, which corrects its bias toward
    the median (the smearing of Duan 1983, with the factor of least squared error instead of the mean of the residuals);
    not where `metric` asks for a median, or `quantile` for a quantile: those the exponential keeps. With `rate` scores
    are logarithms of expected targets, as Poisson and Tweedie regression give them.
    """

    mean: float
    scale: float
    low: float
    high: float
    log: bool = False
    factor: float = 1.0
    shift: float = 0.0
    rate: bool = False
    metric: str | None = None
    quantile: float | None = None

    @property
    def centre(self) -> float:
        """The score of a constant answer."""
        return self.mean if self.rate else 0.0

    def start(self, y: Array) -> Array:
        """Targets as standardised scores."""
        scores: Array = ((np.log(y + self.shift) if self.log else y) - self.mean) / self.scale
        return scores

    def finish(self, scores: Array) -> Array:
        """Numbers (rows,)."""
        kept = np.minimum(np.maximum(scores[:, 0], self.low), self.high)
        if self.rate:
            return np.asarray(np.exp(kept))
        kept = kept * self.scale + self.mean
        numbers: Array = np.exp(kept) * self.factor - self.shift if self.log else kept
        return numbers

    def write(self, graph: "Graph", scores: str) -> str:
        """Numbers as a value of the graph."""
        kept = graph.node("Max", [scores, graph.constant(self.low)])
        kept = graph.node("Min", [kept, graph.constant(self.high)])
        if self.rate:
            return graph.node("Exp", [kept])
        kept = graph.node("Add", [graph.node("Mul", [kept, graph.constant(self.scale)]), graph.constant(self.mean)])
        if not self.log:
            return kept
        raised = graph.node("Mul", [graph.node("Exp", [kept]), graph.constant(self.factor)])
        return graph.node("Sub", [raised, graph.constant(self.shift)]) if self.shift else raised

    def loss(self, scores: Array, rows: Rows, metric: str | None = None) -> float:
        """Error in the target's own unit, or by a metric that has another."""
        found = float(np.average(row_loss(metric, self.quantile)(self.finish(scores), rows.y), weights=rows.weight))
        plain = self.quantile is None and metric not in (*MEDIANS, "poisson_deviance")
        return float(np.sqrt(found)) if plain else found

    def with_factor(self, factor: float) -> "NumberEnding":
        """With another factor."""
        return replace(self, factor=factor)

    def corrected(self, scores: Array, rows: Rows) -> "NumberEnding":
        """With the factor of least squared error on rows the model was not fitted on (unchanged without `log`)."""
        if not self.log or self.rate or not len(rows) or self.metric in MEDIANS or self.quantile is not None:
            return self
        plain = replace(self, factor=1.0).finish(scores) + self.shift
        weight = np.ones(len(rows)) if rows.weight is None else rows.weight
        factor = float((weight * plain) @ (rows.y + self.shift) / max(float((weight * plain) @ plain), 1e-300))
        # A few rows may not turn the answers upside down.
        return replace(self, factor=float(np.clip(factor, 0.8, 1.25)))

    def moved(self, scores: Array, rows: Rows) -> "NumberEnding":
        """With answers moved to the wanted quantile of rows a model of means was not fitted on (unchanged without)."""
        if self.quantile is None or not len(rows):
            return self
        off = (self.start(rows.y) - np.clip(scores[:, 0], self.low, self.high)) * self.scale
        return replace(self, mean=self.mean + _quantile(off, rows.weight, self.quantile))


def _quantile(values: Array, weight: Array | None, level: float) -> float:
    """The weighted quantile."""
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(np.ones(len(values)) if weight is None else weight[order])
    return float(values[order[min(int(np.searchsorted(mass, level * mass[-1])), len(values) - 1)]])


def class_ending(task: Task, rows: Rows) -> ClassEnding:
    """The ending for a class task fitted on `rows`."""
    return ClassEnding(class_prior(task, rows), _GUARD_ROWS / (len(rows) + 1.0))


def class_prior(task: Task, rows: Rows) -> Array:
    """Weighted class shares with one pseudo-row spread over all labels, (labels,)."""
    labels = len(task.labels)
    counts = np.bincount(rows.y, weights=rows.weight, minlength=labels).astype(np.float64)
    counts *= len(rows) / max(float(counts.sum()), 1e-300)
    prior: Array = (counts + 1.0 / labels) / (len(rows) + 1.0)
    return prior


def many_ending(rows: Rows) -> ManyEnding:
    """The ending for rows with any number of labels; each label gets half a pseudo-row with it and half without."""
    held = np.average(rows.y, axis=0, weights=rows.weight) if len(rows) else np.full(rows.y.shape[1], 0.5)
    prior = (held * len(rows) + 0.5) / (len(rows) + 1.0)
    return ManyEnding(prior, _GUARD_ROWS / (len(rows) + 1.0))


def number_ending(rows: Rows, log: bool, task: Task | None = None, *, rate: bool = False) -> NumberEnding:
    """The ending for a number task fitted on `rows`; `log` and `rate` are used only where no target is below zero."""
    least = float(rows.y.min()) if len(rows) else -1.0
    log, rate = log and least >= 0, rate and least >= 0 and float(rows.y.max()) > 0
    metric, quantile = (None, None) if task is None else (task.metric, task.output_type.quantile)
    shift = _shift(rows.y) if (log or rate) and least == 0 else 0.0
    values: Any = np.log(rows.y + shift) if log or rate else rows.y
    mean, scale = float(values.mean()), float(values.std()) or 1.0
    if rate:
        usual, most = float(np.average(rows.y, weights=rows.weight)), float(rows.y.max())
        bounds = float(np.log(max(least, _RAREST * usual))), float(np.log((1 + _BEYOND) * most))
        return NumberEnding(float(np.log(usual)), scale, *bounds, True, 1.0, shift, True, metric, quantile)
    low, high = (float(values.min()) - mean) / scale, (float(values.max()) - mean) / scale
    room = 0.0 if log else _BEYOND * (high - low)
    return NumberEnding(mean, scale, low - room, high + room, log, 1.0, shift, False, metric, quantile)


def _shift(y: Array) -> float:
    """What is added before the logarithm where there are zeros: 1, as for counts; for smaller numbers their median."""
    return min(1.0, float(np.median(y[y > 0]))) if (y > 0).any() else 1.0
