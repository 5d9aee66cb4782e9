"""The order of the rows, or of their ids, gives the target away: a file sorted by it, ids dealt by outcome.

Where the place of a row in the file leaves under a fifth of the target's error, a column that goes along with the place
(rank correlation over 0.98) is suspected; where none does, it is only said. An id is a number that counts: whole, all
different and hardly a gap between, or all different and named as one. It should tell nothing; one that leaves under
half of the error, or reaches an AUC of 0.8, was dealt by outcome. Rows with a time are in order by right.
"""

from collections.abc import Sequence

import numpy as np

from smeaton.data._screen import is_id_name
from smeaton.quality.leaks import Case, Finding
from smeaton.quality.leaks._tells import Told, codes_of, plain, tells
from smeaton.task.table import Array

_SORTED = 0.2
_ALONG = 0.98
_ID_LEFT = 0.5
_ID_AUC = 0.8
_GAPS = 1.5


class Order:
    """The probe."""

    def look(self, case: Case) -> Sequence[Finding]:
        """Columns that hold an order by outcome."""
        if not case.judged or case.dataset.time is not None:
            return []
        place = case.sample.astype(np.float64)
        left = _told(place, case).left
        sorted_ = left < _SORTED
        found = []
        for name in case.columns("fiM"):
            values = plain(np.asarray(case.dataset.table[name][case.sample]))
            if sorted_ and abs(_rank_correlation(values, place)) > _ALONG:
                why = f"{name!r} goes along with the order of the file, and the file is sorted by the target"
                found.append(Finding("order", (name,), why))
            elif _counts(case, name, values):
                told = _told(values, case)
                if told.left < _ID_LEFT or told.auc > _ID_AUC:
                    said = f"it leaves {told.left:.0%} of the error"
                    why = f"{name!r} looks like an id and tells the target ({said}): were ids given after the outcome?"
                    found.append(Finding("order", (name,), why))
        if sorted_ and not found:
            case.notes.append(
                f"the rows are sorted by the target (their place leaves {left:.0%} of its error); no column shows it"
            )
        return found


part = Order()


def _told(values: Array, case: Case) -> Told:
    codes, curve = codes_of(values)
    return tells(codes, curve, case.target, case.labels)


def _counts(case: Case, name: str, values: Array) -> bool:
    """Whether a column is an id that was kept: whole, all different, and without gaps or named as one."""
    if not np.isfinite(values).all() or not (values == np.floor(values)).all():
        return False
    known = np.unique(values)
    if len(known) < len(values):
        return False
    return is_id_name(name) or len(case.dataset) * _GAPS > known[-1] - known[0]


def _rank_correlation(one: Array, two: Array) -> float:
    known = np.isfinite(one)
    if known.sum() < 20 or len(np.unique(one[known])) < 20:
        return 0.0
    ranks = [np.unique(values[known], return_inverse=True)[1].astype(np.float64) for values in (one, two)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
