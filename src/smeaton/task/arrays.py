"""Tables on disk, opened without copying: one folder, memory-mapped `.npy` files, no pickle.

| column | files |
|---|---|
| number, integer, timestamp | a row of `c<i>.npy`, memory-mapped; `i` is the first column of this dtype |
| vector | `c<i>.npy`, memory-mapped |
| object of few distinct JSON scalars (categories, booleans) | as integers: codes (-1 = null); values in the head |
| object of many texts, bytes, or of lists and mappings | `c<i>.bin` + `c<i>.offsets.npy` int64 + `c<i>.null.npy` |

Columns of one dtype share a file, for tables have thousands of columns, and to make, check and map a file for each
takes longer than to fit them. The head `table.json` names the columns in order and is written last, so a folder without
it is not a table.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack
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
    columns: list[dict[str, Any]] = []
    blocks: dict[str, _Block] = {}
    with ExitStack() as opened:
        for number, (name, column) in enumerate(table.items()):
            if len(column) != rows:
                raise ValueError(f"column {name!r} has {len(column)} rows, the others have {rows}")
            head, flat = _save_column(column, folder / f"c{number}")
            if flat is not None:
                if flat.dtype.str not in blocks:
                    blocks[flat.dtype.str] = opened.enter_context(_Block(folder, number, flat))
                head |= blocks[flat.dtype.str].add(flat)
            columns.append({"name": name, **head})
    (folder / TABLE_FILE).write_text(json.dumps({"rows": rows, "columns": columns}), encoding="utf-8")


def open_table(folder: Path, without: Collection[str] = ()) -> dict[str, Array]:
    """Open a table that `save_table` wrote, `without` some columns. Typed columns are memory-mapped and read-only.

    Raises:
        DataError: the folder holds no table, or a damaged one.
    """
    try:
        head = json.loads((folder / TABLE_FILE).read_text(encoding="utf-8"))
        blocks = _Blocks(folder)
        table = {
            column["name"]: _open_column(column, folder / f"c{number}", blocks)
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


def _save_column(column: Array, path: Path) -> tuple[dict[str, Any], Array | None]:
    """Write a column, or give the flat one to write beside others of its dtype; and what the head says of it."""
    if column.dtype != object:
        if column.ndim == 1:
            return {"kind": "array"}, column
        np.save(path.with_suffix(".npy"), np.ascontiguousarray(column), allow_pickle=False)
        return {"kind": "array"}, None
    types = set(map(type, column.tolist())) - {type(None)}
    if any(issubclass(kind, list | tuple | dict) for kind in types):
        _save_blobs((None if v is None else json.dumps(v).encode() for v in column.tolist()), path)
        return {"kind": "json"}, None
    if types and types <= {bytes}:
        _save_blobs(column.tolist(), path)
        return {"kind": "bytes"}, None
    codes, values = encode_values(column)
    if types == {str} and len(values) > max(64, len(column) // 2):
        _save_blobs((None if v is None else v.encode("utf-8", "surrogatepass") for v in column.tolist()), path)
        return {"kind": "text"}, None
    return {"kind": "values", "values": values}, codes


class _Block:
    """Columns of one dtype as the rows of one array, written as they come: all at once would be the table again."""

    def __init__(self, folder: Path, number: int, first: Array) -> None:
        self._number, self._count = number, 0
        self._dtype, self._rows = first.dtype.str, len(first)
        self._file = (folder / f"c{number}.npy").open("wb")

    def __enter__(self) -> "_Block":
        self._head()
        return self

    def __exit__(self, *_: object) -> None:
        self._file.seek(0)
        self._head()
        self._file.close()

    def add(self, column: Array) -> dict[str, int]:
        """Write one more; what the head says of its place."""
        self._file.write(np.ascontiguousarray(column).view(np.uint8).data)
        self._count += 1
        return {"file": self._number, "row": self._count - 1}

    def _head(self) -> None:
        """The head of the array, which numpy pads so that the first number of its shape may grow in place."""
        shape = (self._count, self._rows)
        np.lib.format.write_array_header_1_0(self._file, {"descr": self._dtype, "fortran_order": False, "shape": shape})


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


class _Blocks:
    """The files that columns share, each opened once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[int, Array] = {}

    def row(self, file: int, row: int) -> Array:
        """One column."""
        if file not in self._open:
            self._open[file] = _open_array(self._folder / f"c{file}")
        column: Array = self._open[file][row]
        return column


def _open_column(head: dict[str, Any], path: Path, blocks: _Blocks) -> Array:
    if "file" not in head:
        if head["kind"] not in _OPENERS:
            raise ValueError(f"a column of kind {head['kind']!r} is of another version of Smeaton")
        return _OPENERS[head["kind"]](path)
    column = blocks.row(head["file"], head["row"])
    return decode_values(column, head["values"]) if head["kind"] == "values" else column


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
    "text": _open_text,
    "bytes": _open_bytes,
    "json": _open_json,
}
