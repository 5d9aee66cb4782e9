"""From a file of texts, as a database gave them, to a typed table in DuckDB."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smeaton.data._engine import name_in_sql, refusals
from smeaton.data.sources.parquet import glob_safe, quoted

#: Columns of numbers without a stated size: what they are read as is seen from their values.
NUMERIC = "NUMERIC"
_LONGEST = 10**9  # bytes of a line
_MOMENTS = ("DATE", "TIMESTAMP")


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the file: its name, and its type in DuckDB; `X[]` arrives as JSON, NUMERIC is decided here."""

    name: str
    kind: str


def stage(engine: Any, table: str, file: Path, fields: Sequence[Field], where: str) -> tuple[int, tuple[str, ...]]:
    """Make `table` of a CSV file in the form of PostgreSQL's COPY (a null is empty, an empty text is in quotes).

    The rows are put in order by all their values: a table of a database has no order of its own. Returns the number of
    rows, and what should be said.

    Raises:
        DataError: a value has no place in its type.
    """
    texts = ", ".join(f"{quoted(_place(number))}: 'VARCHAR'" for number in range(len(fields)))
    source = (
        f"read_csv({quoted(glob_safe(str(file)))}, header = false, auto_detect = false, columns = {{{texts}}}, "
        "delim = ',', quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, new_line = '\\n', "
        f"max_line_size = {_LONGEST}, parallel = false)"
    )
    with refusals(where, "cast the column to text in a view, and read the view"):
        kinds, notes = _decide(engine, source, fields)
        chosen = ", ".join(
            f"{_read(_place(number), kind)} AS {name_in_sql(field.name)}"
            for number, (field, kind) in enumerate(zip(fields, kinds, strict=True))
        )
        engine.execute(f"CREATE TABLE {name_in_sql(table)} AS SELECT {chosen} FROM {source} ORDER BY ALL")  # noqa: S608
        ((count,),) = engine.execute(f"SELECT count(*) FROM {name_in_sql(table)}").fetchall()  # noqa: S608
    return int(count), notes


def _place(number: int) -> str:
    return f"c{number}"


def _decide(engine: Any, source: str, fields: Sequence[Field]) -> tuple[list[str], tuple[str, ...]]:
    """The type of each column, in one pass over those whose values decide."""
    asked: list[str] = []
    for number, field in enumerate(fields):
        asked += _questions(_place(number), field.kind)
    if not asked:
        return [field.kind for field in fields], ()
    found = iter(engine.execute(f"SELECT {', '.join(asked)} FROM {source}").fetchall()[0])  # noqa: S608
    kinds: list[str] = []
    notes: list[str] = []
    for number, field in enumerate(fields):
        answers = [next(found) or 0 for _ in _questions(_place(number), field.kind)]
        kind, note = _answer(field, answers)
        kinds.append(kind)
        notes += [note] if note else []
    return kinds, tuple(notes)


def _questions(column: str, kind: str) -> list[str]:
    if kind in _MOMENTS:
        return [f"count_if({column} IN ('infinity', '-infinity'))"]
    if kind == NUMERIC:
        return [f"count_if(NOT regexp_full_match({column}, '-?[0-9]+'))",
                f"count_if({column} IS NOT NULL AND TRY_CAST({column} AS BIGINT) IS NULL)"]  # fmt: skip
    if kind.startswith("DECIMAL"):  # NaN is a numeric value too
        return [f"count_if({column} IS NOT NULL AND TRY_CAST({column} AS {kind}) IS NULL)"]
    return []


def _answer(field: Field, answers: Sequence[int]) -> tuple[str, str]:
    if field.kind in _MOMENTS:
        said = f"{field.name!r}: infinity, in {answers[0]:,} rows, is read as missing" if answers[0] else ""
        return field.kind, said
    if field.kind == NUMERIC:
        fractions, large = answers
        if fractions:
            return "DOUBLE", ""
        if large:
            return "VARCHAR", f"{field.name!r} holds whole numbers beyond 64 bits: they are read as text"
        return "BIGINT", ""
    if field.kind.startswith("DECIMAL"):
        return ("DOUBLE" if answers[0] else field.kind), ""
    return field.kind, ""


def _read(column: str, kind: str) -> str:
    if kind == "VARCHAR":
        return column
    if kind in _MOMENTS:
        return f"CASE WHEN {column} NOT IN ('infinity', '-infinity') THEN CAST({column} AS {kind}) END"
    if re.search(r"\[\]$", kind):
        return f"CAST(CAST({column} AS JSON) AS {kind})"
    return f"CAST({column} AS {kind})"
