"""`when` and `otherwise`: which rows go through a step, and how both parts become one column again."""

from collections.abc import Mapping

import numpy as np

from smeaton.errors import ProgramError
from smeaton.task.table import Array

_NUMBERS = "iuf"


def rows_through(column: Array, name: str) -> Array:
    """Positions of the rows where a boolean column is true; null counts as not true.

    Raises:
        ProgramError: the column holds something else than booleans.
    """
    if column.dtype == bool:
        return np.flatnonzero(column)
    if column.dtype != object or any(not isinstance(value, bool | np.bool_ | None) for value in column):
        raise ProgramError(f"`when` needs a boolean column, and {name!r} is not one", fix="compare it with a threshold")
    return np.flatnonzero(column == True)  # noqa: E712 - elementwise: None is not True


def recombine(new: Array, old: Array, index: Array, name: str) -> Array:
    """`old` with the rows at `index` replaced by `new`, in a type that holds both.

    Equal types stay; numbers widen to the larger; anything else mixed becomes object.

    Raises:
        ProgramError: one is a matrix and the other is not, or their widths differ.
    """
    if new.shape[1:] != old.shape[1:]:
        raise ProgramError(
            f"the column {name!r} has width {new.shape[1:]} for some rows and {old.shape[1:]} for others",
            fix="make both parts of the cascade answer in the same form",
        )
    if new.dtype == old.dtype:
        kind = new.dtype
    elif new.dtype.kind in _NUMBERS and old.dtype.kind in _NUMBERS:
        kind = np.result_type(new.dtype, old.dtype)
    else:
        kind = np.dtype(object)
    whole = old.astype(kind)  # a copy: the other column is still read by others
    whole[index] = new
    return whole


def subset(columns: Mapping[str, Array], names: tuple[str, ...], index: Array) -> dict[str, Array]:
    """The named columns at some rows."""
    return {name: columns[name][index] for name in names}
