"""The columns that are no features: id, group, time, weight, as arrays a split can use."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smeaton.data._screen import null_mask
from smeaton.data.read import Raw
from smeaton.errors import DataError, RowFault, RowsError
from smeaton.task.arrays import encode_values
from smeaton.task.infer import infer_type
from smeaton.task.table import Array
from smeaton.task.task import RowRoles
from smeaton.task.types import Type
from smeaton.task.values import parse_column


@dataclass(frozen=True, slots=True)
class Roles:
    """`ids` as read; `group` int64 codes; `time` datetime64[us]; `weight` float64."""

    ids: Array | None = None
    group: Array | None = None
    time: Array | None = None
    weight: Array | None = None

    def typed(self) -> dict[str, Array]:
        """The roles that steer the work (ids do not)."""
        found = {"group": self.group, "time": self.time, "weight": self.weight}
        return {name: column for name, column in found.items() if column is not None}


def read_roles(rows: RowRoles, parts: Sequence[dict[str, Array]], where: str) -> tuple[Roles, list[str]]:
    """Read the role columns of the sources, one below the other.

    Raises:
        DataError: a column is missing in one, or cannot play its role.
        RowsError: single cells are null or of the wrong kind.
    """
    notes: list[str] = []
    found: dict[str, Array] = {}
    for role, name in (("ids", rows.id), ("group", rows.group), ("time", rows.time), ("weight", rows.weight)):
        if name is None:
            continue
        if any(name not in part for part in parts):
            raise DataError(f"data.test has no column {name!r}", where=where, fix="add it to data.test")
        columns = [part[name] for part in parts]
        column = columns[0] if len(columns) == 1 else np.concatenate([one.astype(object) for one in columns])
        found[role] = _READERS[role](column, name, where, notes)
    return Roles(**found), notes


def _ids(column: Array, name: str, where: str, notes: list[str]) -> Array:
    return column


def _group(column: Array, name: str, where: str, notes: list[str]) -> Array:
    null = null_mask(column)
    if column.dtype == object:
        codes = encode_values(column)[0].astype(np.int64)
    else:
        codes = np.unique(column, return_inverse=True)[1].astype(np.int64)
    if null.any():  # rows of no known group are each a group of their own
        codes[null] = codes.max(initial=-1) + 1 + np.arange(int(null.sum()))
        notes.append(f"{int(null.sum()):,} rows have no {name!r}; each counts as a group of its own")
    return codes


def _time(column: Array, name: str, where: str, notes: list[str]) -> Array:
    kind = infer_type(column, name)
    if kind.type in ("number", "integer"):
        numbers = _parsed(column, Type(type="number", form=kind.form), name, where)
        notes.append(f"{name!r} holds numbers; they are taken as seconds, which keeps their order")
        if np.abs(numbers).max(initial=0) > 2**43:
            raise DataError(f"the numbers in {name!r} are too large for seconds", where=where, fix="give moments")
        return (numbers * 1e6).astype(np.int64).astype("datetime64[us]")
    if kind.type != "timestamp":
        raise DataError(
            f"{name!r} is read as {kind.type}, so it gives no order in time",
            where="rows.time",
            fix="name a column of dates or moments, or write them as 2026-01-31",
        )
    return _parsed(column, Type(type="timestamp", form=kind.form), name, where)


def weighted_rows(name: str | None, raw: Raw) -> tuple[Array, list[str]]:
    """Which rows count: a row of weight 0 is as good as absent, and left out. With what is to be said.

    Raises:
        DataError: all weights are 0.
        RowsError: a weight is null, below 0 or no number, with the place of the first.
    """
    if name is None or name not in raw.table:  # read_roles says that it is missing
        return np.ones(len(raw), dtype=bool), []
    column = raw.table[name]
    weight, faults = parse_column(column, _weights(column, name), name)
    if faults:
        raise RowsError(faults, where=raw.place(faults[0].row), fix="give each row a weight of 0 or more")
    counts: Array = np.asarray(weight > 0)
    if len(counts) and not counts.any():
        raise DataError(f"all weights in {name!r} are 0", where=raw.where, fix="remove `rows.weight`")
    left = int((~counts).sum())
    return counts, [f"{left:,} rows of weight 0 ({name!r}) are left out"] if left else []


def _weight(column: Array, name: str, where: str, notes: list[str]) -> Array:
    return _parsed(column, _weights(column, name), name, where).astype(np.float64)


def _weights(column: Array, name: str) -> Type:
    """The type of weights, in the form they are written."""
    kind = infer_type(column, name)
    form = kind.form if kind.type in ("number", "integer") else None
    return Type(type="number", min=0.0, form=form)


def _parsed(column: Array, kind: Type, name: str, where: str) -> Array:
    parsed, faults = parse_column(column, kind, name)
    if faults:
        raise RowsError([RowFault(f.row, f.column, f.reason) for f in faults], where=where, fix="correct the values")
    return parsed


_READERS = {"ids": _ids, "group": _group, "time": _time, "weight": _weight}
