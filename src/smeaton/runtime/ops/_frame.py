"""The table that a user's estimator or function is given, in training and when it answers alike.

With pandas it is a `DataFrame`, without it one array; columns are the task's inputs in their order. A number is
float64, an integer int64 (float64 where it may be null), a boolean bool (float64 of 0 and 1 where it may be null), a
moment datetime64[us]; all else is an object column: a category as text, whole number or boolean as it was, text as
text, lists and objects as such. A null is NaN everywhere (NaT among moments). The array is float64 where all columns
are numbers or booleans, else of objects.
"""

import importlib.util
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Literal

import numpy as np

from smeaton.errors import ExtraMissing
from smeaton.task.table import Array, Table, rows_in
from smeaton.task.types import Type

Form = Literal["pandas", "array"]
_NUMBERS = ("number", "integer", "boolean")


def form_here() -> Form:
    """Which of the two this process can make."""
    return "pandas" if importlib.util.find_spec("pandas") else "array"


def frame(columns: Table, types: Mapping[str, Type], form: Form) -> Any:
    """Typed columns as the user's code is given them.

    Raises:
        ExtraMissing: it was fitted on pandas frames, and pandas is not installed.
    """
    made = {name: column(columns[name], kind) for name, kind in types.items()}
    if form == "pandas":
        try:
            # By name: no service needs pandas but for code that its operator trusts.
            pandas = import_module("pandas")
        except ModuleNotFoundError as error:
            raise ExtraMissing(
                "this code was fitted on pandas data frames, and pandas is not installed", fix="run: pip install pandas"
            ) from error
        return pandas.DataFrame({name: pandas.Series(values, dtype=values.dtype) for name, values in made.items()})
    if all(kind.type in _NUMBERS for kind in types.values()):
        return np.column_stack([values.astype(np.float64) for values in made.values()])
    joined = np.empty((rows_in(columns), len(made)), dtype=object)
    for place, values in enumerate(made.values()):
        joined[:, place] = values
    return joined


def column(values: Array, kind: Type) -> Array:
    """One column in the form that the frame has it."""
    if kind.type == "number" or (kind.type in _NUMBERS and kind.optional):
        return values.astype(np.float64)
    if kind.type == "integer":
        return values.astype(np.int64)
    if kind.type == "boolean":
        return values.astype(bool)
    if kind.type == "timestamp":
        return values.astype("datetime64[us]")
    if kind.type == "category" and kind.base in ("integer", "boolean"):
        plain = np.int64 if kind.base == "integer" else bool
        return values.astype(np.float64 if kind.optional else plain)
    found = np.array(values, dtype=object)
    found[[value is None for value in found.tolist()]] = np.nan
    return found


def labels_of(codes: Array, labels: tuple[Any, ...]) -> Array:
    """The labels of codes, as an array of text (objects), whole numbers or booleans."""
    plain = np.array(labels, dtype=object if isinstance(labels[0], str) else None)
    return plain[codes]
