"""Tasks the grammar can state and no family can solve yet: every family is a refused row with the reason."""

import hashlib
from pathlib import Path
from typing import NoReturn

import msgspec

from smeaton import plugins
from smeaton.errors import NoSolution
from smeaton.leaderboard.forms import Board, Row
from smeaton.runtime.files import durable_write
from smeaton.task.task import Task
from smeaton.trials.record import Candidate
from smeaton.weights import is_reference

_READ = ("number", "integer", "boolean", "category", "text", "timestamp", "json", "list", "object", "series", "vector")


def unserved(task: Task) -> str:
    """Why no family of this version can work on a task, before its data is read; empty if one may."""
    data, output = task.data, task.output_type
    if len(task.output) > 1:
        return f"no family gives {len(task.output)} outputs at once yet"
    if data.documents is not None:
        return "no family answers from documents yet (`data.documents`)"
    if task.tools is not None:
        return "no family uses tools yet (`tools`)"
    for name, kind in (task.inputs or {}).items():
        if kind.type not in _READ:
            return f"no family reads inputs of type {kind.type} yet (the input {name!r})"
    if output.horizon is not None:
        return f"no family forecasts many steps yet (the output {task.target!r} has a horizon)"
    if output.answer == "other":
        return (
            f"an output of type {output.type} cannot be learnt yet (the output {task.target!r}); choose a label, a "
            "number, a list of labels, an object of fields, a list of spans or text"
        )
    return ""


def refuse_all(task: Task, folder: Path, board_file: str, why: str) -> NoReturn:
    """Leave the board of refused rows where `smeaton board` finds it, and end.

    Raises:
        NoSolution: always.
    """
    key = hashlib.sha256(msgspec.json.encode(task, order="deterministic")).hexdigest()[:12]
    own = [name for name in task.solutions.add if not is_reference(name, Path(task.folder))]
    names = [*plugins.names("families"), *own]
    rows = tuple(
        Row(key=Candidate(family=name).key, family=name, state="refused", why=why) for name in dict.fromkeys(names)
    )
    board = Board(task=task.name, metric=task.metric or "no score", better="lower", unit="", rows=rows)
    path = folder / ".smeaton" / key / board_file
    path.parent.mkdir(parents=True, exist_ok=True)
    durable_write(path, msgspec.json.encode(board))
    raise NoSolution(
        f"every family refused: {why}",
        fix="state a task over a table: inputs of numbers, categories, dates and text, one output of labels, numbers, "
        "fields, spans or text",
        where=task.name,
    )
