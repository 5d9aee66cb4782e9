"""What a journal holds, and its predictions as a file."""

import csv
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import msgspec

from smeaton.errors import InputError
from smeaton.extras import needs
from smeaton.journal.export import Shape, moment
from smeaton.journal.read import Prediction, Reader

ENDINGS = (".parquet", ".csv", ".tsv", ".jsonl")
_LONGEST = 64_000_000  # bytes of one row
_SQL = {
    "moment": "TIMESTAMP", "text": "VARCHAR", "json": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE",
    "boolean": "BOOLEAN", "numbers": "DOUBLE[]",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Which:
    """Which predictions: of a model (None = all), `since` <= at < `until` in unix seconds (None = no bound)."""

    model: str | None = None
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """A file of predictions: rows, the names of its columns, where it is, and which segments could not be read."""

    rows: int
    columns: tuple[str, ...]
    output: str
    problems: tuple[str, ...]


def journal_summary(folder: str | Path) -> dict[str, Any]:
    """What a journal holds, as plain data; moments in ISO 8601.

    Raises:
        InputError: there is no such folder.
    """
    reader = Reader(folder)
    summary = asdict(reader.summary())
    for model in summary["models"]:
        model["first"], model["last"] = moment(model["first"]), moment(model["last"])
    return {"folder": str(folder)} | summary | {"problems": reader.problems}


def export_journal(folder: str | Path, output: str | Path, which: Which | None = None) -> Exported:
    """Write predictions to a `.parquet`, `.csv`, `.tsv` or `.jsonl` file, which appears whole or not at all.

    One row a prediction: at, id, row, model, bundle, wire, caller, trace, the inputs, prediction, probability_<label>,
    other answers, seconds, truth, truth_at. Each input is a column of its own where one model is exported, else all are
    JSON text in `inputs`. Masked columns were never written.

    Raises:
        InputError: there is no such folder or model, or the output cannot be written.
        ExtraMissing: Parquet without DuckDB.
    """
    target = _target(Path(output))
    which = which or Which()
    reader = Reader(folder)
    models = sorted({seen.model for seen in reader.summary().models})
    if which.model is not None and which.model not in models:
        raise InputError(
            f"the journal holds no model {which.model!r}",
            fix=f"it holds: {', '.join(models) or 'none'}",
            where=str(folder),
        )
    shape = Shape(wide=which.model is not None or len(models) == 1)
    with _whole(target) as partial, _scratch(target) as spool:
        # Read once: what a running service adds meanwhile could need other columns.
        for prediction in reader.predictions(which.model, which.since, which.until):
            shape.look(prediction)
            spool.write(msgspec.json.encode(prediction) + b"\n")
        columns = shape.columns()
        rows = shape.rows(_spooled(spool))
        if target.suffix == ".parquet":
            count = _parquet(partial, columns, rows)
        elif target.suffix == ".jsonl":
            count = _jsonl(partial, columns, rows)
        else:
            count = _csv(partial, columns, rows, "\t" if target.suffix == ".tsv" else ",")
    return Exported(count, tuple(columns), str(target), tuple(reader.problems))


def _target(target: Path) -> Path:
    """Where the rows go, checked before any work is done."""
    if target.suffix not in ENDINGS:
        raise InputError(
            f"cannot write {target}: unknown ending {target.suffix!r}", fix=f"use one of {', '.join(ENDINGS)}"
        )
    if not target.parent.is_dir():
        raise InputError(f"there is no folder {target.parent} to write {target.name} into", fix="make it first")
    if target.is_dir():
        raise InputError(f"{target} is a folder", fix="name a file for the rows")
    if target.suffix == ".parquet":
        with needs("build"):
            import duckdb  # noqa: F401 known to be there before the journal is read
    return target


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A path beside the target that takes its place if all went well."""
    partial = target.with_name(f"{target.name}.part-{os.getpid()}")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _scratch(target: Path) -> IO[bytes]:
    """A file without a name on the disk of the target."""
    return tempfile.TemporaryFile(dir=target.parent)


def _spooled(spool: IO[bytes]) -> Iterator[Prediction]:
    spool.seek(0)
    decoder = msgspec.json.Decoder(Prediction)
    for line in spool:
        yield decoder.decode(line)


def _jsonl(path: Path, columns: Iterable[str], rows: Iterable[list[Any]]) -> int:
    names = list(columns)
    count = 0
    with path.open("wb") as stream:
        for row in rows:
            stream.write(msgspec.json.encode(dict(zip(names, row, strict=True))) + b"\n")
            count += 1
    return count


def _csv(path: Path, columns: Iterable[str], rows: Iterable[list[Any]], delimiter: str) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_written(value) for value in row])
            count += 1
    return count


def _written(value: Any) -> Any:
    """A cell of CSV, as `smeaton predict` writes it."""
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else value


def _parquet(path: Path, columns: Mapping[str, str], rows: Iterable[list[Any]]) -> int:
    """Through a file of JSON lines that DuckDB reads with the types found: larger than memory if it must be."""
    with needs("build"):
        import duckdb
    places = [f"c{place}" for place in range(len(columns))]  # plain names: nothing to be quoted in what is read
    types = ", ".join(f"{place}: '{_SQL[kind]}'" for place, kind in zip(places, columns.values(), strict=True))
    names = ", ".join(f"{place} AS {_quoted(name)}" for place, name in zip(places, columns, strict=True))
    lines = path.with_name(f"{path.name}.jsonl")
    try:
        count = _jsonl(lines, places, rows)
        with duckdb.connect(":memory:", config={"threads": 1, "temp_directory": f"{path}.tmp"}) as engine:
            engine.execute(
                f"COPY (SELECT {names} FROM read_json({_text(lines)}, format = 'newline_delimited', "  # noqa: S608
                f"columns = {{{types}}}, maximum_object_size = {_LONGEST})) TO {_text(path)} (FORMAT parquet)"
            )
    finally:
        lines.unlink(missing_ok=True)
    return count


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
