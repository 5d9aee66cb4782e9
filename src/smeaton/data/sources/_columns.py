"""Helpers of the sources: choosing columns, plain values to arrays, errors of the file system."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.data.sources._address import address, is_archive
from smeaton.errors import DataError
from smeaton.task.table import Array, object_column

#: Integers beyond this are not exact in float64.
EXACT = 2**53


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence naming the known names nearest to `name`, or all of them if they are few."""
    known = list(known)
    folded = {other.casefold(): other for other in known}
    close = [folded[key] for key in difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)]
    if close:
        return "did you mean " + " or ".join(repr(other) for other in close) + "?"
    shown = ", ".join(repr(other) for other in known[:20])
    return f"there are: {shown}" + (", ..." if len(known) > 20 else "")


def choose(names: Sequence[str], columns: Sequence[str] | None, where: str) -> list[str]:
    """The columns to read, in the order asked for.

    Raises:
        DataError: a column that was asked for is not there, or a name stands twice.
    """
    known = set(names)
    twice = sorted({name for name in names if names.count(name) > 1}) if len(known) < len(names) else []
    if twice:
        raise DataError(
            f"the column name {twice[0]!r} appears {names.count(twice[0])} times",
            where=where,
            fix="give each column its own name",
        )
    for name in columns or ():
        if name not in known:
            raise DataError(
                f"there is no column {name!r}; {nearest(name, names)}", where=where, fix="correct the column name"
            )
    return list(names if columns is None else columns)


def native(values: Sequence[Any]) -> Array:
    """Plain Python values as the array their types say: float64, int64, else object with None for null.

    A mix of int and float becomes float64. Integers beside nulls stay objects, so that they are known as integers.
    """
    types = set(map(type, values))
    if types == {int} and min(values) >= -(2**63) and max(values) < 2**63:
        return np.array(values, dtype=np.int64)
    if float in types and types <= {int, float, type(None)}:
        largest = max((abs(value) for value in values if type(value) is int), default=0)
        if largest <= EXACT:
            return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return object_column(values)


def from_masked(column: Array) -> Array:
    """A typed array as `task/table.py` wants it, from a plain or masked numpy array of any width."""
    null = np.ma.getmaskarray(column)
    plain: Array = np.asarray(np.ma.getdata(column))
    if plain.ndim == 2:
        return plain.astype(np.float32)
    kind = plain.dtype.kind
    if kind == "M":
        moments = plain.astype("datetime64[us]")
        moments[null] = np.datetime64("NaT")
        return moments
    if kind == "f":
        return np.where(null, np.nan, plain.astype(np.float64))
    if kind in "iu" and not null.any() and (kind == "i" or plain.max(initial=0) < 2**63):
        return plain.astype(np.int64)
    objects = plain.astype(object)
    objects[null] = None
    return objects


def moments(column: Array) -> Array:
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


def plain_file(path: Path) -> None:
    """Refuse what is no file that can be read from any place, where the form needs that.

    Raises:
        DataError: a member of an archive, or no ordinary file.
    """
    found = address(path)
    if is_archive(found.file):
        raise DataError(
            f"{found.name} is not read inside an archive", where=str(path), fix="unpack it and give the file inside"
        )
    if found.file.exists() and not found.file.is_file() and not found.file.is_dir():
        raise DataError("this is no ordinary file", where=str(path), fix="write the rows into a file first")


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Turn what the file system says into a DataError with the fix."""
    try:
        yield
    except FileNotFoundError as error:
        near = difflib.get_close_matches(path.name, _siblings(path), n=1)
        raise DataError(
            "there is no such file" + (f"; did you mean {near[0]!r}?" if near else ""),
            where=str(path),
            fix="correct the path; a relative path starts at the folder of the task file",
        ) from error
    except IsADirectoryError as error:
        raise DataError(
            "this is a folder, not a file", where=str(path), fix=f"name the files in it, for example {path}/*.csv"
        ) from error
    except PermissionError as error:
        raise DataError("the file may not be read by you", where=str(path), fix=f"run: chmod u+r {path}") from error


def _siblings(path: Path) -> list[str]:
    try:
        return [other.name for other in path.parent.iterdir()]
    except OSError:
        return []
