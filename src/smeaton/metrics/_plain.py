"""Rows of a table as plain JSON values: what a user's check and a judge are shown."""

import base64
import math
from typing import Any

import numpy as np

from smeaton.task.table import Array, Table, rows_in


def plain_rows(table: Table) -> list[dict[str, Any]]:
    """One mapping a row, in the order of the columns: moments in ISO 8601, bytes in base64, null for no value."""
    columns = {name: plain_values(column) for name, column in table.items()}
    return [{name: values[row] for name, values in columns.items()} for row in range(rows_in(table))]


def plain_values(column: Array) -> list[Any]:
    """The values of a column as plain JSON."""
    if column.dtype.kind == "M":
        texts = np.datetime_as_string(column, unit="us").tolist()
        return [None if text == "NaT" else f"{text}Z" for text in texts]
    return [_plain(value) for value in column.tolist()]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
