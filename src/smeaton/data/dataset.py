"""`Dataset`: the rows of a task, typed and checked; what every worker opens, memory-mapped."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from smeaton.errors import DataError
from smeaton.task.arrays import encode_values, open_table, save_table
from smeaton.task.table import Array, Table, rows_in
from smeaton.task.task import Task

_FILE = "dataset.json"
_TASK = "task.json"


@dataclass(frozen=True, slots=True)
class Dataset:
    """A pinned task with its rows.

    `table` holds the typed inputs, `target` float64 numbers, int64 codes into `task.labels`, for many labels int8 0 and
    1 (rows, labels), for structures plain JSON values (rows,) of objects. `ids` are the id column's values
    as read, `group` int64 codes, `time` datetime64[us] in UTC, `weight` float64. `sealed` are the positions of rows
    that came as `data.test`. `hash` is of the content, whatever form it was read from.
    """

    task: Task
    table: Table
    target: Array
    ids: Array | None = None
    group: Array | None = None
    time: Array | None = None
    weight: Array | None = None
    sealed: Array | None = None
    notes: tuple[str, ...] = ()
    hash: str = ""

    def __len__(self) -> int:
        return len(self.target)

    def save(self, folder: Path) -> None:
        """Write it into `folder`: `inputs/`, `roles/`, `task.json`, `dataset.json` (last)."""
        folder.mkdir(parents=True, exist_ok=True)
        save_table(self.table, folder / "inputs")
        save_table({name: column for name, column in self._roles().items() if column is not None}, folder / "roles")
        (folder / _TASK).write_bytes(msgspec.json.encode(self.task))
        facts = {
            "notes": self.notes,
            "hash": self.hash,
            "sealed": None if self.sealed is None else self.sealed.tolist(),
        }
        (folder / _FILE).write_text(json.dumps(facts), encoding="utf-8")

    @classmethod
    def open(cls, folder: Path, ids: bool = True) -> "Dataset":
        """Open what `save` wrote, without the ids if not asked for: each is an object in memory, and no fit needs them.

        Raises:
            DataError: the folder holds no dataset.
        """
        try:
            facts = json.loads((folder / _FILE).read_text(encoding="utf-8"))
            task = msgspec.json.decode((folder / _TASK).read_bytes(), type=Task)
        except (OSError, ValueError) as error:
            raise DataError("no prepared dataset lies here", where=str(folder), fix="build again") from error
        sealed = None if facts["sealed"] is None else np.array(facts["sealed"], dtype=np.int64)
        notes = tuple(facts["notes"])
        roles = open_table(folder / "roles", without=() if ids else ("ids",))
        return cls(task, open_table(folder / "inputs"), **roles, sealed=sealed, notes=notes, hash=facts["hash"])

    def rows_hash(self, rows: Array) -> str:
        """Hash of some rows' content (inputs and target): what openings of a sealed test are counted by."""
        return content_hash({**{name: column[rows] for name, column in self.table.items()}, "": self.target[rows]})

    def _roles(self) -> Mapping[str, Array | None]:
        return {
            "target": self.target,
            "ids": self.ids,
            "group": self.group,
            "time": self.time,
            "weight": self.weight,
        }


def content_hash(table: Mapping[str, Array]) -> str:
    """sha256 over names and typed content, in order of name. The order of rows counts, that of columns does not."""
    digest = hashlib.sha256(str(rows_in(table)).encode())
    for name in sorted(table):
        digest.update(json.dumps(name).encode())
        _update(digest, table[name])
    return digest.hexdigest()


def _update(digest: "hashlib._Hash", column: Array) -> None:
    if column.dtype != object:
        plain = np.ascontiguousarray(column)
        if plain.dtype.kind == "f":
            plain = plain + plain.dtype.type(0)  # -0.0 is 0.0
            plain[np.isnan(plain)] = np.nan  # one bit pattern for null
        digest.update(plain.dtype.str.encode())
        digest.update(plain.tobytes())
        return
    try:
        codes, values = encode_values(column)
        digest.update(codes.tobytes())
    except TypeError:  # lists, mappings, bytes
        values = [repr(value) for value in column.tolist()]
    digest.update(json.dumps(values).encode())
