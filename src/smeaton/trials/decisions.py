"""Which label follows from a trial's probabilities, where that is not the likeliest: by costs, a metric, or a bar.

Costs of a task decide at once. Else a rule is learnt where the metric judges labels and the likeliest is not the best
for it, or where a bar asks for a recall or a precision; how: `rules.py`. A row is judged by a rule learnt without it
(`lessons.py`; the likeliest label where nothing is known before it). What ships is learnt from all held-out rows.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from smeaton.metrics._defaults import kind_of
from smeaton.runtime.files import durable_write
from smeaton.runtime.ops._decide import cheapest, cut, heaviest
from smeaton.runtime.program import Program
from smeaton.task.costs import cost_matrix
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table, rows_in
from smeaton.task.task import Task
from smeaton.trials.calibrate import Scored, scored
from smeaton.trials.lessons import NO_JUDGE, lessons
from smeaton.trials.relabel import relabelled
from smeaton.trials.rules import METRICS, ORDERED, Goal, Rule, fit

if TYPE_CHECKING:
    from smeaton.data.dataset import Dataset
    from smeaton.data.split import FoldIndex

DECISION_FILE = "decision.json"
_BARS = ("recall", "precision")
#: Bars that rules are learnt for.
DECIDING_BARS = (*_BARS, *METRICS, *ORDERED)


class Decisions(msgspec.Struct, frozen=True, kw_only=True):
    """Of one trial: the rules that judged, which of them judged each held-out row (rows in fold order; NO_JUDGE: none;
    not kept), and what ships; None = the program's own rule. `note` is what has to be said of them, '' if nothing."""

    judges: list[Rule | None]
    judged_by: list[int]
    ships: Rule | None
    note: str = ""


def given(task: Task) -> Rule | None:
    """The rule that a task states by its costs; None where it states none."""
    if not task.costs or task.answer != "class":
        return None
    return Rule(costs=tuple(map(tuple, cost_matrix(task).tolist())))


def goal_of(task: Task, metric: str, ahead: float = 1.0) -> Goal | None:
    """What rules are learnt for, None where the program's own will do. `ahead` is how many rows the sealed test has for
    each row known: a bar must hold on them too."""
    if task.answer != "class" or task.costs or task.output_type.outside is not None:
        return None
    names = [name for name in (metric, *task.bars) if name in METRICS or (name in ORDERED and task.output_type.ordered)]
    bars: Mapping[str, float] = {}
    if kind_of(task) == "binary":
        bars = {name: bar.value for name, bar in task.bars.items() if name in _BARS and bar.op == ">="}
    else:
        names = [name for name in names if name != "f1"]
    if not names and not bars:
        return None
    return Goal(names[0] if names else "", bars, ahead)


def learn(dataset: "Dataset", folds: "Sequence[FoldIndex]", held: Sequence[Table], goal: Goal) -> Decisions:
    """The rules of a trial from its calibrated answers to held-out rows, one table a fold."""
    rows = np.concatenate([fold.held for fold in folds])
    chance = np.concatenate([np.asarray(table[PROBABILITY], dtype=np.float64) for table in held])
    target = np.asarray(dataset.target[rows])
    weight = np.ones(len(rows)) if dataset.weight is None else np.asarray(dataset.weight[rows], dtype=np.float64)

    def some(which: Array) -> Scored:
        return scored(chance[which], target[which], weight[which])

    judged_by, judges = np.full(len(rows), NO_JUDGE), list[Rule | None]()
    for lesson in lessons(dataset, folds):
        judged_by[lesson.judges] = len(judges)
        judges.append(fit(some(lesson.learns), goal)[0])
    ships, note = fit(some(np.ones(len(rows), dtype=bool)), goal)
    return Decisions(judges=judges, judged_by=judged_by.tolist(), ships=ships, note=note)


def stated(rule: Rule, rows: int) -> Decisions:
    """The decisions of a trial whose rule is given."""
    return Decisions(judges=[rule], judged_by=[0] * rows, ships=rule)


