"""How wrong each answer is, as one number a row: what slices and mistakes are found by."""

from dataclasses import dataclass

import numpy as np

from smeaton import plugins
from smeaton.reporting.build import Build
from smeaton.reporting.sections._judged import Judged
from smeaton.task.table import PROBABILITY, Array


@dataclass(frozen=True, slots=True)
class Losses:
    """`values` (rows,) float64, 0 or more; `name` in words with its unit; `wrong` says which answers are wrong, None
    where no answer is simply right or wrong (numbers)."""

    values: Array
    name: str
    unit: str
    wrong: Array | None


def losses_of(build: Build, found: Judged) -> Losses:
    """Of classes with probabilities the logarithmic loss, of numbers the absolute error, of all others whether the
    answer is wrong (of structures and rows with any number of labels: not wholly right)."""
    task, evidence = build.task, found.evidence
    answers = dict(found.answers)
    if task.answer == "number":
        off = plugins.load("metrics", "mae").rows(answers, evidence.target, ())
        return Losses(_column(off), "mean absolute error", task.output_type.unit or "", None)
    exact = "accuracy" if task.answer == "class" else "exact_match"
    wrong = _column(plugins.load("metrics", exact).rows(answers, evidence.target, task.labels)) < 1
    if evidence.probability is None:
        return Losses(wrong.astype(np.float64), "share of wrong answers", "", wrong)
    answers[PROBABILITY] = evidence.probability
    loss = plugins.load("metrics", "log_loss").rows(answers, evidence.target, task.labels)
    return Losses(_column(loss), "mean log loss", "nats", wrong)


def _column(stats: Array) -> Array:
    return np.asarray(stats, dtype=np.float64)[:, 0]
