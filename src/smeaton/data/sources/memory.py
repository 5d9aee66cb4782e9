"""Tables the caller already holds: mappings of columns, lists of rows, pandas, polars and Arrow tables.

None of those packages is imported here: a table is known by the package it comes from, and read by its own methods.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from smeaton.data.sources import Chunk
from smeaton.data.sources._arrow import arrow_column
from smeaton.data.sources._columns import choose, from_masked, moments, native
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
        return {name: lambda name=name: moments(native([row.get(name) for row in thing])) for name in names}  # type: ignore[misc]
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
        return moments(native(list(values)))
    if values.dtype.kind in "US":
        return object_column(values.tolist())
    if values.dtype == object:
        return moments(native([_plain(value) for value in values.tolist()]))
    if values.dtype.kind not in "biufM" or values.ndim > 2:
        raise DataError(f"a column of dtype {values.dtype} is not read", where=_WHERE, fix="give numbers or texts")
    return from_masked(values)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


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
        ticks: Array = naive.to_numpy().astype("datetime64[us]")
        return ticks
    null = series.isna().to_numpy(dtype=bool)
    values = series.astype(object).to_numpy(dtype=object)
    return moments(
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
    return moments(native(series.to_list()))


def _arrow(table: Any) -> dict[Any, Callable[[], Array]]:
    if not hasattr(table, "column_names"):
        if not hasattr(table, "schema"):
            raise DataError("an Arrow array is one column, not a table", where=_WHERE, fix="give a Table")
        names = table.schema.names
    else:
        names = table.column_names
    choose(list(names), None, _WHERE)
    return {name: lambda name=name: arrow_column(table.column(name)) for name in names}  # type: ignore[misc]


_TABLES = {"pandas": _pandas, "polars": _polars, "pyarrow": _arrow}
_COLUMNS: dict[str, Callable[[Any], Array]] = {
    "pandas": _pandas_column,
    "polars": _polars_column,
    "pyarrow": arrow_column,
}

part = Memory()
