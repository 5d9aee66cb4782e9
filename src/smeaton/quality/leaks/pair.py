"""Two columns whose difference gives the target away, where neither does: an end after a start, a final sum over a
first one.

All pairs of the moments (the row's own time among them), and of numbers where there are few. The bound for moments is
wider (10 %, where no other column comes near): a record that goes on after the outcome is told by when it was touched
last, and less exactly.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from smeaton.quality.leaks import Case, Finding
from smeaton.quality.leaks._tells import codes_of, plain, tells
from smeaton.quality.leaks.value import KNOWN
from smeaton.task.table import Array

_LEFT = {True: 0.02, False: 0.005}
_MOMENTS = 0.10
#: What each of the two may tell at most: else it is a strong column that gets stronger.
_SINGLE = 0.4
_MOST = 12


class Pair:
    """The probe."""

    def look(self, case: Case) -> Sequence[Finding]:
        """Pairs that tell the target by their difference."""
        if not case.judged:
            return []
        found = []
        for kind, bound in (("M", _MOMENTS), ("fi", _LEFT[bool(case.labels)])):
            columns = dict(_columns(case, kind))
            single = {name: _left(values, case) for name, values in columns.items()}
            for one, two in combinations(columns, 2):
                if min(single[one], single[two]) < _SINGLE:
                    continue
                left = _left(columns[two] - columns[one], case)
                if left < bound:
                    named = tuple(name for name in (one, two) if name in case.dataset.table)
                    why = f"{two!r} less {one!r} tells the target: it leaves {left:.2%} of the error. " + KNOWN
                    found.append(Finding("gives the target away", named, why))
        return found


part = Pair()


def _columns(case: Case, kinds: str) -> Iterator[tuple[str, Array]]:
    names = case.columns(kinds)
    if kinds == "M" and case.dataset.time is not None:
        yield case.dataset.task.rows.time or "time", plain(case.dataset.time[case.sample])
    for name in names[:_MOST] if kinds == "M" else names if len(names) <= _MOST else []:
        yield name, plain(np.asarray(case.dataset.table[name][case.sample]))


def _left(values: Array, case: Case) -> float:
    codes, curve = codes_of(values)
    return tells(codes, curve, case.target, case.labels).left
