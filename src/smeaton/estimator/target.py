"""`y` as the output of a task: the labels of a classifier, the numbers of a regressor."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from smeaton.extras import needs
from smeaton.task.table import Array
from smeaton.task.types import Type

with needs("build"):
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import column_or_1d

#: The output's name where `y` has none.
NAME = "target"


@dataclass(frozen=True, slots=True)
class Target:
    """A task's output: its name, its type, its values (codes into `classes`, or float64). `classes` is empty for
    numbers."""

    name: str
    type: Type
    values: Array
    classes: Array


def read_labels(y: Any, taken: frozenset[str]) -> Target:
    """Labels, in the order of `numpy.unique`.

    Raises:
        ValueError: they are no labels, some are missing, or there is only one.
    """
    column = _column(y)
    check_classification_targets(column)
    classes, codes = np.unique(column, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"y holds one class only, {classes[0]!r}: a classifier needs rows of at least 2 classes")
    labels = tuple(_label(value) for value in classes.tolist())
    if len(set(map(str, labels))) < len(labels):
        raise ValueError("y holds labels that are the same as text, such as 1 and '1'")
    if set(map(type, labels)) == {bool}:
        kind = Type(type="boolean", labels=labels)
    else:
        kind = Type(type="category", labels=labels, base="integer" if isinstance(labels[0], int) else "text")
    return Target(_name(y, taken), kind, codes.astype(np.int64).ravel(), classes)


def read_numbers(y: Any, taken: frozenset[str]) -> Target:
    """Numbers.

    Raises:
        ValueError: some are missing, infinite, or no numbers.
    """
    column = _column(y)
    try:
        values = column.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"y holds what is no number: {error}") from error
    _finite(values)
    return Target(_name(y, taken), Type(type="number"), values, values[:0])


def _column(y: Any) -> Array:
    """One value a row.

    Raises:
        ValueError: it has several, or none for some row.
    """
    if hasattr(y, "to_numpy"):
        y = y.to_numpy()
    column: Array = column_or_1d(np.asarray(y), warn=True)
    if column.dtype.kind == "c":
        raise ValueError("Complex data not supported: y holds complex numbers")
    if column.dtype.kind == "f":
        _finite(column)
    elif column.dtype == object:
        held = column.tolist()
        if any(value is None or value != value for value in held):  # noqa: PLR0124 - NaN, NaT and NA differ from themselves
            raise ValueError("Input y contains NaN: every row needs an answer")
        if held and len({type(value) for value in held}) == 1 and isinstance(held[0], bool | int | float):
            column = np.array(held)
    return column


def _finite(column: Array) -> None:
    if np.isnan(column).any():
        raise ValueError("Input y contains NaN: every row needs an answer")
    if np.isinf(column).any():
        raise ValueError("Input y contains infinity")


def _label(value: Any) -> str | int | bool:
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    return str(value)


def _name(y: Any, taken: frozenset[str]) -> str:
    """The name of a Series, or one that no column of X has."""
    name = getattr(y, "name", None)
    name = name if isinstance(name, str) and name else NAME
    while name in taken:
        name += "_"
    return name
