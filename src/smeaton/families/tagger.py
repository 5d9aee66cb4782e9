"""Finds spans and fields in a text: a linear-chain conditional random field over hashed features of tokens.

One text input. The output is a list of spans (kind, start, end, text), or an object of fields: text, numbers and
moments are found as pieces of the text and read by their type; categories and booleans are chosen for the whole text.
Training values of fields are located in the text first (see `_tag_align.py`); those that are not there count as absent.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.extras import needs
from smeaton.families import Config, Refusal, Run, Space
from smeaton.families._parts import STEPS, join_rows, recipe, some_rows
from smeaton.runtime.call import Call
from smeaton.runtime.program import Program, Step
from smeaton.task.profile import Profile
from smeaton.task.structure import END, START, is_spans
from smeaton.task.table import PREDICTION, Table, object_column, take
from smeaton.task.task import Task
from smeaton.task.types import Type

if TYPE_CHECKING:
    from smeaton.runtime.ops.tag import Tagger

_FIT_SHARE = 0.8  # of the seconds given, for training
_AGAIN = 1.5  # a second fit is begun if so many times the seconds of the first are left
BOUND = "bound"  # config key of a refit: weights nearer to zero are left out


def refuse(task: Task) -> Refusal | None:
    """Why the tagger cannot work on a task, None if it can."""
    if task.answer != "structure":
        return Refusal(f"it finds spans and fields in a text; the output is of type {task.output_type.type!r}")
    for name, form in task.input_types.items():
        if form.type != "text":
            return Refusal(f"it reads one text; the input {name!r} is of type {form.type!r}")
    if len(task.input_types) != 1:
        return Refusal(f"it reads one text, not {len(task.input_types)}: it cannot look for the answer to a question")
    return _refuse_output(task.output_type)


def _refuse_output(kind: Type) -> Refusal | None:
    from smeaton.families._tag_rows import CHOSEN, PIECES, parts_of

    parts = parts_of(kind)
    if kind.type == "list":
        if not is_spans(kind):
            return Refusal("a list must be one of spans, with whole numbers `start` and `end`; this one is not")
        rest = sorted(part.type for name, part in parts.items() if name not in (START, END))
        if rest not in ([], ["category"], ["text"], ["category", "text"]):
            return Refusal("a span has at most one category and one text beside `start` and `end`")
        return None
    for name, part in parts.items():
        if part.type not in (*PIECES, *CHOSEN):
            return Refusal(
                f"it fills in text, numbers, moments and labels; the field {name!r} is of type {part.type!r}"
            )
    return None if parts else Refusal("the output has no fields")


class TaggerModel:
    """A fitted tagger; see `Fitted`."""

    def __init__(self, task: Task, tagger: "Tagger") -> None:
        self.task, self.tagger = task, tagger
        self.steps = 0
        self.note = ""
        self.refit: dict[str, Any] | None = None

    def predict(self, rows: Table) -> Table:
        """JSON values for typed rows."""
        from smeaton.families._tag_rows import texts_of

        return {PREDICTION: object_column(self.tagger.answers(texts_of(self.task, rows), Call()))}

    def export(self, folder: Path) -> Program:
        """Write the weights; the program is the `table` step and a `tag` step."""
        import msgspec

        folder.mkdir(parents=True, exist_ok=True)
        table = recipe(self.task).steps()[0]
        args, files = msgspec.to_builtins(self.tagger.args), self.tagger.save(folder)
        own = Step(op="tag", inputs=table.outputs, outputs=(PREDICTION,), args=args, files=files)
        return Program(inputs=table.inputs, steps=(table, own), outputs=(PREDICTION,))


@dataclass(frozen=True, slots=True)
class _Plan:
    """One training: rows to fit on and to stop on, when it ends, and the bound below which weights are left out."""

    train: Rows
    stop: Rows
    deadline: float
    most: int | None
    bound: float | None


class TaggerFamily:
    """Fits taggers."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """One try."""
        return refuse(task) or Space(starts=({},), fidelity="rows", effort=3.0)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> TaggerModel:
        """Fit until the rows to stop on are tagged no better, or the clock says so. One of several folds is fitted
        again with the rows to stop on, for the programs of folds cannot be averaged: one of them ships."""
        with needs("build"):
            from threadpoolctl import threadpool_limits
        start = time.monotonic()
        deadline = start + _FIT_SHARE * run.seconds
        train = some_rows(fold.train, run.fidelity, run.seed, classes=False)
        every = len(fold.train) + len(fold.stop) + len(fold.held_index)
        plan = _Plan(train, fold.stop, deadline, config.get(STEPS), config.get(BOUND))
        with threadpool_limits(run.threads):
            model, used = _fit(task, plan, run)
            now = time.monotonic()
            free = run.other_folds and run.fidelity == 1 and len(fold.stop) and not model.steps
            if free and deadline - now > _AGAIN * (now - start):
                joined, none = join_rows(fold.train, fold.stop), _head(fold.stop, 0)
                most = round(used[0] * len(joined) / len(train))
                again, _ = _fit(task, _Plan(joined, none, deadline, most, used[1]), run)
                if again.steps >= most:  # else the clock ended it: the first one is the better trained
                    again.steps, again.note, model = 0, again.note.partition(_CLOCK)[0].rstrip("; "), again
        if BOUND not in config:  # a fit that the clock ended too: as many epochs of all rows are worth more than before
            model.refit = {STEPS: max(1, round(used[0] * every / max(1, len(train)))), BOUND: used[1]}
        return model


_CLOCK = "the clock ended it"


def _head(rows: Rows, size: int) -> Rows:
    weight = None if rows.weight is None else rows.weight[:size]
    return Rows(take(rows.x, np.arange(size)), rows.y[:size], weight, rows.index[:size])


def _fit(task: Task, plan: _Plan, run: Run) -> tuple[TaggerModel, tuple[int, float]]:
    """A model, the batches after which it was best, and the bound of its weights. `steps` of the model are the batches
    done where the clock or `plan.most` ended them."""
    from smeaton.families._solver import Limits
    from smeaton.families._tag_classes import fit_classes
    from smeaton.families._tag_rows import Judge, label_rows
    from smeaton.families._tag_train import BOUND as USUAL
    from smeaton.families._tag_train import Steps, train
    from smeaton.runtime.ops.tag import Tagger

    every = [*plan.train.y.tolist(), *plan.stop.y.tolist()]
    rows, stop = label_rows(task, plan.train, every), label_rows(task, plan.stop, every)
    chosen = [field for field in rows.args.fields if field.labels]
    train_side, stop_side = ((some.texts, some.values, some.tagged.weight) for some in (rows, stop))
    classes = fit_classes(chosen, train_side, stop_side, Limits(float("inf"), None))
    steps, found = Steps(plan.deadline, plan.most), None
    if rows.args.kinds:
        judge = Judge(stop) if stop.tagged.tags.any() else None
        found = train(rows.tagged, run.seed, steps, judge, run.report, USUAL if plan.bound is None else plan.bound)
    model = TaggerModel(task, Tagger(rows.args, found.model if found else None, classes))
    notes = [f"of {len(rows.texts)} rows, {rows.lost}" if rows.lost else ""]
    if steps.clocked:
        model.steps = steps.used
        notes.append(f"{_CLOCK} after {steps.used} batches")
    elif plan.most is not None:
        model.steps = plan.most  # there was nothing to train in batches
    model.note = "; ".join(note for note in notes if note)
    return model, (found.steps, found.bound) if found else (1, USUAL)


part = TaggerFamily()
