"""SQL over tables: they are brought in, then DuckDB is shut in, then the query runs on what is inside."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from smeaton.data._engine import name_in_sql, open_engine, refusals, shut
from smeaton.data._sample import Sample
from smeaton.data.read import Raw, read
from smeaton.data.sources.parquet import glob_safe, quoted
from smeaton.data.tables import open_tables, parse, view
from smeaton.errors import DataError
from smeaton.task.sql import Query
from smeaton.task.task import Source

_WHERE = "query"


def read_sql(
    source: Source, folder: Path, columns: Sequence[str] | None, most: Sample | None, seconds: float | None = None
) -> Raw:
    """The rows of a source with a query, or with steps. A statement of a database may take `seconds`.

    Columns of text files get the types that `task/infer.py` sees in them.

    Raises:
        DataError: the query is not one SELECT, DuckDB refuses it, or a table cannot be read; of steps, a check fails.
    """
    if source.steps:
        from smeaton.data.pipeline import run_steps

        answer, notes, where = run_steps(source, folder, seconds)
        return read_answer(answer, where, columns, most, notes)
    query = parse(source.query or "", _WHERE, source.tables)
    with tempfile.TemporaryDirectory(prefix="smeaton-query-") as scratch:
        out = Path(scratch) / "answer.parquet"
        notes = _run(query, source, folder, out, seconds)
        return read_answer(out, "the query", columns, most, notes)


def read_answer(
    path: Path, where: str, columns: Sequence[str] | None, most: Sample | None, notes: Sequence[str]
) -> Raw:
    """The rows of an answer that stands in a Parquet file."""
    raw = read(path, path.parent, columns, most)
    said = (note.replace(str(path), where) for note in raw.notes)
    return replace(raw, where=where, notes=tuple(dict.fromkeys((*notes, *said))), parts=())


def write_answer(engine: Any, query: str, out: Path, where: str, known: Sequence[str]) -> int:
    """Run one SELECT in an engine that is shut in, and write its answer as Parquet to `out`; returns the rows' number.

    Raises:
        DataError: DuckDB refuses it.
    """
    with refusals(where, f"a query sees only its tables: {', '.join(known) or 'none are given'}"):
        answer = engine.query(query)
        twice = next((name for name in answer.columns if answer.columns.count(name) > 1), None)
        if twice is not None:
            raise DataError(f"the query answers two columns {twice!r}", where=where, fix="name one of them with AS")
        # Parquet has no integers beyond 64 bits, which sums of integers are.
        wide = {name for name, kind in zip(answer.columns, answer.types, strict=True) if str(kind) == "HUGEINT"}
        if wide:
            names = (name.replace('"', '""') for name in answer.columns)
            answer = answer.project(
                ", ".join(f'CAST("{n}" AS DECIMAL(38, 0)) AS "{n}"' if n in wide else f'"{n}"' for n in names)
            )
        answer.write_parquet(str(out), compression="zstd")
        ((rows,),) = engine.execute(f"SELECT count(*) FROM read_parquet({quoted(glob_safe(str(out)))})").fetchall()  # noqa: S608
    return int(rows)


def _run(query: Query, source: Source, folder: Path, out: Path, seconds: float | None) -> tuple[str, ...]:
    notes: list[str] = []
    with open_tables(source.tables, folder, seconds) as tables, open_engine() as engine:
        used = tables.used(query)
        stored = {name: tables.stored(name) for name in used}
        for name, files in stored.items():
            if files is not None:
                view(engine, name, files)
        loaded = [name for name in used if stored[name] is None]
        known = {name: tables.columns(name) if name in loaded else viewed(engine, name) for name in used}
        asked = tables.needs([query], known)
        for name in loaded:
            notes += tables.bring(engine, name, asked[name])
        notes += [f"table {name!r} is not used by the query" for name in source.tables if name not in used]
        shut(engine, [out, *(path for files in stored.values() for path in files or ())])
        write_answer(engine, query.text, out, _WHERE, list(source.tables))
    return tuple(notes)


def viewed(engine: Any, name: str) -> tuple[str, ...]:
    """The columns of a table or view in the engine."""
    return tuple(row[0] for row in engine.execute(f"DESCRIBE {name_in_sql(name)}").fetchall())
