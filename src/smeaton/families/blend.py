"""A weighted mean of finished trials, by greedy selection with replacement (Caruana et al. 2004).

The weights for a fold come from the answers and targets of the *other* folds, so a blend's score on held-out rows is as
honest as any other's. With one fold they come from the rows its members were stopped on.
"""

import numpy as np

from smeaton.data.fold import Fold
from smeaton.errors import InputError
from smeaton.families import Config, Refusal, Run, Space
from smeaton.families._ensemble import Ensemble, evidence
from smeaton.families._parts import refuse
from smeaton.families._selection import select
from smeaton.task.profile import Profile
from smeaton.task.task import Task

__all__ = ["part", "select"]


class BlendFamily:
    """Learns the weights."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """One way, over whatever the pool holds. The config may name the `members` by key, or the `top` so many."""
        return refuse(task) or Space(starts=({},), effort=0.2, needs_pool=2)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> Ensemble:
        """Choose weights for one fold from what the pool stored.

        Raises:
            InputError: fewer than two finished trials, or none of their answers can be learnt from.
        """
        pool = sorted(run.pool, key=lambda member: member.key)
        if "members" in config:
            pool = [member for member in pool if member.key in config["members"]]
        if len(pool) < 2:
            raise InputError("a blend needs at least two finished trials", fix="try more families first")
        known = evidence(task, pool, fold, run)
        if "top" in config:
            best = np.sort(np.argsort(known.losses(), kind="stable")[: max(2, int(config["top"]))])
            pool, known = [pool[i] for i in best], known.only(best)
        counts = select(known.answers, known.target, known.weight, known.loss)
        used = np.flatnonzero(counts)
        weights = [float(counts[i] / counts.sum()) for i in used]
        score = known.loss(known.answers[:, used] @ np.array(weights), known.target, known.weight)
        run.report(int(counts.sum()), float(score))
        return Ensemble(task, fold.number, [pool[i] for i in used], weights)


part = BlendFamily()
