"""Tables on disk, opened without copying: one folder, memory-mapped `.npy` files, no pickle.

| column | files |
|---|---|
| number, integer, timestamp, vector (any dtype but object) | `c<i>.npy`, memory-mapped |
| object of few distinct JSON scalars (categories, booleans) | `c<i>.npy` int32 codes (-1 = null) + `c<i>.values.json` |
| object of many texts, bytes, or of lists and mappings | `c<i>.bin` + `c<i>.offsets.npy` int64 + `c<i>.null.npy` |

`table.json` names the columns in order and is written last, so a folder without it is not a table.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.errors import DataError
from smeaton.task.table import Array, Table, object_column, rows_in

TABLE_FILE = "table.json"


def save_table(table: Table, folder: Path) -> None:
    """Write a table into `folder` (made if it is missing); what `open_table` reads back is identical.

    Raises:
        TypeError: an object column holds something that is not null, bool, int, float, str, bytes, list or mapping.
        ValueError: the columns differ in length.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = rows_in(table)
    columns = []
    for number, (name, column) in enumerate(table.items()):
        if len(column) != rows:
            raise ValueError(f"column {name!r} has {len(column)} rows, the others have {rows}")
        columns.append({"name": name, "kind": _save_column(column, folder / f"c{number}")})
    (folder / TABLE_FILE).write_text(json.dumps({"rows": rows, "columns": columns}), encoding="utf-8")


def open_table(folder: Path, without: Collection[str] = ()) -> dict[str, Array]:
    """Open a table that `save_table` wrote, `without` some columns. Typed columns are memory-mapped and read-only.

    Raises:
        DataError: the folder holds no table, or a damaged one.
    """
    try:
        head = json.loads((folder / TABLE_FILE).read_text(encoding="utf-8"))
        table = {
            column["name"]: _OPENERS[column["kind"]](folder / f"c{number}")
            for number, column in enumerate(head["columns"])
            if column["name"] not in without
        }
    except (OSError, ValueError, KeyError, TypeError, IndexError, EOFError) as error:
        raise DataError(
            f"no readable table is stored here: {error}", where=str(folder), fix="delete the folder and build again"
        ) from error
    if any(len(column) != head["rows"] for column in table.values()):
        raise DataError("the stored table is damaged: columns differ in length", where=str(folder), fix="build again")
    return table


def encode_values(column: Array) -> tuple[Array, list[Any]]:
    """An object column of scalars as int32 codes (-1 = null) and its distinct values, in order of first appearance.

    Values of different types are different values (`1`, `1.0`, `True` and `"1"`), and so are `0.0` and `-0.0`.

    Raises:
        TypeError: a value is not a JSON scalar.
    """
    plain = column.tolist()
    types = set(map(type, plain)) - {type(None)}
    if types <= {str} or types == {bool}:
        keys: Sequence[Any] = plain
    else:
        plain = [_plain(value) for value in plain]
        keys = [None if value is None else _key(value) for value in plain]
    codes: dict[Any, int] = {None: -1}
    values: list[Any] = []
    for key, value in zip(keys, plain, strict=True):
        if key not in codes:
            codes[key] = len(values)
            values.append(value)
    return np.fromiter(map(codes.__getitem__, keys), dtype=np.int32, count=len(column)), values


def decode_values(codes: Array, values: Sequence[Any]) -> Array:
    """The object column behind codes: code -1 takes the last place, where the null stands."""
    column: Array = object_column([*values, None])[codes]
    return column


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _key(value: Any) -> tuple[type, Any]:
    if not isinstance(value, bool | int | float | str):
        raise TypeError(f"a value of type {type(value).__name__} is no JSON scalar")
    return type(value), repr(value) if isinstance(value, float) else value


def _save_column(column: Array, path: Path) -> str:
    if column.dtype != object:
        np.save(path.with_suffix(".npy"), np.ascontiguousarray(column), allow_pickle=False)
        return "array"
    types = set(map(type, column.tolist())) - {type(None)}
    if any(issubclass(kind, list | tuple | dict) for kind in types):
        _save_blobs((None if v is None else json.dumps(v).encode() for v in column.tolist()), path)
        return "json"
    if types and types <= {bytes}:
        _save_blobs(column.tolist(), path)
        return "bytes"
    codes, values = encode_values(column)
    if types == {str} and len(values) > max(64, len(column) // 2):
        _save_blobs((None if v is None else v.encode("utf-8", "surrogatepass") for v in column.tolist()), path)
        return "text"
    np.save(path.with_suffix(".npy"), codes, allow_pickle=False)
    path.with_suffix(".values.json").write_text(json.dumps(values), encoding="utf-8")
    return "values"


def _save_blobs(blobs: Iterable[bytes | None], path: Path) -> None:
    parts = list(blobs)
    ends = np.cumsum([0, *(0 if part is None else len(part) for part in parts)], dtype=np.int64)
    path.with_suffix(".bin").write_bytes(b"".join(part for part in parts if part is not None))
    np.save(path.with_suffix(".offsets.npy"), ends, allow_pickle=False)
    np.save(path.with_suffix(".null.npy"), np.array([part is None for part in parts], dtype=bool), allow_pickle=False)


def _open_array(path: Path) -> Array:
    path = path.with_suffix(".npy")
    try:
        column: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:
        column = np.load(path, allow_pickle=False)  # an empty file body cannot be mapped
    return column


def _open_values(path: Path) -> Array:
    codes = np.load(path.with_suffix(".npy"), allow_pickle=False)
    return decode_values(codes, json.loads(path.with_suffix(".values.json").read_text(encoding="utf-8")))


def _open_blobs(path: Path) -> list[bytes | None]:
    body = path.with_suffix(".bin").read_bytes()
    ends = np.load(path.with_suffix(".offsets.npy"), allow_pickle=False).tolist()
    null = np.load(path.with_suffix(".null.npy"), allow_pickle=False).tolist()
    if len(ends) != len(null) + 1 or ends[-1] != len(body):
        raise ValueError("texts and their offsets do not fit together")
    return [None if gone else body[a:b] for a, b, gone in zip(ends[:-1], ends[1:], null, strict=True)]


def _open_text(path: Path) -> Array:
    return object_column([None if b is None else b.decode("utf-8", "surrogatepass") for b in _open_blobs(path)])


def _open_bytes(path: Path) -> Array:
    return object_column(_open_blobs(path))


def _open_json(path: Path) -> Array:
    return object_column([None if blob is None else json.loads(blob) for blob in _open_blobs(path)])


_OPENERS = {
    "array": _open_array,
    "values": _open_values,
    "text": _open_text,
    "bytes": _open_bytes,
    "json": _open_json,
}
