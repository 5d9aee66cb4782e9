"""Answers with the verdicts of the task's checks and judge; and how far that judge agrees with people.

What a judge is asked is paid from the build's purse and kept there by its key: judging the same answers again costs
nothing. Agreement is found once a build, kept as `judge.json` in its root, and pinned in the task, from where the
metric `judge` takes its correction.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.data.load import rows_error
from smeaton.data.read import Raw, read
from smeaton.errors import DataError
from smeaton.llm.purse import Purse
from smeaton.metrics._agreement import Agreement, correction
from smeaton.metrics._checking import run_checks
from smeaton.metrics._judging import same_family
from smeaton.metrics._verdicts import judged, refuse_judge, shown_plain
from smeaton.metrics._verdicts import verdicts as of_answers
from smeaton.metrics.judge import shown_rows
from smeaton.runtime.files import durable_write
from smeaton.task.items import nearest
from smeaton.task.table import CHECKED, PREDICTION, Array, Table, rows_in, take
from smeaton.task.task import Task
from smeaton.task.types import Type
from smeaton.task.values import parse_column
from smeaton.trials._verdict_masks import models_of, salt_of, shown

__all__ = ["agreement", "identity", "judge_words", "kin_words", "models_of", "pinned", "revised", "salt_of", "verdicts"]

JUDGE_FILE = "judge.json"
GOOD = "good"  #: the column of labelled answers that says what people think


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: str
    agreement: Agreement


def verdicts(
    task: Task,
    rows: Table,
    answers: Table,
    *,
    purse: Purse | None = None,
    reference: str | Sequence[str] = "",
    seed: int = 0,
    salt: str = "",
) -> dict[str, Array]:
    """The answers with `checked` (rows, checks), `verdict` (rows,) and `reason`, as far as the task has checks and a
    judge; else as they are.

    `task` is pinned; `rows` are its typed inputs, and a column of the output's name holds answers known to be right.
    `reference` names the candidate's model or models, `salt` is that of its masks (`salt_of`).

    Raises:
        TaskError: a check cannot be loaded; the judge may not be sent rows, or is of the candidate's own family.
        OutOfMoney: the judge costs more than is left. ProviderError, InputError: it cannot be asked.
    """
    return of_answers(
        task,
        rows,
        answers,
        purse=purse,
        references=_models(reference),
        seed=seed,
        shown=shown(task, rows, answers, salt),
    )


def revised(
    task: Task,
    rows: Table,
    before: Table,
    after: Table,
    *,
    purse: Purse | None = None,
    reference: str | Sequence[str] = "",
    salt: str = "",
) -> dict[str, Array]:
    """Answers whose predictions changed (calibrated, rejected, cut at other thresholds), with the verdicts of `before`
    where they did not change and new ones where they did.

    Raises:
        As `verdicts`.
    """
    pairs = zip(before[PREDICTION].tolist(), after[PREDICTION].tolist(), strict=True)
    changed = np.flatnonzero(np.array([one != other for one, other in pairs], dtype=bool))
    found = {name: np.array(column) for name, column in after.items()}
    names = [name for name in before if name not in found]
    found |= {name: np.array(before[name]) for name in names}
    if len(changed):
        again = verdicts(
            task, take(rows, changed), take(after, changed), purse=purse, reference=reference, salt=salt
        )  # fmt: skip
        for name in (name for name in again if name in found):
            found[name][changed] = again[name]
    return found


def identity(task: Task) -> list[Any]:
    """What of checks and judge decides verdicts: a build that changes it is another build."""
    files = sorted({check.rsplit(":", 1)[0] for check in task.checks})
    judge = task.judge
    labelled = "" if judge is None or judge.labelled is None else _digest(Path(task.folder) / judge.labelled)
    stated = None if judge is None else [judge.model, judge.rubric, judge.always, judge.same_family, labelled]
    return [list(task.checks), [_digest(Path(task.folder) / file) for file in files], stated]


def pinned(task: Task, found: Agreement | None) -> Task:
    """The task with what its judge's metric corrects by."""
    if task.judge is None or found is None:
        return task
    return task.with_(judge=msgspec.structs.replace(task.judge, agreed=found.counts))


