"""From which probability on a label counts as given, for tasks with any number of labels a row.

Where the metric judges predictions (F1, exact match), 0.5 is rarely the best cut: rare labels want a lower one. One
threshold a label is learnt from answers to rows the fits have not seen. A row is judged by thresholds learnt without
it: from the other folds; with one fold, or where rows have a time, from the fold's stop rows. What ships is learnt from
all of them. A label with few rows gets the threshold that is best for all labels together.

Macro F1 splits into one search a label. For micro F1 and exact match the labels are set in turn, each given the others
(coordinate ascent), from the shared threshold on; thresholds stand midway between two probabilities that occur.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from smeaton.compile.export import label_rule
from smeaton.runtime.ops.labels import choose
from smeaton.runtime.program import Program
from smeaton.task.table import ERROR, PREDICTION, PROBABILITY, Array, Table
from smeaton.task.task import Task

THRESHOLD_FILE = "thresholds.json"
METRICS = ("macro_f1", "micro_f1", "exact_match")
FEWEST = 10  # rows with a label, and without it, below which it gets no threshold of its own
MAX_ROWS = 20_000
_CUTS = 100  # thresholds tried a label
_ROUNDS = 3
_PLAIN = 0.5


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """Of one trial: what the held-out rows of each fold were judged by, and what ships; one number a label. `shared`
    says how many labels of what ships had too few rows for one of their own."""

    judges: list[list[float]]
    ships: list[float]
    shared: int = 0

    @property
    def note(self) -> str:
        """What has to be said of them, '' if nothing has."""
        few = f"{self.shared} of {len(self.ships)} labels have fewer than {FEWEST} rows"
        return f"{few}: they share one threshold" if self.shared else ""


@dataclass(frozen=True, slots=True)
class Marked:
    """Probabilities (rows, labels), which labels are right (rows, labels) bool, weights (rows,)."""

    chance: Array
    truth: Array
    weight: Array


def marked(answers: Table, target: Array, weight: Array | None) -> Marked:
    """The rows that can teach: finite probabilities, weight above 0; thinned evenly to MAX_ROWS."""
    chance = np.asarray(answers[PROBABILITY], dtype=np.float64)
    mass = np.ones(len(chance)) if weight is None else np.asarray(weight, dtype=np.float64)
    index = np.flatnonzero(np.isfinite(chance).all(axis=1) & (mass > 0))
    if len(index) > MAX_ROWS:
        index = index[np.linspace(0, len(index) - 1, MAX_ROWS).astype(np.int64)]
    return Marked(chance[index], np.asarray(target)[index].astype(bool), mass[index])


def learn(held: Sequence[Marked], stop: Sequence[Marked | None], metric: str) -> Thresholds:
    """The thresholds of a trial. `stop` has one entry a fold where they are to be judged by it, and is empty where the
    folds judge each other; None stands for rows that a fit may have used."""
    if not stop:
        judges = [
            fit(_join([part for other, part in enumerate(held) if other != fold]), metric)[0]
            for fold in range(len(held))
        ]
    else:
        judges = [[_PLAIN] * held[0].truth.shape[1] if part is None else fit(part, metric)[0] for part in stop]
    known = [part for part in stop if part is not None] if len(held) == 1 else held
    if not known:  # nothing to judge by, so nothing is learnt
        return Thresholds(judges=judges, ships=judges[0])
    ships, shared = fit(_join(known), metric)
    return Thresholds(judges=judges, ships=ships, shared=shared)


def fit(part: Marked, metric: str) -> tuple[list[float], int]:
    """The thresholds (labels,) that are best on these rows, and how many labels share the common one."""
    if not len(part.weight):
        return [_PLAIN] * part.truth.shape[1], 0
    found = np.full(part.truth.shape[1], _shared(part, metric))
    positives = part.truth.sum(axis=0)
    own = np.flatnonzero((positives >= FEWEST) & (len(part.truth) - positives >= FEWEST)).tolist()
    for _ in range(1 if metric == "macro_f1" else _ROUNDS):
        before = found.copy()
        for label in own:
            cuts = _cuts(part.chance[:, label])
            found[label] = _best(cuts, _WORTH[metric](part, found, label, cuts))
        if (before == found).all():
            break
    return found.tolist(), len(found) - len(own)


def applied(answers: Table, thresholds: Sequence[float], task: Task) -> dict[str, Array]:
    """Answers with the labels that reach their thresholds; rows with an error keep what they have."""
    said = choose(np.asarray(answers[PROBABILITY]), task.labels, "each", thresholds)
    if ERROR in answers:
        failed = np.array([error is not None for error in answers[ERROR].tolist()], dtype=bool)
        said[failed] = answers[PREDICTION][failed]
    return {**answers, PREDICTION: said}


def takes_thresholds(program: Program) -> bool:
    """Whether a program has a step that thresholds can be written into."""
    return any(_is_cut(step.op, step.outputs, step.args) for step in program.steps)


def with_thresholds(program: Program, thresholds: Sequence[float]) -> Program:
    """The program with thresholds in the step that makes its prediction."""
    steps = tuple(
        msgspec.structs.replace(step, args={**step.args, "thresholds": list(thresholds)})
        if _is_cut(step.op, step.outputs, step.args)
        else step
        for step in program.steps
    )
    return msgspec.structs.replace(program, steps=steps)


def wants(task: Task, metric: str) -> bool:
    """Whether thresholds are learnt for a task that is ranked by a metric."""
    return metric in METRICS and label_rule(task) == "each"


def read_thresholds(trial: Path) -> Thresholds | None:
    """The thresholds stored with a trial, None where it has none."""
    path = trial / THRESHOLD_FILE
    return msgspec.json.decode(path.read_bytes(), type=Thresholds) if path.exists() else None


def _is_cut(op: str, outputs: tuple[str, ...], args: dict[str, object]) -> bool:
    return op == "labels" and outputs == (PREDICTION,) and args.get("rule") == "each"


def _shared(part: Marked, metric: str) -> float:
    """The one threshold that is best for all labels together."""
    cuts = _cuts(part.chance.ravel())
    return _best(cuts, np.array([_whole(part, part.chance >= cut, metric) for cut in cuts]))


def _whole(part: Marked, said: Array, metric: str) -> float:
    """The metric's value of a way to say labels."""
    if metric == "exact_match":
        return float(np.average((said == part.truth).all(axis=1), weights=part.weight))
    right, named, true = (part.weight @ those for those in (said & part.truth, said, part.truth))
    if metric == "micro_f1":
        return float(2 * right.sum() / max(named.sum() + true.sum(), 1e-300))
    occur = named + true > 0
    return float((2 * right[occur] / (named + true)[occur]).mean()) if occur.any() else 0.0


