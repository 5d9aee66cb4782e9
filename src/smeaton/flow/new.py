"""`new`: a task file written from data, each choice explained in a comment; what data cannot tell is asked.

What is inferred: the types of the inputs, what is no input (ids, constants, empty columns), the row's own time where
the file is in its order, a group where rows of one thing would lie on both sides of the split, the metric, the budget.
What is asked is the column to predict, unless it is named. The file is tried before it is written: its rows are read
and split just as `build` will.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from smeaton.data._room import room
from smeaton.data.read import Raw, read
from smeaton.errors import DataError, InputError, TaskError
from smeaton.flow._new_target import Candidate, candidates, quoted
from smeaton.flow.request import TASK_FILE, task_of_data
from smeaton.metrics._defaults import default_metric, usual
from smeaton.task.profile import Suspect
from smeaton.task.task import Budget, Task

#: Cells, and the seconds a build of so many gets.
_BUDGETS = ((200_000, 60.0), (5_000_000, 120.0), (50_000_000, 600.0))
_LONG_BUDGET = 1_800.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """A task, its file's text, and what was decided: `left_out` columns with the reason, `notes` on the data,
    `suspects` to look at. `there`: just this task stands in the file already."""

    task: Task
    text: str
    path: Path
    why: Mapping[str, str]
    left_out: Mapping[str, str]
    notes: tuple[str, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    there: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON; scripts rely on these names."""
        from smeaton.task.typeform import write_type

        types = self.task.inputs or {}
        return {
            "task": str(self.path),
            "target": self.task.target,
            "output": write_type(self.task.output_type),
            "inputs": {name: {"type": write_type(kind), "why": self.why.get(name, "")} for name, kind in types.items()},
            "left_out": dict(self.left_out),
            "rows": msgspec.to_builtins(self.task.rows),
            "metric": self.task.metric,
            "budget": self.task.budget.time,
            "notes": list(self.notes),
            "suspects": [msgspec.to_builtins(one) for one in self.suspects],
            "written": not self.there,
        }


def likely_targets(data: str | Path) -> tuple[Raw, list[Candidate]]:
    """The rows of a data file, and the columns that may be what is to be predicted, the likeliest first.

    Raises:
        DataError: it cannot be read.
    """
    raw = read(data, Path("."), most=room())
    if not len(raw):
        raise DataError("there are no rows, only column names", where=raw.where, fix="give a file with rows")
    return raw, candidates(raw.table)


def which_target(data: str | Path, found: list[Candidate]) -> InputError:
    """The error where nobody is there to be asked: the likeliest targets and the exact command."""
    if not found:
        return InputError(f"no column of {data} can be predicted", fix="give data with a column of answers")
    said = "; ".join(f"{one.name!r} ({one.why})" for one in found[:3])
    return InputError(
        f"which column of {data} is to be predicted? Likely: {said}",
        fix=f"smeaton new {quoted(str(data))} --target {quoted(found[0].name)}",
    )


def new(data: str | Path, target: str, *, out: str | Path = ".", raw: Raw | None = None) -> Proposal:
    """Write the task file for predicting a column of a data file: `smeaton.yaml` in `out`.

    Args:
        data: the path of a data file (or a pattern).
        target: the column to predict.
        out: the folder of the task file; made if it is missing.
        raw: the rows, where they were read already.

    Raises:
        DataError: the data cannot be read, or serves no task.
        InputError: there is no such column.
        TaskError: a different task stands in the file, or it cannot be written.
    """
    proposal = propose(data, target, out=out, raw=raw)
    if not proposal.there:
        _write(proposal)
    return proposal


def propose(data: str | Path, target: str, *, out: str | Path = ".", raw: Raw | None = None) -> Proposal:
    """As `new`, but nothing is written. Raises as it does."""
    from smeaton.flow._new_rows import look
    from smeaton.flow._new_text import MOST_INPUTS, reasons, text_of, types_said

    folder = Path(out)
    rows = raw if raw is not None else read(data, Path("."), most=room())
    found = look(task_of_data(Path(data), target, folder, rows), rows)
    why = reasons(found)
    known = found.dataset.task
    inputs = types_said(found.task.inputs or {})
    task = found.task.with_(
        inputs=inputs if len(inputs) <= MOST_INPUTS else None,
        metric=default_metric(known),
        budget=Budget(time=_seconds(found.profile.rows * len(inputs))),
    )
    others = tuple(name for name in usual(known) if name != task.metric)
    path = folder / TASK_FILE
    return Proposal(
        task=task,
        text=text_of(task, found, why, others),
        path=path,
        why=why,
        left_out=found.left_out,
        notes=(*rows.notes, *found.profile.notes, *found.hints),
        suspects=tuple(found.suspects),
        there=_there(path, task),
    )


def _seconds(cells: int) -> float:
    """What a build of a table of so many cells gets."""
    return next((seconds for most, seconds in _BUDGETS if cells <= most), _LONG_BUDGET)


def _there(path: Path, task: Task) -> bool:
    """Whether the file holds just this task.

    Raises:
        TaskError: it holds another one.
    """
    from smeaton.task.yaml import read_task

    if not os.path.lexists(path):
        return False
    try:
        same = read_task(path).with_(folder=task.folder) == task
    except TaskError:
        same = False
    if not same:
        raise TaskError(
            "another file stands there already; it is left as it is",
            fix="write elsewhere with --out DIR, or move the file away",
            where=str(path),
        )
    return True


def _write(proposal: Proposal) -> None:
    """The file, whole or not at all, and never over another."""
    path = proposal.path
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(proposal.text, encoding="utf-8", newline="\n")
            _there(path, proposal.task)  # nothing appeared meanwhile
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise TaskError(
            f"the task cannot be written: {error.strerror}", fix="choose a folder you may write to", where=str(path)
        ) from error
