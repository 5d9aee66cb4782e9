"""Moments that a row cannot know yet: a given test older than training rows, inputs later than the row's own time."""

from collections.abc import Sequence

import numpy as np

from smeaton.quality.leaks import Case, Finding

#: The name under which a test that is not newer is accepted.
FUTURE = "future rows"
_SHARE = 0.01


class Future:
    """The probe."""

    def look(self, case: Case) -> Sequence[Finding]:
        """A given test that is not newer, and columns of moments after the row's own in at least 1 % of the rows."""
        dataset, train, test = case.dataset, case.train, case.test
        if dataset.time is None:
            return []
        found = []
        newest = dataset.time[train].max()
        if dataset.sealed is not None and len(test) and dataset.time[test].min() <= newest:
            older = int((dataset.time[test] <= newest).sum())
            why = f"{older:,} of {len(test):,} rows of data.test are not newer than the newest training row"
            found.append(Finding("future", (), why, FUTURE))
        for name in case.columns("M"):
            later = float(np.mean(dataset.table[name][train] > dataset.time[train]))
            if later >= _SHARE:
                why = f"{name!r} lies after the row's own time in {later:.0%} of the rows: is it known by then?"
                found.append(Finding("future", (name,), why))
        return found


part = Future()
