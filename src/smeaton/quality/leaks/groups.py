"""Rows of one thing on both sides of the split: visits of a patient, frames of a film, with no `rows.group` set.

A column is the key of such things if its values repeat a few times each, and rows with the same value agree on the
target (Cohen's kappa for classes, the intraclass correlation for numbers) far more than rows with neighbouring values
do. The neighbours take out what an honest, finely written number tells: ages of 41 and 42 are nearly as alike as two of
41, patients 41 and 42 are not. Words have no neighbours, and a word that tells much (the model of a car) is an honest
feature: of columns of words it is only said. Suspected is what numbers, moments and codes show to 0.4 and more where
values have at most 20 rows each; from 0.2 on it is said.
"""

import re
from collections.abc import Sequence

import numpy as np

from smeaton.data._screen import is_id_name
from smeaton.quality.leaks import Case, Finding
from smeaton.quality.leaks._tells import plain
from smeaton.quality.leaks.missing import null_of
from smeaton.task.table import Array

_FEWEST_KEYS = 30
_ROWS_A_KEY = (1.3, 20.0)
_SAID, _SUSPECTED = 0.2, 0.4
_ON_BOTH_SIDES = 0.3
#: Standard errors that the excess must lie above 0.
_SURE = 6.0
_MOST_ROWS = 100_000
_DIGITS = re.compile(r"\d")
_SHAPE = re.compile(r"[^\W\d_]+|\d+")


class Groups:
    """The probe."""

    def look(self, case: Case) -> Sequence[Finding]:
        """Columns that are keys of things whose rows lie on both sides."""
        dataset = case.dataset
        if dataset.group is not None or dataset.task.answer not in ("class", "number") or not len(case.test):
            return []
        if case.has("copies"):  # copies agree in every column
            return []
        rows = case.train[:_MOST_ROWS]
        found = []
        for name in case.columns("OfiM"):
            column = np.asarray(dataset.table[name])
            values, coded = _ordered(column, np.concatenate([rows, case.test]))
            if values is None:
                continue
            mine, tested = values[: len(rows)], values[len(rows) :]
            both = float(np.isin(tested, mine).mean())
            excess = _excess(mine, case.target_of(rows), case.labels) if both >= _ON_BOTH_SIDES else 0.0
            if excess < _SAID:
                continue
            why = (
                f"rows with the same {name!r} agree on the target by {excess:.2f} more than those with others near "
                f"(1 = always), and {both:.0%} of the test rows have theirs in training: the score holds for known "
                f"{name!r} only. Name it in rows.group"
            )
            if excess >= _SUSPECTED and (coded or is_id_name(name)):
                found.append(Finding("groups on both sides", (name,), why))
            else:
                case.notes.append(f"{why} if rows to come will have others")
        return found


part = Groups()


def _ordered(column: Array, rows: Array) -> tuple[Array | None, bool]:
    """Codes of the values in their order (null: each a value of its own), and whether they are written as keys are;
    None for a column with too few or too many values."""
    held = column[rows]
    null = null_of(held)
    if column.dtype == object:
        cells = [str(value) for value in held.tolist()]
        if not _short(cells):
            return None, False
        known, codes = np.unique(np.array(cells, dtype=np.str_), return_inverse=True)
    else:
        known, codes = np.unique(plain(held), return_inverse=True)
    several = len(known) >= _FEWEST_KEYS and _ROWS_A_KEY[0] <= len(held) / len(known) <= _ROWS_A_KEY[1]
    if not several or null.mean() > 0.5:
        return None, False
    codes = codes.astype(np.int64)
    codes[null] = len(known) + np.arange(int(null.sum()))
    return codes, column.dtype != object or _coded(known)


def _short(cells: list[str]) -> bool:
    return max(map(len, cells), default=0) <= 64


def _coded(known: Array) -> bool:
    """Whether texts are codes: digits in nearly all, of hardly any shapes (`P0012` is one of a letter and a number)."""
    some = known[:: max(1, len(known) // 500)].tolist()
    digits = sum(_DIGITS.search(value) is not None for value in some)
    shapes = {_SHAPE.sub(lambda match: "9" if match[0][0].isdigit() else "a", value) for value in some}
    return digits >= 0.95 * len(some) and len(shapes) <= max(3, len(some) // 20)


def _excess(codes: Array, y: Array, labels: int) -> float:
    """Agreement of neighbours in order of the key that share its value, less that of those that do not; 0 where it may
    be chance. Which rows of a key are neighbours is drawn."""
    shuffled = np.random.default_rng(0).permutation(len(codes))
    order = shuffled[np.argsort(codes[shuffled], kind="stable")]
    same = np.diff(codes[order]) == 0
    first, second = y[order][:-1], y[order][1:]
    if labels:
        alike = (first == second).astype(np.float64)
        chance = float(((np.bincount(y.astype(np.int64)) / len(y)) ** 2).sum())
        agreement = (alike - chance) / (1 - chance)
    else:
        spread = float(y.var())
        agreement = (first - y.mean()) * (second - y.mean()) / spread
    inside, across = agreement[same], agreement[~same]
    if min(len(inside), len(across)) < _FEWEST_KEYS:
        return 0.0
    excess = float(inside.mean()) - max(0.0, float(across.mean()))
    error = float(np.sqrt(inside.var() / len(inside) + across.var() / len(across)))
    return excess if excess > _SURE * error else 0.0
