"""The likeliest label: `probability` (rows, labels) to one label each; the first of those that tie.

Arguments: `labels`, plain JSON values in the order of the columns. Text, whole numbers and booleans stay what they are.
"""

from pathlib import Path

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.program import Step
from smeaton.task.table import Array, Table, object_column


class LabelsRunner:
    """A loaded `labels` step."""

    def __init__(self, step: Step) -> None:
        self._input, self._output = step.inputs[0], step.outputs[0]
        self._labels = object_column(step.args["labels"])
        self._shape = self._labels.shape

    def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """Labels as an object column.

        Raises:
            ProgramError: the probabilities have another number of columns than there are labels.
        """
        probability = columns[self._input]
        if probability.shape[1:] != self._shape:
            raise ProgramError(f"{probability.shape[1:]} probabilities a row for {len(self._labels)} labels")
        return {self._output: self._labels[probability.argmax(axis=1)]}


class LabelsOp:
    """Probabilities to labels. Pure."""

    effect: Effect = "pure"

    def load(self, step: Step, files: Path, state: State | None) -> LabelsRunner:
        """Check the arguments.

        Raises:
            ProgramError: no labels, or not one input and one output.
        """
        labels = step.args.get("labels")
        if not isinstance(labels, list | tuple) or not labels or set(step.args) != {"labels"}:
            raise ProgramError("a labels step needs `labels`: a list with one label for each probability")
        if len(step.inputs) != 1 or len(step.outputs) != 1:
            raise ProgramError("a labels step has one input and one output")
        return LabelsRunner(step)


part = LabelsOp()
