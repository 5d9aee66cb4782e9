"""Fields that are chosen for the whole text (categories and booleans): one small softmax over hashed words each."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from smeaton.families._solver import Limits, Problem, solve
from smeaton.runtime.ops._tag_values import Field
from smeaton.runtime.ops._words import word_vectors
from smeaton.runtime.ops.tag import BUCKETS
from smeaton.task.table import Array

_PENALTIES = (1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5)
#: Without rows to judge by, the path ends here.
_UNJUDGED = 3

Labelled = tuple[Sequence[str | None], Sequence[Any], Array]


def labelled(field: Field, values: Sequence[Any]) -> Field:
    """The field with its labels: those of its type, else those met, in order; null first if it is met."""
    import msgspec

    met = {None if value is None else value.get(field.name) for value in values}
    known: Sequence[Any] = field.type.labels or ((False, True) if field.type.type == "boolean" else ())
    known = known or sorted(met - {None})
    return msgspec.structs.replace(field, labels=(*([None] if None in met or not known else []), *known))


def fit_classes(fields: Sequence[Field], train: Labelled, stop: Labelled, limits: Limits) -> Array | None:
    """The weights of all such fields side by side, (buckets + 1, labels) float64; None where there are none."""
    if not fields:
        return None
    vectors = [word_vectors(texts, BUCKETS, (1, 2), ()) for texts, _, _ in (train, stop)]
    return np.hstack([_fit(field, train, stop, vectors, limits) for field in fields])


def _fit(field: Field, train: Labelled, stop: Labelled, vectors: Sequence[Array], limits: Limits) -> Array:
    if len(field.labels) == 1:
        return np.zeros((BUCKETS + 1, 1))
    size = len(field.labels)
    y, judged = (_codes(field, values) for _, values, _ in (train, stop))
    weight = train[2] / train[2].mean()
    problem = Problem(vectors[0], None, y, weight, "softmax", size)
    seen = judged >= 0
    path = _PENALTIES if seen.any() else _PENALTIES[:_UNJUDGED]

    def judge(weights: Array, bias: Array) -> float:
        if not seen.any():
            return 0.0
        scores = vectors[1][seen] @ weights + bias
        top = scores.max(axis=1, keepdims=True)
        log_z = np.log(np.exp(scores - top).sum(axis=1)) + top[:, 0]
        loss = log_z - scores[np.arange(len(scores)), judged[seen]]
        return float(np.average(loss, weights=stop[2][seen]))

    best = solve(problem, path, judge, limits)
    return np.vstack([best.weights, best.bias[None, :]])


def _codes(field: Field, values: Sequence[Any]) -> Array:
    """The place of each row's label; -1 for one that is none."""
    place = {label: code for code, label in enumerate(field.labels)}
    found = [place.get(None if value is None else value.get(field.name), -1) for value in values]
    return np.array(found, dtype=np.int64)
