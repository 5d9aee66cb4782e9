"""Which rows a model is unsure of: the switch of a cascade.

One input, `probability` (rows, labels). The first output is a boolean column, true where the certainty of the row lies
below `threshold`; further outputs are null columns, for the `otherwise` of steps whose outputs have nothing to say of
the other rows. Arguments:

    measure     the certainty of a row, from 0 to 1:
                "top"      the highest probability; of lists of labels that of the label nearest to a half, on its side
                "margin"   the difference of the two highest; of lists of labels the least of |2 p - 1|
                "entropy"  1 less the entropy over that of even probabilities; of lists of labels the mean of it
    threshold   0 asks about no row, anything above 1 about every row
    many        true where each row may have any number of the labels

A row whose certainty is NaN is unsure wherever the threshold is above 0. Uncertainty sampling: Lewis and Gale 1994;
margins: Scheffer, Decomain and Wrobel 2001.
"""

import math
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.program import Step
from smeaton.task.table import Array, Table

Measure = Literal["top", "margin", "entropy"]
MEASURES: tuple[Measure, ...] = ("margin", "top", "entropy")
_FLOOR = 1e-300  # before the logarithm: p log p is 0 there


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    measure: Measure
    threshold: float
    many: bool = False


def certainty(probability: Array, measure: Measure, many: bool = False) -> Array:
    """How sure each row is, (rows,) float64 from 0 to 1."""
    chance = np.ascontiguousarray(probability, dtype=np.float64)
    if many:
        side = np.maximum(chance, 1.0 - chance)
        if measure == "entropy":
            return 1.0 - np.asarray((_bits(chance) + _bits(1.0 - chance)).mean(axis=1)) / math.log(2)
        least: Array = side.min(axis=1)
        return least if measure == "top" else 2.0 * least - 1.0
    if measure == "top":
        return np.asarray(chance.max(axis=1))
    if chance.shape[1] < 2:
        return np.ones(len(chance))
    if measure == "entropy":
        return 1.0 - np.asarray(_bits(chance).sum(axis=1)) / math.log(chance.shape[1])
    two = np.partition(chance, -2, axis=1)[:, -2:]
    return np.asarray(two[:, 1] - two[:, 0])


def unsure(probability: Array, measure: Measure, threshold: float, many: bool = False) -> Array:
    """Which rows are unsure, (rows,) bool."""
    if threshold <= 0:
        return np.zeros(len(probability), dtype=bool)
    return ~(certainty(probability, measure, many) >= threshold)


def _bits(chance: Array) -> Array:
    return np.asarray(-chance * np.log(np.maximum(chance, _FLOOR)))


class UnsureRunner:
    """A loaded `unsure` step."""

    def __init__(self, step: Step, args: _Args) -> None:
        self._input, self._outputs, self._args = step.inputs[0], step.outputs, args

    def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """The boolean column, then the null ones."""
        args, probability = self._args, columns[self._input]
        first, *nulls = self._outputs
        empty = np.full(len(probability), None, dtype=object)
        return {first: unsure(probability, args.measure, args.threshold, args.many), **dict.fromkeys(nulls, empty)}


class UnsureOp:
    """Probabilities to a switch. Pure."""

    effect: Effect = "pure"

    def load(self, step: Step, files: Path, state: State | None) -> UnsureRunner:
        """Check the arguments.

        Raises:
            ProgramError: an unknown measure, a threshold that is negative or not finite, not one input.
        """
        try:
            args = msgspec.convert(step.args, _Args)
        except msgspec.ValidationError as error:
            raise ProgramError(f"the arguments of an unsure step are wrong: {error}") from error
        if not math.isfinite(args.threshold) or args.threshold < 0:
            raise ProgramError(f"the threshold of an unsure step is a number of at least 0, not {args.threshold}")
        if len(step.inputs) != 1:
            raise ProgramError("an unsure step has one input, the probabilities")
        return UnsureRunner(step, args)


part = UnsureOp()
