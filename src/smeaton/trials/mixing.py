"""Whether a candidate that is worse alone is still worth having: what a mean of answers gains from its own.

Members of an ensemble help by being right where the others are wrong (Krogh and Vedelsby 1995): a race that only asks
who is best would end the very candidates a blend wants.
"""

from collections.abc import Sequence

import numpy as np

from smeaton.families._losses import Loss, row_loss
from smeaton.task.table import Array

_SHARES = (0.1, 0.2, 0.35, 0.5)  # of the candidate in the mean that are tried
_GAIN = 0.001  # of the loss: less is no gain
_SURE = 1.0  # standard errors that the gain must exceed


def adds(own: Array, others: Sequence[Array], losses: "Losses") -> bool:
    """Whether some mean of the others (equal parts) and `own` has a clearly lower loss than the mean of the others.

    Answers are (rows,): the probability of the true label, or a number.
    """
    base = np.mean(others, axis=0)
    before = losses(base)
    mixed = [losses((1.0 - share) * base + share * own) for share in _SHARES]
    after = min(mixed, key=lambda found: float(found.mean()))
    won = before - after
    error = float(won.std()) / max(1.0, np.sqrt(len(won)))
    return bool(won.mean() > max(_GAIN * float(before.mean()), _SURE * error))


class Losses:
    """The loss of each row (rows,), weighted: of the true label's probability, by `loss` of a number."""

    def __init__(self, target: Array | None, weight: Array | None, loss: Loss | None = None) -> None:
        self.target, self.loss = target, loss or row_loss(None)
        self.weight = None if weight is None else weight / max(float(weight.mean()), 1e-300)

    def __call__(self, answers: Array) -> Array:
        """One loss a row."""
        if self.target is None:
            found = -np.log(np.maximum(answers, 1e-15))
        else:
            found = self.loss(answers, self.target)
        return np.asarray(found if self.weight is None else found * self.weight)
