"""A user's estimator (scikit-learn's `fit` and `predict`) as a family: fitted and judged on the same folds as all.

What `compile/estimators` knows is written as a graph, and proved; what it does not know ships only as code that the
task trusts, or stands on the board unshippable.
"""

import hashlib
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from smeaton.compile.estimators import Compiled, NotCompiled, read_estimator, takes_codes
from smeaton.data.fold import Fold, Rows
from smeaton.errors import SmeatonError, Unshippable
from smeaton.families import Config, Refusal, Run, Space
from smeaton.families._own.shipping import code_program, graph_program
from smeaton.families._parts import answer_table, join_rows
from smeaton.families._portfolio import SMALL
from smeaton.families._solver import hold_threads
from smeaton.runtime.ops._code_state import pack
from smeaton.runtime.ops._frame import Form, form_here, frame, labels_of
from smeaton.runtime.ops.code import by_estimator
from smeaton.runtime.program import Program
from smeaton.task.profile import Profile
from smeaton.task.table import Array, Table
from smeaton.task.task import Task

_EFFORT = 0.5  # the user's own come before the other families' first tries


class EstimatorFamily:
    """Fits what `make` gives: a new estimator each time."""

    def __init__(self, name: str, make: Callable[[], Any]) -> None:
        self.name = name
        self.make = make

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """The estimator as it is; a changed file is another candidate."""
        config = {**source_of(task, self.name), "refit": profile.rows < SMALL}
        return refused(task) or Space(starts=(config,), effort=_EFFORT, own=True)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> "EstimatorModel":
        """Fit on the training rows, and on those to stop on too where they are needed for nothing else.

        Raises:
            SmeatonError: the estimator refuses the rows; the message is its own.
        """
        rows = join_rows(fold.train, fold.stop) if config.get("refit") else fold.train
        estimator, form = self.make(), form_here()
        x = frame(rows.x, task.input_types, form)
        weights, note = _weights(estimator, rows)
        with hold_threads(run.threads):
            try:
                estimator.fit(x, target_of(task, rows, estimator), **weights)
            except SmeatonError:
                raise
            except Exception as error:
                raise SmeatonError(f"{type(estimator).__name__}.fit: {type(error).__name__}: {error}") from error
        return EstimatorModel(task, self.name, estimator, form, note)


class EstimatorModel:
    """A fitted estimator. Where it is compiled its answers are those of its parts in double; else its own."""

    def __init__(self, task: Task, name: str, estimator: Any, form: Form, note: str) -> None:
        self.task, self.name, self.estimator, self.form, self.note = task, name, estimator, form, note
        self.refit: dict[str, Any] = {}
        if task.is_class and not hasattr(estimator, "predict_proba"):
            certain = f"{type(estimator).__name__} gives labels alone: each counts as certain"
            self.note = "; ".join(filter(None, (note, certain)))
        self.compiled: Compiled | None = None
        self.why = ""
        try:
            self.compiled = read_estimator(estimator, task)
        except NotCompiled as error:
            self.why = error.message

    def predict(self, rows: Table) -> Table:
        """Answers for typed rows."""
        x = frame(rows, self.task.input_types, self.form)
        if self.compiled is not None:
            return answer_table(self.task, self.compiled.answers(x))
        return answer_table(self.task, by_estimator(self.estimator, x, self.task.labels, takes_codes(self.estimator)))

    def export(self, folder: Path) -> Program:
        """The compiled graph; else trusted code with the fitted arrays.

        Raises:
            Unshippable: it is not compiled, and the task does not trust the code, or its state is no plain data.
        """
        if self.compiled is not None:
            return graph_program(self.task, folder, self.compiled.write)
        if not self.task.solutions.of(self.name).trust:
            raise Unshippable(f"{self.why}; ships only as trusted code (trust: true)")
        try:
            state = pack(self.estimator)
        except ValueError as error:
            raise Unshippable(f"{self.why}; it cannot ship as code either: {error}") from error
        return code_program(self.task, self.name, folder, form=self.form, state=state)


def refused(task: Task) -> Refusal | None:
    """Why a task is none for estimators and functions."""
    if not task.input_types:
        return Refusal("there is no input left to learn from")
    if task.is_class:
        return None if len(task.labels) >= 2 else Refusal("the output has fewer than two labels")
    if task.answer != "number" or task.output_type.horizon is not None:
        return Refusal(f"it answers with a label or a number; the output is of type {task.output_type.type!r}")
    return None


def source_of(task: Task, name: str) -> dict[str, Any]:
    """What makes it another candidate: a hash of the file that a name stands in, and whether it is trusted."""
    content = (Path(task.folder) / name.rsplit(":", 1)[0]).read_bytes()
    trusted = {"trust": True} if task.solutions.of(name).trust else {}
    return {"source": hashlib.sha256(content).hexdigest()[:8], **trusted}


def target_of(task: Task, rows: Rows, estimator: Any) -> Array:
    """What it is fitted to: numbers, labels as they are, or their codes where it takes nothing else."""
    if not task.is_class:
        return rows.y
    return rows.y if takes_codes(estimator) else labels_of(rows.y, task.labels)


def _weights(estimator: Any, rows: Rows) -> tuple[Mapping[str, Array], str]:
    """The rows' weights under the name that its `fit` knows them by, and a note where it knows none."""
    if rows.weight is None:
        return {}, ""
    last, name = estimator, "sample_weight"
    while type(last).__name__ == "Pipeline":
        step, last = last.steps[-1]
        name = f"{step}__{name}"
    if "sample_weight" in inspect.signature(last.fit).parameters:
        return {name: rows.weight}, ""
    return {}, f"{type(last).__name__}.fit takes no sample_weight: fitted without the rows' weights"
