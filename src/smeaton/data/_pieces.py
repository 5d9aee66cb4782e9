"""Tables of texts that are too large to be held: brought into DuckDB piece by piece.

Types are inferred from a sample and confirmed by reading every value: where one does not fit, the column's type is
inferred again with the values that did not fit, and the table is begun anew.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.data._engine import name_in_sql, refusals
from smeaton.data._found import Found
from smeaton.data._room import room
from smeaton.data._sample import Sample
from smeaton.data.read import files_of, read, read_chunks
from smeaton.data.sources._address import address
from smeaton.task.infer import infer_type
from smeaton.task.table import Array, object_column, rows_in
from smeaton.task.task import Source
from smeaton.task.types import Type
from smeaton.task.values import parse_column

#: Rows from which types are inferred, and rows that are brought at once.
_SAMPLE, _AT_ONCE = 50_000, 50_000
#: Bytes of a file may become so many as Python's objects.
_GROWS = 20
_KINDS = {"number": "DOUBLE", "integer": "BIGINT", "boolean": "BOOLEAN", "timestamp": "TIMESTAMP", "text": "VARCHAR"}
_BASES = {"text": "VARCHAR", "integer": "BIGINT", "boolean": "BOOLEAN"}
#: A column that was inferred so often and still does not fit is text.
_TRIES = 3


def is_large(found: list[Found]) -> bool:
    """Whether files may be too large to be held in the memory that is free."""
    size = sum(file.stat().st_size for file in {address(one.path).file for one in found} if file.is_file())
    return size * _GROWS > (room().bytes or 0)


def bring_pieces(engine: Any, name: str, source: Source, folder: Path) -> tuple[str, ...] | None:
    """Make the table `name` of files, in memory that does not grow with them; returns what should be said.

    None: a column holds lists or objects, whose parts DuckDB must see all at once.

    Raises:
        DataError: they cannot be read.
    """
    # What the sample says of itself is of no interest: every row is read.
    columns = _Columns(read(source, folder, most=Sample(rows=_SAMPLE)).table)
    while True:
        kinds = columns.kinds()
        if None in kinds.values():
            return None
        declared = ", ".join(f"{name_in_sql(column)} {kind}" for column, kind in kinds.items())
        with refusals(name, "give the columns other names"):
            engine.execute(f"CREATE OR REPLACE TABLE {name_in_sql(name)} ({declared})")
        notes: dict[str, None] = {}
        for table, said in _pieces(source, folder):
            notes |= dict.fromkeys(said)
            parsed = columns.parse(table)
            if parsed is None:
                break
            _append(engine, name, parsed, kinds)
        else:
            return tuple(notes)


def _pieces(source: Source, folder: Path) -> Iterator[tuple[Mapping[str, Array], tuple[str, ...]]]:
    for path in files_of(source, folder):
        for raw in read_chunks(path, _AT_ONCE):
            yield raw.table, raw.notes


def _append(engine: Any, name: str, table: Mapping[str, Array], kinds: Mapping[str, str | None]) -> None:
    registered = "smeaton_piece"
    engine.register(registered, dict(table))
    chosen = ", ".join(f"CAST({name_in_sql(column)} AS {kinds[column]})" for column in table)
    listed = ", ".join(map(name_in_sql, table))
    engine.execute(f"INSERT INTO {name_in_sql(name)} ({listed}) SELECT {chosen} FROM {registered}")  # noqa: S608
    engine.unregister(registered)


class _Columns:
    """The columns of a table, with what is known of their types; a type of None is text as it stands."""

    def __init__(self, sample: Mapping[str, Array]) -> None:
        self._seen = {name: [values] for name, values in sample.items()}
        self._types: dict[str, Type | None] = {name: infer_type(values, name) for name, values in sample.items()}

    def kinds(self) -> dict[str, str | None]:
        """Their types in DuckDB; None for one that has no fixed one."""
        return {name: "VARCHAR" if kind is None else _kind(kind) for name, kind in self._types.items()}

    def parse(self, table: Mapping[str, Array]) -> dict[str, Array] | None:
        """A piece in the columns' types; None where that taught something new, and all must begin again."""
        parsed: dict[str, Array] = {}
        learnt = False
        for name, values in table.items():
            kind = self._types.get(name)
            if name not in self._types:
                self._learn(name, values)
                learnt = True
            elif kind is None:
                parsed[name] = _texts(values)
            else:
                parsed[name], faults = parse_column(values, kind, name)
                if faults:
                    self._learn(name, values)
                    learnt = True
        missing = self._types.keys() - table.keys()
        parsed |= {name: object_column([None] * rows_in(table)) for name in missing}
        return None if learnt else parsed

    def _learn(self, name: str, values: Array) -> None:
        seen = self._seen.setdefault(name, [])
        seen.append(values)
        everything = np.concatenate([part.astype(object) for part in seen])
        kind = infer_type(everything, name)
        fits = len(seen) <= _TRIES and not parse_column(everything, kind, name)[1]
        self._types[name] = kind if fits else None


def _kind(kind: Type) -> str | None:
    return _BASES.get(kind.base or "text") if kind.type == "category" else _KINDS.get(kind.type)


def _texts(values: Array) -> Array:
    return object_column([None if value is None else str(value) for value in values.tolist()])
