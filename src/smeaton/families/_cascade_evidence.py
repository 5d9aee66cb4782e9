"""What is known of two finished trials before a cascade of both is chosen."""

from collections.abc import Sequence

import numpy as np

from smeaton.compile.calibrate import apply
from smeaton.data.fold import Fold
from smeaton.errors import InputError
from smeaton.families import Finished, Refusal, Run
from smeaton.families._cascade_choice import Evidence
from smeaton.families._chat import MOST_STOP
from smeaton.runtime.call import Call
from smeaton.runtime.check import externals
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import open_program
from smeaton.task.table import COST, ERROR, PREDICTION, PROBABILITY, USAGE, Array, Table, object_column, rows_in, take
from smeaton.task.task import Task


def refuse_task(task: Task) -> Refusal | None:
    """Why no cascade can be made for a task, None if one can."""
    if task.answer in ("class", "many"):
        return None if len(task.labels) >= 2 else Refusal("the output has fewer than two labels")
    return Refusal(
        "the small models of numbers, structures and texts do not say how sure they are of a row, so that nothing "
        f"tells which rows to ask about (the output is of type {task.output_type.type!r})"
    )


def folds_known(members: Sequence[Finished], fold: Fold, run: Run) -> list[int]:
    """The other folds whose answers and targets are there."""
    known = min(len(member.held) for member in members)
    return [number for number in sorted(run.other_folds) if number < known and number != fold.number]


def evidence_of(task: Task, small: Finished, chat: Finished, fold: Fold, run: Run) -> Evidence:
    """The answers of both to the other folds' held-out rows; with one fold, to some of its stop rows: the language
    model is asked about these now.

    Raises:
        InputError: there are no such rows.
        OutOfMoney: there is not enough to ask about the stop rows.
    """
    others = folds_known((small, chat), fold, run)
    folds = None
    if others:
        folds = np.repeat(others, [len(run.other_folds[number]) for number in others])
        target = np.concatenate([run.other_folds[number] for number in others])
        one = joined([small.held[number] for number in others])
        other = joined([chat.held[number] for number in others])
    else:
        # The rows that a prompt was calibrated on: their replies are kept, and cost nothing again.
        some = np.unique(np.linspace(0, len(fold.stop) - 1, min(MOST_STOP, len(fold.stop))).astype(np.int64))
        target = fold.stop.y[some]
        one = take(small.stop[fold.number], some) if len(some) else {}
        other = _asked(task, chat, take(fold.stop.x, some), fold, run) if len(some) else {}
    if not len(target):
        raise InputError("a cascade has no rows to be chosen by", fix="give the task more rows")
    return Evidence(one, other, target, _cost(other), folds)


def joined(tables: Sequence[Table]) -> dict[str, Array]:
    """Answers one below the other: the columns that count here; an `error` is null where there is none."""
    names = [name for name in (PREDICTION, PROBABILITY, COST) if all(name in table for table in tables)]
    whole = {name: np.concatenate([table[name] for table in tables]) for name in names}
    none = [object_column([None] * rows_in(table)) for table in tables]
    whole[ERROR] = np.concatenate([table.get(ERROR, empty) for table, empty in zip(tables, none, strict=True)])
    return whole


def _asked(task: Task, chat: Finished, rows: Table, fold: Fold, run: Run) -> dict[str, Array]:
    """The language model's answers to some rows of the fold."""
    folder = chat.folders[fold.number]
    program = open_program(folder)
    leave = {external.host for external in externals(program)}
    with Engine(program, folder, types=task.input_types, allow_external=leave) as engine:
        answers = dict(engine.run(rows, Call(purse=run.purse, seed=run.seed)))
    step = chat.calibrations[fold.number]
    if step is not None:
        answers[PROBABILITY] = apply(step, answers[PROBABILITY])
    if USAGE in answers:
        costs = [0.0 if one is None else one.get("cost") for one in answers[USAGE].tolist()]
        answers[COST] = np.array([np.nan if cost is None else cost for cost in costs], dtype=np.float64)
    return joined([answers])


def _cost(chat: Table) -> float:
    """Dollars that one asked row takes; NaN where that is not known."""
    return float(np.mean(chat[COST])) if COST in chat else float("nan")
