"""`load`: from a task to its rows, typed, checked and pinned. What is left out is said in the notes."""

from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.data._compact import Kept
from smeaton.data._gaps import GAPPED, Gaps, find_gaps
from smeaton.data._roles import Roles, read_roles, weighted_rows
from smeaton.data._room import room
from smeaton.data._said import say
from smeaton.data._screen import screen
from smeaton.data._spans import check_spans
from smeaton.data._target import read_target
from smeaton.data._typed import infer_and_parse
from smeaton.data.dataset import Dataset, content_hash
from smeaton.data.read import Raw, read
from smeaton.data.sources._columns import nearest
from smeaton.errors import DataError, RowFault, RowsError, TaskError
from smeaton.task.infer import infer_output, pin_input
from smeaton.task.table import Array, object_column, take
from smeaton.task.task import Data, Source, Task
from smeaton.task.types import Type
from smeaton.task.values import parse_column

#: Fewer rows than this cannot be split into fitting, stopping, held-out and test rows.
FEWEST_ROWS = 20


def start_task(source: Any, target: str, folder: Path, name: str = "task") -> tuple[Task, Raw]:
    """A task for predicting one column of a source (a path, a `Source`, a table in memory), and the rows read.

    Raises:
        DataError: the source cannot be read, or has no such column.
    """
    raw = read(source, folder, most=room())
    if target not in raw.table:
        raise _no_target(raw, target)
    if isinstance(source, str | Path):
        source = Source(files=(str(source),))
    data = Data(examples=source if isinstance(source, Source) else None)
    output = {target: infer_output(raw.table[target], target)}
    return Task(data=data, output=output, name=name, folder=str(folder)), raw


def load(task: Task, table: Any = None) -> Dataset:
    """Read the task's examples (or `table`), infer and pin what it leaves open, check the rest.

    Of more rows than the memory holds a uniform sample is read (`_room.py`), and said.
    Rows without a target are dropped. Inputs named in the task are kept and read strictly; of the others, ids, empty
    and constant columns are dropped. The hash is of typed content, so the same rows in another format are the same.

    Raises:
        DataError: a column is missing, the target is constant or nearly always null, or fewer than 20 rows are left.
        RowsError: values that do not fit their type, with the place of the first.
        TaskError: the task's roles and inputs contradict each other.
    """
    folder = Path(task.folder)
    source = table if table is not None else task.data.examples
    if source is None:
        raise TaskError("the task names no examples", where="data", fix="give `data` a path or `data: {examples: ...}`")
    seconds = task.budget.time
    raw = read(source, folder, most=room(), seconds=seconds)
    sealed = None if task.data.test is None else read(task.data.test, folder, most=room(), seconds=seconds)
    if len(raw) == 0:
        raise DataError("there are no rows, only column names", where=raw.where, fix="give a file with rows")
    if task.target not in raw.table:
        raise _no_target(raw, task.target)
    _check_roles(task, raw)
    sampled = _about_sample(task, raw, sealed)
    target = read_target(task, raw)
    weighted, weights_said = weighted_rows(task.rows.weight, raw)
    kept = np.flatnonzero(target.present & weighted)
    notes = [*raw.notes, *sampled, *target.notes, *weights_said]
    if len(kept) < FEWEST_ROWS:
        raise DataError(
            f"only {len(kept)} rows have a target; at least {FEWEST_ROWS} are needed to fit, to choose and to test",
            where=raw.where,
            fix="give more rows",
        )
    types, said, parsed = _input_types(task, raw, kept)
    pinned = task.with_(inputs=types, output={task.target: target.type})
    parts = [_Part(raw, kept, parsed)]
    if sealed is not None:
        parts.append(_sealed_part(pinned, raw, sealed))
    answers = [target.values[kept]]
    if sealed is not None:
        strict = read_target(pinned, sealed)
        answers.append(strict.values[parts[1].rows])
        if strict.notes:
            notes.extend(f"data.test: {note}" for note in strict.notes)
    inputs = {name: _join([part.parse(name, kind) for part in parts]) for name, kind in types.items()}
    check_spans(pinned, inputs, answers, parts)
    roles, role_notes = read_roles(task.rows, [part.columns(task) for part in parts], raw.where)
    return _finish(pinned, inputs, _join(answers), roles, len(kept), [*notes, *said, *role_notes])


