"""The target of a task: parsed, its labels pinned, its oddities said or refused."""

from dataclasses import dataclass

import msgspec
import numpy as np

from smeaton.data.read import Raw
from smeaton.errors import DataError, RowsError
from smeaton.task.infer import pin_labels, pin_type
from smeaton.task.table import Array
from smeaton.task.task import Task
from smeaton.task.types import Type, label_text
from smeaton.task.values import parse_column

#: With more null targets than this share, the rows that are left are hardly a sample of anything.
MOST_NULL = 0.95


@dataclass(frozen=True, slots=True)
class Target:
    """The pinned type; values (float64, or int64 codes; meaningless where not `present`); what should be said."""

    type: Type
    values: Array
    present: Array
    notes: tuple[str, ...]


def read_target(task: Task, raw: Raw) -> Target:
    """Read the output column of `raw`; labels are learnt only where the task has none.

    Raises:
        DataError: constant, nearly always null, or a different class in every row.
        RowsError: values that do not fit the output's type.
    """
    name, column = task.target, raw.table[task.target]
    declared = task.output_type
    if declared.type not in ("number", "integer", "boolean", "category"):
        raise DataError(
            f"an output of type {declared.type} cannot be learnt from a table yet",
            where=raw.where,
            fix="choose boolean, category, number or integer",
        )
    kind = pin_type(column, declared, name)
    parsed, faults = parse_column(column, msgspec.structs.replace(kind, optional=True), name)
    if faults:
        raise RowsError(
            faults, where=raw.place(faults[0].row), fix=f"correct the values, or change the type of output {name!r}"
        )
    if parsed.dtype == object:
        present = np.array([value is not None for value in parsed.tolist()], dtype=bool)
    else:
        present = ~np.isnan(parsed)
    notes = _about_nulls(raw, name, present)
    learnt = kind.labels is None
    if not kind.is_class:
        return Target(kind, _numbers(raw, name, parsed, present), present, notes)
    if learnt:
        kind = pin_labels(parsed[present], kind)
    values, more = _codes(raw, name, parsed, present, kind, judge=task.inputs is None or learnt)
    return Target(kind, values, present, (*notes, *more))


def _about_nulls(raw: Raw, name: str, present: Array) -> tuple[str, ...]:
    null = len(present) - int(present.sum())
    if null > MOST_NULL * len(present):
        raise DataError(
            f"the target {name!r} is null in {null:,} of {len(present):,} rows",
            where=raw.where,
            fix="give rows with a target, or choose another output",
        )
    return (f"{null:,} of {len(present):,} rows have no {name!r} and are left out",) if null else ()


def _numbers(raw: Raw, name: str, parsed: Array, present: Array) -> Array:
    held = parsed[present]
    if len(held) and (held == held[0]).all():
        raise _constant(raw, name, f"{held[0]:g}")
    return parsed.astype(np.float64)


def _codes(
    raw: Raw, name: str, parsed: Array, present: Array, kind: Type, *, judge: bool
) -> tuple[Array, tuple[str, ...]]:
    """Codes into the labels. `judge` is off for a given test, whose classes may be few."""
    labels = kind.labels or ()
    place = {(type(label), label): code for code, label in enumerate(labels)}
    codes = np.array([place.get((type(value), value), -1) for value in parsed.tolist()], dtype=np.int64)
    counts = np.bincount(codes[codes >= 0], minlength=len(labels))
    if not judge:
        return codes, ()
    seen = np.flatnonzero(counts)
    if len(seen) == 1:
        raise _constant(raw, name, label_text(labels[seen[0]]))
    if len(seen) and counts.max() == 1:
        raise DataError(
            f"the target {name!r} has another value in every row: it looks like an id",
            where=raw.where,
            fix="choose another output, or `number` for a quantity",
        )
    notes = []
    if len(seen) < len(labels):
        absent = ", ".join(repr(label_text(labels[place])) for place in np.flatnonzero(counts == 0)[:8])
        notes.append(f"no row has the label {absent}: it will hardly ever be answered")
    single = np.flatnonzero(counts == 1)
    if len(single):
        shown = ", ".join(repr(label_text(labels[place])) for place in single[:8])
        more = f" and {len(single) - 8} more" if len(single) > 8 else ""
        notes.append(f"only one row has the label {shown}{more}: it is trained on, but no score can judge it")
    return codes, tuple(notes)


def _constant(raw: Raw, name: str, value: str) -> DataError:
    return DataError(
        f"the target {name!r} is {value!r} in every row: there is nothing to learn",
        where=raw.where,
        fix="give rows with other answers, or choose another output",
    )
