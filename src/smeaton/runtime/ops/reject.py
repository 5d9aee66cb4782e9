"""Out-of-scope rejection: answers with the label that means "none of these" where a row fits no other label.

From `probability` (rows, labels) come five features of a row, where the *shares* are the probabilities of the other
labels made to sum to 1: the logarithm of the highest share, the margin between the two highest, the entropy of the
shares, the mean logarithm of the shares, and the logit of the outside label's own probability. A logistic model of
them gives q, the probability that the row is outside. The row is outside where q >= threshold.

Arguments: `labels` (three or more, in the order of the columns), `outside` (one of them), `coefficients` (the constant,
then one for each feature in the order above), `threshold` (above 0, below 1). One input and one output, the label. The
probabilities stay as they are: they say how often a label is right among rows like those of the training, where how
many rows will lie outside is not known; the threshold decides without that.

The mean logarithm of a softmax is, but for a constant, the energy score of Liu, Wang, Owens and Li (2020).
"""

import math
from pathlib import Path

import msgspec
import numpy as np

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.program import Step
from smeaton.task.table import Array, Table, object_column
from smeaton.task.types import Label

FEATURES = 5
#: Shares are kept this far from 0 before the logarithm. It is low because sharp answers, all of them near 0 and 1, tell
#: outside rows by nothing but how near; the probabilities of a softmax are exact to their last digits however small.
FLOOR = 1e-30
_ROWS = 4096  # rows worked on together


def features(probability: Array, outside: int) -> Array:
    """The five features of each row, (rows, 5) float64; `outside` is the column of the outside label."""
    chance = np.ascontiguousarray(probability, dtype=np.float64)
    parts = [_features(chance[start : start + _ROWS], outside) for start in range(0, len(chance), _ROWS)]
    return np.concatenate(parts) if parts else np.zeros((0, FEATURES))


def reject(probability: Array, outside: int, coefficients: tuple[float, ...], threshold: float) -> tuple[Array, Array]:
    """Label codes (rows,) int64; and by how much the logit of q exceeds that of the threshold, (rows,) float64."""
    chance = np.ascontiguousarray(probability, dtype=np.float64)
    columns = features(chance, outside)
    score = np.full(len(chance), coefficients[0] - math.log(threshold / (1 - threshold)))
    for place, coefficient in enumerate(coefficients[1:]):  # one by one: a matrix product may add in another order
        score += coefficient * columns[:, place]
    code = np.where(np.arange(chance.shape[1]) == outside, -1.0, chance).argmax(axis=1)
    return np.where(score >= 0, outside, code).astype(np.int64), score


def _shares(chance: Array, outside: int) -> Array:
    """The other labels' probabilities made to sum to 1; 0 in the outside column; even where they are all 0."""
    shares = chance.copy()
    shares[:, outside] = 0.0
    total = shares.sum(axis=1, keepdims=True)
    none = ~(total[:, 0] > 0)
    shares[none] = 1.0
    shares[none, outside] = 0.0
    total[none] = chance.shape[1] - 1
    shares /= total
    return shares


def _features(chance: Array, outside: int) -> Array:
    shares = np.delete(_shares(chance, outside), outside, axis=1)
    logs = np.log(np.maximum(shares, FLOOR))
    top = np.sort(shares, axis=1)[:, -2:]
    own = np.maximum(chance[:, outside], FLOOR)
    rest = np.maximum(np.delete(chance, outside, axis=1).sum(axis=1), FLOOR)  # 1 - own would lose its last bits
    return np.stack(
        [
            logs.max(axis=1),
            top[:, 1] - top[:, 0],
            -(shares * logs).sum(axis=1),
            logs.mean(axis=1),
            np.log(own) - np.log(rest),
        ],
        axis=1,
    )


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    labels: tuple[Label, ...]
    outside: Label
    coefficients: tuple[float, ...]
    threshold: float


class RejectRunner:
    """A loaded `reject` step."""

    def __init__(self, step: Step, args: _Args, outside: int) -> None:
        self._input, self._outputs = step.inputs[0], step.outputs
        self._labels = object_column(args.labels)
        self._args, self._outside = args, outside

    def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """Labels as an object column.

        Raises:
            ProgramError: the probabilities have another number of columns than there are labels.
        """
        probability = columns[self._input]
        if probability.shape[1:] != self._labels.shape:
            raise ProgramError(f"{probability.shape[1:]} probabilities a row for {len(self._labels)} labels")
        code, _ = reject(probability, self._outside, self._args.coefficients, self._args.threshold)
        return {self._outputs[0]: self._labels[code]}


class RejectOp:
    """Probabilities to labels, one of which means "none of these". Pure."""

    effect: Effect = "pure"

    def load(self, step: Step, files: Path, state: State | None) -> RejectRunner:
        """Check the arguments.

        Raises:
            ProgramError: fewer than three labels, none of them `outside`, not six finite coefficients, a threshold
                outside (0, 1), or not one input and one output.
        """
        try:
            args = msgspec.convert(step.args, _Args)
        except msgspec.ValidationError as error:
            raise ProgramError(f"the arguments of a reject step are wrong: {error}") from error
        same = [place for place, label in enumerate(args.labels) if same_label(label, args.outside)]
        if len(args.labels) < 3 or len(same) != 1:
            raise ProgramError(f"a reject step needs three labels or more, one of them {args.outside!r}")
        if len(args.coefficients) != FEATURES + 1 or not all(map(math.isfinite, args.coefficients)):
            raise ProgramError(f"a reject step needs {FEATURES + 1} finite coefficients")
        if not 0 < args.threshold < 1:
            raise ProgramError(f"a threshold lies between 0 and 1, and {args.threshold} does not")
        if len(step.inputs) != 1 or len(step.outputs) != 1:
            raise ProgramError("a reject step has one input and one output")
        return RejectRunner(step, args, same[0])


def same_label(one: Label, other: Label) -> bool:
    """Whether two labels are the same: `True` is not `1`."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


part = RejectOp()
