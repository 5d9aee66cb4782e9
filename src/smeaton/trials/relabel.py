"""Other labels for the same probabilities."""

from collections.abc import Callable

import numpy as np

from smeaton.task.table import ERROR, PREDICTION, PROBABILITY, Array, Table, object_column
from smeaton.task.task import Task


def relabelled(answers: Table, task: Task, codes: Callable[[Array], Array]) -> dict[str, Array]:
    """Answers with the labels that `codes` gives for their probabilities (rows, labels); what failed stays as it is."""
    chance = np.asarray(answers[PROBABILITY], dtype=np.float64)
    valid = np.isfinite(chance).all(axis=1)
    if ERROR in answers:
        valid &= np.array([error is None for error in answers[ERROR].tolist()], dtype=bool)
    prediction = answers[PREDICTION].astype(object)
    prediction[valid] = object_column(task.labels)[codes(chance[valid])]
    return {**answers, PREDICTION: prediction}
