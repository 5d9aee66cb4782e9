"""Two opinions of a row as one: a model's probabilities, and the label that another said.

By Bayes' rule, where the errors of the two are independent given the true label: the probability of a label is that
of the model times how often the other says what it said where the label is true, made to sum to 1 (Dawid and Skene
1979, with the table known).

Inputs: `probability` (rows, labels), and the labels said (null = nothing was said). Outputs: prediction, probability.
Arguments: `labels` in the order of the columns, `rule` as the `labels` op has it ("likeliest" or "median"). File: the
table, `.npy` float64 (labels, labels): row i holds how likely each label is said where label i is true. Where nothing
was said there is no prediction, and the probabilities stay as they are.
"""

from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.ops.labels import choose
from smeaton.runtime.program import Step
from smeaton.task.table import Array, Table
from smeaton.task.types import Label, label_text

_SUM = 1e-6  # how far the sum of a row of the table may be from 1


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    labels: tuple[Label, ...]
    rule: Literal["likeliest", "median"] = "likeliest"


def codes_said(said: Array, labels: tuple[Label, ...]) -> Array:
    """The place of each label said among the labels, -1 where it is none of them."""
    places = {label_text(label): place for place, label in enumerate(labels)}
    found = [-1 if one is None else places.get(label_text(one), -1) for one in said.tolist()]
    return np.array(found, dtype=np.int64)


def combined(probability: Array, codes: Array, table: Array) -> Array:
    """Probabilities after the labels said, (rows, labels) float64; as they were where the code is -1, or where what was
    said cannot be."""
    chance = np.array(probability, dtype=np.float64)
    rows = np.flatnonzero(codes >= 0)
    both = chance[rows] * table[:, codes[rows]].T
    total = both.sum(axis=1, keepdims=True)
    can = total[:, 0] > 0
    chance[rows[can]] = both[can] / total[can]
    return chance


class CombineRunner:
    """A loaded `combine` step."""

    def __init__(self, step: Step, args: _Args, table: Array) -> None:
        self._inputs, self._outputs = step.inputs, step.outputs
        self._args, self._table = args, table

    def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """Labels as an object column, and the probabilities.

        Raises:
            ProgramError: the probabilities have another number of columns than there are labels.
        """
        probability = columns[self._inputs[0]]
        if probability.shape[1:] != (len(self._args.labels),):
            raise ProgramError(f"{probability.shape[1:]} probabilities a row for {len(self._args.labels)} labels")
        codes = codes_said(columns[self._inputs[1]], self._args.labels)
        chance = combined(probability, codes, self._table)
        prediction = choose(chance, self._args.labels, self._args.rule)
        prediction[codes < 0] = None
        return dict(zip(self._outputs, (prediction, chance), strict=True))


class CombineOp:
    """A model's probabilities and what another said, as one answer. Pure."""

    effect: Effect = "pure"

    def load(self, step: Step, files: Path, state: State | None) -> CombineRunner:
        """Check the arguments, read the table.

        Raises:
            ProgramError: fewer than two labels, a table that does not fit them or is none of probabilities, not two
                inputs and two outputs.
        """
        try:
            args = msgspec.convert(step.args, _Args)
        except msgspec.ValidationError as error:
            raise ProgramError(f"the arguments of a combine step are wrong: {error}") from error
        count = len(args.labels)
        if count < 2 or len(step.inputs) != 2 or len(step.outputs) != 2 or len(step.files) != 1:
            raise ProgramError("a combine step needs two labels or more, two inputs, two outputs and a table")
        try:
            table = np.load(files / step.files[0], allow_pickle=False)
        except (OSError, ValueError) as error:
            raise ProgramError(f"the table of a combine step cannot be read: {error}", where=step.files[0]) from error
        fits = table.shape == (count, count) and table.dtype == np.float64
        if not fits or not (table >= 0).all() or not np.allclose(table.sum(axis=1), 1.0, atol=_SUM):
            raise ProgramError(f"a combine step needs a table of {count} x {count} probabilities, a row a true label")
        return CombineRunner(step, args, table)


part = CombineOp()
