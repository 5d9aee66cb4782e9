"""A column that is filled in only after the outcome: whether there is a value tells the target, whatever the value.

What is asked of some and not of others tells something honestly too. It rarely leaves less than a quarter of the error.
"""

from collections.abc import Sequence

import numpy as np

from smeaton.quality.leaks import Case, Finding
from smeaton.quality.leaks._tells import plain, tells
from smeaton.quality.leaks.value import KNOWN
from smeaton.task.table import Array

_LEFT = 0.25


class Missing:
    """The probe."""

    def look(self, case: Case) -> Sequence[Finding]:
        """Columns whose gaps tell the target."""
        if not case.judged:
            return []
        found = []
        for name in case.columns("OfiM"):
            gaps = null_of(np.asarray(case.dataset.table[name][case.sample]))
            if gaps.all() or not gaps.any():
                continue
            left = tells(gaps.astype(np.int64), None, case.target, case.labels).left
            if left < _LEFT:
                why = f"whether {name!r} is filled in tells the target: it leaves {left:.1%} of the error. " + KNOWN
                found.append(Finding("gives the target away", (name,), why))
        return found


part = Missing()


def null_of(column: Array) -> Array:
    """Which values of a typed column are null."""
    if column.dtype == object:
        return np.array([value is None for value in column.tolist()], dtype=bool)
    mask: Array = np.isnan(plain(column))
    return mask
