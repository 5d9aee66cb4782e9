"""A small model that has learnt from the ensemble: nearly as good, many times smaller and faster."""

from typing import Any

import numpy as np

from smeaton.data.fold import Fold
from smeaton.errors import InputError
from smeaton.families import Config, Refusal, Run, Space
from smeaton.families._boosted import Boosted
from smeaton.families._ensemble import Ensemble, evidence
from smeaton.families._parts import outdone, refuse
from smeaton.families._scores import MOST_LABELS, has_strings
from smeaton.families._selection import select
from smeaton.families._student_fit import taught
from smeaton.task.profile import Profile
from smeaton.task.task import Task

#: What a configuration may leave out: the most `trees` (over the square root of the labels, for each of these) with so
#: many `leaves`; `new` rows for each training row; `swap`, the share of a new row's values that come from a row near
#: it; `trust`, the weight of a new row against a training row; `truth`, the part of a training row's target that is
#: not the teacher's answer.
DEFAULTS: dict[str, Any] = {"trees": 150, "leaves": 8, "new": 4.0, "swap": 0.5, "trust": 0.5, "truth": 0.5}


class Student:
    """Teaches few trees what the weighted mean of the pool answers."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """Two sizes, over whatever the pool holds."""
        refused = refuse(task) or outdone(task, "student")
        if refused:
            return refused
        texts: dict[str, Any] = {}
        if has_strings(task, profile) and len(task.labels) <= MOST_LABELS:
            texts = {"texts": "scores"}
        sizes = ({"trees": 150, "leaves": 8}, {"trees": 400, "leaves": 16})
        return Space(starts=tuple({**size, **texts} for size in sizes), effort=5.0, needs_pool=2)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> Boosted:
        """Choose the teacher's weights for one fold as a blend does, and teach.

        Raises:
            InputError: fewer than two finished trials, or none of their answers can be learnt from.
        """
        pool = sorted(run.pool, key=lambda member: member.key)
        if "members" in config:
            pool = [member for member in pool if member.key in config["members"]]
        if len(pool) < 2:
            raise InputError(
                "a student needs at least two finished trials as its teacher", fix="try more families first"
            )
        known = evidence(task, pool, fold, run)
        counts = select(known.answers, known.target, known.weight, known.loss)
        used = np.flatnonzero(counts)
        weights = [float(counts[i] / counts.sum()) for i in used]
        teacher = Ensemble(task, fold.number, [pool[i] for i in used], weights)
        return taught(task, DEFAULTS | dict(config), fold, run, teacher)


part = Student()