def _macro(part: Marked, found: Array, label: int, cuts: Array) -> Array:
    right, named, true = _counts(part, label, cuts)
    return np.asarray(2 * right / np.maximum(named + true, 1e-300))


def _micro(part: Marked, found: Array, label: int, cuts: Array) -> Array:
    others = np.arange(len(found)) != label
    said, truth = (part.chance >= found)[:, others], part.truth[:, others]
    right, named, true = _counts(part, label, cuts)
    total = float(part.weight @ (said.sum(axis=1) + truth.sum(axis=1)))
    return 2 * (float(part.weight @ (said & truth).sum(axis=1)) + right) / np.maximum(total + named + true, 1e-300)


def _exact(part: Marked, found: Array, label: int, cuts: Array) -> Array:
    others = np.arange(len(found)) != label
    rest = ((part.chance >= found)[:, others] == part.truth[:, others]).all(axis=1)
    right, named, _ = _counts(Marked(part.chance, part.truth, part.weight * rest), label, cuts)
    return np.asarray(2 * right - named)  # but for a constant: rows right because the label is rightly not said


_WORTH: dict[str, Callable[[Marked, Array, int, Array], Array]] = {
    "macro_f1": _macro,
    "micro_f1": _micro,
    "exact_match": _exact,
}


def _counts(part: Marked, label: int, cuts: Array) -> tuple[Array, Array, float]:
    """For each cut the weight of rows rightly given the label, and given it; and the weight of those that have it."""
    order = np.argsort(part.chance[:, label], kind="stable")
    mass = part.weight[order]
    true = mass * part.truth[order, label]
    first = np.searchsorted(part.chance[order, label], cuts)
    below, below_true = (np.concatenate([[0.0], np.cumsum(one)]) for one in (mass, true))
    return below_true[-1] - below_true[first], below[-1] - below[first], float(true.sum())


def _cuts(chance: Array) -> Array:
    """At most about 100 thresholds midway between probabilities that occur, one below and one above them all."""
    values = np.unique(chance)
    if len(values) > _CUTS:
        values = np.unique(np.quantile(chance, np.linspace(0, 1, _CUTS), method="nearest"))
    ends = [max(values[0] / 2, 0.0)], [min((values[-1] + 1) / 2, 1.0) if values[-1] < 1 else 1.5]
    return np.concatenate([ends[0], (values[1:] + values[:-1]) / 2, ends[1]])


def _best(cuts: Array, worth: Array) -> float:
    """The cut of the largest worth; of those that tie the one nearest to a half."""
    tied = cuts[worth >= worth.max() - 1e-12 * max(1.0, abs(float(worth.max())))]
    return float(tied[np.abs(tied - _PLAIN).argmin()])


def _join(parts: Sequence[Marked]) -> Marked:
    return Marked(
        np.concatenate([part.chance for part in parts]),
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.weight for part in parts]),
    )
