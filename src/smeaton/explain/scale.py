"""What is explained of an answer: one number a row."""

from dataclasses import dataclass

import numpy as np

from smeaton.errors import InputError
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table
from smeaton.task.task import Task
from smeaton.task.types import Label, label_text

#: Probabilities are kept this far from 0 and 1 before the logarithm.
_FLOOR = 1e-12


@dataclass(frozen=True, slots=True)
class Scale:
    """The number that contributions add up to: the `prediction` itself, or the log-odds of one label. `code` is the
    label's place, None for numbers."""

    unit: str
    label: Label | None = None
    code: int | None = None

    def of(self, answers: Table) -> Array:
        """The number of each answer, float64 (rows,)."""
        if self.code is None:
            return np.asarray(answers[PREDICTION], dtype=np.float64)
        yes = np.clip(answers[PROBABILITY][:, self.code], _FLOOR, 1.0 - _FLOOR)
        return np.asarray(np.log(yes) - np.log1p(-yes))


def scale_of(task: Task, answers: Table, label: Label | None = None) -> Scale:
    """The scale for one answered row (`answers` hold it alone); `label` asks for another label than the likeliest.

    Raises:
        InputError: answers of this kind have no such number, or the label is none of the task's.
    """
    if task.answer == "number":
        if label is not None:
            raise InputError("the answers are numbers, and have no labels", fix="leave out the label")
        return Scale(PREDICTION)
    if task.answer != "class" or PROBABILITY not in answers:
        raise InputError(
            "only numbers and answers with one label and its probability can be explained",
            fix="ask another solution for its answer's reasons: this one states none",
        )
    texts = [label_text(one) for one in task.labels]
    code = int(np.argmax(answers[PROBABILITY][0]))
    if label is not None:
        if label_text(label) not in texts:
            raise InputError(f"there is no label {label!r}", fix=f"name one of: {', '.join(texts)}")
        code = texts.index(label_text(label))
    return Scale(f"log-odds of {texts[code]}", task.labels[code], code)