def agreement(task: Task, purse: Purse | None, folder: Path) -> Agreement | None:
    """How far the judge of a pinned task agrees with people on `judge.labelled`; None without a judge or such rows.

    Kept in `folder`; asked again only where judge, checks or labelled answers changed. Labelled answers that fail a
    check are left out, as the judge never sees such (but with `judge.always`).

    Raises:
        DataError: the labelled rows cannot be read, or lack a column. RowsError: values that do not fit.
        TaskError, OutOfMoney, ProviderError, InputError: as `verdicts`.
    """
    if task.judge is None or task.judge.labelled is None:
        return None
    key = hashlib.sha256(msgspec.json.encode([identity(task), sorted(task.privacy.mask)])).hexdigest()
    path = folder / JUDGE_FILE
    if path.exists():
        kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
        if kept.key == key:
            return kept.agreement
    refuse_judge(task, ())
    rows, answers, good = _labelled(task)
    found = _compared(task, rows, answers, good, purse)
    durable_write(path, msgspec.json.format(msgspec.json.encode(_Kept(key, found)), indent=2))
    return found


def judge_words(task: Task, found: Agreement | None) -> tuple[str, ...]:
    """What a board says of the task's judge; empty without one."""
    if task.judge is None:
        return ()
    if found is None:
        return (
            f"the judge {task.judge.model} was never compared with people: its share of good answers is taken as it is "
            "(judge.labelled)",
        )
    if not found.rows:
        return (f"the judge {found.judge} was compared with people on no answer: all labelled ones fail a check",)
    low, high = found.kappa_interval
    kappa = "" if np.isnan(low) else f"; Cohen's kappa {found.kappa:.2f}, 95 % interval {low:.2f} to {high:.2f}"
    words = [f"the judge {found.judge} agrees with people on {found.accuracy:.0%} of {found.rows:,} answers{kappa}"]
    if correction(found.counts) is None:
        words.append(
            "that may be a guess, or people called all of them the same: its share of good answers is taken as it is; "
            "label more answers, good and bad ones"
        )
    else:
        words.append(
            f"it calls {found.sensitivity:.0%} of the good answers good and {found.specificity:.0%} of the bad ones "
            "bad: the share of good answers is corrected for that (Rogan and Gladen 1978)"
        )
    if found.unread:
        words.append(f"it gave no verdict on {found.unread:,} of them, which count as called bad")
    return tuple(words)


def kin_words(task: Task, reference: str | Sequence[str]) -> str:
    """What a candidate's note says where its judge is of its own family and the task allows that, '' elsewhere.

    Raises:
        InputError: one of the models cannot be resolved.
    """
    if task.judge is None or not task.judge.same_family or not (kin := same_family(task.judge, _models(reference))):
        return ""
    return f"the judge {task.judge.model} is of the same family as {kin}, as judge.same_family allows"


def _models(reference: str | Sequence[str]) -> tuple[str, ...]:
    given = (reference,) if isinstance(reference, str) else tuple(reference)
    return tuple(name for name in given if name)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _labelled(task: Task) -> tuple[dict[str, Array], dict[str, Array], Array]:
    """Inputs, answers and what people think of them, of the labelled rows."""
    assert task.judge is not None
    raw = read(task.judge.labelled, Path(task.folder))
    rows = {name: _column(raw, name, kind) for name, kind in task.input_types.items()}
    answer = _column(raw, task.target, msgspec.structs.replace(task.output_type, optional=True))
    good = _column(raw, GOOD, Type(type="boolean"))
    if not len(good):
        raise DataError("there is no labelled answer", where=raw.where, fix="add rows, or remove judge.labelled")
    return rows, {PREDICTION: answer}, good.astype(bool)


def _column(raw: Raw, name: str, kind: Type) -> Array:
    if name not in raw.table:
        raise DataError(
            f"the labelled answers have no column {name!r}; {nearest(name, raw.table)}",
            where=raw.where,
            fix=f"give the task's inputs, the output as it was answered, and {GOOD!r}: true or false",
        )
    column, faults = parse_column(raw.table[name], kind, name)
    if faults:
        raise rows_error(raw, faults, kind)
    return column


def _compared(task: Task, rows: Table, answers: dict[str, Array], good: Array, purse: Purse | None) -> Agreement:
    judge = task.judge
    assert judge is not None
    plain = shown_plain(task, rows, answers)
    size = rows_in(answers)
    if task.checks:
        given = [dict(row) for row in plain.inputs]
        answers[CHECKED] = run_checks(Path(task.folder), task.checks, given, plain.answers, [None] * size).passed
    asked = np.flatnonzero(shown_rows(answers, size, always=judge.always))
    said = judged(judge, shown(task, rows, answers, "") or plain, asked.tolist(), purse, 0)
    called = np.array([verdict.good or False for verdict in said], dtype=bool)
    truth = good[asked]
    return Agreement(
        judge=judge.model,
        good_good=int((truth & called).sum()),
        good_bad=int((truth & ~called).sum()),
        bad_bad=int((~truth & ~called).sum()),
        bad_good=int((~truth & called).sum()),
        unread=sum(verdict.good is None for verdict in said),
        failed=size - len(asked),
    )
