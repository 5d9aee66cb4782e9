"""Rows of the test that stand in training too, exactly or nearly: part of the score is memory.

Exact copies agree in inputs and target; near-copies (`quality/near.py`) have the same target and agree in all their
inputs but for rounding, writing and a small part. Both are said from 1 % of the test rows on, and suspected from 5 % on
where chance alone would not make a tenth of them; near-copies only where their targets differ at most a tenth as often
as those of strangers: neighbours that are not one thing told twice have targets of their own. Where rows have a time,
near-copies are only said: what stands still will stand still later too.
"""

from collections.abc import Sequence

import numpy as np

from smeaton.quality._matrix import TOLERANCE, scaled
from smeaton.quality.keys import row_keys
from smeaton.quality.leaks import ROWS, Case, Finding
from smeaton.quality.leaks._tells import codes_of
from smeaton.quality.near import copies_by_chance, near_pairs
from smeaton.task.table import Array, object_column

#: The name under which copies are accepted.
COPIES = "duplicate rows"
_SAID = 0.01
_SUSPECTED = 0.05
_DISAGREE = 0.1
_MOST_ROWS = 50_000  # that chance is learnt from
_REMEDY = "so part of the score is memory. Remove the copies, or name what they share in rows.group"


class Copies:
    """The probe."""

    def look(self, case: Case) -> Sequence[Finding]:
        """Copies of training rows in the test."""
        dataset, train, test = case.dataset, case.train, case.test
        if not len(test) or not dataset.table:
            return []
        keys = row_keys(dataset.table, dataset.target)
        exact = np.isin(keys[test], keys[train])
        share = float(exact.mean())
        if share >= _SAID:
            said = f"{int(exact.sum()):,} of {len(test):,} test rows ({share:.1%}) are exact copies of training rows"
            if share >= _SUSPECTED and _expected(case, keys) <= share / 10:
                return [Finding("copies", (), f"{said}, {_REMEDY}", COPIES)]
            case.notes.append(said)
        return self._near(case, test[~exact])

    def _near(self, case: Case, tested: Array) -> list[Finding]:
        dataset, train = case.dataset, case.train
        rows = np.concatenate([train, tested])
        parts = np.concatenate([np.zeros(len(train), dtype=np.int8), np.ones(len(tested), dtype=np.int8)])
        pairs = near_pairs(dataset.table, rows, parts)
        same = _same_target(case, pairs.first, pairs.second)
        test = np.isin(pairs.first, tested)
        here = np.where(test, pairs.first, pairs.second)
        there = np.where(test, pairs.second, pairs.first)
        count = len(np.unique(here[same]))
        share = count / len(case.test)
        if share < _SAID:
            return []
        first = np.unique(here[same], return_index=True)[1][:3]
        named = ", ".join(f"{a + 1:,} of {b + 1:,}" for a, b in zip(here[same][first], there[same][first], strict=True))
        said = (
            f"{count:,} of {len(case.test):,} test rows ({share:.1%}) are near-copies of training rows with the same "
            f"target: the same but for rounding, writing or a small part (row {named})"
        )
        strange = pairs.chance <= share / 10 and float((~same).mean()) <= _DISAGREE * _differing(case)
        if share >= _SUSPECTED and strange and dataset.time is None:
            return [Finding("copies", (), f"{said}, {_REMEDY}", COPIES)]
        case.notes.append(said)
        return []


part = Copies()


def _same_target(case: Case, one: Array, two: Array) -> Array:
    y = np.asarray(case.dataset.target)
    if case.dataset.task.answer == "number":
        values = scaled(y)
        return np.asarray(np.abs(values[one] - values[two]) <= TOLERANCE)
    if y.ndim > 1:
        return np.asarray((y[one] == y[two]).all(axis=1))
    return np.array([a == b for a, b in zip(y[one].tolist(), y[two].tolist(), strict=True)], dtype=bool)


def _differing(case: Case) -> float:
    """How often two rows of the test differ in their targets, by chance."""
    one, two = case.test, np.random.default_rng(0).permutation(case.test)
    return float((~_same_target(case, one[one != two], two[one != two])).mean()) if len(one) > 1 else 0.0


def _expected(case: Case, keys: Array) -> float:
    """Chance that a row has an exact copy in training: as if columns were independent, over all rows, or as columns go
    together, over the rows that differ; whichever is higher. High for tables of few small columns."""
    rows = np.concatenate([case.train, case.test])[:_MOST_ROWS]
    different = np.unique(keys[rows], return_index=True)[1]
    together = copies_by_chance(case.dataset.table, rows, different)
    sample = case.train[:ROWS]
    chance = float(len(case.train))
    y = np.asarray(case.dataset.target[sample])
    answers = y if y.ndim == 1 else object_column([row.tobytes() for row in y])
    for column in [*(values[sample] for values in case.dataset.table.values()), answers]:
        if column.ndim > 1:
            return together
        codes, _ = codes_of(np.asarray(column))
        chance *= float(((np.bincount(codes) / len(codes)) ** 2).sum())
    return max(together, min(chance, 1.0))
