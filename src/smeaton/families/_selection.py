"""Which members an ensemble has: greedy selection with replacement (Caruana et al. 2004), within a size, and pruned.

On generated tables of 200 to 800 rows neither bagging the selection, nor shrinking its weights toward equal ones, nor
asking more of a new member, nor the exact optimum was better on new rows.
"""

from collections.abc import Sequence
from math import inf

import numpy as np

from smeaton.families import Finished
from smeaton.families._ensemble import Evidence, Loss
from smeaton.task.table import Array
from smeaton.task.task import Task

_STEPS = 30  # picks of the greedy selection: no weight is smaller than one in so many
_GAIN = 1e-7  # of the loss, relative: more picks that bring less are not made
#: Seconds that one answer takes for each byte of a program's files, and for any program: a rough guess, since what
#: ships is measured in the end.
_BYTE_SECONDS, _LEAST_SECONDS = 1e-10, 3e-4


def select(
    answers: Array,
    target: Array,
    weight: Array,
    loss: Loss,
    sizes: Array | None = None,
    room: float = inf,
) -> Array:
    """How often each column of `answers` (rows, members) is picked: each pick lowers the loss of the mean the most.

    With `sizes` (members,), only what leaves the sum of those picked within `room` is.
    """
    counts = np.zeros(answers.shape[1], dtype=np.int64)
    total = np.zeros(len(answers))
    size = np.zeros(len(counts)) if sizes is None else sizes
    chosen, least = counts, inf
    for step in range(1, _STEPS + 1):
        fits = (counts > 0) | (size[counts > 0].sum() + size <= room)
        losses = [
            loss((total + column) / step, target, weight) if fit else inf
            for column, fit in zip(answers.T, fits, strict=True)
        ]
        best = int(np.argmin(losses))
        counts[best] += 1
        total += answers[:, best]
        # A member of little weight is found only by going on after a pick that does not help.
        if losses[best] < least * (1 - _GAIN):
            chosen, least = counts.copy(), losses[best]
    return chosen


def weights_of(known: Evidence, sizes: Array | None = None, room: float = inf) -> Array:
    """Weights of the members, (members,), that sum to 1."""
    counts = select(known.answers, known.target, known.weight, known.loss, sizes, room)
    weights: Array = counts / counts.sum()
    return weights


def pruned(known: Evidence, sizes: Array, room: float, spare: float) -> Array:
    """Weights of a smaller ensemble: members are struck off, the largest first, where the others do nearly without.

    "Nearly" is the share `spare` of what the whole ensemble has won over a constant, or of what it lacks if that is
    less: what ties with the best on the board, the cheaper first.
    """
    weights = weights_of(known, sizes, room)
    whole = known.score(weights)
    allowed = whole + spare * max(0.0, min(whole, known.constant - whole))
    kept = np.ones(len(sizes), dtype=bool)
    for place in np.argsort(-sizes, kind="stable"):
        kept[place] = False
        if not kept.any():
            break
        rest = np.flatnonzero(kept)
        found = np.zeros(len(sizes))
        if weights[place] > 0:
            found[rest] = weights_of(known.only(rest), sizes[rest], room)
            if known.score(found) > allowed:
                kept[place] = True
                continue
            weights = found
    return weights


def bytes_of(pool: Sequence[Finished]) -> Array:
    """What the programs of each member's folds take on disk together, in bytes: as many ship as there are folds."""
    return np.array(
        [
            sum(path.stat().st_size for folder in member.folders for path in folder.rglob("*") if path.is_file())
            for member in pool
        ],
        dtype=np.float64,
    )


def room_for(task: Task) -> float:
    """The bytes an ensemble may take by the task's limits on size and latency."""
    limits = task.limits
    size = inf if limits.size is None else float(limits.size)
    late = inf if limits.p95 is None else max(0.0, limits.p95 - _LEAST_SECONDS) / _BYTE_SECONDS
    return min(size, late)
