"""A quick model for any table: what learning curves are drawn with, and who suggests before there is a bundle.

Hashed words and characters, categories and numbers as one sparse matrix; a logistic regression for labels, ridge
regression for numbers. It is no candidate of a build and its errors are not the shipped model's: only how they fall.
"""

import json
import warnings
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from smeaton.extras import needs
from smeaton.similarity.vectors import sparse
from smeaton.task.table import Array, Table
from smeaton.task.types import Type

Kind = Literal["class", "many", "number"]
_STRENGTH = 10.0  # inverse of the penalty: rows have length 1 a column, so this is mild
_ROUNDS = 60
_MANY_ROWS = 50


def features(table: Table, types: Mapping[str, Type]) -> Any:
    """The typed columns of a table as one CSR array: tf-idf of texts, one column a category, numbers scaled.

    Raises:
        ExtraMissing: scipy is not installed.
    """
    with needs("build"):
        from scipy.sparse import hstack
    blocks = [_block(table[name], kind) for name, kind in types.items()]
    return hstack(blocks, format="csr")


def _block(column: Array, kind: Type) -> Any:
    from scipy.sparse import csr_array

    if kind.type in ("number", "integer", "timestamp"):
        return csr_array(_scaled(column))
    if kind.type == "vector":
        return csr_array(np.nan_to_num(column))
    if kind.type in ("category", "boolean"):
        values = ["" if value is None else repr(value) for value in column.tolist()]
        known, codes = np.unique(np.array(values, dtype=object), return_inverse=True)
        shape = (len(values), len(known))
        return csr_array((np.ones(len(values), np.float32), codes, np.arange(len(values) + 1)), shape=shape)
    return sparse([None if value is None else _text(value) for value in column.tolist()])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _scaled(column: Array) -> Array:
    """A number as its rank from -1 to 1, and whether it is missing: the scale of a column means nothing here."""
    values = column.astype(np.int64).astype(np.float64) if column.dtype.kind == "M" else column.astype(np.float64)
    null = np.isnat(column) if column.dtype.kind == "M" else np.isnan(values)
    known = np.sort(values[~null])
    middle = (np.searchsorted(known, values, "left") + np.searchsorted(known, values, "right")) / 2
    rank = np.where(null, 0.0, 2.0 * middle / max(len(known), 1) - 1.0)
    return np.stack([rank, null], axis=1).astype(np.float32)


class Quick:
    """A fitted quick model. `labels` is the number of labels (class and many)."""

    def __init__(self, kind: Kind, labels: int) -> None:
        self.kind = kind
        self.labels = labels
        self._models: list[Any] = []
        self._columns: Array = np.empty(0, dtype=np.int64)

    def fit(self, matrix: Any, target: Array) -> "Quick":
        """Fit on the rows of `matrix`; `target` as in `Rows.y`: codes, (rows, labels) of 0 and 1, or numbers.

        Raises:
            ExtraMissing: scikit-learn is not installed.
        """
        with needs("build"):
            from sklearn.exceptions import ConvergenceWarning
            from sklearn.linear_model import LogisticRegression, Ridge
        if self.kind == "number":
            self._models = [Ridge(alpha=1.0, solver="lsqr").fit(matrix, target)]
            return self
        # Columns of one row only cannot tell it from others like it, and there are very many of them.
        shared = np.bincount(matrix.indices, minlength=matrix.shape[1])
        self._columns = np.flatnonzero(shared > (1 if matrix.shape[0] >= _MANY_ROWS else 0))
        matrix = matrix[:, self._columns]
        columns = target.T if self.kind == "many" else [target]
        with warnings.catch_warnings():
            # Cut short on purpose: a curve needs the same effort at each size, not the last digit.
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.filterwarnings("ignore", message="The number of unique classes", category=UserWarning)
            self._models = [
                int(column[0])
                if (column == column[0]).all()
                else LogisticRegression(C=_STRENGTH, max_iter=_ROUNDS).fit(matrix, column)
                for column in columns
            ]
        return self

    def predict(self, matrix: Any) -> Array:
        """Probabilities (rows, labels); for numbers the numbers (rows,)."""
        if self.kind == "number":
            return np.asarray(self._models[0].predict(matrix), dtype=np.float64)
        matrix = matrix[:, self._columns]
        answers = np.zeros((matrix.shape[0], self.labels))
        for place, model in enumerate(self._models):
            if isinstance(model, int):
                answers[:, place if self.kind == "many" else model] = model if self.kind == "many" else 1.0
            elif self.kind == "many":
                answers[:, place] = model.predict_proba(matrix)[:, 1]
            else:
                answers[:, model.classes_] = model.predict_proba(matrix)
        return answers

    def errors(self, matrix: Any, target: Array) -> Array:
        """How wrong each row's answer is; their mean is the error.

        Labels: 0 or 1; any number of labels: the share of given and true labels that is not both; numbers: the square
        of the miss over the variance of the target.
        """
        answers = self.predict(matrix)
        if self.kind == "number":
            return np.asarray((answers - target) ** 2 / max(float(target.var()), 1e-12))
        if self.kind == "class":
            return np.asarray(answers.argmax(axis=1) != target, dtype=np.float64)
        given, true = answers >= 0.5, target > 0
        either = (given | true).sum(axis=1)
        return np.asarray(1.0 - np.where(either > 0, (given & true).sum(axis=1) / np.maximum(either, 1), 1.0))
