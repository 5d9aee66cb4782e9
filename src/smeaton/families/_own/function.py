"""A user's function of rows as a family: nothing is fitted, the function answers."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from smeaton.data.fold import Fold
from smeaton.errors import Unshippable
from smeaton.families import Config, Refusal, Run, Space
from smeaton.families._own.estimator import refused, source_of
from smeaton.families._own.shipping import code_program
from smeaton.families._parts import answer_table
from smeaton.runtime.ops._code_rows import call_function
from smeaton.runtime.program import Program
from smeaton.task.profile import Profile
from smeaton.task.table import Table
from smeaton.task.task import Task

_EFFORT = 0.4


class FunctionFamily:
    """Asks `answer` with lists of rows."""

    def __init__(self, name: str, answer: Callable[[Sequence[Mapping[str, Any]]], Any]) -> None:
        self.name = name
        self.answer = answer

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """The function as it is; a changed file is another candidate."""
        return refused(task) or Space(starts=(source_of(task, self.name),), effort=_EFFORT, own=True)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> "FunctionModel":
        """Nothing to fit."""
        return FunctionModel(task, self.name, self.answer)


class FunctionModel:
    """The function with the task whose rows it answers."""

    def __init__(self, task: Task, name: str, answer: Callable[[Sequence[Mapping[str, Any]]], Any]) -> None:
        self.task, self.name, self.answer = task, name, answer

    def predict(self, rows: Table) -> Table:
        """Answers for typed rows."""
        found = call_function(self.answer, self.name, rows, self.task.input_types, self.task.labels)
        return answer_table(self.task, found)

    def export(self, folder: Path) -> Program:
        """The file itself, as code that the task trusts.

        Raises:
            Unshippable: the task does not trust it.
        """
        if not self.task.solutions.of(self.name).trust:
            raise Unshippable("a function: not compiled; ships only as trusted code (trust: true)")
        return code_program(self.task, self.name, folder, form="array")
