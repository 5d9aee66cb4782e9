"""What the metrics of spans and fields share: answers that are JSON values, and when two values are the same."""

import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from smeaton.metrics._read import answered, column
from smeaton.metrics._row import ratio
from smeaton.task.moments import read_iso
from smeaton.task.table import PREDICTION, Array, Table
from smeaton.task.types import Label

#: Numbers that differ relatively by less are the same.
_SLACK = 1e-9

#: (right, said, true) of one row: how many parts of the answer are right, how many it has, how many the target has.
Counts = tuple[float, float, float]


def counted(count: Callable[[Any, Any], Counts | None]) -> Callable[[Table, Array, Sequence[Label]], Array]:
    """The statistics (rows, 3) of a metric that counts parts. `count(answer, target)` gives None where the answer is no
    such structure: it then has as many wrong parts as the target has, one at least, and none right."""

    def rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
        given = column(answers, PREDICTION, len(target))
        found = np.zeros((len(target), 3))
        valid = answered(answers, len(target))
        for row, truth in enumerate(target.tolist()):
            counts = count(given[row], truth) if given is not None and valid[row] else None
            if counts is None:
                _, _, true = count(truth, truth) or (0.0, 0.0, 0.0)
                counts = (0.0, max(1.0, true), true)
            found[row] = counts
        return found

    return rows


def f1(means: Array) -> Array:
    """Micro F1 from means of (right, said, true); 1 where there is nothing to say and nothing was said."""
    right, said, true = means[..., 0], means[..., 1], means[..., 2]
    return ratio(2 * right, said + true, 1.0)


def same(given: Any, true: Any) -> bool:
    """Whether two JSON values are the same: numbers but for rounding; texts but for case and white space (NFKC), or as
    moments; a boolean is no number; lists and objects part by part."""
    if isinstance(true, bool) or isinstance(given, bool):
        return given is true
    if isinstance(true, int | float):
        return isinstance(given, int | float) and math.isclose(given, true, rel_tol=_SLACK)
    if isinstance(true, str):
        return isinstance(given, str) and (_form(given) == _form(true) or _moment(given, true))
    if isinstance(true, Mapping):
        return (
            isinstance(given, Mapping)
            and given.keys() == true.keys()
            and all(same(given[name], part) for name, part in true.items())
        )
    if isinstance(true, list):
        return isinstance(given, list) and len(given) == len(true) and all(map(same, given, true))
    return given is None and true is None


def _form(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _moment(given: str, true: str) -> bool:
    try:
        return bool(read_iso(given) == read_iso(true))
    except ValueError:
        return False
