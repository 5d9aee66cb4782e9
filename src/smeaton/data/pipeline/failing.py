"""The rows that fail a check: counted, the first of them shown, all of them put into a file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smeaton.data._engine import name_in_sql, open_engine, refusals, shut
from smeaton.data.pipeline.checks import Check
from smeaton.data.sources.parquet import quoted
from smeaton.data.tables import view
from smeaton.errors import DataError

_SHOWN = 5
_WIDTH, _CELL = 100, 28


@dataclass(frozen=True, slots=True)
class Failure:
    """A check that failed: what is wrong, the first rows as lines of a table, and the file of all ("" if none)."""

    says: str
    lines: tuple[str, ...]
    file: str


def apply(name: str, path: Path, checks: Sequence[Check], spill: Path, where: str) -> None:
    """Put the checks to the rows of a step, which stand in a Parquet file.

    Raises:
        DataError: a check fails; the message holds the first rows that fail it, and names the file with all of them.
    """
    files = {check.name: path.parent / f"{name}-{_slug(check.name)}.failing.csv" for check in checks}
    with open_engine(spill) as engine:
        view(engine, name, [path])
        shut(engine, [path, *files.values()])
        with refusals(where, "correct the check"):
            failures = [
                failure for check in checks if (failure := _put(engine, name, check, files[check.name])) is not None
            ]
    if failures:
        raise DataError(
            "\n".join([_head(name, failures), *(line for failure in failures for line in _lines(failure))]),
            where=where,
            fix="correct the rows or the query; or loosen the check, if the rows are right",
        )


def _put(engine: Any, name: str, check: Check, file: Path) -> Failure | None:
    file.unlink(missing_ok=True)
    step = name_in_sql(name)
    ((rows,),) = engine.execute(f"SELECT count(*) FROM {step}").fetchall()  # noqa: S608
    if check.ask is not None:
        ((value,),) = engine.execute(f"SELECT {check.ask} FROM {step}").fetchall()  # noqa: S608
        says = check.judge(value)
        return Failure(says, _table(engine, name, check), "") if says else None
    ((failed,),) = engine.execute(f"SELECT count(*) FROM (SELECT * FROM {step} {check.failing})").fetchall()  # noqa: S608
    if failed <= check.most(rows):
        return None
    engine.execute(f"COPY (SELECT * FROM {step} {check.failing}) TO {quoted(str(file))} (FORMAT csv, HEADER)")  # noqa: S608
    return Failure(check.says(failed, rows), _table(engine, name, check), str(file))


def _table(engine: Any, name: str, check: Check) -> tuple[str, ...]:
    """The first rows that fail, the columns in question first, as much as fits in a line."""
    answer = engine.execute(f"SELECT * FROM {name_in_sql(name)} {check.failing} LIMIT {_SHOWN}")  # noqa: S608
    names = [column[0] for column in answer.description]
    rows = answer.fetchall()
    if not rows:
        return ()
    asked = {column.casefold() for column in check.columns}
    places = sorted(range(len(names)), key=lambda place: (names[place].casefold() not in asked, place))
    columns: list[list[str]] = []
    for place in places:
        cells = [_cell(names[place]), *(_cell(row[place]) for row in rows)]
        width = max(map(len, cells))
        if columns and sum(len(column[0]) + 2 for column in columns) + width > _WIDTH:
            break
        columns.append([cell.ljust(width) for cell in cells])
    return tuple("  ".join(line).rstrip() for line in zip(*columns, strict=True))


def _cell(value: object) -> str:
    text = "null" if value is None else re.sub(r"[\x00-\x1f\x7f]", " ", str(value))
    return text if len(text) <= _CELL else text[: _CELL - 3] + "..."


def _head(name: str, failures: Sequence[Failure]) -> str:
    return f"step {name!r}: {'a check fails' if len(failures) == 1 else f'{len(failures)} checks fail'}"


def _lines(failure: Failure) -> list[str]:
    lines = [f"  {failure.says}", *(f"    {line}" for line in failure.lines)]
    return [*lines, f"    all of them: {failure.file}"] if failure.file else lines


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:80]
