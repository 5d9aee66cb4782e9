"""Rows of a pool and of labelled files by their content: what was answered is not asked again."""

import hashlib
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from smeaton.task.table import Array, Table


def keys(table: Table, names: Sequence[str]) -> list[str]:
    """A key a row, of its content in `names`, the same in whatever form the row was read (`3` is 3, "" is null) and in
    whatever order the columns come.
    """
    columns = [[_plain(value) for value in table[name].tolist()] for name in sorted(names)]
    return [
        hashlib.blake2b(json.dumps(row, ensure_ascii=True, default=str).encode(), digest_size=8).hexdigest()
        for row in zip(*columns, strict=True)
    ]


def _plain(value: Any) -> Any:
    """A value as text, so that a number from a CSV file equals the same number from a typed one."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return str(value).lower() if isinstance(value, bool) else json.dumps(value, sort_keys=True, default=str)


def unasked(pool: Sequence[str], answered: Sequence[str]) -> Array:
    """Places of the pool that have no answer yet, the first of equal rows only."""
    seen = set(answered)
    places = []
    for place, key in enumerate(pool):
        if key not in seen:
            seen.add(key)
            places.append(place)
    return np.array(places, dtype=np.int64)


def row_of(table: Table, place: int, names: Sequence[str]) -> dict[str, Any]:
    """One row as plain values; names that the table lacks are null."""
    return {name: _cell(table[name], place) if name in table else None for name in names}


def _cell(column: Array, place: int) -> Any:
    value = column[place]
    if column.dtype.kind == "M":
        return None if np.isnat(value) else f"{value}Z"
    value = value.tolist() if isinstance(value, np.generic | np.ndarray) else value
    return None if isinstance(value, float) and math.isnan(value) else value