def judged(found: Decisions, held: Sequence[Sequence[Table]], task: Task) -> list[list[dict[str, Array]]]:
    """The answers to held-out rows (repeats of each fold) with the labels of the rules that judge them."""
    by, start, tables = np.asarray(found.judged_by), 0, []
    for repeats in held:
        size = rows_in(repeats[0])
        tables.append([_decided_by(found, by[start : start + size], table, task) for table in repeats])
        start += size
    return tables


def _decided_by(found: Decisions, by: Array, answers: Table, task: Task) -> dict[str, Array]:
    after = dict(answers)
    for number, rule in enumerate(found.judges):
        mine = by == number
        if rule is not None and mine.any():
            after[PREDICTION] = np.where(mine, decided(answers, rule, task)[PREDICTION], after[PREDICTION])
    return after


def decided(answers: Table, rule: Rule | None, task: Task) -> dict[str, Array]:
    """Answers with the labels that follow from a rule; the same probabilities. What failed stays as it is."""
    if rule is None or PROBABILITY not in answers:
        return dict(answers)
    return relabelled(answers, task, lambda chance: codes(chance, rule))


def decided_like(goal: Table, found: Table, rule: Rule, task: Task) -> dict[str, Array]:
    """What `found` is held against: the goal after a rule; where rounding decides, the goal takes the label of
    `found`, which must follow from its own probabilities."""
    after, own = decided(goal, rule, task), decided(found, rule, task)
    near = np.abs(np.asarray(goal[PROBABILITY]) - np.asarray(found[PROBABILITY])).max(axis=1, initial=0.0) < 1e-9
    after[PREDICTION] = np.where(near, own[PREDICTION], after[PREDICTION])
    return after


def codes(probability: Array, rule: Rule) -> Array:
    """Label codes (rows,) int64 by a rule."""
    if rule.costs is not None:
        return cheapest(probability, rule.costs)
    return cut(probability, rule.cuts) if rule.cuts is not None else heaviest(probability, rule.weights or ())


def keep(found: Decisions, trial: Path) -> None:
    """Write what a trial's folder holds: all but what follows from the rows."""
    durable_write(trial / DECISION_FILE, msgspec.json.encode(msgspec.structs.replace(found, judged_by=[])))


def takes_rule(program: Program) -> bool:
    """Whether a program has a step that a rule can be written into."""
    return any(_is_last(step.op, step.inputs, step.outputs) for step in program.steps)


def with_rule(program: Program, rule: Rule) -> Program:
    """The program with a rule in the step that makes its prediction."""
    name, numbers = rule.said
    own: dict[str, Any] = {"rule": name, {"weighted": "weights", "cheapest": "costs", "cuts": "cuts"}[name]: numbers}
    steps = tuple(
        msgspec.structs.replace(step, args={"labels": step.args["labels"], **own})
        if _is_last(step.op, step.inputs, step.outputs)
        else step
        for step in program.steps
    )
    return msgspec.structs.replace(program, steps=steps)


def read_decisions(trial: Path) -> Decisions | None:
    """The rules stored with a trial, None where it has none."""
    path = trial / DECISION_FILE
    return msgspec.json.decode(path.read_bytes(), type=Decisions) if path.exists() else None


def decision_words(rule: Rule | None, task: Task) -> str:
    """How a program decides, for people; '' for the likeliest label."""
    if rule is None or rule.costs is not None:
        return "" if rule is None else "answers with the lowest expected cost"
    labels = task.output_type.text_labels()
    if rule.cuts is not None:
        return f"answers by the expected place among the {len(labels)} ordered labels"
    weights = rule.weights or ()
    if len(labels) == 2:
        return f"answers {labels[1]} from a probability of {weights[0] / sum(weights):.3g} on"
    return "weighs labels before it chooses one"


def _is_last(op: str, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> bool:
    return op == "labels" and inputs == (PROBABILITY,) and outputs == (PREDICTION,)
