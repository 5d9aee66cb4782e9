"""A small model taught by a language model: what ships is the small model alone, and no row leaves for it.

Two students, each fitted on half of the training rows, answer the task's unlabelled rows; where they disagree most (and
are least sure) the language model is asked, within a hard number of calls. The student proper then learns the training
rows with their true labels and the rows asked with soft ones: the probability of each label given what the model said,
as its calibration found it on stop rows. Query by committee: Seung, Opper and Sompolinsky 1992; distillation: Hinton,
Vinyals and Dean 2015. The student is a family of the configuration, found by its name.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from smeaton import plugins
from smeaton.data.fold import Fold, Rows
from smeaton.data.load import rows_error
from smeaton.data.read import read
from smeaton.errors import DataError, InputError
from smeaton.families import Config, Family, Fitted, Refusal, Run, Space
from smeaton.families._chat import Asking, fitted, hosts, instruction, label_words, models, salt_of, shown_examples
from smeaton.families._parts import STEPS
from smeaton.families._prompt_task import odds, refusal
from smeaton.runtime.ops._chat_prompt import Prompt
from smeaton.task.profile import Profile
from smeaton.task.table import ERROR, PROBABILITY, Array, Table, concat, rows_in, take
from smeaton.task.task import Task
from smeaton.task.values import parse_column

_CALLS = 200
_MOST_POOL = 20_000  # unlabelled rows that are looked at
_LEAST_SHARE = 0.02  # of a row's probability, below which a label is not taught
_COMMITTEE_SECONDS = 0.2  # of a fit's time, for each of the two students that disagree
_FAR = 1 << 40  # row positions of unlabelled rows, far from those of any dataset


class DistilFamily:
    """Teaches a student for each usable model."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """One student for each model, taught plain, then with examples shown to the teacher."""
        if not task.is_class:
            return Refusal("it teaches labels, and the output is none")
        if task.data.unlabelled is None:
            return Refusal("the task names no unlabelled rows that a language model could label (data.unlabelled)")
        why = refusal(task)
        if why:
            return Refusal(why)
        student = _student(task, profile)
        if not student:
            return Refusal("no small family can be taught on these inputs")
        usable, _ = models(task, profile)
        if not usable:
            return Refusal("no language model can be asked here: see the rows of `prompt`")
        base: list[dict[str, Any]] = [{"model": one, **student, "calls": _CALLS} for one in usable]
        return Space(
            starts=(*base, *({**one, "examples": 4} for one in base)),
            effort=15.0,
            external=hosts(usable),
            masks=True,
            seconds=0.3 * (_CALLS + 100),
            whole=1,
        )

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> Fitted:
        """Find where students disagree, ask there, and teach.

        Raises:
            InputError: the unlabelled rows cannot be read; OutOfMoney: asking costs more than is left.
        """
        pool = unlabelled(task)
        student: Family = plugins.load("families", str(config["student"]))
        settings = dict(config.get("settings", {}))
        ended = {STEPS: config[STEPS]} if STEPS in config else {}
        chosen = disputed(task, student, settings, fold, run, pool)[: int(config.get("calls", _CALLS))]
        asked = take(pool, chosen)
        teacher = fitted(task, _asking(task, config, fold), fold, run)
        said = teacher.predict(asked)
        answered = np.array([error is None for error in said[ERROR]], dtype=bool)
        soft = np.asarray(said[PROBABILITY], dtype=np.float64)[answered]
        taught = taught_rows(fold.train, take(asked, answered), soft)
        made = student.fit(task, {**settings, **ended}, replace(fold, train=taught), run)
        failed = f", {int((~answered).sum())} without an answer" if not answered.all() else ""
        note = f"{len(chosen):,} of {rows_in(pool):,} unlabelled rows labelled by {config['model']}{failed}"
        made.note = "; ".join(filter(None, (note, getattr(made, "note", ""))))  # type: ignore[attr-defined]
        made.refit = None  # type: ignore[attr-defined]  # without stop rows nothing says how far to trust the teacher
        return made


def unlabelled(task: Task) -> dict[str, Array]:
    """The task's unlabelled rows as typed inputs, evenly thinned.

    Raises:
        DataError: they cannot be read, lack an input, or hold a value of another type.
    """
    assert task.data.unlabelled is not None
    raw = read(task.data.unlabelled, Path(task.folder))
    found: dict[str, Array] = {}
    for name, kind in task.input_types.items():
        if name not in raw.table:
            raise DataError(f"the unlabelled rows have no column {name!r}", where=raw.where, fix="add the column")
        found[name], faults = parse_column(raw.table[name], kind, name)
        if faults:
            raise rows_error(raw, faults, kind)
    size = rows_in(found)
    return take(found, np.unique(np.linspace(0, size - 1, min(size, _MOST_POOL)).astype(np.int64)))


def disputed(task: Task, student: Family, settings: Mapping[str, Any], fold: Fold, run: Run, pool: Table) -> Array:
    """Positions of the unlabelled rows, those first about which two students disagree most and are least sure."""
    order = np.random.default_rng(run.seed).permutation(len(fold.train))
    quick = replace(run, seconds=_COMMITTEE_SECONDS * run.seconds, report=lambda step, score: None)
    chances = []
    for half in (order[::2], order[1::2]):
        rows = fold.train.take(np.sort(half))
        if len(np.unique(rows.y)) < 2:
            raise InputError("too few rows of each label to let two students disagree", fix="label more rows")
        chances.append(
            np.asarray(student.fit(task, settings, replace(fold, train=rows), quick).predict(pool)[PROBABILITY])
        )
    one, other = chances
    apart = 0.5 * np.abs(one - other).sum(axis=1)
    unsure = 1.0 - (0.5 * (one + other)).max(axis=1)
    return np.argsort(-(apart + unsure), kind="stable")


def taught_rows(train: Rows, asked: Table, soft: Array) -> Rows:
    """Training rows and taught ones: each of these once for every likely label, weighing its probability."""
    rows, labels = np.nonzero(soft >= _LEAST_SHARE)
    weight = np.ones(len(train)) if train.weight is None else train.weight
    return Rows(
        concat([train.x, take(asked, rows)]),
        np.concatenate([train.y, labels.astype(train.y.dtype)]),
        np.concatenate([weight, weight.mean() * soft[rows, labels]]),
        np.concatenate([train.index, _FAR + rows]),
    )


def _asking(task: Task, config: Config, fold: Fold) -> Asking:
    reference, shots = str(config["model"]), int(config.get("examples", 0))
    return Asking(
        reference=reference,
        prompt=Prompt(instruction(task), label_words(task)),
        examples=shown_examples(task, fold.train, reference, salt_of(fold)) if shots else (),
        shots=shots,
        probability=odds(task, reference),
    )


def _student(task: Task, profile: Profile) -> dict[str, Any]:
    """The cheapest family that learns these inputs, with its own first configuration; empty if there is none."""
    for name in ("tfidf", "linear"):
        family: Family = plugins.load("families", name)
        space = family.space(task, profile)
        if not isinstance(space, Refusal) and space.starts:
            return {"student": name, "settings": dict(space.starts[0])}
    return {}


part = DistilFamily()
