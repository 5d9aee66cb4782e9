"""The target of a task: parsed, its labels pinned, its oddities said or refused."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from smeaton.data._outside import with_outside
from smeaton.data.read import Raw
from smeaton.errors import DataError, RowsError, TaskError
from smeaton.task.forms import NUMBER, form_of
from smeaton.task.infer import pin_labels, pin_type
from smeaton.task.lists import pin_list_labels
from smeaton.task.scales import find_scale
from smeaton.task.sentinels import find_sentinels
from smeaton.task.structure import check_structure, pin_structure
from smeaton.task.table import Array, object_column
from smeaton.task.task import Task
from smeaton.task.types import Label, Type, label_text
from smeaton.task.values import parse_column

#: With more null targets than this share, the rows that are left are hardly a sample of anything.
MOST_NULL = 0.95
#: Errors are squared, weighed and added up over all rows: beyond this they would be infinite.
LARGEST = 1e100


@dataclass(frozen=True, slots=True)
class Target:
    """The pinned type; values; what should be said.

    Values are float64; int64 codes; int8 (rows, labels) for many labels; an object column of plain JSON for structures
    and of texts for free text. They mean nothing where not `present`.
    """

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
    _check_answer(task)
    kind = pin_type(column, declared, name)
    _check_order(kind, name)
    parsed, faults = parse_column(column, msgspec.structs.replace(kind, optional=True), name)
    if faults:
        raise RowsError(
            faults, where=raw.place(faults[0].row), fix=f"correct the values, or change the type of output {name!r}"
        )
    if parsed.dtype == object:
        present = np.array([value is not None for value in parsed.tolist()], dtype=bool)
    else:
        present = ~np.isnan(parsed)
    notes = _about_nulls(raw, name, present, kind)
    learnt = not task.labels
    judge = task.inputs is None or learnt
    if kind.answer == "number":
        return Target(kind, _numbers(raw, name, parsed, present), present, (*notes, *_about_gaps(kind, parsed, name)))
    if kind.answer == "text":
        return Target(kind, _structures(raw, name, parsed, present, judge=task.inputs is None), present, notes)
    if kind.answer == "structure":
        kind = pin_structure(kind, parsed[present].tolist())
        return Target(kind, _structures(raw, name, parsed, present, judge=task.inputs is None), present, notes)
    if kind.answer == "many":
        kind = pin_list_labels(parsed[present].tolist(), kind, name)
        values, more = _sets(raw, name, parsed, kind, judge=judge)
        return Target(kind, values, present, (*notes, *more))
    if learnt:
        kind = pin_labels(parsed[present], kind)
    kind = with_outside(kind, name)
    values, more = _codes(raw, name, parsed, present, kind, judge=judge)
    order = _about_order(kind, name) if learnt else ()
    return Target(kind, values, present, (*notes, *more, *order))


def _check_answer(task: Task) -> None:
    """Refuse outputs of a type that nothing can be learnt for.

    Raises:
        TaskError: with the types that can.
    """
    kind, where = task.output_type, f"output.{task.target}"
    if kind.answer == "other":
        raise TaskError(
            f"an output of type {kind.type} cannot be learnt yet",
            where=where,
            fix="choose boolean, category, number, integer, text, a list of categories, an object of fields or a list "
            "of spans",
        )
    if kind.answer == "structure":
        check_structure(kind, where)


def _check_order(kind: Type, name: str) -> None:
    """Labels in order are stated, or whole numbers; the order of words is nothing that rows tell."""
    if kind.ordered and kind.labels is None and kind.base != "integer":
        raise TaskError(
            f"the order of the labels of {name!r} is not known",
            where=f"output.{name}",
            fix="state them from low to high: labels: [low, mid, high]",
        )


def _about_nulls(raw: Raw, name: str, present: Array, kind: Type) -> tuple[str, ...]:
    null = len(present) - int(present.sum())
    if null > MOST_NULL * len(present):
        raise DataError(
            f"the target {name!r} is null in {null:,} of {len(present):,} rows",
            where=raw.where,
            fix="give rows with a target, or choose another output",
        )
    empty = " (a row without a label is written [])" if kind.answer == "many" else ""
    return (f"{null:,} of {len(present):,} rows have no {name!r} and are left out{empty}",) if null else ()


def _about_gaps(kind: Type, parsed: Array, name: str) -> tuple[str, ...]:
    """What stands for missing in a target of numbers, or may."""
    pinned = sorted(word for word in form_of(kind).missing if NUMBER.fullmatch(word))
    found = find_sentinels(parsed.astype(np.float64))
    return (
        *(
            f"rows whose {name!r} is {word} are left out: it lies further from all other values than these lie apart; "
            f"to keep them, state the output as {{type: number, form: plain}}"
            for word in pinned
        ),
        *(
            f"{name!r} is {value:g} in {rows:,} rows, which may stand for missing; if it does, state the output as "
            f"{{type: number, form: 'plain|{value:g}'}}, and these rows are left out"
            for value, rows in (found.certain | found.doubtful).items()
        ),
    )


def _about_order(kind: Type, name: str) -> tuple[str, ...]:
    """Labels that stand in an order nobody has stated."""
    if kind.type != "category" or kind.base != "text" or kind.ordered or kind.labels is None:
        return ()
    order = find_scale([str(label) for label in kind.labels])
    if order is None:
        return ()
    return (
        f"the labels of {name!r} look ordered ({' < '.join(order)}); where a far miss is worse than a near one, state "
        f"the output as {{type: category, ordered: true, labels: [{', '.join(order)}]}}",
    )


def _numbers(raw: Raw, name: str, parsed: Array, present: Array) -> Array:
    held = parsed[present]
    if len(held) and (held == held[0]).all():
        raise _constant(raw, name, f"{held[0]:g}")
    largest = float(np.abs(held.astype(np.float64)).max(initial=0.0))
    if largest > LARGEST:
        raise DataError(
            f"the target {name!r} reaches {largest:g}: numbers beyond {LARGEST:g} cannot be squared and added",
            where=raw.where,
            fix="give it in a larger unit, or its logarithm",
        )
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
    return codes, _about_labels(kind, labels, counts)


def _about_labels(kind: Type, labels: Sequence[Label], counts: Array) -> tuple[str, ...]:
    """Labels that no row, or only one row has."""
    notes = []
    missing = [label for label, count in zip(labels, counts, strict=True) if not count and label != kind.outside]
    if missing:
        absent = ", ".join(repr(label_text(label)) for label in missing[:8])
        notes.append(f"no row has the label {absent}: it will hardly ever be answered")
    single = np.flatnonzero(counts == 1)
    if len(single):
        shown = ", ".join(repr(label_text(labels[place])) for place in single[:8])
        more = f" and {len(single) - 8} more" if len(single) > 8 else ""
        notes.append(f"only one row has the label {shown}{more}: it is trained on, but no score can judge it")
    return tuple(notes)


def _sets(raw: Raw, name: str, parsed: Array, kind: Type, *, judge: bool) -> tuple[Array, tuple[str, ...]]:
    """1 where a row has a label, int8 (rows, labels)."""
    labels = (kind.of.labels if kind.of is not None else None) or ()
    place = {(type(label), label): code for code, label in enumerate(labels)}
    held = np.zeros((len(parsed), len(labels)), dtype=np.int8)
    for row, value in enumerate(parsed.tolist()):
        for label in value or ():
            held[row, place[type(label), label]] = 1
    if not judge:
        return held, ()
    present = held[[value is not None for value in parsed.tolist()]]
    if len(present) and (present == present[0]).all():
        same = ", ".join(label_text(label) for label, has in zip(labels, present[0], strict=True) if has)
        raise _constant(raw, name, same or "[]")
    return held, _about_labels(kind, labels, held.sum(axis=0, dtype=np.int64))


def _structures(raw: Raw, name: str, parsed: Array, present: Array, *, judge: bool) -> Array:
    held = parsed[present].tolist()
    if judge and len(held) and all(value == held[0] for value in held):
        raise _constant(raw, name, msgspec.json.encode(held[0]).decode())
    return object_column(parsed.tolist())


def _constant(raw: Raw, name: str, value: str) -> DataError:
    return DataError(
        f"the target {name!r} is {value!r} in every row: there is nothing to learn",
        where=raw.where,
        fix="give rows with other answers, or choose another output",
    )
