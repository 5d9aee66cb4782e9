"""Tables the caller already holds: mappings of columns, lists of rows, pandas, polars and Arrow tables.

None of those packages is imported here: a table is known by the package it comes from, and read by its own methods.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from smeaton.data.sources import Chunk
from smeaton.data.sources._columns import choose, from_masked, native
from smeaton.errors import DataError
from smeaton.task.table import Array, object_column, rows_in

_WHERE = "the table given"


class Memory:
    """Reads tables from Python."""

    suffixes = ()

    def takes(self, thing: Any) -> bool:
        """Whether it is a table in memory."""
        return isinstance(thing, Mapping) or _is_rows(thing) or _package(thing) in _TABLES

    def chunks(self, thing: Any, rows: int | None, columns: Sequence[str] | None) -> Iterator[Chunk]:
        """Its rows in order."""
        found = _columns(thing)
        names = [str(name) for name in found]
        chosen = choose(names, columns, _WHERE)
        readers = dict(zip(names, found.values(), strict=True))
        table = {name: readers[name]() for name in chosen}
        count = rows_in(table)
        for name, column in table.items():
            if len(column) != count:
                raise DataError(
                    f"column {name!r} has {len(column)} rows, {chosen[0]!r} has {count}",
                    where=_WHERE,
                    fix="give columns of one length",
                )
        step = rows or max(count, 1)
        for start in range(0, max(count, 1), step):
            yield Chunk({name: column[start : start + step] for name, column in table.items()})

    def place(self, thing: Any, row: int) -> str:
        """`row n`, counted from 0 as in Python."""
        return f"row {row}"


def _package(thing: Any) -> str:
    return type(thing).__module__.split(".")[0]


def _is_rows(thing: Any) -> bool:
    return isinstance(thing, list | tuple) and bool(thing) and all(isinstance(row, Mapping) for row in thing)


def _columns(thing: Any) -> dict[Any, Callable[[], Array]]:
    """A function for each column: only the columns asked for are read."""
    if _is_rows(thing):
        names = dict.fromkeys(name for row in thing for name in row)
        return {name: lambda name=name: _moments(native([row.get(name) for row in thing])) for name in names}  # type: ignore[misc]
    if isinstance(thing, Mapping):
        return {name: lambda values=values: _array(values) for name, values in thing.items()}  # type: ignore[misc]
    return _TABLES[_package(thing)](thing)


def _array(values: Any) -> Array:
    """A column of a mapping: a numpy array, a column of a table package, or any sequence."""
    if _package(values) in _COLUMNS:
        return _COLUMNS[_package(values)](values)
    if not isinstance(values, np.ndarray):
        if isinstance(values, str | bytes) or not isinstance(values, Sequence):
            raise DataError(
                f"a column must be a sequence, this is a {type(values).__name__}", where=_WHERE, fix="give lists"
            )
        return _moments(native(list(values)))
    if values.dtype.kind in "US":
        return object_column(values.tolist())
    if values.dtype == object:
        return _moments(native([_plain(value) for value in values.tolist()]))
    if values.dtype.kind not in "biufM" or values.ndim > 2:
        raise DataError(f"a column of dtype {values.dtype} is not read", where=_WHERE, fix="give numbers or texts")
    return from_masked(values)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _moments(column: Array) -> Array:
    """Python dates and datetimes as datetime64[us] in UTC; any other column as it is."""
    from datetime import UTC, date, datetime

    if column.dtype != object:
        return column
    held = [value for value in column.tolist() if value is not None]
    if not held or not all(isinstance(value, date) for value in held):
        return column
    aware = [
        value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value
        for value in column.tolist()
    ]
    return np.array(aware, dtype="datetime64[us]")


def _pandas(frame: Any) -> dict[Any, Callable[[], Array]]:
    if not hasattr(frame, "columns"):
        raise DataError("a pandas Series is one column, not a table", where=_WHERE, fix="give a DataFrame")
    if not frame.columns.is_unique:
        choose([str(name) for name in frame.columns], None, _WHERE)
    return {name: lambda name=name: _pandas_column(frame[name]) for name in frame.columns}  # type: ignore[misc]


def _pandas_column(series: Any) -> Array:
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "biuf":
        return from_masked(series.to_numpy())
    if series.dtype.kind == "M":
        naive = series.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(series.dtype, "tz", None) else series
        moments: Array = naive.to_numpy().astype("datetime64[us]")
        return moments
    null = series.isna().to_numpy(dtype=bool)
    values = series.astype(object).to_numpy(dtype=object)
    return _moments(
        native([None if gone else _plain(value) for value, gone in zip(values.tolist(), null.tolist(), strict=True)])
    )


def _polars(frame: Any) -> dict[Any, Callable[[], Array]]:
    table = frame.collect() if hasattr(frame, "collect") else frame
    if not hasattr(table, "columns"):
        raise DataError("a polars Series is one column, not a table", where=_WHERE, fix="give a DataFrame")
    return {name: lambda name=name: _polars_column(table[name]) for name in table.columns}  # type: ignore[misc]


def _polars_column(series: Any) -> Array:
    kind = str(series.dtype)
    if kind.startswith(("Int", "UInt", "Float")) and not series.null_count():
        return from_masked(series.to_numpy())
    if kind.startswith("Float"):
        return np.array([np.nan if value is None else value for value in series.to_list()], dtype=np.float64)
    if kind.startswith("Decimal"):
        return native([None if value is None else float(value) for value in series.to_list()])
    return _moments(native(series.to_list()))


def _arrow(table: Any) -> dict[Any, Callable[[], Array]]:
    if not hasattr(table, "column_names"):
        if not hasattr(table, "schema"):
            raise DataError("an Arrow array is one column, not a table", where=_WHERE, fix="give a Table")
        names = table.schema.names
    else:
        names = table.column_names
    choose(list(names), None, _WHERE)
    return {name: lambda name=name: _arrow_column(table.column(name)) for name in names}  # type: ignore[misc]


def _arrow_column(column: Any) -> Array:
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
    return _moments(native(column.to_pylist()))


_TABLES = {"pandas": _pandas, "polars": _polars, "pyarrow": _arrow}
_COLUMNS: dict[str, Callable[[Any], Array]] = {
    "pandas": _pandas_column,
    "polars": _polars_column,
    "pyarrow": _arrow_column,
}

part = Memory()
