"""The contract of a metric: how an answer is judged; one file in this folder, bound to the name `part`.

A metric is computed from *parts*: one row of sufficient statistics for each answer (`rows`), and a function from their
weighted mean to the value (`value`). So bootstrap intervals and paired differences are matrix products, and log-loss,
RMSE, accuracy, F1 cost the same. Metrics that cannot be written so (ranking metrics such as AUC) set `whole` and are
recomputed on resampled rows.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

from smeaton.task.table import Array, Table
from smeaton.task.types import Label


class Metric(Protocol):
    """How answers are judged. `better` says the direction; `tasks` which outputs it fits; `needs` what it reads."""

    better: Literal["higher", "lower"]
    tasks: tuple[Literal["number", "binary", "multiclass", "text"], ...]
    needs: Literal["prediction", "probability"]
    unit: Literal["", "target", "share", "nats"]

    def rows(self, answers: Table, target: Array, labels: Sequence[Label]) -> Array:
        """Statistics of each row, shape (rows, k), float64. `target` holds codes into `labels`, or numbers.

        An answer with an `error`, an unknown label or a value that is not finite counts as wrong: the worst this
        metric gives, never NaN.
        """
        ...

    def value(self, means: Array) -> Array:
        """Metric values from weighted means of the statistics, shape (..., k) -> (...)."""
        ...
