"""A 64-bit key of each row: equal rows have equal keys. Good within one process only."""

from collections.abc import Mapping

import numpy as np

from smeaton.task.table import Array


def row_keys(table: Mapping[str, Array], *more: Array) -> Array:
    """Keys (rows,) uint64 of the rows of a table and of further columns beside it."""
    columns = [*table.values(), *more]
    keys = np.zeros(len(columns[0]) if columns else 0, dtype=np.uint64)
    for column in columns:
        if column.ndim > 1:
            part = np.array([hash(row.tobytes()) for row in column], dtype=np.int64)
        elif column.dtype == object:
            part = np.array([hash(v if isinstance(v, str | int | None) else repr(v)) for v in column.tolist()])
        else:
            part = np.ascontiguousarray(column).view(np.int64)
        keys = (keys ^ part.astype(np.int64).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(29)
    return keys