class _Part:
    """The rows of one source that have a target."""

    def __init__(self, raw: Raw, rows: Array, parsed: Mapping[str, Array] | None = None) -> None:
        self.raw = raw
        self.rows = rows
        self.parsed = parsed or {}

    def parse(self, name: str, kind: Type) -> Array:
        """One input of these rows.

        Raises:
            RowsError: values that do not fit; rows are counted in the source.
        """
        if name in self.parsed:
            return self.parsed[name]
        if name not in self.raw.table:
            raise DataError(
                f"there is no column {name!r}; {nearest(name, self.raw.table)}",
                where=self.raw.where,
                fix="add the column, or correct its name under `inputs`",
            )
        column, faults = parse_column(self.raw.table[name][self.rows], kind, name)
        if faults:
            raise rows_error(self.raw, [RowFault(int(self.rows[f.row]), f.column, f.reason) for f in faults], kind)
        return column

    def columns(self, task: Task) -> dict[str, Array]:
        """The role columns of these rows, as read."""
        names = [task.rows.id, task.rows.group, task.rows.time, task.rows.weight]
        named = {name: self.raw.table[name] for name in names if name is not None and name in self.raw.table}
        return take(named, self.rows)


def rows_error(raw: Raw, faults: list[RowFault], kind: Type) -> RowsError:
    """The error for values that do not fit; its place is the first one's file and line."""
    return RowsError(
        faults,
        where=raw.place(faults[0].row),
        fix=f"correct the values, or give the column another type than {kind.type}"
        + ("" if kind.optional else f" (`{kind.type} or null` if values may be missing)"),
    )


def _about_sample(task: Task, raw: Raw, sealed: Raw | None) -> list[str]:
    """What a sample means for rows in time, and what is said of the rows of data.test."""
    thin = raw.origin is not None and task.rows.time is not None
    said = ["rows of all times are in the sample alike, the newest, which are tested on, as thinly as the rest"]
    return [*(said if thin else ()), *(f"data.test: {note}" for note in (sealed.notes if sealed else ()))]


def _no_target(raw: Raw, target: str) -> DataError:
    return DataError(
        f"there is no target column {target!r}; {nearest(target, raw.table)}",
        where=raw.where,
        fix="correct the name under `output` (or after --target)",
    )


def _check_roles(task: Task, raw: Raw) -> None:
    rows = task.rows
    roles = {"rows.id": rows.id, "rows.time": rows.time, "rows.group": rows.group, "rows.weight": rows.weight}
    named = [*((where, name) for where, name in roles.items() if name), *(("rows.ignore", n) for n in rows.ignore)]
    inputs = task.inputs or {}
    for where, name in named:
        if name not in raw.table:
            raise DataError(
                f"there is no column {name!r}; {nearest(name, raw.table)}", where=where, fix="correct the column name"
            )
        if name == task.target:
            raise TaskError(f"{name!r} is the output", where=where, fix="take it out of `rows`")
        if name in inputs and where in ("rows.id", "rows.weight", "rows.ignore"):
            raise TaskError(
                f"{name!r} is an input too, and {where} is never one", where=where, fix="take it out of one of the two"
            )
    if task.target in inputs:
        raise TaskError(f"{task.target!r} is the output", where="inputs", fix="take it out of `inputs`")


