"""What the families of fitted model files share: nothing is fitted, and nobody knows which rows they have seen."""

import difflib
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.data.fold import Fold
from smeaton.errors import ProgramError, TaskError
from smeaton.families import Config, Fitted, Refusal, Run, Space
from smeaton.families._parts import refuse
from smeaton.runtime.program import Program
from smeaton.task.profile import Profile
from smeaton.task.task import Own, Task
from smeaton.task.types import Label

_EFFORT = 0.3
SEEN = "fitted elsewhere: may have seen these rows (say unseen: true where it has not)"
UNSEEN = "fitted elsewhere, and the task says that it has not seen these rows"


class FileFamily(ABC):
    """A model in a file: each fold is answered as it is.

    Its score is no evidence, for its makers may have fitted it to these very rows: it stands on the board, is compared,
    and never chosen, blended or raced against, unless the task says that the rows are new to it.
    """

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """The model as it is. It is read here, so that what does not fit the task is said before anything is fitted.

        Raises:
            TaskError: it cannot be read, or its inputs or classes are not those of the task.
        """
        refusal = refuse(task)
        if refusal is not None:
            return refusal
        self.opened(task)
        with self.path.open("rb") as file:
            source = hashlib.file_digest(file, "sha256").hexdigest()[:8]
        said: dict[str, Any] = msgspec.to_builtins(task.solutions.of(self.name))
        return Space(starts=({"source": source, **said},), effort=_EFFORT, own=True)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> Fitted:
        """Nothing to fit."""
        return self.opened(task)

    def opened(self, task: Task) -> Fitted:
        """The model as the task asks it.

        Raises:
            TaskError: it cannot be read, or its inputs or classes are not those of the task.
        """
        try:
            return self.read(task, task.solutions.of(self.name))
        except (ProgramError, TaskError) as error:
            place = f"{self.name}: {error.where}" if error.where and error.where != self.path.name else self.name
            raise TaskError(error.message, fix=error.fix, where=place) from error

    @abstractmethod
    def read(self, task: Task, own: Own) -> Fitted:
        """Read the file."""


def standing(own: Own) -> tuple[str, str]:
    """Why it is never chosen ('' if it may be), and the note beside its score."""
    return ("", UNSEEN) if own.unseen else (SEEN, "")


def inputs_of(features: Sequence[str], task: Task, own: Own) -> list[str]:
    """The task's inputs that go into a table of the model's `features`, in order: as the task says, by name, or, where
    the model has no names, all of them if there are as many.

    Raises:
        TaskError: an input is missing, unknown or no number; says the nearest name.
    """
    said = own.inputs.get("")
    names = list(said) if said is not None else list(features)
    if own.inputs and said is None:
        raise TaskError("the model has one table for an input", fix="write inputs: as a list of columns, in order")
    if said is not None and len(said) != len(features):
        raise TaskError(f"it was fitted on {len(features)} columns, and inputs: names {len(said)}", fix="name them all")
    if said is None and not all(features):
        if len(features) != len(task.input_types):
            raise TaskError(
                f"the model has no names for its {len(features)} columns, and the task has {len(task.input_types)}",
                fix="name them in order: {file: ..., inputs: [...]}",
            )
        names = list(task.input_types)
    return [_input(name, task) for name in names]


def _input(name: str, task: Task) -> str:
    known = {one: one for one in reversed(task.input_types)} | {_squeezed(one): one for one in task.input_types}
    found = name if name in task.input_types else known.get(_squeezed(name))
    if found is None:
        near = difflib.get_close_matches(name, list(task.input_types), 1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"the inputs are: {', '.join(list(task.input_types)[:20])}"
        raise TaskError(f"it was fitted on a column {name!r}, which is no input of the task", fix=hint)
    if task.input_types[found].type not in ("number", "integer", "boolean"):
        raise TaskError(
            f"it was fitted on numbers, and the input {found!r} is of type {task.input_types[found].type!r}",
            fix="declare the input as the number it was fitted on, or add the pipeline that encodes it (file.py:name)",
        )
    return found


def _squeezed(name: str) -> str:
    """A name without the marks that LightGBM replaces."""
    return name.replace(" ", "_")


def classes_of(found: Sequence[Any], count: int, task: Task, own: Own) -> list[Label]:
    """The task's labels in the order of the model's probabilities: as the task says, as the model says, or, where both
    count 0, 1, 2 ..., as they are.

    Raises:
        TaskError: nobody knows, or they are others than the task's.
    """
    given = list(own.classes or found)
    if not given and count == len(task.labels):
        plain = [int(label) for label in task.labels if not isinstance(label, str)]
        given = list(task.labels) if plain == list(range(count)) else []
    labels: dict[str, Label] = {str(label): label for label in task.labels}
    if all(isinstance(label, bool) for label in task.labels):
        labels |= {"false": False, "true": True} | ({} if own.classes else {"0": False, "1": True})
    named = ", ".join(map(str, task.labels))
    if not given:
        raise TaskError(
            f"the model does not say which of its {count} probabilities is which label",
            fix=f"name them in its order: {{file: ..., classes: [{named}]}}",
        )
    known = [labels.get(str(one)) for one in given]
    matched = [label for label in known if label is not None]
    if len(matched) != count or len(given) != count or len(set(map(str, matched))) != count:
        raise TaskError(
            f"the model's {count} classes are {', '.join(map(str, given))}; the labels of the output are {named}",
            fix=f"name the labels in its order: {{file: ..., classes: [{named}]}}",
        )
    return matched


def as_it_is(program: Program) -> Program:
    """The program with its graph marked as one that is taken as it is: neither calibrated nor put together."""
    steps = [
        step if step.op != "onnx" else msgspec.structs.replace(step, args={**step.args, "whole": True})
        for step in program.steps
    ]
    return msgspec.structs.replace(program, steps=tuple(steps))


def matrix_of(rows: Any, names: Sequence[str]) -> Any:
    """Typed columns side by side as float64, NaN for nulls."""
    return np.column_stack([np.asarray(rows[name]).astype(np.float64) for name in names])
