"""What a task's checks and its judge say of answers, as columns beside them: checks first, then the judge.

An answer that failed a check is bad, and no money is spent on a judge for it (but with `judge.always`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.errors import TaskError
from smeaton.llm.purse import Purse
from smeaton.metrics._checking import run_checks
from smeaton.metrics._judging import Verdict, ask_judge, check_judge, question, same_family
from smeaton.metrics._plain import plain_rows, plain_values
from smeaton.metrics.judge import shown_rows
from smeaton.task.table import CHECKED, ERROR, PREDICTION, VERDICT, Array, Table, object_column, rows_in
from smeaton.task.task import Judge, Task

#: Column of texts: '' or why an answer is bad, by the first check it failed or in the judge's words.
REASON = "reason"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a judge is shown of each row: its inputs, the answer, and an answer known to be right (None: there is none).
    Plain JSON values, with what the task masks replaced."""

    inputs: Sequence[dict[str, Any]]
    answers: Sequence[Any]
    expected: Sequence[Any]


def verdicts(
    task: Task,
    rows: Table,
    answers: Table,
    *,
    purse: Purse | None = None,
    references: Sequence[str] = (),
    seed: int = 0,
    shown: Shown | None = None,
) -> dict[str, Array]:
    """The answers with `checked` (rows, checks), `verdict` (rows,) and `reason`, as far as the task has checks and a
    judge.

    `rows` are the typed inputs; a column of the output's name holds answers known to be right. `references` are the
    candidate's models; `shown` is what the judge sees in place of rows and answers. A judge that gives no verdict on
    an answer has not called it good: 0, with the reason.

    Raises:
        TaskError: a check cannot be loaded; the judge may not be sent rows, or is of the candidate's own family.
        OutOfMoney, ProviderError, InputError: as `ask_judge`.
    """
    found = dict(answers)
    if not task.checks and task.judge is None:
        return found
    size = rows_in(answers)
    errors = answers[ERROR].tolist() if ERROR in answers else [None] * size
    reasons = [f"not answered: {error}" if error else "" for error in errors]
    plain = shown_plain(task, rows, answers)
    if task.checks:
        given = [dict(row) for row in plain.inputs]
        if task.target in rows:
            given = [row | {task.target: value} for row, value in zip(given, plain.expected, strict=True)]
        checked = run_checks(Path(task.folder), task.checks, given, plain.answers, errors)
        found[CHECKED], reasons = checked.passed, list(checked.reasons)
    if task.judge is not None:
        refuse_judge(task, references)
        asked = np.flatnonzero(shown_rows(found, size, always=task.judge.always)).tolist()
        said = judged(task.judge, shown or plain, asked, purse, seed)
        found[VERDICT] = np.zeros(size)
        for row, verdict in zip(asked, said, strict=True):
            found[VERDICT][row] = float(verdict.good or False)
            if not verdict.good:
                reasons[row] = reasons[row] or f"judge: {verdict.reason}"
    return {**found, REASON: object_column(reasons)}


def shown_plain(task: Task, rows: Table, answers: Table) -> Shown:
    """Rows and answers as plain values, nothing masked."""
    inputs = plain_rows({name: column for name, column in rows.items() if name in task.input_types})
    size = rows_in(answers)
    expected = plain_values(rows[task.target]) if task.target in rows else [None] * size
    return Shown(inputs or [{} for _ in range(size)], plain_values(answers[PREDICTION]), expected)


def judged(judge: Judge, shown: Shown, rows: Sequence[int], purse: Purse | None, seed: int) -> list[Verdict]:
    """The judge's verdicts on some rows."""
    questions = [question(judge, shown.inputs[row], shown.answers[row], shown.expected[row]) for row in rows]
    return ask_judge(judge, questions, purse=purse, seed=seed)


def refuse_judge(task: Task, references: Sequence[str]) -> None:
    """Refuse a judge that may not be asked, or not about these models.

    Raises:
        TaskError: rows would leave without leave, or judge and candidate are of one family and the task does not say
            that this is meant.
    """
    check_judge(task)
    assert task.judge is not None
    if not task.judge.same_family and (kin := same_family(task.judge, references)):
        raise TaskError(
            f"the judge {task.judge.model} is of the same family as the candidate's {kin}: models prefer their own",
            fix="name a judge of another family, or set judge.same_family to true",
            where="judge.model",
        )
