"""Arrow columns as the arrays of `task/table.py`. The package is not imported: a column is read by its own methods."""

from typing import Any

import numpy as np

from smeaton.data.sources._columns import from_masked, moments, native
from smeaton.task.table import Array


def arrow_column(column: Any) -> Array:
    """One Arrow array, chunked or not."""
    kind = str(column.type)
    if hasattr(column, "chunks"):
        column = column.combine_chunks()  # one array, whose `to_numpy` is told that it may copy
    if kind.startswith(("int", "uint", "float", "double")) and not column.null_count:
        return from_masked(column.to_numpy(zero_copy_only=False))
    if kind.startswith(("float", "double", "halffloat")):
        return np.array([np.nan if value is None else value for value in column.to_pylist()], dtype=np.float64)
    if kind.startswith("timestamp"):  # Arrow keeps zoned moments in UTC
        ticks: Array = column.cast(f"timestamp[{kind[10:].split(',', maxsplit=1)[0].rstrip(']')}]").to_numpy(
            zero_copy_only=False
        )
        return ticks.astype("datetime64[us]")
    if kind.startswith("decimal"):
        return native([None if value is None else float(value) for value in column.to_pylist()])
    if kind.startswith(("time", "duration", "interval", "month_day")):
        return native([None if value is None else str(value) for value in column.to_pylist()])
    return moments(native(column.to_pylist()))
