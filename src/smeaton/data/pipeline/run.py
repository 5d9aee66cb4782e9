"""Run the steps that an answer needs: what is unchanged is kept, what is not is made anew, all of it is checked."""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from smeaton.data._engine import open_engine, refusals, shut
from smeaton.data.pipeline.checks import checks_of
from smeaton.data.pipeline.failing import apply
from smeaton.data.pipeline.inputs import Input, Inputs
from smeaton.data.pipeline.store import SCRATCH, Record, Store
from smeaton.data.query import write_answer
from smeaton.data.sources.parquet import glob_safe, quoted
from smeaton.data.tables import open_tables, view
from smeaton.errors import TaskError
from smeaton.extras import needs
from smeaton.runtime.storage import storing
from smeaton.task.items import nearest
from smeaton.task.sql import Query, read_query
from smeaton.task.steps import in_order, upstream
from smeaton.task.task import Source

STEPS_FOLDER = Path(".smeaton") / "steps"


def run_steps(source: Source, folder: Path, seconds: float | None) -> tuple[Path, tuple[str, ...], str]:
    """The rows of the step that is used, as a Parquet file; what should be said; and where the rows stand, for people.

    Raises:
        TaskError: a query is not one SELECT, reads what is not there, or steps read each other in a circle.
        DataError: a table cannot be read, DuckDB refuses a query, or a check fails.
    """
    order = in_order(source.steps, source.tables, {name: f"data.steps.{name}" for name in source.steps})
    use = source.use or list(source.steps)[-1]
    if use not in order:
        raise TaskError(f"there is no step {use!r}", fix=nearest(use, order), where="data.use")
    needed = upstream(use, order)
    queries = {name: read_query(source.steps[name].query) for name in needed}
    store = Store(folder / STEPS_FOLDER)
    with (
        storing("the rows of steps", store.folder),
        open_tables(source.tables, folder, seconds) as tables,
        tempfile.TemporaryDirectory(prefix=SCRATCH, dir=store.folder) as scratch,
    ):
        inputs = Inputs(tables, store, Path(scratch), list(queries.values()), list(order))
        run = _Run(source, queries, store, inputs, Path(scratch))
        for name in needed:
            run.step(name, order[name])
    spare = [name for name in order if name not in needed]
    notes = [*inputs.notes, *run.notes, *(f"{name}: not needed for {use}, and not run" for name in spare)]
    store.tidy()
    return run.made[use].paths[0], tuple(notes), f"step {use!r}"


@dataclass
class _Run:
    source: Source
    queries: Mapping[str, Query]
    store: Store
    inputs: Inputs
    scratch: Path
    made: dict[str, Input] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def step(self, name: str, reads: Sequence[str]) -> None:
        """Find or make the rows of a step whose inputs are there, and check them."""
        found = {other: self.made[other] if other in self.made else self.inputs.table(other) for other in reads}
        hashes = {other: known.hash for other, known in found.items()}
        with needs("build"):
            import duckdb
        text = self.queries[name].text
        key = hashlib.sha256(msgspec.json.encode([name, text, hashes, duckdb.__version__])).hexdigest()
        record, damaged = self.store.find(name, key)
        changing = self.queries[name].changing
        if record is not None and not changing:
            self.notes.append(f"{name}: kept, {record.rows:,} rows")
        else:
            why = f"it asks for {changing}" if changing else "what was kept was damaged" if damaged else ""
            new = Record(name=name, key=key, query=text, inputs=hashes, version=duckdb.__version__, sha256="", rows=0)
            last = self.store.last(name)
            record = self._make(new, found)
            self.notes.append(f"{name}: {_why(last, record, why)}{record.rows:,} rows")
        path = self.store.path(name, key)
        self._check(name, path)
        self.made[name] = Input((path,), record.sha256)

    def _make(self, record: Record, found: Mapping[str, Input]) -> Record:
        """Run the query over its inputs; the answer goes straight to the disk."""
        partial = self.store.partial(record.name, record.key)
        paths = {
            name: self.inputs.paths(name) if name not in self.made else known.paths for name, known in found.items()
        }
        try:
            with open_engine(self.scratch) as engine:
                for name, files in paths.items():
                    view(engine, name, files)
                shut(engine, [partial, *(path for files in paths.values() for path in files)])
                rows = write_answer(engine, record.query, partial, f"data.steps.{record.name}", list(paths))
            return self.store.keep(partial, msgspec.structs.replace(record, rows=rows))
        finally:
            partial.unlink(missing_ok=True)

    def _check(self, name: str, path: Path) -> None:
        where = f"data.steps.{name}.checks"
        with open_engine(self.scratch) as engine, refusals(where, "remove .smeaton/steps, and build again"):
            source = f"read_parquet({quoted(glob_safe(str(path)))})"
            types = {row[0]: row[1] for row in engine.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}  # noqa: S608
        checks = list(checks_of(self.source.steps[name].checks, types, datetime.now(UTC), where))
        if checks:
            apply(name, path, checks, self.scratch, where)
            self.notes.append(f"{name}: {len(checks)} {'check holds' if len(checks) == 1 else 'checks hold'}")


def _why(last: Record | None, new: Record, why: str) -> str:
    """Why a step is made anew, in words: what differs from the last time."""
    if not why and last is None:
        return "computed, "
    if not why and last is not None:
        changed = [name for name, hash_ in new.inputs.items() if last.inputs.get(name) != hash_]
        if last.query != new.query:
            why = "its query changed"
        elif changed:
            why = f"{' and '.join(changed)} changed"
        elif last.version != new.version:
            why = f"DuckDB was {last.version}, is {new.version}"
        else:
            why = "what was kept is gone"
    return f"recomputed ({why}), "
