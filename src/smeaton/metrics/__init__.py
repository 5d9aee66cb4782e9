"""The contract of a metric: how an answer is judged; one file in this folder, bound to the name `part`.

A metric is computed from *parts*: one row of sufficient statistics for each answer (`rows`), and a function from their
weighted mean to the value (`value`). So bootstrap intervals and paired differences are matrix products, and log-loss,
RMSE, accuracy, F1 cost the same. A metric that is no function of means (a ranking metric such as AUC, a user's
function of the whole table) linearises itself: it gives statistics whose mean is its value on these rows and whose
spread is that of its influence, row by row.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

from smeaton.task.table import Array, Table
from smeaton.task.types import Label

Better = Literal["higher", "lower"]
Kind = Literal["number", "binary", "multiclass", "ordered", "many", "structure", "text"]
Needs = Literal["prediction", "probability"]
Unit = Literal["", "target", "share", "nats"]


class Metric(Protocol):
    """How answers are judged. `better` says the direction; `tasks` which outputs it fits; `needs` what it reads.

    `best` is the value of perfect answers (None = not known). The unit `share` promises values from 0 to 1.
    """

    better: Better
    tasks: tuple[Kind, ...]
    needs: Needs
    unit: Unit
    best: float | None

    def rows(
        self,
        answers: Table,
        target: Array,
        labels: Sequence[Label],
        weight: Array | None = None,
        groups: Array | None = None,
    ) -> Array:
        """Statistics of each row, shape (rows, k), any real dtype.

        `target` holds codes into `labels` or numbers, (rows,); for many labels 0 and 1, (rows, labels); for structures
        plain JSON values, (rows,) of objects.

        An answer with an `error`, an unknown label or a value that is not finite counts as wrong: the worst this
        metric gives, never NaN. `weight` and `groups` matter only to a metric that is no mean over rows; whoever
        averages the statistics weighs them.

        Raises:
            ProgramError: the answers are not as many as the targets.
        """
        ...

    def value(self, means: Array) -> Array:
        """Metric values from weighted means of the statistics, shape (..., k) -> (...)."""
        ...
