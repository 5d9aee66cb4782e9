"""A small model that has learnt from the ensemble: nearly as good, many times smaller and faster."""

from typing import Any

import numpy as np

from smeaton.data.fold import Fold
from smeaton.errors import InputError
from smeaton.families import Config, Refusal, Run, Space
from smeaton.families._boosted import Boosted
from smeaton.families._ensemble import Ensemble, evidence
from smeaton.families._parts import outdone, refuse
from smeaton.families._portfolio import wants_log
from smeaton.families._scores import MOST_LABELS, has_strings
from smeaton.families._selection import weights_of
from smeaton.families._student_fit import taught
from smeaton.task.profile import Profile
from smeaton.task.task import Task

#: What a configuration may leave out: the most `trees` (over the square root of the labels, for each of these) with so
#: many `leaves`; `new` rows for each training row, at `least` so many; `swap`, the share of a new row that comes
#: from a row near it; `trust`, the weight of a new row against a training row; `truth`, the part of a training row's
#: target that is not the teacher's answer; `log`, whether the logarithm of a positive target is fitted.
DEFAULTS: dict[str, Any] = {
    "trees": 150, "leaves": 8, "new": 8.0, "least": 4_000, "swap": 0.5, "trust": 0.7, "truth": 0.5,
    "log": False,
}  # fmt: skip


class Student:
    """Teaches few trees what the weighted mean of the pool answers."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """Two sizes, over whatever the pool holds."""
        refused = refuse(task) or outdone(task, "student")
        if refused:
            return refused
        more: dict[str, Any] = {}
        if has_strings(task, profile) and len(task.labels) <= MOST_LABELS:
            more["texts"] = "scores"
        if wants_log(task, profile):
            more["log"] = True  # what a teacher says has no noise whose mean the logarithm would miss
        sizes = ({"trees": 400, "leaves": 16}, {"trees": 150, "leaves": 8})
        return Space(starts=tuple({**size, **more} for size in sizes), effort=5.0, needs_pool=2)

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
        weights = weights_of(known)
        used = np.flatnonzero(weights)
        teacher = Ensemble(task, fold.number, [pool[i] for i in used], [float(weights[i]) for i in used])
        return taught(task, DEFAULTS | dict(config), fold, run, teacher)


part = Student()
