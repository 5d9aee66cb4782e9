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
from smeaton.families._selection import bytes_of, pruned, room_for, select, weights_of
from smeaton.task.profile import Profile
from smeaton.task.task import Task

__all__ = ["part", "select"]

_SPARE = (
    0.004  # of what is won and of what is lacking, that the smaller blend may give up: less than a tie on the board
)


class BlendFamily:
    """Learns the weights."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """The best mean of what the pool holds, and a smaller one that is nearly as good.

        A configuration may name the `members` by key, or the `top` so many; with `spare` members are struck off as long
        as no larger share of what was won, or of what is lacking, is lost. Members that would break the task's limits
        on size or latency are left out.
        """
        return refuse(task, quantile=True) or Space(starts=({}, {"spare": _SPARE}), effort=0.2, needs_pool=2)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> Ensemble:
        """Choose weights for one fold from what the pool stored.

        Raises:
            InputError: fewer than two finished trials that keep the limits, or none of their answers can be learnt
                from.
        """
        pool = sorted(run.pool, key=lambda member: member.key)
        if "members" in config:
            pool = [member for member in pool if member.key in config["members"]]
        if len(pool) < 2:
            raise InputError("a blend needs at least two finished trials", fix="try more families first")
        sizes, room = bytes_of(pool), room_for(task)
        small = np.flatnonzero(sizes <= room)
        if len(small) < 2:
            raise InputError(
                f"of {len(pool)} finished trials {len(small)} keep the limits on size and latency; a blend needs two",
                fix="allow more in `limits`, or ship a single solution",
            )
        pool, sizes = [pool[i] for i in small], sizes[small]
        known = evidence(task, pool, fold, run)
        if "top" in config:
            best = np.sort(np.argsort(known.losses(), kind="stable")[: max(2, int(config["top"]))])
            pool, known, sizes = [pool[i] for i in best], known.only(best), sizes[best]
        weights = weights_of(known, sizes, room)
        if "spare" in config:
            weights = pruned(known, sizes, room, float(config["spare"]))
        used = np.flatnonzero(weights)
        run.report(len(used), known.score(weights))
        return Ensemble(task, fold.number, [pool[i] for i in used], [float(weights[i]) for i in used])


part = BlendFamily()
