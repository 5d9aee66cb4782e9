"""The real `Judge`: scores from the predictions on disk, and a paired comparison of candidates on single folds."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.data.split import FoldIndex, open_folds, some_held
from smeaton.families._losses import row_loss
from smeaton.metrics._defaults import load_metric
from smeaton.metrics._intervals import paired
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table
from smeaton.trials.attempt import trial_folder
from smeaton.trials.calibrate import scored
from smeaton.trials.decisions import decided, given, goal_of
from smeaton.trials.evaluate import evaluate
from smeaton.trials.mixing import Losses, adds
from smeaton.trials.record import Candidate, Trial
from smeaton.trials.results import HELD, read_answers, read_fit
from smeaton.trials.rules import fit


class StoredJudge:
    """Judges trials of the build in `root`. Keeps the row statistics of a few folds, for races are many."""

    def __init__(self, root: Path, dataset: Dataset, metric: str, seed: int) -> None:
        self.root = root
        self.dataset = dataset
        self.name = metric
        self.metric = load_metric(metric, dataset.task)
        self.seed = seed
        self.folds: Sequence[FoldIndex] = open_folds(root / "data")
        self._rows = lru_cache(maxsize=32)(self._statistics)

    def trial(self, candidate: Candidate, fidelity: float, seed: int, folds: int, seconds: float) -> Trial:
        """See `Judge.trial`."""
        return evaluate(self.root, candidate, fidelity, seed, self.dataset, self.folds[:folds], self.name, seconds)

    def paired(self, one: str, other: str, folds: Sequence[int]) -> tuple[float, float, float]:
        """See `Judge.paired`. Before calibration on both sides: a single fold has nothing to cross-fit with."""
        parts = [self._shared(one, other, fold) for fold in folds]
        held, a, b = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        weight = None if self.dataset.weight is None else self.dataset.weight[held]
        groups = None if self.dataset.group is None else self.dataset.group[held]
        if self.metric.better == "higher":
            a, b = b, a
        time = None if self.dataset.time is None else self.dataset.time[held]
        return paired(self.metric, a, b, weight, groups, self.seed, time)

    def adds(self, one: str, others: Sequence[str], folds: Sequence[int]) -> bool:
        """See `Judge.adds`. Never, where answers have no mean."""
        task = self.dataset.task
        if not task.is_class and task.output_type.type not in ("number", "integer"):
            return False
        parts = [[self._answers(key, fold) for fold in folds] for key in (one, *others)]
        if any(part is None for found in parts for part in found):
            return False
        own, *rest = (np.concatenate([part for part in found if part is not None]) for found in parts)
        held = np.concatenate([self.folds[fold].held for fold in folds])
        weight = None if self.dataset.weight is None else self.dataset.weight[held]
        target = None if task.is_class else np.asarray(self.dataset.target[held])
        return adds(own, rest, Losses(target, weight, row_loss(self.name, task.output_type.quantile)))

    def _answers(self, key: str, fold: int) -> Array | None:
        """The probability of the true label, or the number, of each held-out row; None where not all were asked."""
        folder, held = trial_folder(self.root, key), self.folds[fold].held
        if not read_fit(folder, fold).mergeable:
            return None
        answers = read_answers(folder, fold, HELD)[0]
        if self.dataset.task.is_class:
            found = answers[PROBABILITY]
            return found[np.arange(len(held)), self.dataset.target[held]] if len(found) == len(held) else None
        found = answers[PREDICTION]
        return found if len(found) == len(held) else None

    def _shared(self, one: str, other: str, fold: int) -> tuple[Array, Array, Array]:
        """The rows of a fold that both answered, with the statistics of each."""
        (rows_a, a), (rows_b, b) = self._rows(one, fold), self._rows(other, fold)
        if len(rows_a) == len(rows_b):
            return rows_a, a, b
        held, in_a, in_b = np.intersect1d(rows_a, rows_b, assume_unique=True, return_indices=True)
        return held, a[in_a], b[in_b]

    def _statistics(self, key: str, fold: int) -> tuple[Array, Array]:
        folder = trial_folder(self.root, key)
        answers = read_answers(folder, fold, HELD)[0]
        held = some_held(self.folds[fold], fold, read_fit(folder, fold).job.asked).held
        weight = None if self.dataset.weight is None else self.dataset.weight[held]
        group = None if self.dataset.group is None else self.dataset.group[held]
        chosen = self._decided(answers, held)
        return held, self.metric.rows(chosen, self.dataset.target[held], self.dataset.task.labels, weight, group)

    def _decided(self, answers: Table, held: Array) -> Table:
        """The answers with the labels that the task's costs, or the metric, ask for: on either side of a comparison the
        rule that is best on these rows, for a single fold has nothing to cross-fit with."""
        task = self.dataset.task
        rule, goal = given(task), goal_of(task, self.name)
        if (rule is None and goal is None) or PROBABILITY not in answers:
            return answers
        if rule is None and goal is not None:
            weight = None if self.dataset.weight is None else self.dataset.weight[held]
            rule = fit(scored(answers[PROBABILITY], self.dataset.target[held], weight), goal)[0]
        return decided(answers, rule, task)
