"""What ran out of memory is not tried again in a larger form.

A configuration says how large its model is by its whole numbers (trees, leaves, rounds, epochs, columns, widths); those
with a point in them (rates, penalties, shares) say nothing of memory.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from smeaton.trials.record import Candidate, Trial

MEMORY = "memory"  #: `Trial.cause` of a candidate whose worker ran out of it
FAILURES = 2  #: of a family, after which only smaller candidates of it are tried


def too_large(candidate: Candidate, trials: Sequence[Trial]) -> bool:
    """Whether a candidate is barred: its family ran out of memory twice, and it is smaller than none of those that
    did."""
    failed = [
        trial.candidate.config
        for trial in trials
        if trial.cause == MEMORY and trial.candidate.family == candidate.family
    ]
    return len(failed) >= FAILURES and not all(_smaller(candidate.config, config) for config in failed)


def _smaller(config: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a size of the first is smaller and none is larger. What only one of them names has some default."""
    pairs = [(config[name], other[name]) for name in config.keys() & other.keys() if _sizes(config[name], other[name])]
    return any(one < two for one, two in pairs) and all(one <= two for one, two in pairs)


def _sizes(one: Any, other: Any) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) for value in (one, other))