def _input_types(task: Task, raw: Raw, kept: Array) -> tuple[dict[str, Type], list[str], dict[str, Array]]:
    """The types of all inputs, what was left out, and the columns that were parsed on the way."""
    if task.inputs is not None:
        columns = {name: raw.table[name][kept] for name in task.inputs if name in raw.table}
        pinned = {
            name: pin_input(columns[name], kind, name) if name in columns else kind
            for name, kind in task.inputs.items()
        }
        return pinned, say(pinned, columns, _stated_gaps(task, pinned, columns)), {}
    rows = task.rows
    taken = {task.target, rows.id, rows.time, rows.group, rows.weight, *rows.ignore}
    whole = len(kept) == len(raw)
    candidates = Kept(raw.table, [name for name in raw.table if name not in taken], None if whole else kept)
    types, parsed, gaps = _inferred(task, candidates)
    read_only: Any = candidates  # ChainMap asks for a mapping that can be changed, and changes the first one alone
    dropped = screen(ChainMap(parsed, read_only), types)
    kept_types = {name: kind for name, kind in types.items() if name not in dropped.names}
    if not kept_types:
        raise DataError(
            "; ".join(["no column is left to learn from", *dropped.notes]),
            where=raw.where,
            fix="name the columns to use under `inputs`",
        )
    return kept_types, [*dropped.notes, *say(kept_types, candidates, gaps)], parsed


def _inferred(task: Task, columns: Mapping[str, Array]) -> tuple[dict[str, Type], dict[str, Array], dict[str, Gaps]]:
    """The types of columns as read; those parsed on the way; and the numbers and moments among them, with what stands
    for missing in them cleared. A column is asked for once: to make one from packed texts takes its time."""
    types, parsed, gaps = dict[str, Type](), dict[str, Array](), dict[str, Gaps]()
    for name in columns:
        column = columns[name]
        kind, typed = infer_and_parse(column, name)
        if kind.type in GAPPED:
            typed = parse_column(column, kind, name)[0] if typed is None else typed
            gaps[name] = find_gaps(kind, typed, keep=name in task.accept.values)
            kind, typed = gaps[name].type, gaps[name].column
        types[name] = kind
        if typed is not None:
            parsed[name] = typed
    return types, parsed, gaps


def _stated_gaps(task: Task, types: Mapping[str, Type], columns: Mapping[str, Array]) -> dict[str, Gaps]:
    """What may stand for missing in columns whose type was stated: said, never changed."""
    found = {}
    for name, kind in types.items():
        if name in columns and kind.type in GAPPED and name not in task.accept.values:
            column, _ = parse_column(columns[name], msgspec.structs.replace(kind, optional=True), name)
            gap = find_gaps(kind, column)
            found[name] = Gaps(kind, column, {}, gap.certain | gap.doubtful)
    return found


def _sealed_part(task: Task, raw: Raw, sealed: Raw) -> _Part:
    if task.target not in sealed.table:
        raise _no_target(sealed, task.target)
    rows = np.flatnonzero(read_target(task, sealed).present & weighted_rows(task.rows.weight, sealed)[0])
    if not len(rows):
        raise DataError("no row of data.test has a target", where=sealed.where, fix="give rows with a target")
    return _Part(sealed, rows)


def _join(columns: list[Array]) -> Array:
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


def _finish(task: Task, inputs: dict[str, Array], y: Array, roles: Roles, examples: int, notes: list[str]) -> Dataset:
    sealed = np.arange(examples, len(y)) if len(y) > examples else None
    extra = {f"rows.{name}": column for name, column in roles.typed().items()}
    digest = content_hash({**inputs, **extra, f"output {task.target}": _said(task, y)})
    return Dataset(
        task=task,
        table=inputs,
        target=y,
        ids=roles.ids,
        group=roles.group,
        time=roles.time,
        weight=roles.weight,
        sealed=sealed,
        notes=tuple(dict.fromkeys(notes)),
        hash=digest,
    )


def _said(task: Task, y: Array) -> Array:
    """The target as it was said, whatever the codes of its labels."""
    names = [repr(label) for label in task.labels]
    if task.is_class:
        return np.array(names, dtype=object)[y]
    if task.answer == "many":
        return object_column([[names[place] for place in np.flatnonzero(row)] for row in y])
    return y
